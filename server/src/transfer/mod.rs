//! Whole tenants out of a store and into one, and chats out of other systems' exports. `archive` is the form
//! between: `export` writes its lines from a store; `slack`, `zulip`, `whatsapp`, `telegram` and `lines` read
//! them from a source; `import` writes what they read, as the accounts that said it would have, by way of the
//! streams and their authority. `report` counts what was found and what became of it.

pub mod archive;
pub mod cli;
mod derived;
mod emoji;
mod error;
pub mod export;
pub mod import;
mod known;
mod lines;
mod report;
mod roster;
mod senders;
mod slack;
mod source;
mod split;
mod telegram;
mod whatsapp;
mod writer;
mod zulip;

pub use error::TransferError;
pub use report::Report;
