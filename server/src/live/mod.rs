//! The live sessions of a node, and what they are told. Knows neither who commits entries nor
//! what carries frames: streams and notices of other nodes hand in what is new, and a socket's
//! task writes what waits for its session.

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
    committed::{Committed, Told},
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

/// Whom a node tells what is new.
pub struct Live {
    pub(crate) env: Arc<Environment>,
    /// The live sessions, to fan out to.
    pub sessions: Sessions,
    /// Which conversations they have open.
    pub present: Present,
    /// The channels to whose readers a count of subscribers is to be told.
    pub counts_moved: CountsMoved,
}

impl Live {
    /// Nobody yet.
    pub fn new(env: &Arc<Environment>) -> Arc<Self> {
        Arc::new(Self {
            env: Arc::clone(env),
            sessions: Sessions::default(),
            present: Present::default(),
            counts_moved: CountsMoved::default(),
        })
    }
}
