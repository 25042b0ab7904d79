//! An account is erased: what it said is said no more, and nobody else's words are touched.

use serde_json::{Value, json};
use tidings_core::{
    code::Code,
    command::{AddContact, BlockAccount, LeaveConversation, SetMemberText, SetProfile},
    ids::{ContactId, ConversationId, StreamId},
    journal::{Entry, Position},
    limits::Limits,
    model::{Contact, ContactKind, MemberField, Profile},
    wire::{ClientFrame, FetchScope, ServerFrame},
};
use tidings_server::verify::verify_all;

use super::{group, messages, say, segment};
use crate::support::{
    author::{Author, account},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    process::Process,
    rest::Caller,
    server::{PATIENCE, TestServer, labelled_token},
};

on_each_store! {
    t18_an_erased_account_has_said_nothing_and_does_not_come_in,
    t18_an_erasure_is_for_other_administrators_to_ask_for,
    t18_what_an_erased_account_owned_is_anothers_or_deleted,
    t18_an_erasure_that_was_killed_is_gone_on_with,
    t18_of_several_nodes_one_erases,
}

/// Pages close soon, so that there are many; and an erasure begins at once.
pub const FLAGS: [&str; 13] = [
    "--webhook-allow-private",
    "--cursor-interval",
    "50ms",
    "--erase-interval",
    "20ms",
    "--page-changes-soft",
    "4",
    "--page-changes-max",
    "40",
    "--snapshot-entries",
    "1",
    "--snapshot-interval",
    "20ms",
];

/// What only bob says.
pub const WORD: &str = "wolpertinger";

/// What is kept about bob alone.
const KEPT: [(&str, &str); 10] = [
    ("journal", "SELECT count(*) FROM journal WHERE stream = 'account/bob'"),
    ("documents", "SELECT count(*) FROM documents WHERE document IN ('account/bob', 'home/bob')"),
    ("snapshots", "SELECT count(*) FROM snapshots WHERE document IN ('account/bob', 'home/bob')"),
    ("requests", "SELECT count(*) FROM requests WHERE account = 'bob'"),
    ("receipts", "SELECT count(*) FROM receipts WHERE account = 'bob'"),
    ("blocks", "SELECT count(*) FROM blocks WHERE account = 'bob'"),
    ("contacts", "SELECT count(*) FROM contact_accounts WHERE account = 'bob'"),
    ("contact points", "SELECT count(*) FROM contact_points WHERE account = 'bob'"),
    ("external ids", "SELECT count(*) FROM external_ids WHERE stream = 'account/bob'"),
    ("deliveries", "SELECT count(*) FROM webhook_deliveries WHERE words IS NOT NULL AND message LIKE '%.bob'"),
];

pub fn erasure(account: &str) -> String {
    format!("/v1/accounts/{account}/erasure")
}

/// Waits until an account is erased.
pub async fn erased(root: &Caller, account: &str) -> Value {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let told = root.get(&erasure(account)).await.is(200);
            if told["state"] == "erased" {
                return told;
            }
            assert_eq!(told["state"], "erasing");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{account} is erased"))
}

/// Makes every decision again, by the limits of these tests.
pub async fn verified(database: &Database) {
    let found = findings(database).await;
    assert!(found.is_empty(), "{found:?}");
}

async fn findings(database: &Database) -> Vec<String> {
    let limits = Limits { page_changes_soft: 4, page_changes_max: 40, ..Limits::default() };
    let store = database.open().await;
    let mut found = Vec::new();
    verify_all(&*store, None, &limits, |_, stream, finding| found.push(format!("{stream}: {finding}"))).await.unwrap();
    store.close().await;
    found
}

/// What the messages of a conversation say, the oldest first; none for one that is deleted.
async fn listed(caller: &Caller, conversation: &str) -> Vec<(String, Option<String>)> {
    let rows = caller.get(&format!("{}?limit=100", messages(conversation))).await.is(200);
    let rows = rows["messages"].as_array().unwrap().iter();
    rows.map(|row| {
        let text = row["content"]["text"].as_str().map(str::to_owned);
        (row["author"].as_str().unwrap().to_owned(), text)
    })
    .collect()
}

