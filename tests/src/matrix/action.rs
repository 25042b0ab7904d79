//! The actions of the table as facts.

use tidings_core::{
    authority::Stream,
    doc::Fact,
    ids::{ConversationId, DocumentId, InviteId, MessageId, Stamp, TimelineId},
    model::{
        ConversationKind, ConversationState, Created, Deletion, Edit, Grant, Held, HeldState, InfoField, Invite,
        JoinPolicy, MemberField, MemberStatus, Membership, MessageBody, Parent, Permission, Permissions, Pin, Policy,
        Role, RoleDefinition, RoleName, Scope, Theme,
    },
};

use super::{CONVERSATION, INVITE, NOW, account, held, later, message, message_at, page, thread_of, thread_page};

/// A pin by somebody.
pub(super) fn pin(by: &str) -> Pin {
    Pin { by: account(by), at: NOW, page: 1 }
}

/// The facts with which an actor does something, and their document.
pub(super) fn facts(stream: &Stream, actor: &str, action: &str) -> (DocumentId, Vec<Fact>) {
    if let Some(fact) = on_page(actor, action) {
        return (page(), vec![fact]);
    }
    if let Some((document, fact)) = on_thread(actor, action) {
        return (document, vec![fact]);
    }
    (TimelineId::of(CONVERSATION).document(), on_conversation(stream, actor, action))
}

/// The first change of a thread.
pub(super) fn thread(by: &str, room: ConversationId, message: MessageId, depth: u32) -> Fact {
    let parent = Parent { conversation: room, message, page: 1, depth };
    Fact::Created(Created { parent: Some(parent), ..Created::new(ConversationKind::Thread, account(by), NOW) })
}

/// A message in a thread.
pub(super) fn reply(by: &str, number: u16) -> Fact {
    let body = MessageBody { content: "a reply".into(), reply_to: None, mentions: None };
    Fact::Message(message_at(by, REPLIES + number), body)
}

/// An invite link.
pub(super) fn invite(by: &str, enabled: bool) -> Invite {
    Invite { role: Role::Member, until: None, uses_max: None, enabled, by: account(by), at: NOW }
}

/// The state of the held message.
pub(super) fn late(by: &str, state: HeldState) -> Held {
    Held { state, thread: None, by: account(by), at: NOW }
}

/// Messages with this number or a greater one are replies.
const REPLIES: u16 = 100;

fn on_thread(actor: &str, action: &str) -> Option<(DocumentId, Fact)> {
    let first = message("owner");
    let of_first = thread_of(&first);
    Some(match action {
        "open a thread" => (thread_of(&message("member2")), thread(actor, CONVERSATION, message("member2"), 1)),
        "open a thread in a thread" => {
            let reply = message_at("owner", REPLIES + 1);
            (thread_of(&reply), thread(actor, super::thread(&first), reply, 2))
        }
        "write in a thread" => (thread_page(), reply(actor, 2)),
        "name a thread" => (of_first, Fact::Info(InfoField::Title, Some("Oars".into()))),
        "lock a thread" => (of_first, Fact::Locked(true)),
        "close a thread" => (of_first, Fact::State(ConversationState::Closed)),
        _ => return None,
    })
}

fn on_page(actor: &str, action: &str) -> Option<Fact> {
    Some(match action {
        "send a text" => {
            let id = MessageId { stamp: Stamp::new(NOW, 2, [2; 8]), author: account(actor) };
            let body = MessageBody { content: "more".into(), reply_to: None, mentions: None };
            Fact::Message(id, body)
        }
        "edit the own message" => Fact::Edit(message(actor), Edit { content: "other words".into(), at: NOW }),
        "delete the own message" => Fact::Deleted(message(actor), Deletion { by: account(actor), at: NOW }),
        "delete a member's message" => Fact::Deleted(message("member2"), Deletion { by: account(actor), at: NOW }),
        "react" => Fact::Reaction(message("member2"), "👍".into(), account(actor), true),
        _ => return None,
    })
}

