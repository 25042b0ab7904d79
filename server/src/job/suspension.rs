//! Ends the sessions of accounts that were suspended, for certain: a notice of
//! it may be lost, and a suspension in a SQLite file, by another program, has
//! none.

use std::{sync::Arc, time::Duration};

use crate::{drain::Phase, node::Node, store::StoreError, stream::fanout};

/// How often at least where nothing else tells of a suspension: beside an SQLite file.
const SQLITE_INTERVAL: Duration = Duration::from_secs(1);

/// Looks once every cursor interval until the node goes down; beside an SQLite file once
/// a second, since there a suspended account would write on until then.
pub(crate) async fn run(node: Arc<Node>) {
    let interval = node.config.node.cursor_interval.max(Duration::from_millis(10));
    let is_sqlite = node.config.store.expose().starts_with("sqlite:");
    let interval = if is_sqlite { interval.min(SQLITE_INTERVAL) } else { interval };
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(interval).await;
        if let Err(error) = look(&node).await {
            tracing::warn!(%error, "it is not known who is suspended");
        }
    }
}

async fn look(node: &Node) -> Result<(), StoreError> {
    for (tenant, accounts) in node.sessions.accounts() {
        for accounts in accounts.chunks(node.config.node.bounds.suspended_max) {
            for account in node.store.suspended(&tenant, accounts).await? {
                fanout::suspended(node, &tenant, &account);
            }
        }
    }
    Ok(())
}
