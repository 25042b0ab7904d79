//! Changes that a document has admitted and not handed to the library yet. To
//! apply many at once costs it a small part of what applying them one by one does.

use std::collections::{BTreeMap, BTreeSet};

use crate::{doc::Change, ids::ChangeHash};

/// Admitted changes in their order, and what the document would say of them.
#[derive(Clone, Default)]
pub(super) struct Run {
    changes: Vec<Change>,
    /// The heads with them; none before the first.
    heads: Vec<ChangeHash>,
    /// The number of the last operation of each.
    last_operations: BTreeMap<ChangeHash, u64>,
    /// What they say something under.
    keys: BTreeSet<String>,
}

impl Run {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Appends a change to those that stand on these heads.
    pub(super) fn push(&mut self, change: &Change, heads: Vec<ChangeHash>) {
        let dependencies = change.dependencies();
        self.heads = heads;
        self.heads.retain(|head| !dependencies.contains(head));
        self.heads.push(change.hash());
        self.heads.sort_unstable();
        let last = change.start_operation() + change.operations().len() as u64 - 1;
        self.last_operations.insert(change.hash(), last);
        self.keys.extend(change.operations().iter().filter_map(|operation| operation.key.clone()));
        self.changes.push(change.clone());
    }

    /// The heads of the document with its run.
    pub(super) fn heads(&self) -> Option<&[ChangeHash]> {
        (!self.is_empty()).then_some(&self.heads)
    }

    /// The number of the last operation of one of the changes.
    pub(super) fn last_operation(&self, hash: ChangeHash) -> Option<u64> {
        self.last_operations.get(&hash).copied()
    }

    /// Whether one of the changes says something under one of the keys of another.
    pub(super) fn touches(&self, change: &Change) -> bool {
        change.operations().iter().flat_map(|operation| &operation.key).any(|key| self.keys.contains(key))
    }
}