async fn t18_an_erased_account_has_said_nothing_and_does_not_come_in(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let root = Caller::administrator(server.address, "root");
    let (conversation, left) = (group(&ann).await, group(&ann).await);
    let profile = json!({ "displayName": WORD, "bio": WORD, "avatarUrl": format!("https://example.org/{WORD}") });
    bob.ask("PUT", "/v1/accounts/bob", Some(profile), &[]).await.is(200);
    root.ask("PUT", "/v1/accounts/bob/external-id", Some(json!({ "externalId": WORD })), &[]).await.is(200);
    // What nobody takes waits to be delivered, also while the endpoint is off.
    let webhook = root.post("/v1/webhooks", json!({ "url": "https://127.0.0.1:9/" })).await.is(201);
    for number in 0..9 {
        say(&ann, &conversation, &format!("of ann {number}")).await;
        say(&bob, &conversation, &format!("{WORD} {number}")).await;
    }
    let last = say(&ann, &conversation, "likeable").await;
    let at =
        format!("{}/{}/reactions/{}", messages(&conversation), segment(last["id"].as_str().unwrap()), segment("🎉"));
    bob.put(&at).await.is(200);
    let once = [("idempotency-key", WORD)];
    bob.ask("POST", &messages(&conversation), Some(json!({ "content": WORD })), &once).await.is(201);
    let direct = bob.post("/v1/conversations/direct", json!({ "peer": "ann" })).await;
    let direct = direct.body["conversation_id"].as_str().unwrap().to_owned();
    say(&bob, &direct, WORD).await;
    say(&ann, &direct, "only of ann").await;
    // What he calls himself in a conversation, also in one that he has left.
    let mut session = Client::connect(&server, "bob", device(2)).await;
    for (id, leaves) in [(&conversation, false), (&left, true)] {
        let id = ConversationId::parse(id).unwrap();
        let mut author = Author::of("bob", device(2), id);
        author.apply(&held(&mut session, &stream(id)).await);
        let (field, text) = (MemberField::DisplayName, Some(format!("{WORD} here")));
        let mut changes = vec![author.write(SetMemberText { conversation: id, field, text })];
        if leaves {
            changes.push(author.write(LeaveConversation { conversation: id }));
        }
        session.push_accepted(stream(id), changes).await;
    }
    let mut home = Author::of_account("bob", device(2));
    home.apply(&held(&mut session, &StreamId::Account(account("bob"))).await);
    let id = ContactId::of_account(&account("ann"));
    let contact = Contact { nickname: Some(WORD.to_owned()), ..Contact::new(ContactKind::Person) };
    let changes = vec![
        home.write(BlockAccount { account: account("eve"), blocked: true }),
        home.write(AddContact { id, contact }),
    ];
    session.push_accepted(StreamId::Account(account("bob")), changes).await;
    database.wait_for("SELECT count(*) FROM snapshots WHERE document = 'home/bob'", 1).await;
    let mut live = Client::connect(&server, "ann", device(1)).await;

    let webhook = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    root.patch(&webhook, json!({ "enabled": false })).await.is(200);
    let receipt = json!({ "read": 3 });
    bob.ask("PUT", &format!("/v1/conversations/{conversation}/receipt"), Some(receipt), &[]).await.is(200);
    database
        .execute("INSERT INTO contact_points (tenant, point, account) VALUES ('acme', 'bob@example.org', 'bob')")
        .await;
    for (what, sql) in KEPT {
        assert!(database.number(sql).await > 0, "{what}");
    }

    let begun = root.put(&erasure("bob")).await.is(202);
    assert!(begun["requestedAt"].is_u64(), "{begun}");
    assert_eq!(session.closed_code().await, Code::AccountSuspended);
    bob.get("/v1/conversations").await.is_refused(403, "account_suspended");
    bob.post(&messages(&conversation), json!({ "content": "still here" })).await.is_refused(403, "account_suspended");
    let told = erased(&root, "bob").await;
    assert_eq!((&told["messages"], &told["reactions"], &told["refused"]), (&json!(11), &json!(1), &json!(0)), "{told}");
    assert_eq!(root.put(&erasure("bob")).await.is(202), told);

    // Whoever reads it is told so live, in the order of the journal.
    let gone = live.wait("the deletions", |frame| match frame {
        ServerFrame::Entries(more) => Some(more.entries),
        _ => None,
    });
    let gone = gone.await;
    assert!(gone.iter().all(|entry| entry.account == account("bob") && entry.administrator), "{gone:?}");
    let renamed = live.wait("his profile", |frame| match frame {
        ServerFrame::Profiles(profiles) => {
            let of_bob = profiles.into_iter().find(|told| told.account == account("bob"));
            of_bob.filter(|told| told.profile.display_name.is_none())
        }
        _ => None,
    });
    assert_eq!(renamed.await.profile.bio, None);
    // Her words are there, and his are not.
    let there: Vec<(String, Option<String>)> = (0..9)
        .flat_map(|number| [("ann".to_owned(), Some(format!("of ann {number}"))), ("bob".to_owned(), None)])
        .chain([("ann".to_owned(), Some("likeable".to_owned())), ("bob".to_owned(), None)])
        .collect();
    assert_eq!(listed(&ann, &conversation).await, there);
    let there = [("bob".to_owned(), None), ("ann".to_owned(), Some("only of ann".to_owned()))];
    assert_eq!(listed(&ann, &direct).await, there);
    for id in [&conversation, &left, &direct] {
        let read = ann.get(&format!("/v1/conversations/{id}")).await.is(200);
        assert!(!read.to_string().contains(WORD), "{read}");
        let members = ann.get(&format!("/v1/conversations/{id}/members")).await.is(200);
        assert!(!members.to_string().contains(WORD), "{members}");
        let rows = ann.get(&messages(id)).await.is(200);
        assert!(!rows.to_string().contains(WORD) && !rows.to_string().contains("🎉"), "{rows}");
    }
    // Nothing is left beside the journal and the documents of conversations.
    for (table, columns) in
        [("accounts WHERE account = 'bob'", "coalesce(profile, 'x')"), ("conversations", "coalesce(last_message, 'x')")]
    {
        let sql = format!("SELECT {columns} FROM {table}");
        let bytes = database.bytes(&sql).await;
        assert!(!String::from_utf8_lossy(&bytes).contains(WORD), "{sql}");
    }
    for (table, sql) in KEPT {
        assert_eq!(database.number(sql).await, 0, "{table}");
    }
    let active = "SELECT count(*) FROM members WHERE account = 'bob' AND status = 'active'
        AND conversation NOT IN (SELECT conversation FROM conversations WHERE kind = 'direct')";
    assert_eq!(database.number(active).await, 0);
    // Nor does it begin again.
    let mut session = Client::dial(server.address).await;
    let token = labelled_token("root", PATIENCE, &["admin"]);
    session.send(&ClientFrame::Hello(hello(token, device(4), None))).await;
    let mut renaming = Author::of_account("bob", device(4));
    renaming.session.account = account("root");
    let profile = Profile { display_name: Some("Bob again".to_owned()), ..Profile::default() };
    let renamed = renaming.write(SetProfile { profile, account: Some(account("bob")) });
    let refused = session.push_refused(StreamId::Account(account("bob")), vec![renamed]).await;
    assert_eq!(refused.code, Code::AccountErased);
    let lifted = root.delete("/v1/accounts/bob/suspension").await;
    lifted.is_refused(410, "account_erased");
    let renamed = json!({ "displayName": "Bob again" });
    root.ask("PUT", "/v1/accounts/bob", Some(renamed), &[]).await.is_refused(410, "account_erased");
    let named = json!({ "externalId": "crm-2" });
    root.ask("PUT", "/v1/accounts/bob/external-id", Some(named), &[]).await.is_refused(410, "account_erased");
    let added = json!({ "account": "bob" });
    let added = ann.post(&format!("/v1/conversations/{conversation}/members"), added).await;
    added.is_refused(403, "account_unavailable");
    bob.get("/v1/conversations").await.is_refused(403, "account_suspended");
    let read = root.get("/v1/accounts/bob").await.is(200);
    assert!(!read.to_string().contains(WORD) && read["suspended"] == true, "{read}");
    server.stop().await;
    verified(&database).await;
    // What is left all the same is found.
    let left = "INSERT INTO reachability (tenant, account, reachability) VALUES ('acme', 'bob', 'nobody')";
    database.execute(left).await;
    let found = findings(&database).await;
    assert!(found.len() == 1 && found[0].contains("nothing left"), "{found:?}");
}

