//! Ctrl-C and its relatives. They set a flag instead of ending the process, so
//! that whoever waits for a child passes the signal on and what was started
//! (the private Postgres above all) is removed on the way out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

static RECEIVED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Starts to watch for the signals that ask this process to end.
pub fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&RECEIVED))
            .expect("Invariant: none of these signals is one that cannot be caught");
    }
}

/// Whether one of the signals has arrived.
pub fn received() -> bool {
    RECEIVED.load(Ordering::Relaxed)
}
