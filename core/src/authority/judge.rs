//! The authority as a function from a push to the frame that answers it, without a server between. For tests
//! that ask in several places and expect the same bytes everywhere.

use crate::{
    authority::{AdmitError, Session, Stream},
    doc::{Document, RestoreDocumentError},
    journal::{Entry, Position},
    limits::Limits,
    time::WallTime,
    wire::{Accepted, Fetched, Push, ServerFrame},
};

/// A stream and the session that pushes into it.
#[derive(Debug)]
pub struct Judge {
    stream: Stream,
    session: Session,
    limits: Limits,
}

impl Judge {
    /// Judges what a session pushes into a fetched stream.
    ///
    /// # Errors
    /// When a document does not load.
    pub fn new(session: Session, fetched: &Fetched) -> Result<Self, RestoreDocumentError> {
        let tenant = session.tenant.clone();
        let mut stream = Stream::at(tenant, fetched.stream.clone(), fetched.at(), fetched.page);
        for snapshot in &fetched.documents {
            let is_of = |entry: &&Entry| entry.document == snapshot.document && entry.position > snapshot.position;
            let tail: Vec<Entry> = fetched.entries.iter().filter(is_of).cloned().collect();
            let parts = (snapshot.position, &snapshot.data[..], &snapshot.admissions[..]);
            stream.insert(Document::restore(snapshot.document.clone(), Some(parts), &tail)?);
        }
        Ok(Self { stream, session, limits: Limits::default() })
    }

    /// The answer to a push. The stream stays unchanged.
    pub fn judge(&self, push: &Push, accepted_at: WallTime) -> ServerFrame {
        let mut stream = self.stream.clone();
        let mut accepted = Accepted {
            request: push.request,
            stream: push.stream.clone(),
            positions: vec![],
            accepted_at: vec![],
            administrators: vec![],
        };
        for (index, pushed) in push.changes.iter().enumerate() {
            stream.insert_missing_for(&pushed.document, &pushed.change);
            match stream.admit(&self.session, pushed, accepted_at, &self.limits) {
                Ok(admitted) => accepted.positions.push(admitted.entry.position),
                // The position would come from a journal, and there is none here.
                Err(AdmitError::AlreadyAdmitted(_)) => accepted.positions.push(Position::ZERO),
                Err(AdmitError::Refused(refusal)) => {
                    return ServerFrame::Refused(refusal.answer(push.request, push.stream.clone(), index));
                }
            }
            accepted.accepted_at.push(accepted_at);
        }
        ServerFrame::Accepted(accepted)
    }
}