async fn t18_an_erasure_is_for_other_administrators_to_ask_for(database: Database) {
    // It does not begin meanwhile.
    let server = TestServer::start(&database, &["--erase-interval", "1h"]).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    group(&ann).await;
    let nobody = Caller { token: None, ..ann.clone() };
    for (caller, of, status, code) in [
        (&nobody, "bob", 401, "token_invalid"),
        (&ann, "bob", 403, "permission_denied"),
        (&ann, "ann", 403, "permission_denied"),
        (&root, "nobody", 404, "member_unknown"),
        (&root, "no spaces", 400, "id_invalid"),
    ] {
        caller.get(&erasure(&segment(of))).await.is_refused(status, code);
        caller.put(&erasure(&segment(of))).await.is_refused(status, code);
    }
    root.ask("PUT", "/v1/accounts/root", Some(json!({ "displayName": "Root" })), &[]).await.is(200);
    root.put(&erasure("root")).await.is_refused(400, "value_invalid");
    // Who asked for nothing is told that there is nothing.
    for of in ["bob", "root"] {
        assert_eq!(root.get(&erasure(of)).await.is(200)["state"], "none");
    }
    // From the moment that it is asked for on, nothing of the account is changed.
    assert_eq!(root.put(&erasure("bob")).await.is(202)["state"], "erasing");
    Caller::of(server.address, "bob").get("/v1/conversations").await.is_refused(403, "account_suspended");
    root.delete("/v1/accounts/bob/suspension").await.is_refused(410, "account_erased");
    for (path, body) in [
        ("/v1/accounts/bob", json!({ "displayName": "Bob" })),
        ("/v1/accounts/bob/external-id", json!({ "externalId": "crm-2" })),
    ] {
        root.ask("PUT", path, Some(body), &[]).await.is_refused(410, "account_erased");
    }
    assert_eq!(root.get(&erasure("bob")).await.is(200)["state"], "erasing");
    server.stop().await;
}

