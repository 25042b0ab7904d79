//! Ends the sessions of accounts that were suspended, for certain: a notice of
//! it may be lost, and a suspension in a SQLite file, by another program, has
//! none.

use std::{sync::Arc, time::Duration};

use crate::{
    drain::Phase,
    live::{Live, fanout},
    store::StoreError,
};

/// How often at least where nothing else tells of a suspension: beside an SQLite file.
const SQLITE_INTERVAL: Duration = Duration::from_secs(1);

/// Looks once every cursor interval until the node goes down; beside an SQLite file once
/// a second, since there a suspended account would write on until then.
pub(crate) async fn run(live: Arc<Live>) {
    let interval = live.env.config.node.cursor_interval.max(Duration::from_millis(10));
    let is_sqlite = live.env.config.store.expose().starts_with("sqlite:");
    let interval = if is_sqlite { interval.min(SQLITE_INTERVAL) } else { interval };
    while live.env.drain.phase() == Phase::Running {
        tokio::time::sleep(interval).await;
        if let Err(error) = look(&live).await {
            tracing::warn!(%error, "it is not known who is suspended");
        }
    }
}

async fn look(live: &Live) -> Result<(), StoreError> {
    for (tenant, accounts) in live.sessions.accounts() {
        for accounts in accounts.chunks(live.env.config.node.bounds.suspended_max) {
            for account in live.env.store.suspended(&tenant, accounts).await? {
                fanout::suspended(live, &tenant, &account);
            }
        }
    }
    Ok(())
}
