//! The little that the two databases do differently, and neutral types for values and rows, so that every query
//! has one text and one function.

use std::{future::Future, path::Path};

use sqlx::{Database, SqlSafeStr, SqlStr, migrate::Migration, migrate::Migrator};
use tidings_core::{
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId, TenantId},
    journal::{ChainHash, Position},
    model::{ContactPoint, Role},
    time::WallTime,
};

use super::SqlStore;
use crate::store::{Notice, StoreError};

/// A database that `SqlStore` can keep its tables in. Both take `$1` for a
/// parameter, `ON CONFLICT`, `RETURNING` and `json_each`.
pub(in crate::store) trait Backend: Database<Row: ReadRow> {
    /// State for sending and receiving notices.
    type Feed: Send + Sync + 'static;

    /// Begins a transaction all of whose reads are of one moment.
    const BEGIN_READ: &'static str;
    /// Begins a transaction that may write.
    const BEGIN_WRITE: &'static str;
    /// Returns `stream` and `position` of the streams `$2` of tenant `$1`, and locks them in the order of
    /// their names.
    const LOCK_HEADS: &'static str;
    /// Transactions that write at once, or that one kind of work may have of many.
    const WRITES_AT_ONCE: usize;
    /// Turns the hexadecimal `key` of `json_each` into bytes.
    const KEY_BYTES: &'static str;
    /// Returns the `tick` of this write transaction.
    const TICK: &'static str;
    /// Returns the `cursor` up to which this read transaction sees everything, the last `epoch` before it and
    /// the tick of the `newest_entry` before it.
    const CURSOR: &'static str;
    /// Returns for a tick `$1`, as `cursor`, the last `epoch` before it, and the tick of the `newest_entry` of
    /// that epoch, which is over.
    const HISTORY: &'static str;

