//! A commit of few rows in one statement's time. Each statement is a way to the
//! thread that writes and back, which for one message takes longer than all that
//! SQLite does; a text of several statements is one way.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, Row as _, SqlStr, Sqlite, SqliteConnection};

use super::{Backend as _, Insert, Value, bind};

/// Rows of a table up to which this is worth it, and texts are few enough to be
/// kept prepared.
const ROWS_MAX: usize = 4;

/// `Backend::commit_at_once`, of one stream and a few rows. That the stream is
/// where it should be is asked with the same text, and answered before the commit.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    heads: Vec<Vec<Value>>,
    inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
) -> Result<bool, sqlx::Error> {
    if heads.len() != 1 || inserts.iter().any(|(_, rows)| rows.len() > ROWS_MAX) {
        return Ok(false);
    }
    let mut sql = "SELECT count(*) AS heads FROM streams WHERE tenant = ? AND stream = ? AND position = ?;
        UPDATE clock SET tick = tick + 1;"
        .to_owned();
    let mut values: Vec<Value> = heads.into_iter().flatten().collect();
    for (Insert { table, columns, conflict }, rows) in inserts {
        let mut places = Vec::new();
        for row in rows {
            let mut row_places = Vec::new();
            for (column, value) in columns.iter().zip(row) {
                if *column == "tick" {
                    row_places.push("(SELECT tick FROM clock)");
                } else {
                    row_places.push("?");
                    values.push(value);
                }
            }
            places.push(format!("({})", row_places.join(", ")));
        }
        sql.push_str(&format!(
            " INSERT INTO {table} ({}) VALUES {} {conflict};",
            columns.join(", "),
            places.join(", ")
        ));
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
            // An entry is there already: the stream is not where it should be.
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
