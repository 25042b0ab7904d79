//! One document as of a position of its stream: what it says, the Automerge map
//! that says the same, who wrote how many changes, and when each of its messages
//! was admitted.

mod admitted;
mod fallback;
mod generation;
mod saved;

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
        contents::Contents, effort, repeat, run::Run, share,
    },
    ids::{AccountId, ChangeHash, DeviceId, DocumentId},
    journal::{Admissions, Entry, Position},
    sorted::SortedMap,
    time::WallTime,
};

pub use self::{generation::Generation, saved::RestoreDocumentError};

/// A document of a replica.
#[derive(Clone)]
pub struct Document {
    id: DocumentId,
    position: Position,
    /// Shared with copies of the document until one of them takes in more.
    automerge: Arc<Automerge>,
    /// Part of the document, and not in `automerge` yet.
    run: Run,
    /// What it says, the run included.
    contents: Contents,
    /// The hashes of the changes nothing depends on yet, rising, the run's included.
    heads: Vec<ChangeHash>,
    /// The greatest number of an operation.
    last_operation: u64,
    fallback: Option<Box<Fallback>>,
    latest: SortedMap<DeviceId, (u64, ChangeHash)>,
    changes: u32,
    change_bytes: u64,
    /// When the last admitted one was admitted.
    updated_at: WallTime,
    shares: Shares,
    admissions: Arc<Admissions>,
}

/// What a document says under a key, and the change that said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it says.
    pub fact: Fact,
    /// The device that said so.
    pub device: DeviceId,
    /// The change by which it did.
    pub hash: ChangeHash,
    /// When, by its author's clock, to the second.
    pub at: WallTime,
}

/// How a document takes in a change that was admitted: at once, or with others.
pub(crate) type Admit = fn(&mut Document, &Change, Position, WallTime) -> Result<(), ApplyChangeError>;

/// Changes that are queued at the most, before the library gets them.
const RUN_MAX: usize = 128;

/// A run of so few changes, or of so small a part of what the document has, is given
/// to the library change by change: a run at once costs as much as the document is long.
const REPEATED_MIN: usize = 4;
const REPEATED_SHARE: usize = 32;

/// Why a change did not become part of a document, which is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyChangeError {
    /// The bytes are not a change.
    #[error(transparent)]
    Parse(#[from] ParseChangeError),
    /// Automerge did not take it.
    #[error("the change does not apply: {0}")]
    Apply(String),
    /// An authority could not have admitted it.
    #[error("{code}: {detail}")]
    Illegal {
        /// What an authority would have answered.
        code: Code,
        /// More about it.
        detail: String,
    },
    /// It depends on changes the document does not have, or is not the next
    /// one of its device.
    #[error("the change does not follow what the document has")]
    Dependency,
}

