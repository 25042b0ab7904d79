//! The store as a node calls it: every call is timed and counted, then done by
//! the store itself.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, IncarnationId, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    model::{
        ActivityKey, ContactPoint, ConversationState, DirectoryQuery, DirectoryRow, LateMessage, OwnQuery, Receipt,
        Thread, WordKey,
    },
    time::WallTime,
    wire::{ConversationSummary, ListedRow, MemberReceipt, ProfileNotice},
};
use tokio::time::Instant;

use super::{
    CatchUp, CommitOutcome, DeletedConversation, DeviceOwner, FoundChange, MemberRow, Notice, Projections, Records,
    Snapshot, StaleDocument, Store, StoreCounts, StoreError, StoredDocument, StreamCommit, StreamHead,
    SubscriberCounts, Suspension, WhichThreads,
};
use crate::metrics::{Durations, Metrics, StoreCall};

/// A store whose calls are in the metrics.
pub(crate) struct Metered {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl Metered {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: &Arc<Metrics>) -> Self {
        Self { store, metrics: Arc::clone(metrics) }
    }

    async fn timed<T>(
        &self,
        durations: &Durations,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let answer = call.await;
        durations.record(started.elapsed());
        self.checked(answer)
    }

    async fn call<T>(
        &self,
        call: StoreCall,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.timed(self.metrics.store_call_seconds.of(call), answer).await
    }

    fn checked<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        answer.inspect_err(|error| self.metrics.store_errors.of(error).count())
    }
}