async fn t18_what_an_erased_account_owned_is_anothers_or_deleted(database: Database) {
    let server = TestServer::start(&database, &FLAGS).await;
    let (ann, bob) = (Caller::of(server.address, "ann"), Caller::of(server.address, "bob"));
    let root = Caller::administrator(server.address, "root");
    let own = |members: Value| json!({ "kind": "group", "title": "Of Bob", "members": members });
    let mut made = Vec::new();
    for members in [json!(["cat", "ann"]), json!([])] {
        let group = bob.post("/v1/conversations", own(members)).await.is(201);
        made.push(group["conversation_id"].as_str().unwrap().to_owned());
    }
    let at = format!("/v1/conversations/{}/members", made[0]);
    bob.patch(&format!("{at}/ann"), json!({ "role": "moderator" })).await.is(200);
    // And where he is only invited, or waits.
    let open = ann.post("/v1/conversations", json!({ "kind": "group", "title": "Open" })).await.is(201);
    let open = open["conversation_id"].as_str().unwrap().to_owned();
    ann.post(&format!("/v1/conversations/{open}/invitations"), json!({ "account": "bob" })).await.is(200);
    root.put(&erasure("bob")).await.is(202);
    erased(&root, "bob").await;
    let roles = ann.get(&at).await.is(200);
    let role = |name: &str| {
        let of = |row: &&Value| row["account"] == name;
        roles["members"].as_array().unwrap().iter().find(of).map(|row| row["role"].as_str().unwrap().to_owned())
    };
    assert_eq!((role("ann").as_deref(), role("cat").as_deref()), (Some("owner"), Some("member")), "{roles}");
    root.get(&format!("/v1/conversations/{}", made[1])).await.is_refused(410, "conversation_deleted");
    let status = "SELECT count(*) FROM members WHERE account = 'bob' AND status = 'left'";
    assert_eq!(database.number(status).await, 2);
    server.stop().await;
    verified(&database).await;
}

