//! Whole-system tests. `sim` drives the very code that ships, engines and nodes,
//! on virtual time, from one seed. Beside it, `hostile` builds what no honest
//! client sends, `fuzz` has chance build it, `matrix` is who may do what, and
//! `load` measures a real server process over real sockets.

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
