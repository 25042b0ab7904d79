//! Cost and speed of a real server process: clients over real WebSockets on loopback, many accounts per
//! process. `cargo xtask bench server` runs it; figures go to `docs/benchmarks.md`, and no test asserts one.

pub mod author;
pub mod device;
mod http;
mod link;
mod measure;
mod process;
pub mod raw;
mod scenario;
mod session;
mod store;

use std::{path::PathBuf, time::Duration};

pub use scenario::{NAMES, run};
pub use store::{StoreKind, Stores};

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server and stores to measure.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The server's program.
    pub server: PathBuf,
    /// The store of every server it starts, a fresh one each time.
    pub stores: Stores,
    /// Duration for which a member floods a conversation.
    pub flood: Duration,
}