fn on_conversation(stream: &Stream, actor: &str, action: &str) -> Vec<Fact> {
    let moved = |name: &str, status| {
        let former = stream.conversation().members.get(&account(name)).and_then(|member| member.membership.as_ref());
        Fact::MemberStatus(account(name), Membership::next(former, status, &account(actor), NOW))
    };
    let role = |name: &str, role| Fact::MemberRole(account(name), role);
    let grant = |name: &str, permission, allowed| {
        let grant = Grant { allowed, by: account(actor), at: NOW, until: Some(later()) };
        Fact::MemberGrant(account(name), permission, Some(grant))
    };
    match action {
        "make an invite link" => vec![Fact::Invite(InviteId::from_bytes([1; 16]), Some(invite(actor, true)))],
        "switch an invite link off" => vec![Fact::Invite(INVITE, Some(invite(actor, false)))],
        "let a held message in" => vec![Fact::Held(held(), late(actor, HeldState::Admitted))],
        "discard a held message" => vec![Fact::Held(held(), late(actor, HeldState::Discarded))],
        "pin a message" => vec![Fact::Pin(message("owner"), Some(pin(actor)))],
        "unpin a message" => vec![Fact::Pin(message("member2"), None)],
        "let in who asked" => vec![moved("asked", MemberStatus::Active)],
        "decline who asked" => vec![moved("asked", MemberStatus::Removed)],
        "mute a guest" => vec![grant("guest2", Permission::MessageSend, false)],
        "mute a moderator" => vec![grant("moderator2", Permission::MessageSend, false)],
        "add a member" => vec![role("new", Role::Member), moved("new", MemberStatus::Active)],
        "add a moderator" => vec![role("new", Role::Moderator), moved("new", MemberStatus::Active)],
        "invite a member" => vec![role("new", Role::Member), moved("new", MemberStatus::Invited)],
        "remove a guest" => vec![moved("guest2", MemberStatus::Removed)],
        "remove an admin" => vec![moved("admin2", MemberStatus::Removed)],
        "remove the owner" => vec![moved("owner", MemberStatus::Removed)],
        "ban a guest" => vec![moved("guest2", MemberStatus::Banned)],
        "lift a ban" => vec![moved("banned", MemberStatus::Removed)],
        "make a guest a member" => vec![role("guest2", Role::Member)],
        "make a guest an admin" => vec![role("guest2", Role::Admin)],
        "make a guest an owner" => vec![role("guest2", Role::Owner)],
        "grant a guest pin:add" => vec![grant("guest2", Permission::PinAdd, true)],
        "grant a guest role:define" => vec![grant("guest2", Permission::RoleDefine, true)],
        "grant an admin role:define" => vec![grant("admin2", Permission::RoleDefine, true)],
        "change the title" => vec![Fact::Info(InfoField::Title, Some("Boats".into()))],
        "change the look" => vec![Fact::Theme(Some(Theme { background_url: None, color: Some("#00aaff".into()) }))],
        "archive" => vec![Fact::State(ConversationState::Archived)],
        "close" => vec![Fact::State(ConversationState::Closed)],
        "reopen" => vec![Fact::State(ConversationState::Active)],
        "delete the conversation" => vec![Fact::State(ConversationState::Deleted)],
        "lock" => vec![Fact::Locked(true)],
        "unlock" => vec![Fact::Locked(false)],
        "change a policy" => {
            let open = stream.conversation().policies.join == JoinPolicy::Open;
            let join = if open { JoinPolicy::InviteOnly } else { JoinPolicy::Open };
            vec![Fact::Policy(Policy::Join(join))]
        }
        "change the scope" => vec![Fact::Scope(Scope::Public)],
        "define a role of rank 60" => {
            let name = RoleName::parse("keeper").expect("a constant name parses");
            vec![Fact::RoleDefinition(name, Some(RoleDefinition { rank: 60, permissions: Permissions::default() }))]
        }
        "change the own name here" => {
            vec![Fact::MemberText(account(actor), MemberField::DisplayName, Some("Skipper".into()))]
        }
        "leave" => vec![moved(actor, MemberStatus::Left)],
        other => panic!("nobody knows how to {other}"),
    }
}