#[async_trait]
impl Store for Metered {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.checked(self.store.migrate().await)
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        self.checked(self.store.check_schema().await)
    }

    async fn incarnation(&self) -> Result<IncarnationId, StoreError> {
        self.checked(self.store.incarnation().await)
    }

    async fn restored(&self) -> Result<IncarnationId, StoreError> {
        self.checked(self.store.restored().await)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.checked(self.store.ready().await)
    }

    async fn tend(&self) -> Result<(), StoreError> {
        self.checked(self.store.tend().await)
    }

    async fn close(&self) {
        self.store.close().await;
    }

    async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        self.checked(self.store.backup(file).await)
    }

    async fn knows_account(&self, tenant: &TenantId, account: &AccountId) -> Result<bool, StoreError> {
        self.checked(self.store.knows_account(tenant, account).await)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call(StoreCall::Ping, self.store.ping()).await
    }

    async fn device_owner(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        self.call(StoreCall::DeviceOwner, self.store.device_owner(tenant, account, device)).await
    }

    async fn register_device(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<DeviceOwner, StoreError> {
        self.call(StoreCall::RegisterDevice, self.store.register_device(tenant, account, device)).await
    }

    async fn set_suspension(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        suspension: Suspension,
    ) -> Result<(), StoreError> {
        self.call(StoreCall::SetSuspension, self.store.set_suspension(tenant, account, suspension)).await
    }

    async fn suspended(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        self.call(StoreCall::Suspended, self.store.suspended(tenant, accounts)).await
    }

    async fn blockers(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.call(StoreCall::Blockers, self.store.blockers(tenant, account, among)).await
    }

    async fn unreachable(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.call(StoreCall::Unreachable, self.store.unreachable(tenant, account, among)).await
    }

    async fn blocks_among(
        &self,
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        self.call(StoreCall::BlocksAmong, self.store.blocks_among(tenant, readers, authors)).await
    }

    async fn set_contact_points(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> Result<(), StoreError> {
        self.call(StoreCall::SetContactPoints, self.store.set_contact_points(tenant, account, points)).await
    }

    async fn match_contact_points(
        &self,
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Result<Vec<(ContactPoint, AccountId)>, StoreError> {
        self.call(StoreCall::MatchContactPoints, self.store.match_contact_points(tenant, asker, points)).await
    }

    async fn stream_head(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamHead, StoreError> {
        self.call(StoreCall::StreamHead, self.store.stream_head(tenant, stream)).await
    }

    async fn member(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<MemberRow>, StoreError> {
        self.call(StoreCall::Member, self.store.member(tenant, conversation, account)).await
    }

    async fn conversation_state(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<ConversationState>, StoreError> {
        self.call(StoreCall::ConversationState, self.store.conversation_state(tenant, conversation)).await
    }

    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.call(StoreCall::ActiveMembers, self.store.active_members(tenant, conversation)).await
    }

    async fn subscriptions(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<ConversationId>, StoreError> {
        self.call(StoreCall::Subscriptions, self.store.subscriptions(tenant, account)).await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<(AccountId, WallTime)>, StoreError> {
        let subscribers = self.store.subscribers(tenant, conversation, after, count_max);
        self.call(StoreCall::Subscribers, subscribers).await
    }

    async fn subscriber_count(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<u32>, StoreError> {
        self.call(StoreCall::SubscriberCount, self.store.subscriber_count(tenant, conversation)).await
    }

    async fn subscriber_counts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> Result<SubscriberCounts, StoreError> {
        let counts = self.store.subscriber_counts(tenant, conversation, position);
        self.call(StoreCall::SubscriberCounts, counts).await
    }

    async fn own_conversations(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
    ) -> Result<(Vec<ListedRow>, Option<ActivityKey>), StoreError> {
        let listed = self.store.own_conversations(tenant, account, query);
        self.call(StoreCall::OwnConversations, listed).await
    }

    async fn directory(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &BTreeSet<String>,
        query: &DirectoryQuery,
    ) -> Result<(Vec<DirectoryRow>, Option<WordKey>), StoreError> {
        self.call(StoreCall::Directory, self.store.directory(tenant, account, prefixes, query)).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        self.call(StoreCall::Document, self.store.document(tenant, document)).await
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        self.call(StoreCall::FindChanges, self.store.find_changes(tenant, stream, hashes)).await
    }

    async fn entries_after(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.call(StoreCall::EntriesAfter, self.store.entries_after(tenant, stream, after, entries_max)).await
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let outcomes = self.timed(&self.metrics.commit_seconds, self.store.commit(commits)).await?;
        self.metrics.commit_streams.record(commits.len());
        let conflicts = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Conflict).count();
        self.metrics.commit_conflicts.add(conflicts);
        Ok(outcomes)
    }

    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        let caught_up = self.store.catch_up(tenant, account, cursor, entries_max);
        self.timed(&self.metrics.catch_up_seconds, caught_up).await
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        self.call(StoreCall::Summaries, self.store.summaries(tenant, account, conversations)).await
    }

    async fn profiles(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<ProfileNotice>, StoreError> {
        self.call(StoreCall::Profiles, self.store.profiles(tenant, accounts)).await
    }

    async fn co_members(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<AccountId>, StoreError> {
        self.call(StoreCall::CoMembers, self.store.co_members(tenant, account)).await
    }

    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        self.call(StoreCall::MergeReceipts, self.store.merge_receipts(tenant, receipts)).await
    }

    async fn receipts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
        self.call(StoreCall::Receipts, self.store.receipts(tenant, conversation)).await
    }

    async fn threads(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        which: &WhichThreads,
    ) -> Result<Vec<Thread>, StoreError> {
        self.call(StoreCall::Threads, self.store.threads(tenant, conversation, which)).await
    }

    async fn late_messages(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<LateMessage>, StoreError> {
        self.call(StoreCall::LateMessages, self.store.late_messages(tenant, conversation)).await
    }

    async fn moved_at(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<Position>, StoreError> {
        self.call(StoreCall::MovedAt, self.store.moved_at(tenant, conversation, account)).await
    }

    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        let stale = self.call(StoreCall::StaleDocuments, self.store.stale_documents(entries_min, count_max)).await?;
        self.metrics.documents_behind.set(stale.len());
        Ok(stale)
    }

    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        self.call(StoreCall::SaveSnapshot, self.store.save_snapshot(tenant, document, snapshot)).await?;
        self.metrics.snapshots_cut.count();
        self.metrics.snapshots_cut_bytes.add(snapshot.data.len() + snapshot.admissions.len());
        Ok(())
    }

    async fn quarantine_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.call(StoreCall::QuarantineSnapshot, self.store.quarantine_snapshot(tenant, document, snapshot, reason))
            .await
    }

    async fn deleted_conversations(
        &self,
        before: WallTime,
        count_max: u32,
    ) -> Result<Vec<DeletedConversation>, StoreError> {
        self.call(StoreCall::DeletedConversations, self.store.deleted_conversations(before, count_max)).await
    }

    async fn erase(&self, tenant: &TenantId, conversation: ConversationId, now: WallTime) -> Result<bool, StoreError> {
        self.call(StoreCall::Erase, self.store.erase(tenant, conversation, now)).await
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        let notices = self.checked(self.store.notices().await)?;
        self.metrics.notices_idle_seconds.happened();
        notices.iter().for_each(|notice| self.metrics.notices_received.of(notice).count());
        Ok(notices)
    }

    fn records(&self) -> &dyn Records {
        self.store.records()
    }

    fn projections(&self) -> &dyn Projections {
        self.store.projections()
    }

    fn counts(&self) -> StoreCounts {
        self.store.counts()
    }

    fn tell(&self, notice: Notice) {
        self.store.tell(notice);
    }
}
