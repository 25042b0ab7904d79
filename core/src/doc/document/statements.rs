//! What the changes of a document state: each fact with the device, the change and the time.

use super::Document;
use crate::{
    doc::{Change, Fact, Operation, OperationKind, Predecessor},
    ids::{ChangeHash, DeviceId},
    sorted::SortedMap,
    time::WallTime,
};

/// The fact under a key, and the change that stated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The fact.
    pub fact: Fact,
    /// The device that stated it, also where the change is a generation.
    pub device: DeviceId,
    /// The change that stated it.
    pub hash: ChangeHash,
    /// When, by its author's clock, to the second; not before what it was written on, as clocks may be slow.
    pub at: WallTime,
}

/// The last thing said under a key: the operation that states it, who said it, and when.
pub(super) struct Said {
    operation: (u64, DeviceId),
    hash: ChangeHash,
    pub(super) origin: Origin,
}

/// Who said something, and when: of what a generation states, before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) device: DeviceId,
    pub(super) at: WallTime,
}

impl Document {
    /// The last statement about each key, deletions included, in the order in which they were made; what its
    /// generation states, as it was said before that. Reads every change, so use it rarely.
    pub fn statements(&self) -> Vec<Statement> {
        let mut said: Vec<_> = self.said_last().into_iter().collect();
        said.sort_by_key(|(_, said)| said.operation);
        let statement = |(key, Said { hash, origin: Origin { device, at }, .. }): (String, Said)| {
            let fact = Fact::parse(&self.id, &key, self.contents.get(&key)).ok()?;
            Some(Statement { fact, device, hash, at })
        };
        said.into_iter().filter_map(statement).collect()
    }

    /// What was said last under each key, deletions included.
    pub(super) fn said_last(&self) -> SortedMap<String, Said> {
        let mut last: SortedMap<String, Said> = SortedMap::new();
        let mut times: SortedMap<Predecessor, WallTime> = SortedMap::new();
        for change in self.all_changes() {
            let (actor, hash) = (change.device(), change.hash());
            let operations = (change.start_operation()..).zip(change.operations()).zip(change.origins());
            for ((number, operation), mut origin) in operations {
                let Some(key) = operation.key.as_deref() else { continue };
                let replaced = operation.predecessors.iter().filter_map(|replaced| times.get(replaced));
                origin.at = replaced.copied().fold(origin.at, WallTime::max);
                times.insert((number, actor.as_bytes().to_vec()), origin.at);
                let visible = self.contents.visible(key).pop();
                let is_last = match visible {
                    Some((winner, by)) => winner == number && by == actor.as_bytes(),
                    None => last.get(key).is_none_or(|other| other.operation < (number, actor)),
                };
                if is_last {
                    last.insert(key.to_owned(), Said { operation: (number, actor), hash, origin });
                }
            }
        }
        last
    }

    /// Every fact stated by changes that a former copy of the document lacks, also where something else was stated
    /// later. Reads every change, so use it rarely.
    pub fn facts_since(&self, former: Option<&Document>) -> Vec<Fact> {
        let is_new = |change: &&Change| !former.is_some_and(|former| former.contains(change.hash()));
        let fact = |operation: &Operation| {
            let value = match &operation.kind {
                OperationKind::Put(value) => Some(value),
                _ => None,
            };
            Fact::parse(&self.id, operation.key.as_deref()?, value).ok()
        };
        let changes = self.all_changes();
        let new = changes.iter().filter(|change| !change.is_generation()).filter(is_new);
        new.flat_map(|change| change.operations().iter().filter_map(fact)).collect()
    }

    fn all_changes(&self) -> Vec<Change> {
        let saved = self.automerge.get_changes(&[]);
        let saved = saved.iter().filter_map(|change| Change::restore(change.raw_bytes()).ok());
        saved.chain(self.run.changes().iter().map(|change| (**change).clone())).collect()
    }
}
