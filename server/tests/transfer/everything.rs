//! An archive with everything that an archive can have.

use serde_json::{Value, json};
use tidings_core::{
    command::CreateThread,
    ids::{AccountId, ConversationId, InviteId, MessageId, Stamp, TenantId},
    model::{ConversationKind, Policies},
    time::WallTime,
};

const AT: u64 = 1_600_000_000_000;

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

/// A message of somebody, so many seconds behind the beginning.
fn message(author: &str, second: u64) -> MessageId {
    let stamp = Stamp::new(WallTime::from_millis(at(second)), 0, [7; 8]);
    MessageId { stamp, author: account(author) }
}

fn at(second: u64) -> u64 {
    AT + second * 1_000
}

fn thread(conversation: ConversationId, message: &MessageId) -> ConversationId {
    let opening = CreateThread { conversation, message: message.clone(), title: None };
    opening.thread(&TenantId::parse("acme").unwrap())
}

fn with(mut line: Value, more: Value) -> Value {
    let fields = line.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    line
}

fn says(conversation: ConversationId, id: &MessageId, text: &str) -> Value {
    json!({
        "type": "message", "conversation": conversation, "id": id, "createdAt": id.created_at(),
        "content": {"kind": "text", "text": text},
    })
}

fn member(account: &str, role: &str, joined: u64, by: &str) -> Value {
    json!({
        "account": account, "role": role, "status": "active", "statusAt": at(joined), "statusBy": by,
        "joinedAt": at(joined), "invitedBy": by,
    })
}

fn policies(kind: ConversationKind, more: Value) -> Value {
    with(serde_json::to_value(Policies::of(kind)).unwrap(), more)
}

fn group() -> Vec<Value> {
    let boats = ConversationId::from_bytes([0xb0; 16]);
    let invite = InviteId::from_bytes([9; 16]);
    let gone = |name, status: &str, by: &str| {
        with(member(name, "member", 4, "ann"), json!({"status": status, "statusAt": at(50), "statusBy": by}))
    };
    let head = json!({
        "type": "conversation", "conversation": boats, "kind": "group", "createdBy": "ann", "createdAt": at(0),
        "name": "boats", "title": "Boats", "description": "All about them", "avatarUrl": "https://x.example/boat.png",
        "theme": {"color": "#00AAFF"}, "scope": "public", "state": "active", "locked": true,
        "policies": policies(ConversationKind::Group, json!({"slow_mode_seconds": 30, "send": "moderators", "join": "link_join"})),
        "roles": [{"name": "pilot", "rank": 30, "permissions": ["message:send", "pin:add"]}],
        "members": [
            member("ann", "admin", 0, "ann"),
            with(member("bea", "owner", 1, "ann"), json!({"displayName": "Captain Bea", "color": "#112233"})),
            with(member("cid", "pilot", 2, "bea"), json!({"grants": [
                {"permission": "message:delete_any", "allowed": true, "by": "bea", "at": at(3)},
            ]})),
            gone("dan", "left", "dan"),
            gone("eve", "removed", "bea"),
            gone("fay", "banned", "bea"),
            {"account": "gus", "role": "guest", "status": "invited", "statusAt": at(60), "statusBy": "bea", "invitedBy": "bea"},
        ],
        "invites": [{"id": invite, "role": "member", "until": at(10_000_000), "usesMax": 5, "enabled": true, "by": "bea", "at": at(5)}],
    });
    let ahoy = message("ann", 10);
    let (answer, gone, left) = (message("bea", 11), message("cid", 12), message("dan", 13));
    let first = thread(boats, &ahoy);
    let (inside, deep) = (message("cid", 20), message("bea", 21));
    let second = thread(boats, &inside);
    vec![
        head,
        with(
            says(boats, &ahoy, "Ship ahoy!"),
            json!({
                "editedAt": at(15), "mentions": ["bea", "cid"],
                "reactions": [{"emoji": "🎉", "accounts": ["dan"]}, {"emoji": "👍", "accounts": ["bea", "cid"]}],
                "pinned": {"by": "bea", "at": at(16)},
                "opens": {"thread": first, "createdBy": "cid", "createdAt": at(19), "title": "Ahoy?"},
            }),
        ),
        with(says(boats, &answer, "Aye"), json!({"replyTo": ahoy})),
        json!({
            "type": "message", "conversation": boats, "id": gone, "createdAt": gone.created_at(),
            "deleted": {"by": "bea", "at": at(17)},
        }),
        with(
            says(boats, &left, ""),
            json!({"content": {"kind": "location", "name": "The pier", "latitude": 52.1, "longitude": -4.5}}),
        ),
        json!({"type": "thread", "conversation": boats, "thread": first, "state": "closed", "locked": false}),
        with(
            says(boats, &inside, "In a thread"),
            json!({
                "thread": first, "opens": {"thread": second, "createdBy": "bea", "createdAt": at(21)},
            }),
        ),
        json!({"type": "thread", "conversation": boats, "thread": second, "state": "active", "locked": true}),
        with(
            says(boats, &deep, "Deeper"),
            json!({
                "thread": second, "content": {"kind": "custom", "text": "rolled a 4", "type": "demo.dice", "payload": "{\"pips\":4}"},
            }),
        ),
        json!({"type": "receipts", "conversation": boats, "receipts": [
            {"account": "ann", "delivered": "all", "read": "all"},
            {"account": "bea", "delivered": {"message": answer}, "read": {"message": ahoy}},
        ]}),
    ]
}

