//! Erases deleted conversations step by step. Each call is one transaction, so an interrupted erasure can be
//! continued. What stays is the tombstone.

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::ConversationState,
    time::WallTime,
    wire,
};

use super::{Backend, ReadRow, Tick, Value, backend::fetch, delivery, external, row::Fields};
use crate::{
    bounds::Bounds,
    store::{DeletedConversation, StoreError, StreamCommit},
};

/// Returns true if a commit deletes its conversation, or finds it deleted.
pub(super) fn is_deleted(commit: &StreamCommit) -> bool {
    commit.conversation.as_ref().is_some_and(|row| row.state == ConversationState::Deleted)
}

const DELETED: &str = "UPDATE conversations
    SET deleted_at = coalesce(deleted_at, $3), deleted_tick = coalesce(deleted_tick, $4)
    WHERE tenant = $1 AND conversation = $2";

/// Records the time of deletion if a commit deletes its conversation.
pub(super) async fn note<B: Backend>(
    connection: &mut B::Connection,
    commit: &StreamCommit,
    tick: Tick,
) -> Result<(), StoreError> {
    match commit.entries.last() {
        Some(last) => wait_from::<B>(connection, commit, last.entry.accepted_at, tick).await,
        None => Ok(()),
    }
}

/// Schedules the conversation of a commit for erasure from a time on, if it is deleted and not yet scheduled.
pub(super) async fn wait_from<B: Backend>(
    connection: &mut B::Connection,
    commit: &StreamCommit,
    at: WallTime,
    tick: Tick,
) -> Result<(), StoreError> {
    let Some(conversation) = commit.stream.conversation().filter(|_| is_deleted(commit)) else { return Ok(()) };
    let values = [(&commit.tenant).into(), conversation.into(), at.into(), tick.into()];
    fetch::<B>(connection, DELETED, values).await?;
    external::release::<B>(connection, &commit.tenant, &commit.stream).await
}

const DUE: &str = "SELECT tenant, conversation FROM conversations WHERE deleted_at <= $1
    ORDER BY deleted_at LIMIT $2";

/// Implements `Store::deleted_conversations`.
pub(super) async fn due<B: Backend>(
    connection: &mut B::Connection,
    before: WallTime,
    count_max: u32,
) -> Result<Vec<DeletedConversation>, StoreError> {
    let rows = fetch::<B>(connection, DUE, [before.into(), count_max.into()]).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("conversations", row);
            Ok(DeletedConversation { tenant: fields.tenant()?, conversation: fields.conversation()? })
        })
        .collect()
}

const WAITING: &str = "SELECT conversation FROM conversations
    WHERE tenant = $1 AND conversation = $2 AND state = 'deleted' AND deleted_at IS NOT NULL";

// Moves the head, so that anything decided before conflicts and is decided again.
const BURY: [&str; 2] = [
    "UPDATE streams SET position = position + 1, page = 0 WHERE tenant = $1 AND stream = 'conversation/' || $2",
    "UPDATE conversations SET title = NULL, member_count = 0, subscriber_count = 0, some_members = $4,
        last_message = NULL, activity_at = created_at, listing = NULL, resource = NULL, erased_at = $3
        WHERE tenant = $1 AND conversation = $2 AND erased_at IS NULL RETURNING conversation",
];

/// Rows of a conversation in key order: one statement finds the last key of a batch, another erases everything
/// up to it. A range of an index, because Postgres would search a list of keys once per row.
struct Rows {
    find: &'static str,
    erase: &'static str,
}

const ROWS: [Rows; 4] = [
    // Keeps who is to be notified, and nothing of what they were there.
    Rows {
        find: "SELECT account AS key FROM members WHERE tenant = $1 AND conversation = $2
            AND NOT (role = 'member' AND status = 'removed' AND position = 0 AND subscribed_at = 0)
            ORDER BY account LIMIT $3",
        erase: "UPDATE members SET role = 'member', status = 'removed', position = 0, joined = 0, subscribed_at = 0
            WHERE tenant = $1 AND conversation = $2 AND account <= $3
                AND NOT (role = 'member' AND status = 'removed' AND position = 0 AND subscribed_at = 0)",
    },
    Rows {
        find: "SELECT account AS key FROM receipts WHERE tenant = $1 AND conversation = $2 ORDER BY account LIMIT $3",
        erase: "DELETE FROM receipts WHERE tenant = $1 AND conversation = $2 AND account <= $3",
    },
    Rows {
        find: "SELECT thread AS key FROM threads WHERE tenant = $1 AND conversation = $2 ORDER BY thread LIMIT $3",
        erase: "DELETE FROM threads WHERE tenant = $1 AND conversation = $2 AND thread <= $3",
    },
    Rows {
        find: "SELECT message AS key FROM held_messages WHERE tenant = $1 AND conversation = $2
            ORDER BY message LIMIT $3",
        erase: "DELETE FROM held_messages WHERE tenant = $1 AND conversation = $2 AND message <= $3",
    },
];

