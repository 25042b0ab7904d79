//! What is new in a whole tenant since a cursor, for those who follow all of it. The order is that of `catch_up`, whose
//! promise holds here too. An answer covers a range of ticks with a bounded number of entries, so that a long absence
//! is caught up with in steps, each of which can be resumed from.

use tidings_core::{
    ids::{ConversationId, StreamId, TenantId},
    journal::{Cursor, Position},
};

use super::{Backend, SqlStore, Value, backend::fetch, catch_up::next_cursor, epoch, row::Fields, runs::Runs};
use crate::store::{StoreError, TenantNews};

/// Implements `Store::catch_up_tenant`, within a transaction that reads one moment.
pub(super) async fn catch_up_tenant<B: Backend>(
    connection: &mut B::Connection,
    store: &SqlStore<B>,
    tenant: &TenantId,
    since: Option<Cursor>,
    entries_max: u32,
) -> Result<TenantNews, StoreError> {
    let now = next_cursor::<B>(connection).await?;
    let Some(since) = since else {
        return Ok(TenantNews { cursor: now, is_whole: true, ..TenantNews::default() });
    };
    if !epoch::knows::<B>(connection, since, now).await? {
        return Err(StoreError::PutBack);
    }
    let bounds = &store.bounds;
    let until = end_of_range::<B>(connection, tenant, since, bounds.entries_read_max).await?;
    // Behind the cursor of this moment, what is to come may still have smaller ticks.
    let until = until.filter(|until| *until < now.tick);
    let cursor = match until {
        Some(until) => epoch::at::<B>(connection, until, now).await?,
        None => now,
    };
    let heads = heads::<B>(connection, tenant, since, until).await?;
    let streams: Vec<(StreamId, Position)> =
        heads.iter().map(|(conversation, head)| (StreamId::Conversation(*conversation), *head)).collect();
    let entries = Runs { bounds, tenant, since }.entries::<B>(connection, &streams, entries_max).await?;
    Ok(TenantNews { cursor, is_whole: until.is_none(), heads, entries })
}

/// The tick behind a bounded number of new entries; none if there are not so many. A transaction is never divided.
async fn end_of_range<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    since: Cursor,
    entries_max: u32,
) -> Result<Option<u64>, StoreError> {
    const END: &str = "SELECT tick FROM journal WHERE tenant = $1 AND tick >= $2 ORDER BY tick LIMIT 1 OFFSET $3";
    let values = [tenant.into(), Value::number(since.tick), entries_max.into()];
    let rows = fetch::<B>(connection, END, values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let tick: u64 = Fields::of("journal", row).number("tick")?;
    Ok(Some(tick.max(since.tick.saturating_add(1))))
}

/// The conversations with new entries, or deleted, in a range of ticks, with the position of each.
async fn heads<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    since: Cursor,
    until: Option<u64>,
) -> Result<Vec<(ConversationId, Position)>, StoreError> {
    // The entries of a deleted conversation are erased; that it was deleted is told all the same.
    const HEADS: &str = "SELECT streams.stream, streams.position FROM (
            SELECT stream FROM journal
            WHERE tenant = $1 AND tick >= $2 AND tick < $3 AND stream LIKE 'conversation/%'
            UNION
            SELECT 'conversation/' || conversation AS stream FROM conversations
            WHERE tenant = $1 AND deleted_tick >= $2 AND deleted_tick < $3
        ) AS moved
        JOIN streams ON streams.tenant = $1 AND streams.stream = moved.stream ORDER BY streams.stream";
    let until = until.map_or(Value::Number(i64::MAX), Value::number);
    let rows = fetch::<B>(connection, HEADS, [tenant.into(), Value::number(since.tick), until]).await?;
    let mut heads = Vec::with_capacity(rows.len());
    for row in &rows {
        let fields = Fields::of("streams", row);
        heads.extend(fields.stream()?.conversation().map(|conversation| (conversation, fields.position("position"))));
    }
    heads.into_iter().map(|(conversation, position)| Ok((conversation, position?))).collect()
}
