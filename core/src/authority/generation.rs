//! Generations: when a document is rewritten, and whether an entry that says so is valid. Nobody pushes one.
//! The stream derives it from the document alone (J60), and so does every receiver: anything but the identical
//! change is rejected.

use crate::{
    authority::{Admitted, Effects, Refusal, Stream, shape, stream::facts_of},
    code::Code,
    doc::{ApplyChangeError, Change, Document},
    ids::{AccountId, DeviceId, DocumentId},
    journal::Entry,
    limits::Limits,
    time::WallTime,
};

/// The change of an entry that begins a generation; none for any other entry.
pub(super) fn of(entry: &Entry) -> Option<Change> {
    let read = || Some(shape::read(&entry.change, &Limits::WIDEST).ok()?.0);
    // The account rules out most entries without decoding their change.
    entry.account.is_system().then(read)?.filter(Change::is_generation)
}

/// Checks that a change is the generation that replaces a document with an entry.
pub(super) fn check(document: &Document, system: DeviceId, entry: &Entry, change: &Change) -> Result<(), Refusal> {
    let made = document.squash(system, entry.position, entry.accepted_at);
    if !entry.administrator && made.is_some_and(|made| made.bytes() == change.bytes()) {
        return Ok(());
    }
    Err(refusal())
}

fn refusal() -> Refusal {
    Refusal::new(Code::OperationIllegal, "not the generation of what the document says")
}

impl Stream {
    /// Rewrites a loaded document, as the next entry. None if it is not loaded or its kind has no generations.
    pub fn squash(&mut self, document: &DocumentId, accepted_at: WallTime) -> Option<Admitted> {
        let (position, system) = (self.position().next(), self.system);
        let change = self.document(document)?.squash(system, position, accepted_at)?;
        self.document_mut(document)?.begin_generation(&change, position).ok()?;
        self.count(document, &AccountId::system(), (position, accepted_at), &[]);
        let entry = Entry {
            position,
            document: document.clone(),
            account: AccountId::system(),
            administrator: false,
            accepted_at,
            change: change.bytes().to_vec(),
            deletes: None,
        };
        let hash = change.hash();
        self.head = self.head.next(self.tenant(), &entry, hash);
        let effects = Effects { thread: document.thread(), ..Effects::default() };
        Some(Admitted { entry, hash, chain: self.head.chain, effects })
    }

    /// Returns true if a loaded document is filled to `percent` of what everybody may fill it to, and a
    /// generation would free most of that.
    pub fn is_squash_due(&self, document: &DocumentId, percent: u32, limits: &Limits) -> bool {
        let of = |bound: u32| u64::from(bound) * u64::from(percent) / 100;
        let has_generations = matches!(document, DocumentId::Timeline(_));
        let Some(document) = self.document(document).filter(|_| has_generations) else { return false };
        let (changes, bytes) = (u64::from(document.changes()), document.change_bytes());
        let is_filled = changes >= of(limits.document_changes_soft) || bytes >= of(limits.document_bytes_soft);
        // The current content is measured only if the document is full enough, because it grows with members,
        // not with time.
        is_filled && changes > 1 && document.live_bytes() <= bytes / 2
    }

    /// Returns true if a change was written on something that its document's generation has replaced.
    fn is_written_over(&self, document: &DocumentId, change: &Change) -> bool {
        let held = self.document(document).filter(|held| held.generation().is_some());
        held.is_some_and(|held| !held.contains(change.hash()))
    }

    /// Applies a change that waits for its answer. If it was written on a former generation it does not
    /// apply to this one, and its facts are stated on top instead until the answer arrives; that change
    /// is never sent.
    ///
    /// # Errors
    /// As `apply_pending`.
    pub(crate) fn apply_waiting(
        &mut self,
        document: &DocumentId,
        change: &Change,
    ) -> Result<Effects, ApplyChangeError> {
        match self.apply_pending(document, change) {
            Err(_) if self.is_written_over(document, change) => {
                let written = self.write(change.device(), document, change.at(), &facts_of(document, change));
                Ok(written.map(|(_, effects)| effects).unwrap_or_default())
            }
            applied => applied,
        }
    }

    /// Derives again the generation that an entry states.
    ///
    /// # Errors
    /// When there can be none.
    pub(super) fn squash_again(&mut self, entry: &Entry) -> Result<Admitted, Refusal> {
        self.squash(&entry.document, entry.accepted_at).ok_or_else(refusal)
    }
}
