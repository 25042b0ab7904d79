//! Postgres: the store for production, shared by any number of nodes.

mod at_once;
mod feed;
mod payload;
#[cfg(test)]
mod tests;

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, Encode, PgConnection, Postgres, SqlStr, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgConnectOptions, PgPoolOptions, PgRow, PgTypeInfo, types::Oid},
};

use tidings_core::ids::TenantId;

use self::feed::Feed;
use super::{
    Notice, StoreError, StoreOptions,
    sql::{Backend, Insert, Patience, Rot, SqlStore, Value, migrator, read_row},
};

/// Planner settings. Every query here goes from a few keys along indexes, whatever the table sizes, and the
/// planner is held to that: with missing or outdated statistics it chose to read whole tables, a thousand times
/// slower. A single generic plan per statement also saves planning at each call, which took longer than the
/// queries. Compiling a plan (JIT) never pays off for such short ones.
const PLANS: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];

/// A node that is paused or cut off in the middle of a transaction must not keep others from the streams it has
/// locked. Shorter than the time that the others wait for an answer.
const TRANSACTION_IDLE: (&str, &str) = ("idle_in_transaction_session_timeout", "5s");

/// Idle time for which a connection is assumed to be alive without a probe.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Connects to the database of a `postgres://` URL.
pub(super) async fn open(url: &str, options: &StoreOptions) -> Result<SqlStore<Postgres>, StoreError> {
    let connect =
        PgConnectOptions::from_str(url)?.application_name("tidings").options(PLANS).options([TRANSACTION_IDLE]);
    reach(&connect, options.acquire_timeout).await?;
    let patience = Patience(options.answer_timeout);
    let pool = PgPoolOptions::new()
        .max_connections(options.connections_max.max(1))
        .acquire_timeout(options.acquire_timeout)
        // Recently used connections are not probed: that would cost each call another round trip.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(connect.clone())
        .await?;
    let node = rand::random();
    let counters = Arc::default();
    let feed = Feed::start(connect, node, patience, &counters);
    let bounds = options.bounds;
    Ok(SqlStore { reads: pool.clone(), writes: pool, node, feed, counters, rot: Rot::default(), patience, bounds })
}

/// Connects once up front, because a pool would retry until its timeout and report nothing but that.
async fn reach(connect: &PgConnectOptions, wait: Duration) -> Result<(), sqlx::Error> {
    let address = match connect.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", connect.get_host(), connect.get_port()),
    };
    let unreachable = |kind, cause: String| {
        sqlx::Error::Io(std::io::Error::new(kind, format!("the database at {address} cannot be reached: {cause}")))
    };
    match tokio::time::timeout(wait, PgConnection::connect_with(connect)).await {
        Ok(Ok(connection)) => connection.close().await,
        Ok(Err(sqlx::Error::Io(error))) => Err(unreachable(error.kind(), error.to_string())),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(unreachable(std::io::ErrorKind::TimedOut, format!("no answer in {} s", wait.as_secs()))),
    }
}

read_row!(PgRow);

/// A text declared as JSON.
struct Json(String);

impl Type<Postgres> for Json {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(114))
    }
}

impl Encode<'_, Postgres> for Json {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

