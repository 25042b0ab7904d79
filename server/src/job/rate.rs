//! Unloads the rates of idle accounts, so that memory is bounded by the accounts that are active.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, environment::Environment};

/// Runs once every cursor interval until the node shuts down.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.cursor_interval.max(Duration::from_millis(10))).await;
        env.shares.forget_quiet();
    }
}
