//! SQLite: the store that needs no set-up. One connection writes, a few read; write-ahead logging keeps them
//! out of each other's way.

mod at_once;
mod feed;
mod file;
#[cfg(test)]
mod tests;
mod wal;

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, SqlStr, Sqlite, SqliteConnection,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};

use tidings_core::ids::TenantId;

use self::feed::Feed;
use super::{
    Notice, StoreError, StoreOptions,
    sql::{Backend, Insert, Patience, Rot, SqlStore, Value, migrator, read_row},
};

/// Time for which another process, such as a backup, may hold the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Numbers of rows for which an INSERT is prepared.
const ROWS_AT_ONCE: [usize; 4] = [64, 16, 4, 1];

/// Opens the database of a file, creating it if `options` say so; without a path, a database in memory.
pub(super) async fn open(path: Option<&Path>, options: &StoreOptions) -> Result<SqlStore<Sqlite>, StoreError> {
    let connect = SqliteConnectOptions::new()
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", wal::KEPT_BYTES_MAX.to_string())
        // Acknowledged writes survive a power failure too.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new()
        .acquire_timeout(options.acquire_timeout)
        // A connection to a file does not age, and one to memory is the database.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    let patience = Patience(Duration::MAX);
    let Some(path) = path else {
        let writes = pool.max_connections(1).connect_with(connect.in_memory(true)).await?;
        return Ok(SqlStore {
            reads: writes.clone(),
            writes,
            node: feed::SERVER,
            feed: Feed::default(),
            counters: Arc::default(),
            rot: Rot::default(),
            patience,
            bounds: options.bounds,
        });
    };
    file::prepare(path, options.missing_file)?;
    let connect = connect.filename(path);
    // After a full disk SQLite has rolled back by itself, and sqlx waits for a rollback that cannot succeed any
    // more: such a connection is replaced. Anything it was doing has completed or failed since it was returned.
    let pool = pool.before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
    let writes = pool.clone().max_connections(1).connect_with(connect.clone()).await?;
    let reads =
        pool.max_connections(options.connections_max.max(1)).connect_with(connect.pragma("query_only", "ON")).await?;
    Ok(SqlStore {
        reads,
        writes,
        node: if options.beside_servers { feed::BESIDE } else { feed::SERVER },
        feed: Feed::of(path),
        counters: Arc::default(),
        rot: Rot::default(),
        patience,
        bounds: options.bounds,
    })
}

read_row!(SqliteRow);

fn bind(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(text) => sqlx::Arguments::add(&mut arguments, text),
            Value::Number(number) => sqlx::Arguments::add(&mut arguments, number),
            Value::Flag(flag) => sqlx::Arguments::add(&mut arguments, flag),
            Value::Bytes(bytes) => sqlx::Arguments::add(&mut arguments, bytes),
            Value::Keys(json) => sqlx::Arguments::add(&mut arguments, json),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

impl Backend for Sqlite {
    type Feed = Feed;

    const MIGRATIONS: &'static [&'static str] = &[include_str!("../../../migrations/sqlite/0001_store.sql")];

    const BEGIN_READ: &'static str = "BEGIN";
    // Takes the lock at once: a transaction that reads first and writes later could be refused the lock.
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";
    const LOCK_HEADS: &'static str = "SELECT stream, position FROM streams
        WHERE tenant = $1 AND stream IN (SELECT key FROM json_each($2))";
    const WRITES_AT_ONCE: usize = 1;
    const KEY_BYTES: &'static str = "unhex(key)";
    const TICK: &'static str = "UPDATE clock SET tick = tick + 1 RETURNING tick";
    // Ticks are counted here, so epochs alone recognise every cursor of a lost history.
    const CURSOR: &'static str = "SELECT tick + 1 AS cursor,
            (SELECT epoch FROM epochs ORDER BY tick DESC LIMIT 1) AS epoch, 0 AS newest_entry
        FROM clock";
    const HISTORY: &'static str = "SELECT $1 AS cursor,
            (SELECT epoch FROM epochs WHERE tick < $1 ORDER BY tick DESC LIMIT 1) AS epoch, 0 AS newest_entry";

    async fn fetch(
        connection: &mut SqliteConnection,
        sql: SqlStr,
        values: Vec<Value>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        sqlx::query_with::<Sqlite, _>(sql, bind(values)?).fetch_all(connection).await
    }

    /// Inserts in batches of a few fixed sizes, so that few statements are kept prepared: each call is a trip
    /// to the writing thread.
    async fn insert(
        connection: &mut SqliteConnection,
        insert: &Insert,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let columns = insert.columns;
        let mut answered = Vec::new();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let count = ROWS_AT_ONCE.into_iter().find(|count| *count <= rows.len()).unwrap_or(1);
            // Unnamed parameters, because SQLite would look up names one after another.
            let row = format!("({})", vec!["?"; columns.len()].join(", "));
            let rows_places = vec![row.as_str(); count].join(", ");
            let sql = at_once::text(insert, &rows_places);
            let values = rows.by_ref().take(count).flatten().collect();
            let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), bind(values)?);
            answered.extend(query.fetch_all(&mut *connection).await?);
        }
        Ok(answered)
    }

    /// A crash loses no tick here: all are in the file.
    async fn resume(_: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn commit_at_once(
        connection: &mut SqliteConnection,
        heads: Vec<Vec<Value>>,
        untold: Vec<TenantId>,
        inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
    ) -> Result<bool, sqlx::Error> {
        at_once::commit(connection, heads, &untold, inserts).await
    }

    async fn migrate(store: &SqlStore<Self>) -> Result<(), StoreError> {
        Ok(migrator(Self::MIGRATIONS).run(&store.writes).await?)
    }

    async fn ready(_: &SqlStore<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tend(store: &SqlStore<Self>) -> Result<(), StoreError> {
        wal::bound(store).await
    }

    async fn close(store: &SqlStore<Self>) {
        wal::fold_in(store).await;
    }

    async fn backup(store: &SqlStore<Self>, file: &Path) -> Result<(), StoreError> {
        file::copy(store, file).await
    }

    fn notify(_: &Self::Feed, _: Vec<Notice>) {}

    async fn notify_at_commit(_: &mut SqliteConnection, _: i64, _: Vec<Notice>) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn notices(store: &SqlStore<Self>) -> Result<Vec<Notice>, StoreError> {
        feed::notices(store).await
    }
}
