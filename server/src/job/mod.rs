//! Work in the background that no session waits for.

pub(crate) mod erasure;
pub(crate) mod keys;
pub(crate) mod mend;
pub mod rate;
pub mod snapshot;
pub mod suspension;
pub mod tend;
