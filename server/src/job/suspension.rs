//! Ends the sessions of suspended accounts reliably: a notice can be lost, and another program's suspension in
//! a SQLite file sends none.

use std::{sync::Arc, time::Duration};

use crate::{
    drain::Phase,
    environment::Environment,
    live::{Live, fanout},
    store::StoreError,
};

/// Interval beside a SQLite file, where nothing notifies of a suspension.
const SQLITE_INTERVAL: Duration = Duration::from_secs(1);

/// Checks once every cursor interval until the node shuts down; beside a SQLite file once a second, because a
/// suspended account can write until then.
pub(crate) async fn run(live: Arc<Live>) {
    let interval = interval(&live.env);
    while live.env.drain.phase() == Phase::Running {
        tokio::time::sleep(interval).await;
        if let Err(error) = look(&live).await {
            tracing::warn!(%error, "it is not known who is suspended");
        }
    }
}

/// Time within which a session of a suspended account ends on every node.
pub(crate) fn interval(env: &Environment) -> Duration {
    let interval = env.config.node.cursor_interval.max(Duration::from_millis(10));
    let is_sqlite = env.config.store.expose().starts_with("sqlite:");
    if is_sqlite { interval.min(SQLITE_INTERVAL) } else { interval }
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
