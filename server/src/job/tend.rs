//! Periodic maintenance that the store's database needs.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, environment::Environment};

/// Runs the store's maintenance once every cursor interval until the node shuts down.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.cursor_interval.max(Duration::from_millis(10))).await;
        if let Err(error) = env.store.tend().await {
            tracing::warn!(%error, "the store was not tended");
        }
    }
}
