//! Lets the store do what its database needs done now and then.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, node::Node};

/// Tends the store once every cursor interval until the node goes down.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(node.config.node.cursor_interval.max(Duration::from_millis(10))).await;
        if let Err(error) = node.store.tend().await {
            tracing::warn!(%error, "the store was not tended");
        }
    }
}
