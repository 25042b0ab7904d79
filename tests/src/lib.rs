//! Whole-system tests. `sim` drives the code that ships, engines and nodes, on virtual time from one seed.
//! `hostile` builds changes that no honest client sends, `fuzz` builds them at random, `matrix` is the table of
//! permissions, and `load` measures a real server process over real sockets.

pub mod bench;

#[cfg(not(target_arch = "wasm32"))]
pub mod fuzz;
pub mod hostile;
#[cfg(not(target_arch = "wasm32"))]
pub mod load;
pub mod matrix;
pub mod membership;
pub mod random;
pub mod roster;
#[cfg(not(target_arch = "wasm32"))]
pub mod sim;
