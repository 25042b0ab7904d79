//! Changes that are part of a document and not yet in the library. Applying many at once costs a fraction of
//! applying them one by one.

use std::sync::Arc;

use crate::{doc::Change, ids::ChangeHash, sorted::SortedMap};

/// Changes in order. Cloning copies none of them.
#[derive(Clone, Default)]
pub(super) struct Run {
    changes: Vec<Arc<Change>>,
    /// The number of each one's last operation.
    last_operations: SortedMap<ChangeHash, u64>,
}

impl Run {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn changes(&self) -> &[Arc<Change>] {
        &self.changes
    }

    pub(super) fn push(&mut self, change: &Change) {
        self.last_operations.insert(change.hash(), change.last_operation());
        self.changes.push(Arc::new(change.clone()));
    }

    /// The number of a change's last operation.
    pub(super) fn last_operation(&self, hash: ChangeHash) -> Option<u64> {
        self.last_operations.get(&hash).copied()
    }
}
