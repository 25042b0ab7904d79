//! Threads as shown on the messages that they start from.

use tidings_core::{
    ids::{ConversationId, StreamId, TenantId},
    model::Thread,
    wire,
};

use super::{
    Backend, Insert, ReadRow, Value,
    backend::fetch,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{StoreError, StreamCommit, WhichThreads};

pub(super) const THREADS: Insert = Insert {
    table: "threads",
    joined: None,
    columns: &["tenant", "conversation", "thread", "parent", "counted"],
    conflict: "ON CONFLICT (tenant, conversation, thread) DO UPDATE
        SET parent = excluded.parent, counted = excluded.counted",
};

const ALL: &str = "SELECT counted FROM threads WHERE tenant = $1 AND conversation = $2 ORDER BY thread";

const ONE: &str = "SELECT counted FROM threads WHERE tenant = $1 AND conversation = $2 AND thread = $3";

const FROM: &str = "SELECT counted FROM threads WHERE tenant = $1 AND parent = $2 ORDER BY thread";

/// Implements `Store::threads`. If a single thread is asked for and does not decode this fails, because the
/// caller depends on it.
pub(super) async fn threads<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    conversation: ConversationId,
    which: &WhichThreads,
) -> Result<Vec<Thread>, StoreError> {
    let rows = match which {
        WhichThreads::All => fetch::<B>(connection, ALL, [tenant.into(), conversation.into()]).await?,
        WhichThreads::One(thread) => {
            fetch::<B>(connection, ONE, [tenant.into(), conversation.into(), (*thread).into()]).await?
        }
        WhichThreads::From(page) => fetch::<B>(connection, FROM, [tenant.into(), page.into()]).await?,
    };
    match which {
        WhichThreads::One(_) => {
            let read: Result<Vec<Thread>, StoreError> = rows.iter().map(read).collect();
            read.inspect_err(|error| rot.meet(tenant, &StreamId::Conversation(conversation), error))
        }
        WhichThreads::All | WhichThreads::From(_) => rot.readable(tenant, Whose::Of(conversation), &rows, read),
    }
}

fn read(row: &impl ReadRow) -> Result<Thread, StoreError> {
    Fields::of("threads", row).decode("counted", |bytes| wire::decode(bytes))
}

/// The rows of a commit.
pub(super) fn rows(
    commit: &StreamCommit,
    conversation: ConversationId,
) -> impl Iterator<Item = (ConversationId, Vec<Value>)> {
    commit.threads.iter().map(move |thread| {
        let row = vec![
            (&commit.tenant).into(),
            conversation.into(),
            thread.id.into(),
            (&thread.parent.document(conversation)).into(),
            wire::encode(thread).into(),
        ];
        (thread.id, row)
    })
}
