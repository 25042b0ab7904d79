//! The store over SQL. Every query is written once, for both databases; what
//! they do differently is behind `Backend`.

mod backend;
mod catch_up;
mod commit;
mod directory;
mod journal;
mod receipt;
mod records;
mod row;
mod snapshot;

use async_trait::async_trait;
use sqlx::{Pool, Transaction, pool::PoolConnection};
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    model::{Member, Receipt},
    time::WallTime,
    wire::{ConversationSummary, MemberReceipt, ProfileNotice},
};

pub(super) use backend::{Backend, Insert, ReadRow, Tick, Value, fetch, migrator, read_row};
pub(super) use catch_up::next_cursor;
#[cfg(test)]
pub(super) use commit::commit;
pub(super) use row::notice;
use snapshot::Suspect;

use crate::clock;

use super::{
    CatchUp, CommitOutcome, DeviceOwner, Notice, Records, Snapshot, StaleDocument, Store, StoreError, StoredDocument,
    StreamCommit, StreamHead, Suspension,
};

/// Times a transaction is begun anew after a collision with another node's.
const COLLISIONS_MAX: u32 = 3;

/// A store in one database. A transaction that fails, or whose future is
/// dropped, is rolled back.
pub(super) struct SqlStore<B: Backend> {
    pub(super) reads: Pool<B>,
    pub(super) writes: Pool<B>,
    /// Written into the entries of this node, which tells them from others'.
    pub(super) node: i64,
    pub(super) feed: B::Feed,
}

impl<B: Backend> SqlStore<B> {
    /// A connection for one query.
    async fn reader(&self) -> Result<PoolConnection<B>, StoreError> {
        Ok(self.reads.acquire().await?)
    }

    /// A transaction that reads everything as of one moment.
    pub(super) async fn moment(&self) -> Result<Transaction<'static, B>, StoreError> {
        Ok(self.reads.begin_with(B::BEGIN_READ).await?)
    }

    /// A transaction that may write.
    pub(super) async fn writer(&self) -> Result<Transaction<'static, B>, StoreError> {
        Ok(self.writes.begin_with(B::BEGIN_WRITE).await?)
    }

    /// Sets a snapshot aside, for a reader that has its answer without it: that
    /// it cannot be done now is only logged.
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
        let mut transaction = self.writer().await?;
        let now = clock::wall_now();
        let aside = snapshot::set_aside::<B>(&mut transaction, tenant, document, suspect, reason, now).await?;
        transaction.commit().await?;
        if let Some(position) = aside {
            let stream = document.stream();
            tracing::error!(%tenant, %stream, %document, position, reason, "a snapshot was quarantined");
        }
        Ok(())
    }

    async fn try_commit(&self, commits: &[StreamCommit]) -> Result<(Vec<CommitOutcome>, Vec<Notice>), StoreError> {
        if B::COMMITS_AT_ONCE {
            let mut connection = self.writes.acquire().await?;
            if let Some(answer) = commit::commit_at_once::<B>(&mut connection, self.node, commits).await? {
                return Ok(answer);
            }
        }
        let mut transaction = self.writer().await?;
        let answer = commit::commit::<B>(&mut transaction, self.node, commits).await?;
        transaction.commit().await?;
        Ok(answer)
    }
}

#[async_trait]
impl<B: Backend> Store for SqlStore<B> {
    async fn migrate(&self) -> Result<(), StoreError> {
        B::migrate(self).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        fetch::<B>(&mut *self.reader().await?, "SELECT 1", []).await?;
        Ok(())
    }

    async fn register_device(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<DeviceOwner, StoreError> {
        // Nearly every call is for a device that is known: no write for those.
        let known = directory::device_owner::<B>(&mut *self.reader().await?, tenant, account, device).await?;
        if let Some(owner) = known {
            return Ok(owner);
        }
        let mut transaction = self.writer().await?;
        let owner = directory::register_device::<B>(&mut transaction, tenant, account, device).await?;
        transaction.commit().await?;
        Ok(owner)
    }

    async fn set_suspension(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        suspension: Suspension,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer().await?;
        directory::set_suspension::<B>(&mut transaction, tenant, account, suspension).await?;
        if suspension == Suspension::Suspended {
            let notice = Notice::Suspended { tenant: tenant.clone(), account: account.clone() };
            B::tell_at_commit(&mut transaction, self.node, vec![notice]).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn suspended(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        directory::suspended::<B>(&mut *self.reader().await?, tenant, accounts).await
    }

    async fn stream_head(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamHead, StoreError> {
        journal::stream_head::<B>(&mut *self.reader().await?, tenant, stream).await
    }

    async fn member(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<Member>, StoreError> {
        directory::member::<B>(&mut *self.reader().await?, tenant, conversation, account).await
    }

    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        directory::active_members::<B>(&mut *self.reader().await?, tenant, conversation).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        let mut moment = self.moment().await?;
        let (stored, head, fault) = journal::document::<B>(&mut moment, tenant, document).await?;
        moment.rollback().await?;
        if let Some(fault) = fault {
            self.set_aside(tenant, document, Suspect::Stored, fault).await;
        }
        Ok((stored, head))
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<(ChangeHash, Position, WallTime)>, StoreError> {
        journal::find_changes::<B>(&mut *self.reader().await?, tenant, stream, hashes).await
    }

    async fn entries_after(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        journal::entries_after::<B>(&mut *self.reader().await?, tenant, stream, after, entries_max).await
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut collisions = 0;
        loop {
            match self.try_commit(commits).await {
                Ok((outcomes, notices)) => {
                    B::tell(&self.feed, notices);
                    return Ok(outcomes);
                }
                Err(error) if error.is_collision() && collisions < COLLISIONS_MAX => collisions += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        catch_up::catch_up::<B>(&mut *self.moment().await?, tenant, account, cursor, entries_max).await
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        let conversations = conversations.iter().copied().collect();
        catch_up::summaries::<B>(&mut *self.reader().await?, tenant, account, &conversations).await
    }

    async fn profiles(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<ProfileNotice>, StoreError> {
        directory::profiles::<B>(&mut *self.reader().await?, tenant, accounts).await
    }

    async fn co_members(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<AccountId>, StoreError> {
        directory::co_members::<B>(&mut *self.reader().await?, tenant, account).await
    }

    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        let mut transaction = self.writer().await?;
        let moved = receipt::merge_receipts::<B>(&mut transaction, tenant, receipts).await?;
        if moved.is_empty() {
            transaction.rollback().await?;
        } else {
            transaction.commit().await?;
        }
        Ok(moved)
    }

    async fn receipts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
        receipt::receipts::<B>(&mut *self.reader().await?, tenant, conversation).await
    }

    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        journal::stale_documents::<B>(&mut *self.reader().await?, entries_min, count_max).await
    }

    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer().await?;
        snapshot::save::<B>(&mut transaction, tenant, document, snapshot).await?;
        Ok(transaction.commit().await?)
    }

    async fn quarantine_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.try_set_aside(tenant, document, Suspect::Unloadable(snapshot), reason).await
    }

    fn records(&self) -> &dyn Records {
        self
    }

    fn tell(&self, notice: Notice) {
        B::tell(&self.feed, vec![notice]);
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        B::notices(self).await
    }
}