/// Everything that a session may read of a stream.
pub async fn held(session: &mut Client, of: &StreamId) -> Vec<Entry> {
    session.fetch(of, FetchScope::After(Position::ZERO)).await.unwrap().entries
}

/// A group in which bob has said much.
async fn talkative(database: &Database, count: usize) -> String {
    let server = TestServer::start(database, &FLAGS).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    say(&ann, &conversation, "of ann").await;
    let id = ConversationId::parse(&conversation).unwrap();
    let mut session = Client::connect(&server, "bob", device(2)).await;
    let mut author = Author::of("bob", device(2), id);
    author.limits = Limits { page_changes_soft: 4, page_changes_max: 40, ..Limits::default() };
    author.apply(&held(&mut session, &stream(id)).await);
    let changes = (0..count).map(|number| author.say(&format!("{WORD} {number}"))).collect();
    session.push_accepted(stream(id), changes).await;
    server.stop().await;
    conversation
}

const COUNTED: &str = "SELECT coalesce(max(messages), 0) FROM account_erasures";

async fn t18_an_erasure_that_was_killed_is_gone_on_with(database: Database) {
    const COUNT: usize = 400;
    let conversation = talkative(&database, COUNT).await;
    let flags = [&["--dev"], &FLAGS[..]].concat();
    let process = Process::start(&database.address, &flags);
    Caller::administrator(process.address, "root").put(&erasure("bob")).await.is(202);
    database.wait_for(COUNTED, 1).await;
    process.end("-KILL");
    let counted = database.number(COUNTED).await;
    assert!((1..COUNT as i64).contains(&counted), "it was killed in the middle: {counted}");
    let process = Process::start(&database.address, &flags);
    let root = Caller::administrator(process.address, "root");
    erased(&root, "bob").await;
    let listed = listed(&Caller::of(process.address, "ann"), &conversation).await;
    assert!(listed.iter().all(|(author, text)| (author == "ann") == text.is_some()), "{listed:?}");
    let deleted = "SELECT count(*) FROM journal WHERE administrator AND account = 'bob' AND document LIKE 'page/%'";
    assert_eq!(database.number(deleted).await, COUNT as i64, "each is deleted once");
    process.drain().await;
    verified(&database).await;
}

async fn t18_of_several_nodes_one_erases(database: Database) {
    let conversation = talkative(&database, 100).await;
    let one = TestServer::start(&database, &FLAGS).await;
    // A file has one node.
    let other = match database.address.starts_with("postgres") {
        true => Some(TestServer::start(&database, &FLAGS).await),
        false => None,
    };
    let there = other.as_ref().unwrap_or(&one);
    let root = Caller::administrator(one.address, "root");
    let mut bob = Client::connect(there, "bob", device(2)).await;
    root.put(&erasure("bob")).await.is(202);
    assert_eq!(bob.closed_code().await, Code::AccountSuspended);
    assert_eq!(erased(&root, "bob").await["messages"], 100);
    let ann = Caller::of(there.address, "ann");
    let listed = listed(&ann, &conversation).await;
    assert!(listed.iter().all(|(author, text)| (author == "ann") == text.is_some()), "{listed:?}");
    if let Some(other) = other {
        other.stop().await;
    }
    one.stop().await;
    verified(&database).await;
}
