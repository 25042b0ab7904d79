//! Held messages: their content, until somebody decides about them.

use tidings_core::{
    ids::{AccountId, ConversationId, MessageId, StreamId, TenantId},
    journal::Position,
    model::HeldMessage,
    wire,
};

use super::{
    Backend, Insert, Value,
    backend::fetch,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{StoreError, StreamCommit};

pub(super) const HELD_MESSAGES: Insert = Insert {
    table: "held_messages",
    joined: None,
    columns: &["tenant", "conversation", "message", "content"],
    conflict: "ON CONFLICT (tenant, conversation, message) DO UPDATE SET content = excluded.content",
};

const HELD: &str = "SELECT content FROM held_messages
    WHERE tenant = $1 AND conversation = $2 AND content IS NOT NULL ORDER BY message";

const MOVED_AT: &str = "SELECT position FROM members WHERE tenant = $1 AND conversation = $2 AND account = $3";

/// Implements `Store::held_messages`.
pub(super) async fn held_messages<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Vec<HeldMessage>, StoreError> {
    let rows = fetch::<B>(connection, HELD, [tenant.into(), conversation.into()]).await?;
    rot.readable(tenant, Whose::Of(conversation), &rows, |row| {
        Fields::of("held_messages", row).decode("content", |bytes| wire::decode(bytes))
    })
}

/// Implements `Store::moved_at`.
pub(super) async fn moved_at<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
    account: &AccountId,
) -> Result<Option<Position>, StoreError> {
    let rows = fetch::<B>(connection, MOVED_AT, [tenant.into(), conversation.into(), account.into()]).await?;
    let position = rows.first().map(|row| Fields::of("members", row).position("position")).transpose();
    position.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))
}

/// The rows of a commit: newly held messages, and decided ones without their content.
pub(super) fn rows(
    commit: &StreamCommit,
    conversation: ConversationId,
) -> impl Iterator<Item = (MessageId, Vec<Value>)> {
    commit.held.iter().map(move |(message, held)| {
        let content = Value::Bytes(held.as_ref().map(wire::encode));
        (message.clone(), vec![(&commit.tenant).into(), conversation.into(), message.into(), content])
    })
}
