//! The write-ahead log: merged into the file when the store closes, so that the file is complete by itself, and
//! kept from growing without bound before that.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use super::{BUSY_TIMEOUT, file};
use crate::store::{StoreError, sql::SqlStore};

/// Bytes of the log that stay allocated when it restarts.
pub(super) const KEPT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Size of the log, in bytes, beyond which writes wait for readers so that it can restart. SQLite checkpoints
/// by itself every 1,000 pages, but while somebody is always reading it only appends.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Time that writes may wait for those readers; the next attempt is soon.
const READERS_TIMEOUT: Duration = Duration::from_secs(1);

/// Restarts a log that has grown too long, if readers allow it.
pub(super) async fn bound(store: &SqlStore<Sqlite>) -> Result<(), StoreError> {
    let Some(path) = &store.feed.path else { return Ok(()) };
    let bytes = std::fs::metadata(file::beside(path, "-wal")).map_or(0, |log| log.len());
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    let mut writer = store.writer().await?;
    set_busy_timeout(&mut writer, READERS_TIMEOUT).await?;
    let truncated = truncate(&mut writer).await;
    set_busy_timeout(&mut writer, BUSY_TIMEOUT).await?;
    if !truncated? {
        tracing::warn!(bytes, "the write-ahead log grows: something reads the database all the time");
    }
    Ok(())
}

/// Merges the log into the file, for the last time.
pub(super) async fn fold_in(store: &SqlStore<Sqlite>) {
    if store.feed.path.is_none() {
        return;
    }
    let folded = async { truncate(&mut *store.writer().await?).await };
    match folded.await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("the write-ahead log stays beside the file: somebody else has it open"),
        Err(error) => tracing::warn!(%error, "the write-ahead log stays beside the file"),
    }
}

async fn set_busy_timeout(connection: &mut SqliteConnection, timeout: Duration) -> Result<(), StoreError> {
    let pragma = format!("PRAGMA busy_timeout = {}", timeout.as_millis());
    sqlx::query(AssertSqlSafe(pragma)).execute(connection).await?;
    Ok(())
}

/// Returns true if all of the log is now in the file, and the log empty.
async fn truncate(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(busy == 0)
}
