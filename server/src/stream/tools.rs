//! What the tasks of all streams of a node work with.

use std::sync::Arc;

use super::{cache::CacheBudget, commit::Committer, tasks::Tasks};
use crate::{environment::Environment, live::Live};

/// What every stream's task is given.
pub(super) struct Tools {
    pub(super) env: Arc<Environment>,
    pub(super) live: Arc<Live>,
    pub(super) committer: Committer,
    /// The bound on documents in memory.
    pub(super) cache: CacheBudget,
    pub(super) tasks: Tasks,
}
