//! A document as bytes: saved with what the library does not save, and restored with later entries.

use std::{panic::catch_unwind, sync::Arc};

use automerge::{ActorId, Automerge};

use super::{ApplyChangeError, Document, READER};
use crate::{
    doc::{beside, contents::Contents, snapshot},
    ids::{ChangeHash, DeviceId, DocumentId},
    journal::{DecodeAdmissionsError, Entry, Position},
};

/// Why stored bytes are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreDocumentError {
    /// Automerge does not load the snapshot.
    #[error("the snapshot does not load: {0}")]
    Snapshot(String),
    /// The admissions do not fit the snapshot's messages.
    #[error(transparent)]
    Admissions(#[from] DecodeAdmissionsError),
    /// An entry after the snapshot does not apply.
    #[error("entry {position} does not apply: {source}")]
    Entry {
        /// The position of the entry.
        position: Position,
        /// The cause.
        source: ApplyChangeError,
    },
}

impl Document {
    /// Restores a document from its snapshot (position, data, admissions), if there is one, and the
    /// later entries.
    ///
    /// # Errors
    /// When the bytes are not what `save` wrote, or an entry does not apply.
    pub fn restore(
        id: DocumentId,
        snapshot: Option<(Position, &[u8], &[u8])>,
        tail: &[Entry],
    ) -> Result<Self, RestoreDocumentError> {
        let mut document = match snapshot {
            Some((position, data, admissions)) if !data.is_empty() => Self::load(id, position, data, admissions)?,
            Some((position, ..)) => Self { position, ..Self::new(id) },
            None => Self::new(id),
        };
        document.apply_tail(tail)?;
        document.drop_fallback();
        Ok(document)
    }

    fn load(id: DocumentId, position: Position, data: &[u8], admissions: &[u8]) -> Result<Self, RestoreDocumentError> {
        let failed = |error: String| RestoreDocumentError::Snapshot(error);
        snapshot::scan(data).map_err(|error| failed(error.to_string()))?;
        let automerge = catch_unwind(|| Automerge::load(data))
            .map_err(|_| failed("the decoder failed".into()))?
            .map_err(|error| failed(error.to_string()))?
            .with_actor(ActorId::from(READER));
        let contents = Contents::of(&automerge).ok_or_else(|| failed("an actor is no device".into()))?;
        let heads = automerge.get_heads().iter().map(|hash| ChangeHash::from_bytes(hash.0)).collect();
        let automerge = Arc::new(automerge);
        let mut document = Self { position, automerge, contents, heads, ..Self::new(id) };
        for meta in document.automerge.get_changes_meta(&[]) {
            let device = DeviceId::try_from(meta.actor.to_bytes()).map_err(|error| failed(error.to_string()))?;
            let latest = document.latest.entry(device).or_insert((0, ChangeHash::from_bytes(meta.hash.0)));
            if meta.seq > latest.0 {
                *latest = (meta.seq, ChangeHash::from_bytes(meta.hash.0));
            }
            document.changes += 1;
            document.last_operation = document.last_operation.max(meta.max_op);
        }
        // Keys are newest first, admissions oldest first.
        let (mut messages, deleted) = document.message_ids();
        messages.sort_unstable();
        let (change_bytes, updated_at, shares, mut admissions) = beside::decode(messages, admissions)?;
        admissions.delete(deleted);
        (document.change_bytes, document.updated_at) = (change_bytes, updated_at);
        (document.shares, document.admissions) = (shares, Arc::new(admissions));
        Ok(document)
    }

    fn apply_tail(&mut self, tail: &[Entry]) -> Result<(), RestoreDocumentError> {
        for entry in tail {
            self.queue_entry(entry)
                .map_err(|source| RestoreDocumentError::Entry { position: entry.position, source })?;
        }
        self.flush().map_err(|source| RestoreDocumentError::Entry { position: self.position, source })
    }

    /// The position, the saved document, and what the library does not save: the total bytes of its changes,
    /// its writers' remaining shares, and when each message was admitted. Both are empty for a document without
    /// a change. Flush queued changes first.
    pub fn save(&self) -> (Position, Vec<u8>, Vec<u8>) {
        let data = match (self.changes, self.run.is_empty()) {
            (0, _) => return (self.position, Vec::new(), Vec::new()),
            (_, true) => self.automerge.save(),
            (_, false) => {
                let mut whole = self.clone();
                whole.flush().expect("what was written here applies");
                whole.automerge.save()
            }
        };
        (self.position, data, beside::encode(self.change_bytes, self.updated_at, &self.shares, &self.admissions))
    }
}
