//! Events: what an entry of a conversation's journal says, for programs that follow conversations.

use std::collections::BTreeSet;

use axum::response::sse;
use serde::Serialize;
use tidings_core::{
    code::Code,
    doc::{Change, Fact, OperationKind},
    ids::{AccountId, ConversationId, MessageId},
    journal::{Entry, Position},
    model::{Content, MemberStatus},
    time::WallTime,
};
use utoipa::ToSchema;

/// Something that happened in a conversation. The name of the event says what; fields that do not belong to it
/// are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventBody {
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    /// The thread of the conversation in which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<ConversationId>,
    /// Its position in the conversation's journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    /// The account that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    /// When the server accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<WallTime>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    /// The message's content; left out if the message has been deleted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<MessageId>,
    /// The accounts that it mentions.
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<Vec<AccountId>>,
    /// The emoji of a reaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<String>,
    /// The member who changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<AccountId>,
    /// How the account stands in a conversation that it can no longer read.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MemberStatus>,
    /// Why the events end.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
}

/// An event, before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    name: &'static str,
    body: EventBody,
}

impl Event {
    /// The events can be resumed from here on.
    pub(super) fn ready() -> Self {
        Self { name: "ready", body: EventBody::default() }
    }

    /// The events end.
    pub(super) fn closed(code: Option<Code>) -> Self {
        Self { name: "closed", body: EventBody { code, ..EventBody::default() } }
    }

    /// A conversation changed in ways that its routes tell.
    pub(super) fn conversation_changed(conversation: ConversationId, position: Position) -> Self {
        let (conversation, position) = (Some(conversation), Some(position));
        Self { name: "conversation.changed", body: EventBody { conversation, position, ..EventBody::default() } }
    }

    /// The account can no longer read a conversation.
    pub(super) fn conversation_revoked(conversation: ConversationId, status: MemberStatus, at: Position) -> Self {
        let (conversation, status, position) = (Some(conversation), Some(status), Some(at));
        let body = EventBody { conversation, status, position, ..EventBody::default() };
        Self { name: "conversation.revoked", body }
    }

    /// As it is sent, with the id by which the events resume behind it.
    pub(super) fn into_sse(self, id: Option<&str>) -> sse::Event {
        let event = sse::Event::default().event(self.name);
        // Nothing in a body can fail to be written as JSON.
        let event = event.json_data(self.body).unwrap_or_default();
        match id {
            Some(id) => event.id(id),
            None => event,
        }
    }
}

/// What the entries of a conversation say, in their order. The words of a message that a later one of them
/// deletes are left out.
pub(super) fn events(conversation: ConversationId, entries: &[Entry]) -> Vec<Event> {
    let parsed = entries.iter().filter_map(|entry| Some((entry, Change::parse(&entry.change).ok()?)));
    let facts: Vec<(&Entry, Vec<Fact>)> = parsed.map(|(entry, change)| (entry, facts(entry, &change))).collect();
    let deleted: BTreeSet<&MessageId> = facts.iter().flat_map(|(_, facts)| facts).filter_map(deleted).collect();
    let mut all = Vec::new();
    for (entry, facts) in &facts {
        let about = EventBody {
            conversation: Some(conversation),
            thread: entry.document.thread(),
            position: Some(entry.position),
            account: Some(entry.account.clone()),
            accepted_at: Some(entry.accepted_at),
            ..EventBody::default()
        };
        let first = all.len();
        for fact in facts {
            let mut event = event(fact, &about);
            if event.body.message.as_ref().is_some_and(|message| deleted.contains(message)) {
                event.body.content = None;
            }
            // Several facts of an entry can say the same.
            if !all[first..].contains(&event) {
                all.push(event);
            }
        }
    }
    all
}

/// The statements of an entry. A rewritten document states again everything that it says: that is no news.
fn facts(entry: &Entry, change: &Change) -> Vec<Fact> {
    if entry.account.is_system() && change.dependencies().is_empty() {
        return Vec::new();
    }
    let fact = |operation: &tidings_core::doc::Operation| {
        let value = match &operation.kind {
            OperationKind::Put(value) => Some(value),
            OperationKind::Delete => None,
            OperationKind::Other => return None,
        };
        Fact::parse(&entry.document, operation.key.as_deref()?, value).ok()
    };
    change.operations().iter().filter_map(fact).collect()
}

fn deleted(fact: &Fact) -> Option<&MessageId> {
    match fact {
        Fact::Deleted(message, _) => Some(message),
        _ => None,
    }
}

fn event(fact: &Fact, about: &EventBody) -> Event {
    let about = about.clone();
    let of_message = |message: &MessageId| EventBody { message: Some(message.clone()), ..about.clone() };
    let (name, body) = match fact {
        Fact::Created(_) => ("conversation.created", about),
        Fact::Message(message, body) => {
            let (reply_to, mentions) = (body.reply_to.clone(), body.mentions.clone());
            let content = Some(body.content.clone());
            ("message.created", EventBody { content, reply_to, mentions, ..of_message(message) })
        }
        Fact::Edit(message, edit) => {
            ("message.edited", EventBody { content: Some(edit.content.clone()), ..of_message(message) })
        }
        Fact::Deleted(message, _) => ("message.deleted", of_message(message)),
        Fact::Reaction(message, emoji, _, set) => {
            let name = if *set { "reaction.added" } else { "reaction.removed" };
            (name, EventBody { emoji: Some(emoji.clone()), ..of_message(message) })
        }
        Fact::MemberRole(member, _)
        | Fact::MemberStatus(member, _)
        | Fact::MemberGrant(member, ..)
        | Fact::MemberText(member, ..) => ("member.changed", EventBody { member: Some(member.clone()), ..about }),
        _ => ("conversation.changed", about),
    };
    Event { name, body }
}
