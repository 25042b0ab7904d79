//! The process's limit of open files and sockets. Many systems start with 1,024, which is below a node's
//! own bounds.

use crate::config::Config;

/// Files other than sockets and store connections: the store's own, the log, listeners.
const FILES_BESIDE: u64 = 64;

/// Raises the limit as far as the system allows and returns it, or none where it cannot be read. Logs a
/// warning if it stays below what the configured bounds may need: connections beyond it have to wait,
/// those of sessions too.
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
