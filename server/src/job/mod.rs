//! Work in the background that no session waits for.

pub mod rate;
pub mod snapshot;
pub mod suspension;
pub mod tend;
