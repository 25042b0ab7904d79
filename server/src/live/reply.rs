//! Where an answer goes: into the queue of the session that asked, or to a call that waits.

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

/// Where a change stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The position of its entry.
    pub position: Position,
    /// Since when.
    pub accepted_at: WallTime,
    /// Whether the entry is an administrator's of the tenant.
    pub administrator: bool,
}

impl From<&Entry> for Place {
    fn from(entry: &Entry) -> Self {
        Self { position: entry.position, accepted_at: entry.accepted_at, administrator: entry.administrator }
    }
}

/// The answer to what was submitted.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Where each change stands that is in the journal; where it was no
    /// change that was asked for, what follows from it.
    pub accepted: Vec<Place>,
    /// Which change was refused, and why; those behind it with it.
    pub refused: Option<(usize, Refusal)>,
}

/// Where an answer goes.
#[derive(Debug)]
pub enum Reply {
    /// To a session.
    Session {
        /// The session.
        session: Arc<SessionHandle>,
        /// The number by which its client knows the answer.
        request: u64,
    },
    /// To a call in this process.
    Call(mpsc::Sender<Answer>),
}

impl Reply {
    /// To whoever waits at the other end, for one answer.
    pub fn call() -> (Self, mpsc::Receiver<Answer>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self::Call(sender), receiver)
    }

    /// The session that is answered.
    pub(crate) fn session(&self) -> Option<&Arc<SessionHandle>> {
        match self {
            Self::Session { session, .. } => Some(session),
            Self::Call(_) => None,
        }
    }

    /// Answers what was asked of a stream. Waits for nobody.
    pub(crate) fn send(&self, stream: &StreamId, answer: &Answer) {
        let (session, request) = match self {
            Self::Session { session, request } => (session, *request),
            Self::Call(waiting) => {
                // Who waits no longer needs no answer.
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
