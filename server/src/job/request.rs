//! Forgets requests that were carried out so long ago that nobody makes them again.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, environment::Environment, stream::once::REQUESTS_KEPT};

/// Rows of one step, so that nobody else waits long for the store.
const ROWS_MAX: u32 = 1_000;

/// Looks for them until the node goes down. What fails is logged, and tried again at the next round.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.erase_interval.max(Duration::from_millis(10))).await;
        let before = env.clock.wall_now().minus(REQUESTS_KEPT);
        loop {
            match env.store.forget_requests(before, ROWS_MAX).await {
                Ok(forgotten) if forgotten < ROWS_MAX => break,
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::warn!(%error, "old requests were not forgotten yet");
                    break;
                }
            }
        }
    }
}
