//! Goes on with the erasures of accounts that were asked for. If a node ends halfway, any node does the rest.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    drain::Phase,
    erasure::{LEASE, Outcome, erase},
    node::Node,
};

/// Looks for erasures until the node shuts down. Failures are logged and tried again when their lease has run out.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        sleep(node.config.node.erase_interval.max(Duration::from_millis(10))).await;
        while node.drain.phase() == Phase::Running {
            let now = node.clock.wall_now();
            let erasure = match node.store.lease_account_erasure(now, now.plus(LEASE)).await {
                Ok(Some(erasure)) => erasure,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "it is not known which accounts are to be erased");
                    break;
                }
            };
            let (tenant, account) = (erasure.tenant.clone(), erasure.account.clone());
            match erase(&node, erasure).await {
                Ok(Outcome::Erased) => tracing::info!(%tenant, %account, "an account was erased"),
                Ok(Outcome::Later) => {}
                Err(error) => tracing::warn!(%tenant, %account, %error, "an account was not erased yet"),
            }
        }
    }
}
