//! What the changes of a document state: each fact with the device, the change and the time.

use super::Document;
use crate::{
    doc::{Change, Fact, Key, Operation, OperationKind, Value},
    ids::{ChangeHash, DeviceId},
    sorted::SortedMap,
    time::WallTime,
};

/// The fact under a key, and the change that stated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The fact.
    pub fact: Fact,
    /// The device that stated it.
    pub device: DeviceId,
    /// The change that stated it.
    pub hash: ChangeHash,
    /// When, by its author's clock, to the second.
    pub at: WallTime,
}

impl Document {
    /// The last statement about each key, deletions included, in the order in which they were made. What
    /// only its generation states is left out, because its author and time are lost. Reads every change,
    /// so use it rarely.
    pub fn statements(&self) -> Vec<Statement> {
        let mut last: SortedMap<String, (u64, DeviceId, ChangeHash, WallTime)> = SortedMap::new();
        for change in self.all_changes().iter().filter(|change| !change.is_generation()) {
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

    /// Whether a change may have put a value under a key: one that is here, or one that a generation took the place
    /// of, which states what was put there later. Reads every change, so use it rarely.
    pub fn may_have_put(&self, key: &Key, value: &Value) -> bool {
        let key = key.to_string();
        let states =
            |change: &Change| change.operations().iter().any(|operation| operation.key.as_deref() == Some(&key));
        self.all_changes().iter().any(|change| puts(change, &key, value) || (change.is_generation() && states(change)))
    }

    /// Whether its generation states a value under a key. Reads every change, so use it rarely.
    pub fn begins_with(&self, key: &Key, value: &Value) -> bool {
        let key = key.to_string();
        self.all_changes().iter().any(|change| change.is_generation() && puts(change, &key, value))
    }

    /// When its generation was written, by the server's clock, to the second. Reads every change, so use it rarely.
    pub fn generation_at(&self) -> Option<WallTime> {
        self.all_changes().iter().find(|change| change.is_generation()).map(Change::at)
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

/// Whether a change puts a value under a key.
fn puts(change: &Change, key: &str, value: &Value) -> bool {
    let put = OperationKind::Put(value.clone());
    change.operations().iter().any(|operation| operation.key.as_deref() == Some(key) && operation.kind == put)
}
