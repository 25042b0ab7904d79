//! The store as a node calls it: every call is timed and counted.

use std::sync::Arc;

use tidings_core::ids::{DocumentId, TenantId};
use tokio::time::Instant;

use super::{CommitOutcome, Gate, Notice, Snapshot, StaleDocument, Store, StoreCall, StoreError, StreamCommit};
use crate::metrics::Metrics;

/// A store whose calls are recorded in the metrics.
pub(crate) struct Metered {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl Metered {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: &Arc<Metrics>) -> Self {
        Self { store, metrics: Arc::clone(metrics) }
    }
}

impl Gate for Metered {
    fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    async fn pass<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let answer = work.await;
        self.metrics.store_call_seconds.of(call).record(started.elapsed());
        answer.inspect_err(|error| self.metrics.store_errors.of(error).count())
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let outcomes = self.pass(StoreCall::Commit, self.store.commit(commits)).await?;
        self.metrics.commit_streams.record(commits.len());
        let conflicts = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Conflict).count();
        self.metrics.commit_conflicts.add(conflicts);
        Ok(outcomes)
    }

    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        let stale = self.store.stale_documents(entries_min, count_max);
        let stale = self.pass(StoreCall::StaleDocuments, stale).await?;
        self.metrics.snapshots_outdated.set(stale.len());
        Ok(stale)
    }

    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        self.pass(StoreCall::SaveSnapshot, self.store.save_snapshot(tenant, document, snapshot)).await?;
        self.metrics.snapshots_cut.count();
        self.metrics.snapshots_cut_bytes.add(snapshot.data.len() + snapshot.admissions.len());
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        let notices = self.store.notices().await;
        let notices = notices.inspect_err(|error| self.metrics.store_errors.of(error).count())?;
        self.metrics.notices_idle_seconds.happened();
        notices.iter().for_each(|notice| self.metrics.notices_received.of(notice).count());
        Ok(notices)
    }
}
