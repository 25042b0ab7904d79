//! What is known about a document from the place and time of its changes' admission.

use super::Document;
use crate::{
    doc::{Change, Key},
    effort,
    ids::MessageId,
    journal::{Admission, Admissions, Position},
    time::WallTime,
};

impl Document {
    /// When its last change was admitted, by the server's clock; none without an admitted change.
    pub fn updated_at(&self) -> Option<WallTime> {
        Some(self.updated_at).filter(|at| *at > WallTime::from_millis(0))
    }

    /// When each of its messages was admitted.
    pub fn admissions(&self) -> &Admissions {
        &self.admissions
    }

    /// Its messages, and the deleted ones among them.
    pub(super) fn message_ids(&self) -> (Vec<MessageId>, Vec<MessageId>) {
        let (mut messages, mut deleted) = (Vec::new(), Vec::new());
        for key in self.contents.keys() {
            match Key::parse(&self.id, key) {
                Some(Key::Message(message)) => messages.push(message),
                Some(Key::Deleted(message)) => deleted.push(message),
                _ => {}
            }
        }
        (messages, deleted)
    }

    /// Records where and when a change was admitted that is now part of the document.
    pub(super) fn note_admission(&mut self, change: &Change, position: Position, accepted_at: WallTime) {
        for message in change.messages(&self.id) {
            effort::own(&mut self.admissions).insert(message, Admission { position, accepted_at });
        }
        // In whichever order the two came.
        let touched = change.messages(&self.id).chain(change.deletions(&self.id));
        let deleted = touched.filter(|message| self.contents.has(&Key::Deleted(message.clone()).to_string()));
        for message in deleted {
            effort::own(&mut self.admissions).delete([message]);
        }
        self.updated_at = self.updated_at.max(accepted_at);
        self.position = self.position.max(position);
    }
}
