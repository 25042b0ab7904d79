//! Tidings core: conversations as CRDT documents, the authority over who may
//! write what, the journal, the wire and the sync engine. No async, clock,
//! entropy, file or socket: everything that varies is passed in.
//!
//! Modules in reading order.

mod base32;
mod effort;
mod named;

pub mod api;
pub mod authority;
pub mod code;
pub mod command;
pub mod doc;
pub mod engine;
pub mod hlc;
pub mod ids;
pub mod journal;
pub mod limits;
pub mod model;
pub mod sorted;
pub mod storage;
pub mod time;
pub mod wire;
