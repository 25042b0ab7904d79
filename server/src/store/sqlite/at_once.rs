//! A commit of few rows in one call. Each call is a trip to the writing thread and back, which for one message
//! takes longer than all the work of SQLite; a text of several statements is one trip.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, Row as _, SqlStr, Sqlite, SqliteConnection};
use tidings_core::ids::TenantId;

use super::{Backend as _, Insert, Value, bind};

/// Rows per table up to which this pays off, and up to which the texts are few enough to stay prepared.
const ROWS_MAX: usize = 4;

/// Implements `Backend::commit_at_once`, for one stream and a few rows. The same text checks that the stream is
/// at its position and that nobody in `untold` has a webhook endpoint, and the result is read before the commit.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    heads: Vec<Vec<Value>>,
    untold: &[TenantId],
    inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
) -> Result<bool, sqlx::Error> {
    if heads.len() != 1 || inserts.iter().any(|(_, rows)| rows.len() > ROWS_MAX) {
        return Ok(false);
    }
    let mut sql = "SELECT count(*) AS heads FROM streams WHERE tenant = ? AND stream = ? AND position = ?
            AND NOT EXISTS (SELECT 1 FROM webhook_endpoints WHERE tenant = ? AND state <> 'removed');
        UPDATE clock SET tick = tick + 1;"
        .to_owned();
    let mut values: Vec<Value> = heads.into_iter().flatten().collect();
    // One stream, so one tenant at most; no tenant has an empty name.
    values.push(Value::words(Some(untold.first().map_or("", TenantId::as_str))));
    for (insert, rows) in inserts {
        let mut places = Vec::new();
        for row in rows {
            let mut row_places = Vec::new();
            for (column, value) in insert.columns.iter().zip(row) {
                if *column == "tick" {
                    row_places.push("(SELECT tick FROM clock)");
                } else {
                    row_places.push("?");
                    values.push(value);
                }
            }
            places.push(format!("({})", row_places.join(", ")));
        }
        sql.push_str(&format!(" {};", text(insert, &places.join(", "))));
    }
    let mut transaction = connection.begin_with(SqlStr::from_static(Sqlite::BEGIN_WRITE)).await?;
    let script = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), bind(values)?);
    let mut answers = (&mut *transaction).fetch_many(script);
    let mut here = None;
    let written = loop {
        match answers.try_next().await {
            Ok(Some(Either::Right(row))) => here = Some(row.try_get::<i64, _>("heads")? == 1),
            Ok(Some(Either::Left(_))) => {}
            Ok(None) => break here == Some(true),
            // The entry exists already: the stream is not at the expected position.
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => break false,
            Err(error) => return Err(error),
        }
    };
    drop(answers);
    if written {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(written)
}

/// The text of an insert of these rows: as it is, or once for each of the rows that it is joined with.
pub(super) fn text(insert: &Insert, rows: &str) -> String {
    let Insert { table, columns, conflict, joined } = insert;
    let columns = columns.join(", ");
    if joined.is_none() {
        return format!("INSERT INTO {table} ({columns}) VALUES {rows} {conflict}");
    }
    let (names, values) = insert.columns_and_values(|column| format!("new.{column}"));
    let join = insert.join();
    format!(
        "INSERT INTO {table} ({names}) WITH new ({columns}) AS (VALUES {rows}) SELECT {values} FROM new {join} {conflict}"
    )
}
