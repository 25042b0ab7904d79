//! The streams on this device: where each stands, which are in memory, and how they follow the server.
//!
//! | file | holds |
//! |---|---|
//! | `heads` | `StreamHeads`: the journal head of each stream that the device holds |
//! | `loaded` | `Streams`: the streams in memory, and which of them changed |
//! | `loading` | bringing streams and pages into memory, work that waits for that, eviction |
//! | `replica` | `Replica`: one stream in memory, as admitted and as the person sees it |
//! | `rewriting` | the outbox of a replica written anew from its commands |
//! | `pages` | the pages of a replica that are loaded |
//! | `threads` | the threads of a replica, loaded when opened or written in |
//! | `fetched` | documents from the server, checked before they are used |
//! | `catch_up` | summaries, and the streams that lag behind them |
//! | `received_entries` | entries from the server |
//! | `fetch` | fetches and their answers |
//! | `revoked` | memberships that ended, until the account is let in again |
//! | `uncreated` | conversations and threads whose creation was refused or taken back |
//! | `fault` | what the server sent or admitted and must not have |

pub(super) mod catch_up;
pub(super) mod fault;
pub(super) mod fetch;
pub(super) mod fetched;
pub(super) mod heads;
pub(super) mod loaded;
pub(super) mod loading;
pub(super) mod pages;
pub(super) mod received_entries;
pub(super) mod replica;
pub(super) mod revoked;
pub(super) mod rewriting;
pub(super) mod threads;
pub(super) mod uncreated;