/// The actor of a replica that only reads: never written into any change.
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

    /// A document to be changed: if somebody else has it too, a copy of its own from now on.
    pub(crate) fn to_mut(shared: &mut Arc<Self>) -> &mut Self {
        effort::own(shared)
    }

    /// Which document.
    pub fn id(&self) -> &DocumentId {
        &self.id
    }

    /// Every entry of the document up to here is in it.
    pub fn position(&self) -> Position {
        self.position
    }

    /// How many changes it holds.
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// How many bytes its changes have, each as it was written. The same on every
    /// replica that holds the same changes.
    pub fn change_bytes(&self) -> u64 {
        self.change_bytes
    }

    /// What is left of the shares of those who wrote it.
    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Its size in memory, bytes: the bytes of its changes and what the library keeps
    /// of each beside them, the admission of each message, and what it says. Measured;
    /// a copy to go back to, and what is queued, is not in it.
    pub fn bytes_estimate(&self) -> usize {
        const BASE: usize = 4_096;
        const CHANGE: usize = 150;
        const MESSAGE: usize = 200;
        let change_bytes = usize::try_from(self.change_bytes).unwrap_or(usize::MAX);
        let rows = CHANGE * self.changes as usize + MESSAGE * self.admissions.iter().len();
        change_bytes.saturating_add(BASE + rows + self.contents.bytes())
    }

    /// The hashes of the changes nothing depends on yet, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.heads.clone()
    }

    /// The number and hash of the device's latest change.
    pub fn latest_of(&self, device: DeviceId) -> Option<(u64, ChangeHash)> {
        self.latest.get(&device).copied()
    }

    /// The number of the last operation of a change; none if the document
    /// does not have it.
    pub fn last_operation(&self, hash: ChangeHash) -> Option<u64> {
        let taken = || self.automerge.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()));
        self.run.last_operation(hash).or_else(|| Some(taken()?.max_op))
    }

    /// Whether the change is part of the document.
    pub fn contains(&self, hash: ChangeHash) -> bool {
        self.last_operation(hash).is_some()
    }

    /// What it says under each key, or no longer says, and who said so last; in the order in
    /// which that was said. What only its generation states is left out: nobody knows who said
    /// that, or when. Reads every change: for what is rare.
    pub fn statements(&self) -> Vec<Statement> {
        let saved = self.automerge.get_changes(&[]);
        let saved = saved.iter().filter_map(|change| Change::restore(change.raw_bytes()).ok());
        let mut last: SortedMap<String, (u64, DeviceId, ChangeHash, WallTime)> = SortedMap::new();
        let changes = saved.chain(self.run.changes().iter().map(|change| (**change).clone()));
        for change in changes.filter(|change| !change.is_generation()) {
            let (device, hash, at) = (change.device(), change.hash(), change.at());
            for (number, operation) in (change.start_operation()..).zip(change.operations()) {
                let Some(key) = operation.key.as_deref() else { continue };
                let visible = self.contents.visible(key).pop();
                let is_last = match visible {
                    Some((winner, actor)) => winner == number && actor == device.as_bytes(),
                    None => last.get(key).is_none_or(|(other, by, ..)| (*other, *by) < (number, device)),
                };
                if is_last {
                    last.insert(key.to_owned(), (number, device, hash, at));
                }
            }
        }
        let mut statements: Vec<_> = last.into_iter().collect();
        statements.sort_by_key(|(_, (number, device, ..))| (*number, *device));
        let statement = |(key, (_, device, hash, at)): (String, (_, DeviceId, ChangeHash, WallTime))| {
            let fact = Fact::parse(&self.id, &key, self.contents.get(&key)).ok()?;
            Some(Statement { fact, device, hash, at })
        };
        statements.into_iter().filter_map(statement).collect()
    }

    /// The operations visible under a key, at the given changes or now.
    pub fn visible(&self, key: &str, at: Option<&[ChangeHash]>) -> Vec<Predecessor> {
        // Messages are never taken away: where there is none now, there never was.
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

    /// Whether it says something under a key, in its text form.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.contents.has(key)
    }

    /// Whether it may say something under a key, by the first and the last that it has.
    pub(crate) fn spans(&self, key: &str) -> bool {
        self.contents.spans(key)
    }

    /// What the document states under a key.
    pub fn fact(&self, key: &Key) -> Option<Fact> {
        let key = key.to_string();
        Fact::parse(&self.id, &key, Some(self.contents.get(&key)?)).ok()
    }

    /// Everything the document states under keys that begin with `prefix`, in
    /// the order of the keys. What does not parse is passed over.
    pub fn facts<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = Fact> + 'a {
        self.contents.range(prefix).filter_map(|(key, value)| Fact::parse(&self.id, key, value).ok())
    }

    /// How many keys begin so.
    pub fn count(&self, prefix: &str) -> usize {
        self.contents.range(prefix).count()
    }

    /// Writes facts as one change of this device. None if the document states
    /// all of them already.
    pub fn write(&mut self, device: DeviceId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        let change = self.compose(device, at, facts)?;
        self.queue_pending(&change).expect("it was composed on top of all that is here");
        Some(change)
    }

    /// The change of this device that states facts on top of all that is here.
    /// None if the document states all of them already.
    pub(crate) fn compose(&self, device: DeviceId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        let operations: Vec<Operation> = facts.iter().filter_map(|fact| self.operation(fact)).collect();
        if operations.is_empty() {
            return None;
        }
        let latest = self.latest_of(device);
        // The device's own last change is among the heads, or what a head depends on.
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

    /// What states a fact; none where it is stated. What was stated at once by
    /// several is replaced as a whole, and only where none of them won with it.
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

    /// Whether a change can be judged and queued beside what is queued: it was written
    /// on top of all that is here, or takes nothing of the past, and there is room.
    pub(crate) fn is_queueable(&self, change: &Change) -> bool {
        self.run.len() < RUN_MAX && (self.is_present(&change.dependencies()) || self.is_apart(change))
    }

    /// Whether who has seen these changes has seen the present, which is
    /// found at a tenth of the cost of the past.
    fn is_present(&self, hashes: &[ChangeHash]) -> bool {
        self.heads.iter().all(|head| hashes.contains(head))
    }

    pub(super) fn is_new_message(&self, key: &str) -> bool {
        !self.contents.has(key) && matches!(Key::parse(&self.id, key), Some(Key::Message(_)))
    }

    /// Applies a change with panics caught; when it fails, a copy of what was
    /// there takes the document's place.
    ///
    /// # Errors
    /// When it does not apply; the document is as it was.
    pub fn apply(&mut self, change: &Change) -> Result<(), ApplyChangeError> {
        self.flush()?;
        if self.contains(change.hash()) {
            return Ok(());
        }
        // Automerge would keep what does not follow yet, for ever, or take a
        // number twice and drop what comes with it.
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

    /// Gives the library one change, with panics caught.
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

    /// Lets go of the copy that `apply` keeps to go back to, which costs as
    /// much memory as the document. Called when a run of changes is over.
    pub fn drop_fallback(&mut self) {
        self.fallback = None;
    }

    /// Whether it keeps such a copy.
    pub(crate) fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Whether the library has all of it.
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

    /// Applies an accepted change that was stored here, and moves on to its
    /// position. One at or before the position is part of the document already.
    ///
    /// # Errors
    /// When it does not apply; the document is as it was.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<Option<Change>, ApplyChangeError> {
        self.take_entry(entry, Self::admit)
    }

    /// Applies a change as accepted at a position.
    ///
    /// # Errors
    /// When it does not apply; the document is as it was.
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

    /// As `apply_entry`, but the library gets the change with the next `flush`,
    /// together with what is queued behind it. What it says can be read at once.
    ///
    /// # Errors
    /// When it does not follow what the document has, which is as it was; or as `flush`.
    pub fn queue_entry(&mut self, entry: &Entry) -> Result<Option<Change>, ApplyChangeError> {
        self.take_entry(entry, Self::queue)
    }

    fn take_entry(&mut self, entry: &Entry, take: Admit) -> Result<Option<Change>, ApplyChangeError> {
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

    /// Has the share of whoever wrote an admitted change pay for it. Administrators
    /// of the tenant have no share.
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

    /// Queues a change, admitted or not; many that are queued are flushed before.
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

    /// Flushes what is queued if `change` cannot be judged beside it: it was
    /// written without having seen all, so that the past has to be asked.
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

    /// Gives the library all that is queued, in one pass.
    ///
    /// # Errors
    /// When it does not take it: the document is of no use any more.
    pub fn flush(&mut self) -> Result<(), ApplyChangeError> {
        if self.run.is_empty() {
            return Ok(());
        }
        let run = core::mem::take(&mut self.run);
        // To go back to before a run is for whoever holds the document.
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

    /// Whether what it says is what the library says, once that has all of it. For tests.
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
