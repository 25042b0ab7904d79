//! The events of an entry, made from what was decided: no document is loaded for them.

use std::collections::BTreeSet;

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

/// The events of an entry of a conversation, which was just admitted to the stream.
pub(crate) fn events_of(stream: &Stream, admitted: &Admitted) -> Vec<WebhookEvent> {
    let Some(conversation) = stream.id().conversation() else { return Vec::new() };
    let subjects = subjects(stream, admitted);
    let events = subjects.into_iter().zip(0..).map(|((kind, subject), ordinal)| {
        let body = match body(stream, conversation, admitted, kind, &subject) {
            body if body.len() <= BODY_BYTES_MAX => body,
            _ => body(stream, conversation, admitted, kind, &without_content(subject)),
        };
        WebhookEvent {
            // The chain is of the entry and all before it, so after a restore another entry has another id.
            id: format!("msg_{}_{ordinal}", HEXLOWER.encode(&admitted.chain.as_bytes()[..ID_BYTES])),
            kind,
            position: admitted.entry.position,
            ordinal,
            accepted_at: admitted.entry.accepted_at,
            body,
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

fn without_content(mut subject: Value) -> Value {
    if let Some(message) = subject.get_mut("message").and_then(Value::as_object_mut) {
        message.remove("content");
        message.insert("contentLeftOut".to_owned(), Value::Bool(true));
    }
    subject
}

/// The types of its events, each with the part of its data that is its own.
fn subjects(stream: &Stream, admitted: &Admitted) -> Vec<(EventKind, Value)> {
    let mut subjects = Vec::new();
    let mut leads = BTreeSet::new();
    for fact in &admitted.effects.facts {
        match fact {
            Fact::Message(id, body) => {
                subjects.push((EventKind::MessageCreated, message(admitted, id, body)));
                if let Some(row) = ProposalRow::of(Some(&body.content), || None, admitted.entry.accepted_at) {
                    subjects.push((EventKind::ProposalChanged, proposal(id, &row)));
                }
            }
            Fact::ProposalAnswer(id, answer) => {
                let row = ProposalRow { status: answer.status, response: Some(answer.response.clone()) };
                subjects.push((EventKind::ProposalChanged, proposal(id, &row)));
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
        subjects.push((EventKind::MemberChanged, json!({ "member": member })));
    }
    for number in leads {
        if let Some(lead) = stream.conversation().leads.get(&number) {
            subjects.push((EventKind::LeadChanged, json!({ "lead": lead })));
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
    fn content_that_is_too_long_is_left_out() {
        let subject = json!({ "message": { "id": "x", "content": { "kind": "text" } } });
        let left = without_content(subject);
        assert_eq!(left, json!({ "message": { "id": "x", "contentLeftOut": true } }));
    }
}
