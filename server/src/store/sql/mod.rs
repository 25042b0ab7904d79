//! The store over SQL. Every query is written once, for both databases; what
//! they do differently is behind `Backend`.

mod account_erasure;
mod backend;
mod calls;
mod catch_up;
mod commit;
mod contact;
mod delivery;
mod directory;
mod epoch;
mod erasure;
mod external;
mod held;
mod journal;
mod lease;
mod list;
mod name;
mod overview;
mod part;
mod patience;
mod projection;
mod receipt;
mod records;
mod request;
mod resource;
mod rot;
mod row;
mod runs;
mod schema;
mod search;
mod snapshot;
mod standing;
mod subscription;
mod tenant_catch_up;
mod thread;
mod webhook;

use std::sync::Arc;

use sqlx::Pool;
use tidings_core::ids::{DocumentId, TenantId};

pub(super) use backend::{Backend, Insert, ReadRow, Tick, Value, fetch, migrator, read_row};
pub(super) use catch_up::next_cursor;
#[cfg(test)]
pub(super) use commit::commit;
pub(super) use lease::Lease;
pub(super) use patience::{Patience, Patient};
pub(super) use rot::Rot;
pub(super) use row::notice;
use snapshot::Suspect;

use crate::{bounds::Bounds, clock, metrics::Counter};

use super::{CommitOutcome, Notice, StoreCounts, StoreError, StreamCommit};

/// A store in one database. A transaction that fails, or whose future is
/// dropped, is rolled back.
pub(super) struct SqlStore<B: Backend> {
    pub(super) reads: Pool<B>,
    pub(super) writes: Pool<B>,
    /// Written into the entries of this node, to distinguish them from others'.
    pub(super) node: i64,
    pub(super) feed: B::Feed,
    pub(super) counters: Arc<StoreCounters>,
    pub(super) rot: Rot,
    pub(super) patience: Patience,
    pub(super) bounds: Bounds,
}

/// Counters for `Store::counts`.
#[derive(Debug, Default)]
pub(super) struct StoreCounters {
    pub(super) notices_sent: Counter,
    pub(super) notices_lost: Counter,
    pub(super) notices_found: Counter,
    collisions: Counter,
    quarantined: Counter,
}

impl<B: Backend> SqlStore<B> {
    /// A connection for one query, or for a transaction that reads one moment.
    pub(super) async fn reader(&self) -> Result<Lease<B>, StoreError> {
        self.patience.lease(&self.reads).await
    }

    /// A connection for a transaction that may write.
    pub(super) async fn writer(&self) -> Result<Lease<B>, StoreError> {
        self.patience.lease(&self.writes).await
    }

    /// The counters, and the current connections.
    fn counted(&self) -> StoreCounts {
        let StoreCounters { notices_sent, notices_lost, notices_found, collisions, quarantined } = &*self.counters;
        StoreCounts {
            notices_sent: notices_sent.total(),
            notices_lost: notices_lost.total(),
            notices_found: notices_found.total(),
            collisions: collisions.total(),
            quarantined: quarantined.total(),
            connections: self.reads.size() as usize,
            connections_idle: self.reads.num_idle(),
        }
    }

    /// Sets a snapshot aside on behalf of a reader that has its answer without it; a failure is only logged.
    async fn set_aside(&self, tenant: &TenantId, document: &DocumentId, suspect: Suspect<'_>, reason: &str) {
        if let Err(error) = self.try_set_aside(tenant, document, suspect, reason).await {
            tracing::warn!(%tenant, %document, %error, "a bad snapshot was not set aside yet");
        }
    }

    async fn try_set_aside(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        suspect: Suspect<'_>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let now = clock::wall_now();
        let aside = snapshot::set_aside::<B>(&mut transaction, tenant, document, suspect, reason, now).await?;
        if let Some(position) = aside {
            transaction.commit().await?;
            self.counters.quarantined.count();
            let stream = document.stream();
            tracing::error!(%tenant, %stream, %document, position, reason, "a snapshot was quarantined");
        }
        Ok(())
    }

    async fn try_commit(&self, commits: &[StreamCommit]) -> Result<(Vec<CommitOutcome>, Vec<Notice>), StoreError> {
        let mut writer = self.writer().await?;
        if let Some(answer) = commit::commit_at_once::<B>(&mut writer, self.node, commits).await? {
            return Ok(answer);
        }
        let mut transaction = writer.begin(B::BEGIN_WRITE).await?;
        let answer = commit::commit::<B>(&mut transaction, self.node, commits).await?;
        transaction.commit().await?;
        Ok(answer)
    }
}
