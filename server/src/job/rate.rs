//! Forgets the rates of accounts that were quiet, so that what a node
//! remembers of accounts is bounded by those that ask for something.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, node::Node};

/// Once every cursor interval until the node goes down.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(node.config.node.cursor_interval.max(Duration::from_millis(10))).await;
        node.shares.forget_quiet();
    }
}
