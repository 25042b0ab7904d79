//! The live sessions of a node and what is sent to them. Knows neither who commits entries nor what carries
//! frames: streams and notices of other nodes hand in what is new, and a socket's task writes what is queued
//! for its session.

mod committed;
mod count;
pub mod fanout;
mod outgoing;
mod present;
pub(crate) mod receipt;
mod reply;
mod sessions;

use std::sync::Arc;

use crate::environment::Environment;

pub(crate) use self::{
    committed::{Committed, Notified},
    outgoing::{OutgoingReader, outgoing},
};
pub use self::{
    count::CountsMoved,
    outgoing::{Ending, Frame},
    present::Present,
    receipt::Receipts,
    reply::{Answer, Place, Reply},
    sessions::{OutgoingWaiting, SessionHandle, Sessions},
};

/// Live sessions and the state needed to notify them.
pub struct Live {
    pub(crate) env: Arc<Environment>,
    /// The live sessions, to fan out to.
    pub sessions: Sessions,
    /// Conversations that the sessions have open.
    pub present: Present,
    /// The channels whose readers are due a count of subscribers.
    pub counts_moved: CountsMoved,
}

impl Live {
    /// Starts without sessions.
    pub fn new(env: &Arc<Environment>) -> Arc<Self> {
        Arc::new(Self {
            env: Arc::clone(env),
            sessions: Sessions::default(),
            present: Present::default(),
            counts_moved: CountsMoved::default(),
        })
    }
}
