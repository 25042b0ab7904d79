//! One document as of a position of its stream: its contents, the Automerge document with the same contents,
//! the number of changes of each writer, and the admission of each of its messages.

mod admitted;
mod fallback;
mod generation;
mod saved;
mod statements;

use std::{
    num::NonZeroU64,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use automerge::{ActorId, Automerge, ObjId, ROOT, ReadDoc};

use self::fallback::Fallback;
use crate::{
    code::Code,
    doc::{
        Change, Fact, Key, Operation, OperationKind, ParseChangeError, Predecessor, Shares, Value, change::Header,
        contents::Contents, repeat, run::Run, share,
    },
    effort,
    ids::{AccountId, ChangeHash, DeviceId, DocumentId},
    journal::{Admissions, Entry, Position},
    sorted::SortedMap,
    time::WallTime,
};

pub use self::{generation::Generation, saved::RestoreDocumentError, statements::Statement};

/// A document of a replica.
#[derive(Clone)]
pub struct Document {
    id: DocumentId,
    position: Position,
    /// Shared with clones of the document until one of them applies more.
    automerge: Arc<Automerge>,
    /// Changes that are part of the document but not yet in `automerge`.
    run: Run,
    /// Its contents, those of the run included.
    contents: Contents,
    /// The hashes of the changes that nothing depends on yet, in rising order, those of the run included.
    heads: Vec<ChangeHash>,
    /// The greatest operation number.
    last_operation: u64,
    fallback: Option<Box<Fallback>>,
    latest: SortedMap<DeviceId, (u64, ChangeHash)>,
    changes: u32,
    change_bytes: u64,
    /// When the last change was admitted.
    updated_at: WallTime,
    shares: Shares,
    admissions: Arc<Admissions>,
}

/// A way to add an admitted change: at once, or queued with others.
pub(crate) type Admit = fn(&mut Document, &Change, Position, WallTime) -> Result<(), ApplyChangeError>;

/// Maximum number of changes that are queued before the library gets them.
const RUN_MAX: usize = 128;

/// Runs shorter than this, or that are a small part of the document, are given to the library change by change:
/// applying a run costs as much as the document is long.
const REPEATED_MIN: usize = 4;
const REPEATED_SHARE: usize = 32;

/// Why a change was not added to a document, which is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyChangeError {
    /// The bytes are not a change.
    #[error(transparent)]
    Parse(#[from] ParseChangeError),
    /// Automerge rejected it.
    #[error("the change does not apply: {0}")]
    Apply(String),
    /// No authority could have admitted it.
    #[error("{code}: {detail}")]
    Illegal {
        /// The code with which an authority would have refused it.
        code: Code,
        /// Detail for debugging.
        detail: String,
    },
    /// It depends on changes that the document does not have, or is not the next one of its device.
    #[error("the change does not follow what the document has")]
    Dependency,
}

/// The actor of a replica that only reads; never written into any change.
const READER: [u8; 16] = [0; 16];

impl Document {
    /// A document without a change.
    pub fn new(id: DocumentId) -> Self {
        Self {
            id,
            position: Position::ZERO,
            automerge: Arc::new(Automerge::new().with_actor(ActorId::from(READER))),
            run: Run::default(),
            contents: Contents::default(),
            heads: Vec::new(),
            last_operation: 0,
            fallback: None,
            latest: SortedMap::new(),
            changes: 0,
            change_bytes: 0,
            updated_at: WallTime::from_millis(0),
            shares: Shares::default(),
            admissions: Arc::default(),
        }
    }

    /// Mutable access to a document; copies it first if it is shared.
    pub(crate) fn to_mut(shared: &mut Arc<Self>) -> &mut Self {
        effort::own(shared)
    }

    /// The document's id.
    pub fn id(&self) -> &DocumentId {
        &self.id
    }

    /// The position up to which it contains the document's entries.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The number of changes.
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// The total bytes of its changes, each as it was written. The same on every replica with the same changes.
    pub fn change_bytes(&self) -> u64 {
        self.change_bytes
    }

    /// The remaining shares of its writers.
    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Its size in memory, bytes: the bytes of its changes with the library's overhead for each, the
    /// admission of each message, and its contents. Calibrated by measurement; excludes the fallback copy
    /// and queued changes.
    pub fn bytes_estimate(&self) -> usize {
        const BASE: usize = 4_096;
        const CHANGE: usize = 150;
        const MESSAGE: usize = 200;
        let change_bytes = usize::try_from(self.change_bytes).unwrap_or(usize::MAX);
        let rows = CHANGE * self.changes as usize + MESSAGE * self.admissions.iter().len();
        change_bytes.saturating_add(BASE + rows + self.contents.bytes())
    }

    /// The hashes of the changes that nothing depends on yet, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.heads.clone()
    }

    /// The number and hash of a device's latest change.
    pub fn latest_of(&self, device: DeviceId) -> Option<(u64, ChangeHash)> {
        self.latest.get(&device).copied()
    }

    /// The number of a change's last operation; none if the document does not have the change.
    pub fn last_operation(&self, hash: ChangeHash) -> Option<u64> {
        let taken = || self.automerge.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()));
        self.run.last_operation(hash).or_else(|| Some(taken()?.max_op))
    }

    /// Returns true if the document contains the change.
    pub fn contains(&self, hash: ChangeHash) -> bool {
        self.last_operation(hash).is_some()
    }

    /// The operations visible under a key, as of the given changes or now.
    pub fn visible(&self, key: &str, at: Option<&[ChangeHash]>) -> Vec<Predecessor> {
        // Messages are never removed from the map: if there is none now, there never was.
        let Some(hashes) = at.filter(|hashes| !self.is_present(hashes) && !self.is_new_message(key)) else {
            return self.contents.visible(key);
        };
        let hashes: Vec<_> = hashes.iter().map(|hash| automerge::ChangeHash(*hash.as_bytes())).collect();
        effort::pass();
        let found = self.automerge.get_all_at(ROOT, key, &hashes);
        let mut visible: Vec<Predecessor> = found
            .into_iter()
            .flatten()
            .filter_map(|(_, id)| match id {
                ObjId::Id(counter, actor, _) => Some((counter, actor.to_bytes().to_vec())),
                ObjId::Root => None,
            })
            .collect();
        visible.sort_unstable();
        visible
    }

    /// The value under a key.
    pub fn get(&self, key: &Key) -> Option<Value> {
        self.contents.get(&key.to_string()).cloned()
    }

    /// Returns true if there is a value under a key, in its text form.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.contents.has(key)
    }

    /// Returns true if there may be a value under a key, judging by the first and last key.
    pub(crate) fn spans(&self, key: &str) -> bool {
        self.contents.spans(key)
    }

    /// The fact under a key.
    pub fn fact(&self, key: &Key) -> Option<Fact> {
        let key = key.to_string();
        Fact::parse(&self.id, &key, Some(self.contents.get(&key)?)).ok()
    }

    /// All facts under keys that begin with `prefix`, in key order. Those that do not parse are skipped.
    pub fn facts<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = Fact> + 'a {
        self.contents.range(prefix).filter_map(|(key, value)| Fact::parse(&self.id, key, value).ok())
    }

    /// The number of keys that begin with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.contents.range(prefix).count()
    }

    /// Writes facts as one change of this device. None if all of them hold already.
    pub fn write(&mut self, device: DeviceId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        let change = self.compose(device, at, facts)?;
        self.queue_pending(&change).expect("it was composed on top of all that is here");
        Some(change)
    }

    /// The change of this device that states facts on top of everything that is here. None if all of them
    /// hold already.
    pub(crate) fn compose(&self, device: DeviceId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        let operations: Vec<Operation> = facts.iter().filter_map(|fact| self.operation(fact)).collect();
        if operations.is_empty() {
            return None;
        }
        let latest = self.latest_of(device);
        // The device's own last change is among the heads, or a dependency of one.
        let mut dependencies = self.heads.clone();
        dependencies.extend(latest.map(|(_, hash)| hash));
        dependencies.sort_unstable();
        dependencies.dedup();
        let header = Header {
            device,
            sequence: latest.map_or(1, |(sequence, _)| sequence + 1),
            start_operation: NonZeroU64::MIN.saturating_add(self.last_operation),
            seconds: i64::try_from(at.as_seconds()).unwrap_or(0),
            dependencies: &dependencies,
        };
        Some(Change::compose(header, operations))
    }

    /// The operation that states a fact; none if it holds already. Concurrent values are replaced together, and
    /// only if the fact is not the winning one.
    fn operation(&self, fact: &Fact) -> Option<Operation> {
        let (key, value) = fact.write();
        let key = key.to_string();
        if self.contents.get(&key) == value.as_ref() {
            return None;
        }
        let predecessors = self.contents.visible(&key);
        let kind = value.map_or(OperationKind::Delete, OperationKind::Put);
        Some(Operation { root: true, key: Some(key), kind, predecessors })
    }

    /// Returns true if a change can be judged and queued with what is queued: it was written on top of
    /// everything that is here, or does not need the past, and there is room.
    pub(crate) fn is_queueable(&self, change: &Change) -> bool {
        self.run.len() < RUN_MAX && (self.is_present(&change.dependencies()) || self.is_apart(change))
    }

    /// Returns true if whoever has seen these changes has seen everything. The present is read at a tenth of
    /// the cost of the past.
    fn is_present(&self, hashes: &[ChangeHash]) -> bool {
        self.heads.iter().all(|head| hashes.contains(head))
    }

    pub(super) fn is_new_message(&self, key: &str) -> bool {
        !self.contents.has(key) && matches!(Key::parse(&self.id, key), Some(Key::Message(_)))
    }

    /// Applies a change with panics caught. If it fails, a copy of the previous state replaces the document.
    ///
    /// # Errors
    /// When it does not apply; the document is unchanged.
    pub fn apply(&mut self, change: &Change) -> Result<(), ApplyChangeError> {
        self.flush()?;
        if self.contains(change.hash()) {
            return Ok(());
        }
        // Automerge would keep a change that does not follow yet for ever, or accept a repeated number and drop
        // what comes with it.
        if !self.is_next(change) {
            return Err(ApplyChangeError::Dependency);
        }
        self.prepare_fallback();
        match self.hand_over(change) {
            Ok(()) => {
                self.note(change);
                Ok(())
            }
            Err(failure) => {
                self.go_back();
                Err(ApplyChangeError::Apply(failure))
            }
        }
    }

    /// Gives one change to the library, with panics caught.
    fn hand_over(&mut self, change: &Change) -> Result<(), String> {
        effort::hand();
        let automerge = effort::own(&mut self.automerge);
        let handed = catch_unwind(AssertUnwindSafe(|| match repeat::is_repeatable(automerge, change) {
            true => repeat::repeat(automerge, change),
            false => {
                effort::pass();
                automerge.apply_changes([change.inner().clone()]).map_err(|error| error.to_string())
            }
        }));
        match handed {
            Ok(Ok(())) if self.automerge.get_heads().contains(&change.inner().hash()) => Ok(()),
            Ok(Ok(())) => Err("the library kept it back".to_owned()),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err("the library failed".to_owned()),
        }
    }

    /// Drops the copy that `apply` keeps to fall back on, which takes as much memory as the document. Called
    /// when a run of changes is over.
    pub fn drop_fallback(&mut self) {
        self.fallback = None;
    }

    /// Returns true if it keeps such a copy.
    pub(crate) fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Returns true if the library has all changes.
    pub(crate) fn is_flushed(&self) -> bool {
        self.run.is_empty()
    }

    fn is_next(&self, change: &Change) -> bool {
        let dependencies = change.dependencies();
        let follows = match self.latest_of(change.device()) {
            Some((sequence, previous)) => change.sequence() == sequence + 1 && dependencies.contains(&previous),
            None => change.sequence() == 1,
        };
        // Most are heads, which are found at once.
        let is_here = |hash: ChangeHash| self.heads.contains(&hash) || self.contains(hash);
        follows && dependencies.iter().all(|&dependency| is_here(dependency))
    }

    /// Applies an accepted change that was stored here, and moves to its position. Does nothing for one at or
    /// before the current position.
    ///
    /// # Errors
    /// When it does not apply; the document is unchanged.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<Option<Change>, ApplyChangeError> {
        self.add_entry(entry, Self::admit)
    }

    /// Applies a change as accepted at a position.
    ///
    /// # Errors
    /// When it does not apply; the document is unchanged.
    pub fn admit(
        &mut self,
        change: &Change,
        position: Position,
        accepted_at: WallTime,
    ) -> Result<(), ApplyChangeError> {
        self.apply(change)?;
        self.note_admission(change, position, accepted_at);
        Ok(())
    }

    /// As `apply_entry`, but the library gets the change with the next `flush`, together with later ones. Its
    /// contents can be read at once.
    ///
    /// # Errors
    /// When it does not follow the document's changes, in which case the document is unchanged; or as `flush`.
    pub fn queue_entry(&mut self, entry: &Entry) -> Result<Option<Change>, ApplyChangeError> {
        self.add_entry(entry, Self::queue)
    }

    fn add_entry(&mut self, entry: &Entry, take: Admit) -> Result<Option<Change>, ApplyChangeError> {
        if entry.position <= self.position {
            return Ok(None);
        }
        let change = Change::restore(&entry.change)?;
        if change.is_generation() {
            self.begin_generation(&change, entry.position)?;
            return Ok(Some(change));
        }
        take(self, &change, entry.position, entry.accepted_at)?;
        self.charge(&change, &entry.account, entry.administrator, entry.accepted_at);
        Ok(Some(change))
    }

    /// Charges an admitted change to its writer's share. Tenant administrators have none.
    pub(crate) fn charge(&mut self, change: &Change, by: &AccountId, administrator: bool, accepted_at: WallTime) {
        if !administrator && let Some(payer) = share::payer(&self.id, by, change) {
            self.shares.pay(payer, share::cost(change.bytes().len()), accepted_at);
        }
    }

    /// Admits a change at a position with the next `flush`.
    ///
    /// # Errors
    /// As `queue_entry`.
    pub fn queue(
        &mut self,
        change: &Change,
        position: Position,
        accepted_at: WallTime,
    ) -> Result<(), ApplyChangeError> {
        self.queue_pending(change)?;
        self.note_admission(change, position, accepted_at);
        Ok(())
    }

    /// Queues a change, admitted or not; flushes first if many are queued.
    ///
    /// # Errors
    /// As `queue_entry`.
    pub fn queue_pending(&mut self, change: &Change) -> Result<(), ApplyChangeError> {
        if self.contains(change.hash()) {
            return Ok(());
        }
        if !self.is_next(change) {
            return Err(ApplyChangeError::Dependency);
        }
        if self.run.len() >= RUN_MAX {
            self.flush()?;
        }
        self.run.push(change);
        self.note(change);
        Ok(())
    }

    /// Flushes what is queued if `change` cannot be judged with it, because it has not seen everything and the
    /// past has to be read.
    ///
    /// # Errors
    /// As `flush`.
    pub fn make_ready(&mut self, change: &Change) -> Result<(), ApplyChangeError> {
        if self.run.is_empty() {
            return Ok(());
        }
        let sees_all = self.is_present(&change.dependencies());
        let mut keys = change.operations().iter().map(|operation| operation.key.as_deref().unwrap_or_default());
        if sees_all || keys.all(|key| self.is_new_message(key)) { Ok(()) } else { self.flush() }
    }

    /// Gives everything queued to the library, in one pass.
    ///
    /// # Errors
    /// When the library rejects it: the document is unusable.
    pub fn flush(&mut self) -> Result<(), ApplyChangeError> {
        if self.run.is_empty() {
            return Ok(());
        }
        let run = core::mem::take(&mut self.run);
        // Whoever holds the document is responsible for a copy from before the run.
        self.fallback = None;
        if run.len() <= (self.changes as usize / REPEATED_SHARE).max(REPEATED_MIN) {
            let handed = run.changes().iter().try_for_each(|change| self.hand_over(change));
            return handed.map_err(ApplyChangeError::Apply);
        }
        effort::pass();
        let changes: Vec<automerge::Change> = run.changes().iter().map(|change| change.inner().clone()).collect();
        let automerge = effort::own(&mut self.automerge);
        let applied = catch_unwind(AssertUnwindSafe(|| automerge.apply_changes(changes)));
        let heads = self.automerge.get_heads();
        let has_all = heads.iter().map(|hash| &hash.0).eq(self.heads.iter().map(ChangeHash::as_bytes));
        match applied {
            Ok(Ok(())) if has_all => Ok(()),
            Ok(Ok(())) => Err(ApplyChangeError::Apply("the library kept some of it back".to_owned())),
            Ok(Err(error)) => Err(ApplyChangeError::Apply(error.to_string())),
            Err(_) => Err(ApplyChangeError::Apply("the library failed".to_owned())),
        }
    }

    /// Returns true if the contents equal the library's once it has all changes. For tests.
    pub fn says_what_the_library_says(&self) -> bool {
        let mut whole = self.clone();
        let metas = |automerge: &Automerge| automerge.get_changes_meta(&[]).iter().map(|meta| meta.max_op).max();
        whole.flush().is_ok()
            && Contents::of(&whole.automerge).as_ref() == Some(&self.contents)
            && metas(&whole.automerge).unwrap_or_default() == self.last_operation
    }

    fn note(&mut self, change: &Change) {
        self.latest.insert(change.device(), (change.sequence(), change.hash()));
        self.changes += 1;
        self.change_bytes += change.bytes().len() as u64;
        self.last_operation = self.last_operation.max(change.last_operation());
        let dependencies = change.dependencies();
        self.heads.retain(|head| !dependencies.contains(head));
        self.heads.insert(self.heads.partition_point(|head| *head < change.hash()), change.hash());
        self.contents.take(change);
        if let Some(fallback) = &mut self.fallback {
            fallback.keep(change);
        }
    }
}

impl core::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Document({} at {}, {} changes)", self.id, self.position, self.changes)
    }
}

#[cfg(test)]
mod tests;
