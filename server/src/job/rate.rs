//! Forgets the rates of accounts that were quiet, so that what a node
//! remembers of accounts is bounded by those that ask for something.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, environment::Environment};

/// Once every cursor interval until the node goes down.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.cursor_interval.max(Duration::from_millis(10))).await;
        env.shares.forget_quiet();
    }
}
