//! How many files and sockets the operating system lets this process have open
//! at once. Many systems begin with 1,024, which is fewer than a node's bounds.

use crate::config::Config;

/// Files beside sockets and connections to the store: the store's own, the log, listeners.
const FILES_BESIDE: u64 = 64;

/// Raises the bound as far as the system allows, and tells it; none where it cannot be known. Where it stays below
/// what the configured bounds may need, that is logged: beyond it connections wait, those of sessions too.
pub(crate) fn raise_limit(config: &Config) -> Option<u64> {
    let node = &config.node;
    let sockets = node.sessions_max as u64 + node.connections_max as u64;
    let needed = sockets.saturating_add(u64::from(config.store_connections_max)).saturating_add(FILES_BESIDE);
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => {
            if limit < needed {
                tracing::warn!(
                    limit,
                    needed,
                    "fewer files may be open than sessions_max and connections_max ask for: \
                     raise the hard limit (LimitNOFILE, ulimit -Hn), or lower them"
                );
            }
            Some(limit)
        }
        Err(error) => {
            tracing::warn!(%error, needed, "the limit of open files cannot be raised");
            None
        }
    }
}