    /// Makes ticks available again, in a write transaction, where `TICK` returns none.
    fn resume(connection: &mut Self::Connection) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Runs one statement and returns its rows.
    fn fetch(
        connection: &mut Self::Connection,
        sql: SqlStr,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Inserts rows of one shape, with distinct keys, and returns what the insert's `RETURNING` says.
    fn insert(
        connection: &mut Self::Connection,
        insert: &Insert,
        rows: Vec<Vec<Value>>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Inserts rows of several tables, in a transaction of its own and one round trip, if each of the streams
    /// in `heads` (tenant, stream, position) is at its position; otherwise writes nothing. A column called
    /// `tick` gets the transaction's own. Nor does it write if one of the tenants in `untold` has a webhook endpoint.
    /// Returns true if it wrote; a database without such a statement may leave all commits to `commit`.
    fn commit_at_once(
        connection: &mut Self::Connection,
        heads: Vec<Vec<Value>>,
        untold: Vec<TenantId>,
        inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
    ) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;

    /// The migration texts, numbered from 1.
    const MIGRATIONS: &'static [&'static str];

    /// Upgrades the tables to this program's version.
    fn migrate(store: &SqlStore<Self>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Implements `Store::ready`.
    fn ready(store: &SqlStore<Self>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Implements `Store::tend`.
    fn tend(store: &SqlStore<Self>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Called before the last connection closes.
    fn close(store: &SqlStore<Self>) -> impl Future<Output = ()> + Send;

    /// Implements `Store::backup`.
    fn backup(store: &SqlStore<Self>, file: &Path) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Implements `Store::notify`.
    fn notify(feed: &Self::Feed, notices: Vec<Notice>);

    /// Sends notices when the transaction of this connection commits: for rare notices of programs that may end
    /// right afterwards.
    fn notify_at_commit(
        connection: &mut Self::Connection,
        node: i64,
        notices: Vec<Notice>,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Implements `Store::notices`.
    fn notices(store: &SqlStore<Self>) -> impl Future<Output = Result<Vec<Notice>, StoreError>> + Send;
}

/// An INSERT without its values.
pub(in crate::store) struct Insert {
    /// The table.
    pub(in crate::store) table: &'static str,
    /// The columns, in the order of a row's values.
    pub(in crate::store) columns: &'static [&'static str],
    /// The clause from `ON CONFLICT` on.
    pub(in crate::store) conflict: &'static str,
    /// What each row is written once for; none if it is written once.
    pub(in crate::store) joined: Option<Joined>,
}

/// Rows of another table, for each of which a row is inserted: none if there are none.
pub(in crate::store) struct Joined {
    /// `JOIN … ON …`, where the rows of the insert are `new` and the others `joined`.
    pub(in crate::store) clause: &'static str,
    /// A column that both tables have, whose value is the other table's.
    pub(in crate::store) column: &'static str,
}

impl Insert {
    /// The columns, those of the joined rows last, and their values, those of the insert's rows by `value`.
    pub(in crate::store) fn columns_and_values(&self, value: impl Fn(&'static str) -> String) -> (String, String) {
        let mut columns = self.columns.to_vec();
        let mut values: Vec<String> = columns.iter().map(|column| value(column)).collect();
        if let Some(Joined { column, .. }) = self.joined {
            columns.push(column);
            values.push(format!("joined.{column}"));
        }
        (columns.join(", "), values.join(", "))
    }

    /// The clause that joins the other rows; empty for none.
    pub(in crate::store) fn join(&self) -> &'static str {
        self.joined.as_ref().map_or("", |joined| joined.clause)
    }
}

/// A parameter.
#[derive(Clone)]
pub(in crate::store) enum Value {
    /// A text.
    Text(Option<String>),
    /// A whole number.
    Number(i64),
    /// A boolean.
    Flag(bool),
    /// A byte string.
    Bytes(Option<Vec<u8>>),
    /// A JSON object, for `json_each`: passes a list as one parameter.
    Keys(String),
}

impl Value {
    /// A list of ids; the query reads `SELECT key FROM json_each($n)`.
    pub(in crate::store) fn keys<T: ToString>(keys: impl IntoIterator<Item = T>) -> Value {
        Value::keyed(keys.into_iter().map(|key| (key, 0)))
    }

    /// Numbers by id; the query reads `key` and `value`.
    pub(in crate::store) fn keyed<T: ToString>(pairs: impl IntoIterator<Item = (T, u64)>) -> Value {
        // Ids contain no characters that JSON escapes.
        let pairs: Vec<String> =
            pairs.into_iter().map(|(key, number)| format!("\"{}\":{number}", key.to_string())).collect();
        Value::Keys(format!("{{{}}}", pairs.join(",")))
    }

    /// Text that people wrote. Postgres cannot store U+0000 in a text, so neither store does: the projection
    /// has U+FFFD instead, and the journal has the original.
    pub(in crate::store) fn words(text: Option<&str>) -> Value {
        Value::Text(text.map(|text| text.replace('\0', "\u{fffd}")))
    }

    /// A number, truncated to 63 bits.
    pub(in crate::store) fn number(number: u64) -> Value {
        Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

macro_rules! text_value {
    ($($id:ty),+) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Value {
                Value::Text(Some(id.to_string()))
            }
        }
    )+};
}

text_value!(
    &TenantId,
    &AccountId,
    &ContactPoint,
    &MessageId,
    ConversationId,
    &StreamId,
    &DocumentId,
    &Role,
    &'static str
);

impl From<Position> for Value {
    fn from(position: Position) -> Value {
        Value::number(position.number())
    }
}

impl From<ChainHash> for Value {
    fn from(chain: ChainHash) -> Value {
        chain.as_bytes().to_vec().into()
    }
}

impl From<WallTime> for Value {
    fn from(time: WallTime) -> Value {
        Value::number(time.as_millis())
    }
}

impl From<Tick> for Value {
    fn from(tick: Tick) -> Value {
        Value::number(tick.0)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Number(number.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(Some(bytes))
    }
}

/// The place in the catch-up order of everything that one transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Tick(pub(in crate::store) u64);

/// Columns by name, as both databases return them.
pub(in crate::store) trait ReadRow {
    /// A text, or null.
    fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error>;
    /// A number.
    fn number(&self, column: &str) -> Result<i64, sqlx::Error>;
    /// A number, or null.
    fn maybe_number(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    /// A boolean.
    fn flag(&self, column: &str) -> Result<bool, sqlx::Error>;
    /// Bytes, or null.
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error>;
}

macro_rules! read_row {
    ($row:ty) => {
        impl $crate::store::sql::ReadRow for $row {
            fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn number(&self, column: &str) -> Result<i64, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn maybe_number(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn flag(&self, column: &str) -> Result<bool, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}

pub(in crate::store) use read_row;

/// Runs one statement and returns its rows.
pub(in crate::store) async fn fetch<B: Backend>(
    connection: &mut B::Connection,
    sql: impl SqlSafeStr,
    values: impl Into<Vec<Value>>,
) -> Result<Vec<B::Row>, StoreError> {
    Ok(B::fetch(connection, sql.into_sql_str(), values.into()).await?)
}

/// Inserts rows of one shape; runs no statement if there are none.
pub(in crate::store) async fn insert<B: Backend>(
    connection: &mut B::Connection,
    insert: &Insert,
    rows: Vec<Vec<Value>>,
) -> Result<Vec<B::Row>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(B::insert(connection, insert, rows).await?)
}

/// The migrations with these texts, numbered from 1.
pub(in crate::store) fn migrator(texts: &[&'static str]) -> Migrator {
    let migrations = texts.iter().zip(1..).map(|(&text, version)| {
        Migration::new(version, "store".into(), sqlx::migrate::MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
