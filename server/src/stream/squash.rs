//! Rewrites a document as its current content, in between the pushes of others, so that each of them comes
//! entirely before or after it.

use std::collections::BTreeSet;

use tidings_core::{authority::Refusal, code::Code, ids::DocumentId, model::ConversationState};

use super::{error::DecideError, judge::Judge};
use crate::live::Place;

impl Judge<'_> {
    /// Rewrites a document now; returns the place of its new generation.
    pub(super) async fn squash(&mut self, document: &DocumentId) -> Result<Result<Place, Refusal>, DecideError> {
        self.source.load_missing(self.stream, document, &[], self.base).await?;
        if self.stream.conversation().state() == ConversationState::Deleted {
            return Ok(Err(Refusal::new(Code::ConversationDeleted, "the conversation was deleted")));
        }
        let Some(admitted) = self.stream.squash(document, self.env.clock.wall_now()) else {
            return Ok(Err(Refusal::new(Code::DocumentUnknown, "there is no such document, or it is too large")));
        };
        let place = Place::from(&admitted.entry);
        self.take(admitted);
        Ok(Ok(place))
    }

    /// Rewrites each document that the batch has filled far enough.
    pub(super) async fn squash_filled(&mut self) -> Result<(), DecideError> {
        let percent = self.env.config.node.squash_percent;
        if percent == 0 {
            return Ok(());
        }
        let written: BTreeSet<DocumentId> =
            self.decision.entries.iter().map(|written| written.entry.document.clone()).collect();
        for document in written {
            if self.stream.is_squash_due(&document, percent, &self.env.limits) {
                // A document that has become too large for that, or was deleted, stays as it is.
                let _stays = self.squash(&document).await?;
            }
        }
        Ok(())
    }
}
