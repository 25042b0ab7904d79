//! What the lines of the table do, as facts.

use tidings_core::{
    authority::Stream,
    doc::Fact,
    ids::{DocumentId, MessageId, Stamp},
    model::{
        ConversationState, Deletion, Edit, Grant, InfoField, JoinPolicy, MemberField, MemberStatus, MessageBody,
        MessageKind, Permission, Permissions, Pin, Policy, Role, RoleDefinition, RoleName, Scope, Standing, Theme,
    },
};

use super::{CONVERSATION, NOW, account, later, message, page};

/// A pin by somebody.
pub(super) fn pin(by: &str) -> Pin {
    Pin { by: account(by), at: NOW }
}

/// What an actor states to do something, and where.
pub(super) fn facts(stream: &Stream, actor: &str, deed: &str) -> (DocumentId, Vec<Fact>) {
    match on_page(actor, deed) {
        Some(fact) => (page(), vec![fact]),
        None => (DocumentId::Conversation(CONVERSATION), on_conversation(stream, actor, deed)),
    }
}

fn on_page(actor: &str, deed: &str) -> Option<Fact> {
    Some(match deed {
        "send a text" => {
            let id = MessageId { stamp: Stamp::new(NOW, 2, [2; 8]), author: account(actor) };
            let body = MessageBody { kind: MessageKind::Text, text: "more".into(), reply_to: None, mentions: None };
            Fact::Message(id, body)
        }
        "edit the own message" => Fact::Edit(message(actor), Edit { text: "other words".into(), at: NOW }),
        "delete the own message" => Fact::Deleted(message(actor), Deletion { by: account(actor), at: NOW }),
        "delete a member's message" => Fact::Deleted(message("member2"), Deletion { by: account(actor), at: NOW }),
        "react" => Fact::Reaction(message("member2"), "👍".into(), account(actor), true),
        _ => return None,
    })
}

fn on_conversation(stream: &Stream, actor: &str, deed: &str) -> Vec<Fact> {
    let moved = |name: &str, status| {
        let former = stream.conversation().members.get(&account(name)).and_then(|member| member.standing.as_ref());
        Fact::MemberStatus(account(name), Standing::next(former, status, &account(actor), NOW))
    };
    let role = |name: &str, role| Fact::MemberRole(account(name), role);
    let grant = |name: &str, permission, allowed| {
        let grant = Grant { allowed, by: account(actor), at: NOW, until: Some(later()) };
        Fact::MemberGrant(account(name), permission, Some(grant))
    };
    match deed {
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