fn direct() -> Vec<Value> {
    let direct = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bea"));
    vec![
        json!({
            "type": "conversation", "conversation": direct, "kind": "direct", "createdBy": "bea", "createdAt": at(0),
            "scope": "private", "state": "active", "locked": false, "policies": policies(ConversationKind::Direct, json!({})),
            "roles": [], "members": [member("ann", "member", 0, "bea"), member("bea", "member", 0, "bea")], "invites": [],
        }),
        says(direct, &message("bea", 30), "Just us"),
        json!({"type": "receipts", "conversation": direct, "receipts": [
            {"account": "ann", "delivered": "all", "read": "nothing"},
        ]}),
    ]
}

fn channel() -> Vec<Value> {
    let news = ConversationId::from_bytes([0xc0; 16]);
    vec![
        json!({
            "type": "conversation", "conversation": news, "kind": "channel", "createdBy": "ann", "createdAt": at(0),
            "account": "org", "link": {"kind": "partner", "id": "p-1"}, "externalId": "p-1", "title": "News",
            "scope": "organization", "state": "archived", "locked": false,
            "policies": policies(ConversationKind::Channel, json!({"reactions": false})),
            "roles": [], "members": [member("ann", "owner", 0, "ann"), member("bea", "member", 0, "ann")], "invites": [],
        }),
        with(
            says(news, &message("ann", 40), "It is archived"),
            json!({
                "reactions": [{"emoji": "👍", "accounts": ["bea"]}],
            }),
        ),
        json!({"type": "receipts", "conversation": news, "receipts": []}),
    ]
}

fn resource() -> Vec<Value> {
    let id = ConversationId::resource(&TenantId::parse("acme").unwrap(), "house-7", &account("cli"));
    let (asks, proposes, accepts) = (message("cli", 41), message("own", 42), message("cli", 43));
    vec![
        json!({
            "type": "conversation", "conversation": id, "kind": "resource", "createdBy": "cli", "createdAt": at(40),
            "resource": {"id": "house-7", "title": "A house", "client": "cli", "clientName": "Cli", "owner": "own"},
            "lead": {"number": 1, "stage": "closed_won", "intent": "buy", "closureReason": "sold"},
            "title": "The house", "scope": "private", "state": "closed", "locked": false,
            "policies": policies(ConversationKind::Resource, json!({})),
            "roles": [], "members": [member("cli", "member", 40, "cli"), member("own", "owner", 40, "cli")], "invites": [],
        }),
        says(id, &asks, "Is it free?"),
        with(
            says(id, &proposes, ""),
            json!({"content": {
                "kind": "proposal", "text": "Come and see", "proposalType": "visit", "timeStart": at(1_000), "timeEnd": at(2_000),
                "timezone": "Europe/Berlin", "meetingType": "on_site", "location": "Pier 1", "fromResourceAddress": true,
                "expiresAt": at(900), "createdByRole": "owner",
            }}),
        ),
        with(
            says(id, &accepts, ""),
            json!({"content": {
                "kind": "proposal_response", "comment": "Gladly", "proposal": proposes, "response": "accept",
            }}),
        ),
        json!({"type": "receipts", "conversation": id, "receipts": []}),
    ]
}

/// The lines.
pub fn text() -> String {
    let mut lines = vec![json!({"type": "archive", "version": 1, "tenant": "acme"})];
    lines.push(json!({"type": "account", "account": "ann", "profile": {"kind": "personal", "displayName": "Ann", "bio": "sails"}}));
    lines.push(
        json!({"type": "account", "account": "bea", "profile": {"displayName": "Bea"}, "externalId": "crm \"2\""}),
    );
    lines.push(json!({"type": "account", "account": "zed", "profile": {}, "externalId": "crm-zed"}));
    lines.extend([group(), channel(), direct(), resource()].concat());
    let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    let end = json!({
        "type": "end", "accounts": count("account"), "conversations": count("conversation"),
        "threads": count("thread"), "messages": count("message"),
    });
    lines.push(end);
    lines.iter().map(|line| format!("{line}\n")).collect()
}
