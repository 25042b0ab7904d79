//! Whole-system tests. `sim` drives the very code that ships, engines and nodes,
//! on virtual time, from one seed. Beside it, `hostile` builds what no honest
//! client sends, and `fuzz` has chance build it.

pub mod bench;

#[cfg(not(target_arch = "wasm32"))]
pub mod fuzz;
pub mod hostile;
pub mod random;
#[cfg(not(target_arch = "wasm32"))]
pub mod sim;
