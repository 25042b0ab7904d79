//! The history of a store. A server that starts on a store begins an epoch in it, with a random id and a tick
//! of its own. A cursor names the last epoch before it and the newest entry before it. So a store that was
//! restored to an older state recognises cursors of the history it lost, however far it has advanced since: the
//! last epoch before such a tick is another one here, or ended before that entry.

use tidings_core::{ids::EpochId, journal::Cursor};

use super::{
    Backend, Insert, SqlStore, Value,
    backend::{fetch, insert},
    commit::next_tick,
    row::Fields,
};
use crate::store::StoreError;

const EPOCHS: Insert = Insert { table: "epochs", joined: None, columns: &["tick", "epoch"], conflict: "" };

/// Begins an epoch: everything written from now on belongs to it.
pub(super) async fn begin<B: Backend>(store: &SqlStore<B>) -> Result<(), StoreError> {
    let mut writer = store.writer().await?;
    let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
    let tick = next_tick::<B>(&mut transaction).await?;
    let epoch = EpochId::from_bytes(rand::random());
    insert::<B>(&mut transaction, &EPOCHS, vec![vec![tick.into(), epoch.as_bytes().to_vec().into()]]).await?;
    Ok(transaction.commit().await?)
}

/// Returns true if a cursor was issued in this history.
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

/// The cursor at a tick before `now`, behind which an entry is: what is before it was visible at that moment.
pub(super) async fn at<B: Backend>(
    connection: &mut B::Connection,
    tick: u64,
    now: Cursor,
) -> Result<Cursor, StoreError> {
    let rows = fetch::<B>(connection, B::HISTORY, [Value::number(tick)]).await?;
    let row = rows.first().ok_or(StoreError::Unavailable(sqlx::Error::RowNotFound))?;
    let here = Fields::of("epochs", row).cursor()?;
    // Of an epoch that is not over there is no newest entry: any before the tick would do, and is not looked for.
    Ok(Cursor { newest_entry: here.newest_entry.min(now.newest_entry), ..here })
}
