//! Whole-system tests. The world in here drives the very engine and authority
//! that ship, on virtual time, from one seed: engines over memory stores, a
//! network that delays, loses and cuts, and a server that crashes. Beside it,
//! `hostile` builds what no honest client sends, and `fuzz` has chance build it.

pub mod bench;

#[cfg(not(target_arch = "wasm32"))]
pub mod fuzz;
pub mod hostile;
pub mod random;
#[cfg(not(target_arch = "wasm32"))]
pub mod sim;
