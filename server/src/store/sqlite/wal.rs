//! The write-ahead log: folded into the file when the store is closed, so that
//! the file is whole by itself, and kept from growing without end before that.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use super::{BUSY_TIMEOUT, file};
use crate::store::{StoreError, sql::SqlStore};

/// Bytes of the log that stay on the disk when it begins anew.
pub(super) const KEPT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of the log beyond which readers are waited for, so that it can begin
/// anew. SQLite folds it in by itself every 1,000 pages, but while somebody
/// always reads it only appends.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long writes may wait for those readers: the next time is soon.
const READERS_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes a log that has grown too long begin anew, if readers let it.
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

/// Folds the log into the file, for the last time.
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

/// Whether all of the log is in the file now, and the log empty.
async fn truncate(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(busy == 0)
}
