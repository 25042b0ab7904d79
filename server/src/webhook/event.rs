//! The events of an entry, made from what was decided: no document is loaded for them.

use std::{collections::BTreeSet, time::Duration};

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::{Value, json};
use tidings_core::{
    api::ProposalRow,
    authority::{Admitted, Stream},
    doc::Fact,
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::MessageBody,
    time::WallTime,
};

use crate::{
    http::v1::time::Rfc3339,
    store::{EventKind, WebhookEvent},
};

/// Bytes of a body beyond which a message is told without its content.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the chain that name an event.
const ID_BYTES: usize = 16;

/// What every event has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    tenant: String,
    conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<ConversationId>,
    position: Position,
    accepted_at: WallTime,
    actor: &'a AccountId,
    #[serde(flatten)]
    subject: &'a Value,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Rfc3339,
    data: Data<'a>,
}

/// The events of an entry of a conversation, which was just admitted to the stream; notifications are sent after a delay.
pub(crate) fn events_of(stream: &Stream, admitted: &Admitted, delay: Duration) -> Vec<WebhookEvent> {
    let Some(conversation) = stream.id().conversation() else { return Vec::new() };
    let body = |kind, subject: &Value| body(stream, conversation, admitted, kind, subject);
    let events = subjects(stream, admitted).into_iter().zip(0..).map(|(Subject { kind, message, value }, ordinal)| {
        let words = message.is_some().then(|| body(kind, &value)).filter(|words| words.len() <= BODY_BYTES_MAX);
        let body = body(kind, &if message.is_some() { without_words(value) } else { value });
        WebhookEvent {
            // The chain is of the entry and all before it, so after a restore another entry has another id.
            id: format!("msg_{}_{ordinal}", HEXLOWER.encode(&admitted.chain.as_bytes()[..ID_BYTES])),
            kind,
            position: admitted.entry.position,
            ordinal,
            accepted_at: admitted.entry.accepted_at,
            due_at: match kind {
                EventKind::Notification => admitted.entry.accepted_at.plus(delay),
                _ => admitted.entry.accepted_at,
            },
            body,
            message,
            words,
        }
    });
    events.collect()
}

fn body(
    stream: &Stream,
    conversation: ConversationId,
    admitted: &Admitted,
    kind: EventKind,
    subject: &Value,
) -> Vec<u8> {
    let entry = &admitted.entry;
    let data = Data {
        tenant: stream.tenant().to_string(),
        conversation,
        thread: entry.document.thread(),
        position: entry.position,
        accepted_at: entry.accepted_at,
        actor: &entry.account,
        subject,
    };
    let body = Body { kind: kind.as_str(), timestamp: Rfc3339(entry.accepted_at), data };
    serde_json::to_vec(&body).expect("ids, times and contents are JSON")
}

/// What is told of a message whose words are too long to be told, or were deleted.
fn without_words(mut subject: Value) -> Value {
    for (part, words) in [("message", "content"), ("proposal", "response")] {
        if let Some(part) = subject.get_mut(part).and_then(Value::as_object_mut) {
            part.remove(words);
            part.insert(format!("{words}LeftOut"), Value::Bool(true));
        }
    }
    subject
}

/// What an event tells, beside what all of them do.
struct Subject {
    kind: EventKind,
    /// The message whose words it has.
    message: Option<MessageId>,
    value: Value,
}

impl Subject {
    fn of(kind: EventKind, message: Option<&MessageId>, value: Value) -> Self {
        Self { kind, message: message.cloned(), value }
    }
}

/// What its events tell.
fn subjects(stream: &Stream, admitted: &Admitted) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let mut leads = BTreeSet::new();
    for fact in &admitted.effects.facts {
        match fact {
            Fact::Message(id, body) => {
                subjects.push(Subject::of(EventKind::MessageCreated, Some(id), message(admitted, id, body)));
                subjects.push(Subject::of(EventKind::Notification, Some(id), message(admitted, id, body)));
                if let Some(row) = ProposalRow::of(Some(&body.content), || None, admitted.entry.accepted_at) {
                    subjects.push(Subject::of(EventKind::ProposalChanged, Some(id), proposal(id, &row)));
                }
            }
            Fact::ProposalAnswer(id, answer) => {
                let row = ProposalRow { status: answer.status, response: Some(answer.response.clone()) };
                subjects.push(Subject::of(EventKind::ProposalChanged, Some(id), proposal(id, &row)));
            }
            Fact::LeadOpened(number, _)
            | Fact::LeadStage(number, _)
            | Fact::LeadArchived(number, _)
            | Fact::LeadClosureReason(number, _) => {
                leads.insert(*number);
            }
            _ => {}
        }
    }
    // Members of the conversation; a thread has none of its own.
    for account in &admitted.effects.members {
        let Some(member) = stream.conversation().members.get(account) else { continue };
        let member = json!({ "account": account, "role": member.role, "status": member.status() });
        subjects.push(Subject::of(EventKind::MemberChanged, None, json!({ "member": member })));
    }
    for number in leads {
        if let Some(lead) = stream.conversation().leads.get(&number) {
            subjects.push(Subject::of(EventKind::LeadChanged, None, json!({ "lead": lead })));
        }
    }
    subjects
}

fn message(admitted: &Admitted, id: &MessageId, body: &MessageBody) -> Value {
    let MessageBody { content, reply_to, mentions } = body;
    let mut message = json!({
        "id": id,
        "author": id.author,
        "content": content,
        "mentions": mentions.as_deref().unwrap_or_default(),
        "createdAt": id.created_at(),
        "acceptedAt": admitted.entry.accepted_at,
        "position": admitted.entry.position,
    });
    if let Some(reply) = reply_to {
        message["replyTo"] = json!({ "id": reply, "author": reply.author });
    }
    json!({ "message": message })
}

fn proposal(id: &MessageId, row: &ProposalRow) -> Value {
    json!({ "proposal": { "id": id, "status": row.status, "response": row.response } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_left_out() {
        let message = json!({ "message": { "id": "x", "content": { "kind": "text" } } });
        assert_eq!(without_words(message), json!({ "message": { "id": "x", "contentLeftOut": true } }));
        let proposal = json!({ "proposal": { "id": "x", "status": "pending", "response": null } });
        let left = json!({ "proposal": { "id": "x", "status": "pending", "responseLeftOut": true } });
        assert_eq!(without_words(proposal), left);
    }
}
