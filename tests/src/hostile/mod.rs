//! Changes that no honest client sends: taken apart and put together wrong, each with the code that refuses it.
//! One corpus for the authority, for the module in WebAssembly and for a running server; one file for each part
//! of a change that can be wrong, in the order of its bytes.
//!
//! Source: hostile changes tried against the library alone, which made it panic, exhausted it, or were accepted
//! and left a document that nobody could load.

mod actors;
mod bomb;
mod case;
mod cells;
mod column;
mod count;
mod draft;
mod framing;
mod harmless;
mod header;
mod identity;
mod membership;
mod named;
mod operation;
mod predecessor;
mod raw;
mod setup;
mod thread;
mod value;

pub use case::{Case, Expected};
pub use raw::{RawChange, chunk, put, put_signed};
pub use setup::{Setup, account, device};

use case::Cases;

/// Every case; those that are admitted come last.
pub fn corpus(setup: &Setup) -> Vec<Case> {
    let mut cases = Cases::new(setup);
    framing::add(&mut cases);
    bomb::add(&mut cases);
    identity::add(&mut cases);
    actors::add(&mut cases);
    header::add(&mut cases);
    column::add(&mut cases);
    operation::add(&mut cases);
    value::add(&mut cases);
    predecessor::add(&mut cases);
    membership::add(&mut cases);
    thread::add(&mut cases);
    count::add(&mut cases);
    named::add(&mut cases);
    harmless::add(&mut cases);
    cases.all
}

/// The cases that are admitted. Each one extends the attacker's chain, so they are built again after each.
pub fn harmless(setup: &Setup) -> Vec<Case> {
    let mut cases = Cases::new(setup);
    harmless::add(&mut cases);
    cases.all
}
