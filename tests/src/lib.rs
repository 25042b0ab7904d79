//! Whole-system tests. The world in here drives the very engine and authority
//! that ship, on virtual time, from one seed: engines over memory stores, a
//! network that delays, loses and cuts, and a server that crashes. Beside it,
//! `hostile` builds what no honest client sends, and `fuzz` has chance build it.

pub mod bench;
pub mod client;
pub mod fuzz;
pub mod hostile;
pub mod random;
pub mod server;
pub mod world;
