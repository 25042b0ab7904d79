//! Deletes deliveries that are too old or of removed endpoints, and switches off endpoints that take nothing.

use std::sync::Arc;

use crate::{drain::Phase, environment::Environment};

/// Rows of one step, so that nobody else waits long for the store.
const ROWS_MAX: u32 = 1_000;

/// Sweeps until the node shuts down. Failures are logged and tried again in the next round.
pub(crate) async fn run(env: Arc<Environment>) {
    let config = &env.config;
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(config.node.erase_interval.max(std::time::Duration::from_millis(10))).await;
        let before = env.clock.wall_now().minus(config.webhooks.webhook_keep);
        loop {
            match env.store.sweep_deliveries(before, config.webhooks.webhook_waiting_max, ROWS_MAX).await {
                Ok(true) => break,
                Ok(false) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::warn!(%error, "old webhook deliveries were not deleted yet");
                    break;
                }
            }
        }
    }
}