const FIRST_ENTRY: &str = "SELECT position FROM journal WHERE tenant = $1 AND stream = 'conversation/' || $2
    ORDER BY position LIMIT 1";
const ENTRIES: &str = "DELETE FROM journal WHERE tenant = $1 AND stream = 'conversation/' || $2 AND position < $3";

const DOCUMENTS: &str = "SELECT document AS key FROM documents
    WHERE tenant = $1 AND document >= $2 AND document < $3 ORDER BY document LIMIT $4";
// Documents first: whoever saves a snapshot then finds its document gone, and saves none.
const OF_DOCUMENTS: [&str; 3] = [
    "DELETE FROM documents WHERE tenant = $1 AND document >= $2 AND document <= $3",
    "DELETE FROM snapshots WHERE tenant = $1 AND document >= $2 AND document <= $3",
    "DELETE FROM quarantine WHERE tenant = $1 AND document >= $2 AND document <= $3",
];

const DONE: &str = "UPDATE conversations SET deleted_at = NULL WHERE tenant = $1 AND conversation = $2";

/// Implements `Store::erase`, within a write transaction.
pub(super) async fn erase<B: Backend>(
    connection: &mut B::Connection,
    bounds: &Bounds,
    tenant: &TenantId,
    conversation: ConversationId,
    now: WallTime,
) -> Result<bool, StoreError> {
    let (stream, rows_max) = (StreamId::Conversation(conversation), bounds.erased_rows_max);
    let key = || vec![tenant.into(), conversation.into()];
    let with = |value: Value| [key(), vec![value]].concat();
    // Nobody else writes or erases the stream until this ends.
    fetch::<B>(connection, B::LOCK_HEADS, [tenant.into(), Value::keys([&stream])]).await?;
    if fetch::<B>(connection, WAITING, key()).await?.is_empty() {
        return Ok(true);
    }
    let [head, row] = BURY;
    let nobody: Vec<AccountId> = Vec::new();
    let values = [key(), vec![now.into(), wire::encode(&nobody).into()]].concat();
    if !fetch::<B>(connection, row, values).await?.is_empty() {
        fetch::<B>(connection, head, key()).await?;
    }
    let mut is_done = erase_documents::<B>(connection, bounds.erased_documents_max, tenant, conversation).await?;
    for Rows { find, erase } in ROWS {
        let found = fetch::<B>(connection, find, with(rows_max.into())).await?;
        is_done &= found.len() < rows_max as usize;
        if let Some(last) = found.last() {
            fetch::<B>(connection, erase, with(key_of(last)?)).await?;
        }
    }
    delivery::erase::<B>(connection, tenant, conversation).await?;
    let first = fetch::<B>(connection, FIRST_ENTRY, key()).await?;
    if let Some(row) = first.first() {
        let first: u64 = Fields::of("journal", row).number("position")?;
        fetch::<B>(connection, ENTRIES, with(Value::number(first + u64::from(rows_max)))).await?;
        is_done &= fetch::<B>(connection, FIRST_ENTRY, key()).await?.is_empty();
    }
    if is_done {
        fetch::<B>(connection, DONE, key()).await?;
    }
    Ok(is_done)
}

/// The first key and the end of the keys of each kind of document in a conversation's stream.
pub(super) fn document_ranges(conversation: ConversationId) -> impl Iterator<Item = [Value; 2]> {
    // If anything follows the id it is a slash, and no byte that sorts before a slash can occur there.
    let key = move |kind, end| Value::Text(Some(format!("{kind}/{conversation}{end}")));
    ["conversation", "page", "thread", "thread_page"].into_iter().map(move |kind| ["", "0"].map(|end| key(kind, end)))
}

/// Erases some documents of a conversation's stream. Returns true if none are left.
async fn erase_documents<B: Backend>(
    connection: &mut B::Connection,
    documents_max: u32,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<bool, StoreError> {
    let mut left = documents_max;
    for [from, to] in document_ranges(conversation) {
        let rows = fetch::<B>(connection, DOCUMENTS, [tenant.into(), from.clone(), to, left.into()]).await?;
        let Some(last) = rows.last() else { continue };
        left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        let last = key_of(last)?;
        for statement in OF_DOCUMENTS {
            fetch::<B>(connection, statement, [tenant.into(), from.clone(), last.clone()]).await?;
        }
        if left == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The `key` column of a row.
fn key_of(row: &impl ReadRow) -> Result<Value, StoreError> {
    Ok(Value::Text(Fields::of("documents", row).words("key")?))
}