fn bind(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(text) => sqlx::Arguments::add(&mut arguments, text),
            Value::Number(number) => sqlx::Arguments::add(&mut arguments, number),
            Value::Flag(flag) => sqlx::Arguments::add(&mut arguments, flag),
            Value::Bytes(bytes) => sqlx::Arguments::add(&mut arguments, bytes),
            Value::Keys(json) => sqlx::Arguments::add(&mut arguments, Json(json)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The values of one column, for UNNEST.
enum Column {
    Text(Vec<Option<String>>),
    Number(Vec<i64>),
    Flag(Vec<bool>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn of(first: &Value) -> Column {
        match first {
            Value::Text(_) | Value::Keys(_) => Column::Text(Vec::new()),
            Value::Number(_) => Column::Number(Vec::new()),
            Value::Flag(_) => Column::Flag(Vec::new()),
            Value::Bytes(_) => Column::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Column::Text(column), Value::Text(text)) => column.push(text),
            (Column::Number(column), Value::Number(number)) => column.push(number),
            (Column::Flag(column), Value::Flag(flag)) => column.push(flag),
            (Column::Bytes(column), Value::Bytes(bytes)) => column.push(bytes),
            _ => unreachable!("the rows of an insert have one shape"),
        }
    }
}

/// Turns rows into one array per column.
fn bind_columns(arguments: &mut PgArguments, rows: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
    let mut columns: Vec<Column> = rows.first().into_iter().flatten().map(Column::of).collect();
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    for column in columns {
        match column {
            Column::Text(texts) => sqlx::Arguments::add(arguments, texts),
            Column::Number(numbers) => sqlx::Arguments::add(arguments, numbers),
            Column::Flag(flags) => sqlx::Arguments::add(arguments, flags),
            Column::Bytes(bytes) => sqlx::Arguments::add(arguments, bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

/// A database that was restored into a new cluster contains ticks larger than the transaction ids to come.
/// Moves the base so far that every new tick is beyond every cursor ever issued. Such a database is another
/// incarnation, whether or not its operator says so. Otherwise does nothing: a tick that this statement sees is
/// of an earlier, smaller transaction id.
const REBASE: &str = "UPDATE clock SET base = head.tick + 4294967296 - pg_current_xact_id()::text::bigint,
        incarnation = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
    FROM (SELECT max(tick) AS tick FROM streams) AS head
    WHERE head.tick >= pg_current_xact_id()::text::bigint + base";

/// A database that crashed reissues ids that it had issued before and does not remember. Moves the base so far
/// that every new tick is beyond every cursor ever issued, and begins an epoch there, once. Does nothing if
/// there was no crash.
const RESUME: [&str; 4] = [
    "SELECT FROM clock FOR UPDATE",
    "UPDATE clock SET base = base + 4294967296 WHERE NOT EXISTS (SELECT FROM unbroken)",
    "INSERT INTO epochs (tick, epoch)
        SELECT pg_current_xact_id()::text::bigint + base, decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
        FROM clock WHERE NOT EXISTS (SELECT FROM unbroken)",
    "INSERT INTO unbroken (one) VALUES (1) ON CONFLICT DO NOTHING",
];

impl Backend for Postgres {
    type Feed = Feed;

    const MIGRATIONS: &'static [&'static str] = &[include_str!("../../../migrations/postgres/0001_store.sql")];

    const BEGIN_READ: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    const BEGIN_WRITE: &'static str = "BEGIN";
    // An array rather than a join: every commit runs this, and the planner must never consider reading all
    // streams of the tenant.
    const LOCK_HEADS: &'static str = "SELECT stream, position FROM streams
        WHERE tenant = $1 AND stream = ANY (ARRAY(SELECT key FROM json_each($2))) ORDER BY stream FOR UPDATE";
    const WRITES_AT_ONCE: usize = 4;
    const KEY_BYTES: &'static str = "decode(key, 'hex')";
    const TICK: &'static str =
        "SELECT pg_current_xact_id()::text::bigint + base AS tick FROM clock JOIN unbroken USING (one)";
    const CURSOR: &'static str = "SELECT cursor,
            (SELECT epoch FROM epochs WHERE tick < cursor ORDER BY tick DESC LIMIT 1) AS epoch,
            coalesce((SELECT max(tick) FROM journal WHERE tick < cursor), 0) AS newest_entry
        FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + base AS cursor
            FROM clock JOIN unbroken USING (one)) AS now";
    const HISTORY: &'static str = "SELECT $1::bigint AS cursor,
            (SELECT epoch FROM epochs WHERE tick < $1 ORDER BY tick DESC LIMIT 1) AS epoch,
            coalesce((SELECT max(tick) FROM journal
                WHERE tick < (SELECT min(tick) FROM epochs WHERE tick >= $1)), 0) AS newest_entry";

    async fn fetch(connection: &mut PgConnection, sql: SqlStr, values: Vec<Value>) -> Result<Vec<PgRow>, sqlx::Error> {
        sqlx::query_with::<Postgres, _>(sql, bind(values)?).fetch_all(connection).await
    }

    /// One statement, one plan and one round trip for any number of rows.
    async fn insert(
        connection: &mut PgConnection,
        insert: &Insert,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let Insert { table, columns, conflict, .. } = insert;
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        let (names, values) = insert.columns_and_values(|column| format!("new.{column}"));
        let (columns, join, places) = (columns.join(", "), insert.join(), places.join(", "));
        let sql = format!(
            "INSERT INTO {table} ({names}) SELECT {values} FROM unnest({places}) AS new ({columns}) {join} {conflict}"
        );
        let mut arguments = PgArguments::default();
        bind_columns(&mut arguments, rows)?;
        sqlx::query_with::<Postgres, _>(AssertSqlSafe(sql), arguments).fetch_all(connection).await
    }

    async fn commit_at_once(
        connection: &mut PgConnection,
        heads: Vec<Vec<Value>>,
        untold: Vec<TenantId>,
        inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
    ) -> Result<bool, sqlx::Error> {
        at_once::commit(connection, heads, &untold, inserts).await
    }

    /// Nodes take turns: the second one finds nothing left to do.
    async fn resume(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for statement in RESUME {
            sqlx::query(statement).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Nodes that start together wait for one another: the migrator holds a lock of its session. It keeps the
    /// lock if it fails, so the session is closed.
    async fn migrate(store: &SqlStore<Self>) -> Result<(), StoreError> {
        let connect = store.writes.connect_options().as_ref().clone();
        let pool = PgPoolOptions::new().max_connections(1).connect_with(connect).await?;
        let outcome = migrator(Self::MIGRATIONS).run(&pool).await.map_err(StoreError::from);
        pool.close().await;
        outcome
    }

    async fn ready(store: &SqlStore<Self>) -> Result<(), StoreError> {
        let mut writer = store.writer().await?;
        if sqlx::query(REBASE).execute(&mut *writer).await?.rows_affected() > 0 {
            tracing::error!("the database was restored into another cluster: it is another incarnation from now on");
        }
        drop(writer);
        feed::resume(store).await?;
        store.feed.look_from_now(store).await
    }

    /// Postgres maintains its files itself.
    async fn tend(_: &SqlStore<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(_: &SqlStore<Self>) {}

    async fn backup(_: &SqlStore<Self>, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::NoBackup)
    }

    fn notify(feed: &Feed, notices: Vec<Notice>) {
        feed.notify(notices);
    }

    async fn notify_at_commit(
        connection: &mut PgConnection,
        node: i64,
        notices: Vec<Notice>,
    ) -> Result<(), sqlx::Error> {
        feed::notify(connection, node, notices).await
    }

    async fn notices(store: &SqlStore<Self>) -> Result<Vec<Notice>, StoreError> {
        store.feed.notices(store).await
    }
}
