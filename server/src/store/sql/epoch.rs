//! The history of a store. A server that takes a store up begins an epoch in it, under an id drawn at
//! random and with a tick of its own. A cursor names the last epoch before it and the newest entry before
//! it, so a store that was put back to an older state knows the cursors of what it has lost, however far
//! it has come again: the last epoch before such a tick is another one here, or ended before that entry.

use tidings_core::{ids::EpochId, journal::Cursor};

use super::{
    Backend, Insert, SqlStore, Value,
    backend::{fetch, insert},
    commit::next_tick,
    row::Fields,
};
use crate::store::StoreError;

const EPOCHS: Insert = Insert { table: "epochs", columns: &["tick", "epoch"], conflict: "" };

/// Begins an epoch: whatever is written from now on is of this one.
pub(super) async fn begin<B: Backend>(store: &SqlStore<B>) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
    let tick = next_tick::<B>(&mut transaction).await?;
    let epoch = EpochId::from_bytes(rand::random());
    insert::<B>(&mut transaction, &EPOCHS, vec![vec![tick.into(), epoch.as_bytes().to_vec().into()]]).await?;
    Ok(transaction.commit().await?)
}

/// Whether a cursor was told of this history, which has come to another one.
pub(super) async fn knows<B: Backend>(
    connection: &mut B::Connection,
    cursor: Cursor,
    now: Cursor,
) -> Result<bool, StoreError> {
    if cursor.tick > now.tick {
        return Ok(false);
    }
    if cursor.epoch == now.epoch {
        return Ok(true);
    }
    let rows = fetch::<B>(connection, B::HISTORY, [Value::number(cursor.tick)]).await?;
    let row = rows.first().ok_or(StoreError::Unavailable(sqlx::Error::RowNotFound))?;
    let here = Fields::of("epochs", row).cursor()?;
    Ok(here.epoch == cursor.epoch && here.newest_entry >= cursor.newest_entry)
}
