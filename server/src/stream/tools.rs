//! What the tasks of all streams of a node share.

use std::sync::Arc;

use super::{cache::CacheBudget, commit::Committer, tasks::Tasks, undelivered::Undelivered};
use crate::{environment::Environment, live::Live};

/// Passed to every stream's task.
pub(super) struct Tools {
    pub(super) env: Arc<Environment>,
    pub(super) live: Arc<Live>,
    pub(super) committer: Committer,
    /// The limit on documents in memory.
    pub(super) cache: CacheBudget,
    pub(super) tasks: Tasks,
    pub(super) undelivered: Arc<Undelivered>,
}
