//! The state that a document returns to if the library fails halfway through a change.

use std::sync::Arc;

use automerge::Automerge;

use super::Document;
use crate::doc::Change;

/// Number of changes after which the fallback copy is renewed.
const FALLBACK_CHANGES_MAX: usize = 256;

/// A copy, and the changes since it was made: a copy for every change would cost more than all the
/// rules together.
#[derive(Clone)]
pub(super) struct Fallback {
    automerge: Arc<Automerge>,
    since: Vec<automerge::Change>,
}

impl Fallback {
    /// Records a change that was applied to the document.
    pub(super) fn keep(&mut self, change: &Change) {
        self.since.push(change.inner().clone());
    }
}

impl Document {
    /// If a panic ends the process anyway, as in WebAssembly, no fallback is needed.
    pub(super) fn prepare_fallback(&mut self) {
        let is_current = self.fallback.as_ref().is_some_and(|fallback| fallback.since.len() < FALLBACK_CHANGES_MAX);
        if cfg!(panic = "unwind") && !is_current {
            self.fallback = Some(Box::new(Fallback { automerge: self.automerge.clone(), since: Vec::new() }));
        }
    }

    /// Restores the state before the change that failed.
    pub(super) fn go_back(&mut self) {
        let Some(fallback) = self.fallback.take() else { return };
        self.automerge = fallback.automerge;
        let automerge = Arc::make_mut(&mut self.automerge);
        automerge.apply_changes(fallback.since).expect("what applied once applies again");
    }
}
