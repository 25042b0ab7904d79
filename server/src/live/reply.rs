//! Destinations of an answer: the queue of the session that asked, or a waiting call.

use std::sync::Arc;

use tidings_core::{
    authority::Refusal,
    ids::StreamId,
    journal::{Entry, Position},
    time::WallTime,
    wire::{Accepted, ServerFrame},
};
use tokio::sync::mpsc;

use super::{Frame, SessionHandle};

/// The place of a change in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The position of its entry.
    pub position: Position,
    /// When it was accepted.
    pub accepted_at: WallTime,
    /// True if a tenant administrator wrote the entry.
    pub administrator: bool,
}

impl From<&Entry> for Place {
    fn from(entry: &Entry) -> Self {
        Self { position: entry.position, accepted_at: entry.accepted_at, administrator: entry.administrator }
    }
}

/// The answer to a submission.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The places of the changes that are in the journal. For a membership request, those of the entries that
    /// follow from it.
    pub accepted: Vec<Place>,
    /// Index and refusal of the first refused change. The changes after it are refused with it.
    pub refused: Option<(usize, Refusal)>,
}

/// Destination of an answer.
#[derive(Debug)]
pub enum Reply {
    /// A session's queue.
    Session {
        /// The session.
        session: Arc<SessionHandle>,
        /// The id by which the client recognises the answer.
        request: u64,
    },
    /// A waiting call in this process.
    Call(mpsc::Sender<Answer>),
}

impl Reply {
    /// Creates a reply for one answer, and the end to await it on.
    pub fn call() -> (Self, mpsc::Receiver<Answer>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self::Call(sender), receiver)
    }

    /// The session that gets the answer.
    pub(crate) fn session(&self) -> Option<&Arc<SessionHandle>> {
        match self {
            Self::Session { session, .. } => Some(session),
            Self::Call(_) => None,
        }
    }

    /// Sends the answer of a stream, without waiting.
    pub(crate) fn send(&self, stream: &StreamId, answer: &Answer) {
        let (session, request) = match self {
            Self::Session { session, request } => (session, *request),
            Self::Call(waiting) => {
                // A caller that has given up needs no answer.
                let _ = waiting.try_send(answer.clone());
                return;
            }
        };
        if answer.refused.is_none() || !answer.accepted.is_empty() {
            let (positions, accepted_at) =
                answer.accepted.iter().map(|place| (place.position, place.accepted_at)).unzip();
            let administrators = answer.accepted.iter().filter(|place| place.administrator);
            let administrators = administrators.map(|place| place.position).collect();
            let accepted = Accepted { request, stream: stream.clone(), positions, accepted_at, administrators };
            session.outgoing.send(&Frame::new(&ServerFrame::Accepted(accepted)));
        }
        if let Some((index, refusal)) = &answer.refused {
            let refused = refusal.clone().answer(request, stream.clone(), *index);
            session.outgoing.send(&Frame::new(&ServerFrame::Refused(refused)));
        }
    }
}
