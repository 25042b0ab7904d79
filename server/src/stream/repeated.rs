//! Changes pushed a second time, or by another device: finds their places in the journal.

use std::collections::HashMap;

use tidings_core::{
    authority::{Refusal, Session},
    code::Code,
    ids::{ChangeHash, DocumentId},
    wire::PushedChange,
};

use super::{error::DecideError, judge::Judge};
use crate::{
    live::Place,
    store::{FoundChange, NewEntry},
};

/// A repeated change, by the index of its verdict and its place in it.
pub(super) struct Repeated {
    pub(super) verdict: usize,
    pub(super) place: usize,
    pub(super) change: (DocumentId, ChangeHash),
}

impl Judge<'_> {
    /// Fills in the places of repeated changes, from this batch or from the journal, which is queried once.
    pub(super) async fn place_repeated(&mut self, repeated: &[Repeated]) -> Result<(), DecideError> {
        if repeated.is_empty() {
            return Ok(());
        }
        let of_batch =
            self.decision.entries.iter().map(|new| ((new.entry.document.clone(), new.hash), Place::from(&new.entry)));
        let mut places: HashMap<(DocumentId, ChangeHash), Place> = of_batch.collect();
        let stored = repeated.iter().map(|repeated| &repeated.change).filter(|change| !places.contains_key(change));
        let stored: Vec<ChangeHash> = stored.map(|(_, hash)| *hash).collect();
        let found = self.env.store.find_changes(self.stream.tenant(), self.stream.id(), &stored).await?;
        places.extend(found.into_iter().map(|found| ((found.document.clone(), found.hash), place_of(&found))));
        for Repeated { verdict, place, change } in repeated {
            let accepted = places.get(change).ok_or(DecideError::Journal)?;
            self.decision.verdicts[*verdict].answer.accepted[*place] = *accepted;
        }
        Ok(())
    }

    /// The place of an admitted change that its document does not remember: because another device of the
    /// account wrote it (a device that took a new id may not be able to fetch the outcome), or because it
    /// precedes the document's generation. Only the account itself learns of it, and never of changes that were
    /// not admitted.
    pub(super) async fn admitted_elsewhere(
        &self,
        session: &Session,
        pushed: &PushedChange,
        refusal: &Refusal,
    ) -> Result<Option<Place>, DecideError> {
        let is_written_anew = || self.stream.document(&pushed.document).is_some_and(|it| it.generation().is_some());
        if refusal.code != Code::WrongActor && (refusal.code != Code::Stale || !is_written_anew()) {
            return Ok(None);
        }
        let Some(hash) = ChangeHash::of_change(&pushed.change) else { return Ok(None) };
        let is_it = |document: &DocumentId, other| *document == pushed.document && other == hash;
        let in_batch = self.decision.entries.iter().find(|new| is_it(&new.entry.document, new.hash));
        if let Some(NewEntry { entry, .. }) = in_batch {
            return Ok((entry.account == session.account).then(|| Place::from(entry)));
        }
        let found = self.env.store.find_changes(self.stream.tenant(), self.stream.id(), &[hash]).await?;
        let own = |found: &FoundChange| found.account == session.account && is_it(&found.document, found.hash);
        let own = found.into_iter().find(own);
        Ok(own.as_ref().map(place_of))
    }
}

fn place_of(found: &FoundChange) -> Place {
    let FoundChange { position, accepted_at, administrator, .. } = *found;
    Place { position, accepted_at, administrator }
}
