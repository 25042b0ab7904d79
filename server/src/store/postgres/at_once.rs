//! A commit in one statement, and so in one round trip. A transaction of several statements waits for the
//! network, and for Postgres to be scheduled, eight times, and a person waits for the sum.

use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, Postgres, Row as _, postgres::PgArguments};
use tidings_core::ids::TenantId;

use super::{Insert, Value, bind_columns};

/// Implements `Backend::commit_at_once`. `head` has a row only if every stream was found, and locked, at its
/// position, and no tenant in `untold` has a webhook endpoint; every insert selects from `head`, and so runs after the locks. Streams are locked in one order
/// everywhere, so that nodes never deadlock.
pub(super) async fn commit(
    connection: &mut PgConnection,
    heads: Vec<Vec<Value>>,
    untold: &[TenantId],
    inserts: Vec<(&'static Insert, Vec<Vec<Value>>)>,
) -> Result<bool, sqlx::Error> {
    let mut sql = "WITH locked AS MATERIALIZED (
            SELECT streams.stream FROM unnest($1, $2, $3) AS wanted (tenant, stream, position)
            JOIN streams ON streams.tenant = wanted.tenant AND streams.stream = wanted.stream
                AND streams.position = wanted.position
            ORDER BY wanted.tenant, wanted.stream FOR UPDATE OF streams),
        head AS MATERIALIZED (
            SELECT pg_current_xact_id()::text::bigint + base AS tick FROM clock JOIN unbroken USING (one)
            WHERE (SELECT count(*) FROM locked) = cardinality($1) AND NOT EXISTS (
                SELECT FROM webhook_endpoints WHERE tenant = ANY($4) AND state <> 'removed'))"
        .to_owned();
    let mut arguments = PgArguments::default();
    bind_columns(&mut arguments, heads)?;
    let untold: Vec<&str> = untold.iter().map(TenantId::as_str).collect();
    arguments.add(untold).map_err(sqlx::Error::Encode)?;
    let mut place = 4;
    for (insert, rows) in inserts {
        let Insert { table, columns, conflict, .. } = insert;
        let places: Vec<String> = columns
            .iter()
            .map(|_| {
                place += 1;
                format!("${place}")
            })
            .collect();
        let (names, values) = insert.columns_and_values(|column| match column {
            "tick" => "head.tick".to_owned(),
            column => format!("new.{column}"),
        });
        let (columns, join, places) = (columns.join(", "), insert.join(), places.join(", "));
        sql.push_str(&format!(
            ", new_{table} AS (INSERT INTO {table} ({names})
            SELECT {values} FROM head, unnest({places}) AS new ({columns}) {join} {conflict})"
        ));
        bind_columns(&mut arguments, rows)?;
    }
    sql.push_str(" SELECT count(*) = 1 AS committed FROM head");
    let answer = sqlx::query_with::<Postgres, _>(AssertSqlSafe(sql), arguments).fetch_one(connection).await?;
    answer.try_get("committed")
}
