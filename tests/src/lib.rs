//! Whole-system tests. The world in here drives the very engine and authority
//! that ship, on virtual time, from one seed: engines over memory stores, a
//! network that delays, loses and cuts, and a server that crashes. Beside it,
//! `hostile` builds what no honest client sends, `fuzz` has chance build it, and `load`
//! measures a real server process over real sockets.

pub mod bench;
pub mod client;
pub mod fuzz;
pub mod hostile;
#[cfg(feature = "load")]
pub mod load;
pub mod random;
pub mod server;
pub mod world;
