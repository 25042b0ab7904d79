//! Generations: when a document is written anew, and whether an entry that says that it was may be.
//! Nobody pushes one. The stream makes it of nothing but the document (J60), and so does whoever
//! receives it: what is not the very same change is not taken.

use crate::{
    authority::{Admitted, Effects, Refusal, Stream, shape, stream::facts_of},
    code::Code,
    doc::{ApplyChangeError, Change, Document},
    ids::{AccountId, DeviceId, DocumentId},
    journal::Entry,
    limits::Limits,
    time::WallTime,
};

/// The change of an entry that begins a generation; none of any other entry.
pub(super) fn of(entry: &Entry) -> Option<Change> {
    let read = || Some(shape::read(&entry.change, &Limits::WIDEST).ok()?.0);
    // Most entries are told from it without a look at their change.
    entry.account.is_system().then(read)?.filter(Change::is_generation)
}

/// Whether a change is the generation that takes a document's place with an entry.
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
    /// Writes a loaded document anew, as the next entry. None where it is not loaded, or has no generations.
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

    /// Whether a loaded document is filled to a share, in percent, of what everybody may fill it to, and a
    /// generation of it would give most of that back.
    pub fn is_squash_due(&self, document: &DocumentId, percent: u32, limits: &Limits) -> bool {
        let of = |bound: u32| u64::from(bound) * u64::from(percent) / 100;
        let has_generations = matches!(document, DocumentId::Timeline(_));
        let Some(document) = self.document(document).filter(|_| has_generations) else { return false };
        let (changes, bytes) = (u64::from(document.changes()), document.change_bytes());
        let is_filled = changes >= of(limits.document_changes_soft) || bytes >= of(limits.document_bytes_soft);
        // What it says now is looked at only where it is filled: it grows with members, not with time.
        is_filled && changes > 1 && document.live_bytes() <= bytes / 2
    }

    /// Whether a change was written on what the generation of its document has replaced.
    fn is_written_over(&self, document: &DocumentId, change: &Change) -> bool {
        let held = self.document(document).filter(|held| held.generation().is_some());
        held.is_some_and(|held| !held.contains(change.hash()))
    }

    /// Applies a change that waits to be answered. What was written on a former generation does not apply
    /// to this one, and is stated on top of it until then: that is never sent.
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

    /// Makes the generation again that an entry says was made.
    ///
    /// # Errors
    /// When none can be.
    pub(super) fn squash_again(&mut self, entry: &Entry) -> Result<Admitted, Refusal> {
        self.squash(&entry.document, entry.accepted_at).ok_or_else(refusal)
    }
}
