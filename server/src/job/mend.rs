//! Rebuilds rows that a read found damaged, without an operator.

use std::sync::Arc;

use crate::{drain::Phase, environment::Environment, mend::mend_stream, metrics::Table, store::RottenRow};

/// Mends streams reported on this node until it shuts down. Failures are logged, and tried again when the row
/// is read again.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        let RottenRow { tenant, stream, table } = env.store.projections().rotten().await;
        if let Some(table) = Table::named(table) {
            env.metrics.projections_rotten.of(table).count();
        }
        match mend_stream(env.store.as_ref(), &tenant, &stream).await {
            Ok(rows) => {
                env.metrics.projections_mended.add(rows.len());
                for row in rows {
                    tracing::warn!(%tenant, %stream, %row, "a row was made anew from the journal");
                }
            }
            Err(error) => tracing::error!(%tenant, %stream, table, %error, "a row cannot be made anew"),
        }
    }
}
