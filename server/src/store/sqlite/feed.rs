//! How a server notices what another program wrote into its file, by polling every second. Only one server has
//! the file, so entries with another number than a server's are a program's.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::Sqlite;
use tidings_core::journal::Cursor;
use tokio::sync::Mutex;

use crate::store::{
    Notice, StoreError,
    sql::{Backend as _, SqlStore, Value, fetch, next_cursor, notice},
};

/// The number in entries of a server, and that in entries of another program.
pub(super) const SERVER: i64 = 0;
pub(super) const BESIDE: i64 = 1;

/// Interval between polls.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

// An index covers exactly these.
const LOOK: &str = "SELECT tenant, stream, min(position) AS first, max(position) AS last FROM journal
    WHERE node <> 0 AND tick >= $1 GROUP BY tenant, stream";

/// The file, and what was seen in it.
#[derive(Default)]
pub(in crate::store) struct Feed {
    /// None for a database in memory, which no other program can open.
    pub(super) path: Option<PathBuf>,
    /// Every transaction with a smaller tick was there at the last poll.
    seen: Mutex<Option<Cursor>>,
}

impl Feed {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: Some(path.to_owned()), seen: Mutex::default() }
    }
}

/// What programs wrote since the last poll. Entries before the first poll are in catch-ups.
pub(super) async fn notices(store: &SqlStore<Sqlite>) -> Result<Vec<Notice>, StoreError> {
    if store.feed.path.is_none() {
        tokio::time::sleep(LOOK_PERIOD).await;
        return Ok(Vec::new());
    }
    let mut seen = store.feed.seen.lock().await;
    if seen.is_none() {
        *seen = Some(look(store, None).await?.0);
    }
    tokio::time::sleep(LOOK_PERIOD).await;
    let (cursor, found) = look(store, *seen).await?;
    *seen = Some(cursor);
    store.counters.notices_found.add(found.len());
    Ok(found)
}

/// What programs wrote since a cursor, and the cursor for the next poll.
async fn look(store: &SqlStore<Sqlite>, since: Option<Cursor>) -> Result<(Cursor, Vec<Notice>), StoreError> {
    let mut reader = store.reader().await?;
    let mut transaction = reader.begin(Sqlite::BEGIN_READ).await?;
    let cursor = next_cursor::<Sqlite>(&mut transaction).await?;
    let rows = fetch::<Sqlite>(&mut transaction, LOOK, [Value::number(since.unwrap_or(cursor).tick)]).await?;
    Ok((cursor, rows.iter().map(notice).collect::<Result<_, _>>()?))
}
