//! The tests of the whole system, one binary: each file would otherwise be linked with everything, on its own.
//! What counts the memory of its process, `hostile.rs`, is a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod bytes;
mod channels;
mod clocks;
mod conformance;
mod damage;
mod deleted;
mod faults;
mod fuzz;
mod generations;
mod held;
mod joining;
mod limits;
mod matrix;
mod membership;
mod names;
mod planted_faults;
mod pushed_generations;
mod resources;
mod restored;
mod scenarios;
mod seeds;
mod simulation;
mod slow_mode;
mod threads;
mod unread;
mod watch;
