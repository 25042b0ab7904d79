//! A real store that fails when told to.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    model::{
        ActivityKey, ContactPoint, ConversationState, DirectoryQuery, DirectoryRow, LateMessage, OwnQuery, Receipt,
        Thread, WordKey,
    },
    time::WallTime,
    wire::{ConversationSummary, ListedRow, MemberReceipt, ProfileNotice},
};
use tidings_server::store::{
    CatchUp, CommitOutcome, DeletedConversation, DeviceOwner, FoundChange, MemberRow, Notice, Projections, Records,
    Snapshot, StaleDocument, Store, StoreError, StoredDocument, StreamCommit, StreamHead, SubscriberCounts, Suspension,
    WhichThreads,
};
use tokio::sync::watch;

use super::server::PATIENCE;

/// How the next commits end.
pub const WELL: u32 = 0;
pub const UNAVAILABLE: u32 = 1;
pub const FULL: u32 = 2;
pub const ANSWER_LOST: u32 = 3;
pub const CONFLICT: u32 = 4;

/// The page that is a defect of the store.
pub const PANIC_PAGE: u32 = 777;

/// A real store that fails when told to.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    pub commits: AtomicU32,
    pub catch_ups: AtomicU32,
    pub summaries: AtomicU32,
    pub receipts: AtomicU32,
    pub entries: AtomicU32,
    /// How often entries could not be read.
    entries_failed: watch::Sender<u32>,
}

impl FaultyStore {
    /// A store that works.
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            commits: AtomicU32::new(WELL),
            catch_ups: AtomicU32::new(WELL),
            summaries: AtomicU32::new(WELL),
            receipts: AtomicU32::new(WELL),
            entries: AtomicU32::new(WELL),
            entries_failed: watch::Sender::new(0),
        })
    }

    /// Waits until entries could not be read so often.
    pub async fn entries_failed(&self, count: u32) {
        let mut failed = self.entries_failed.subscribe();
        let waited = tokio::time::timeout(PATIENCE, failed.wait_for(|failed| *failed >= count)).await;
        waited.expect("entries are read").expect("the store is there");
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

#[async_trait]
impl Store for FaultyStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.inner.migrate().await
    }
    async fn check_schema(&self) -> Result<(), StoreError> {
        self.inner.check_schema().await
    }
    async fn incarnation(&self) -> Result<tidings_core::ids::IncarnationId, StoreError> {
        self.inner.incarnation().await
    }
    async fn restored(&self) -> Result<tidings_core::ids::IncarnationId, StoreError> {
        self.inner.restored().await
    }
    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }
    async fn tend(&self) -> Result<(), StoreError> {
        self.inner.tend().await
    }
    async fn close(&self) {
        self.inner.close().await;
    }
    async fn backup(&self, file: &std::path::Path) -> Result<(), StoreError> {
        self.inner.backup(file).await
    }
    async fn knows_account(&self, tenant: &TenantId, account: &AccountId) -> Result<bool, StoreError> {
        self.inner.knows_account(tenant, account).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
    async fn device_owner(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        self.inner.device_owner(tenant, account, device).await
    }
    async fn register_device(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<DeviceOwner, StoreError> {
        self.inner.register_device(tenant, account, device).await
    }
    async fn set_suspension(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        suspension: Suspension,
    ) -> Result<(), StoreError> {
        self.inner.set_suspension(tenant, account, suspension).await
    }
    async fn suspended(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        self.inner.suspended(tenant, accounts).await
    }
    async fn blockers(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.inner.blockers(tenant, account, among).await
    }

    async fn unreachable(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.inner.unreachable(tenant, account, among).await
    }

    async fn blocks_among(
        &self,
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        self.inner.blocks_among(tenant, readers, authors).await
    }

    async fn set_contact_points(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> Result<(), StoreError> {
        self.inner.set_contact_points(tenant, account, points).await
    }

    async fn match_contact_points(
        &self,
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Result<Vec<(ContactPoint, AccountId)>, StoreError> {
        self.inner.match_contact_points(tenant, asker, points).await
    }

    async fn stream_head(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamHead, StoreError> {
        self.inner.stream_head(tenant, stream).await
    }
    async fn member(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<MemberRow>, StoreError> {
        self.inner.member(tenant, conversation, account).await
    }
    async fn conversation_state(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<ConversationState>, StoreError> {
        self.inner.conversation_state(tenant, conversation).await
    }
    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        self.inner.active_members(tenant, conversation).await
    }
    async fn subscriptions(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<ConversationId>, StoreError> {
        self.inner.subscriptions(tenant, account).await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<(AccountId, WallTime)>, StoreError> {
        self.inner.subscribers(tenant, conversation, after, count_max).await
    }

    async fn subscriber_count(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<u32>, StoreError> {
        self.inner.subscriber_count(tenant, conversation).await
    }
    async fn subscriber_counts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> Result<SubscriberCounts, StoreError> {
        self.inner.subscriber_counts(tenant, conversation, position).await
    }

    async fn own_conversations(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
    ) -> Result<(Vec<ListedRow>, Option<ActivityKey>), StoreError> {
        self.inner.own_conversations(tenant, account, query).await
    }

    async fn directory(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &BTreeSet<String>,
        query: &DirectoryQuery,
    ) -> Result<(Vec<DirectoryRow>, Option<WordKey>), StoreError> {
        self.inner.directory(tenant, account, prefixes, query).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        assert_ne!(document.page(), Some(PANIC_PAGE), "a defect, as the test wants it");
        self.inner.document(tenant, document).await
    }
    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        self.inner.find_changes(tenant, stream, hashes).await
    }
    async fn entries_after(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        match self.entries.load(Ordering::SeqCst) {
            UNAVAILABLE => {
                self.entries_failed.send_modify(|failed| *failed += 1);
                Err(unavailable())
            }
            _ => self.inner.entries_after(tenant, stream, after, entries_max).await,
        }
    }
    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        match self.commits.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(unavailable()),
            FULL => Err(StoreError::Full(sqlx::Error::PoolTimedOut)),
            ANSWER_LOST => {
                self.inner.commit(commits).await?;
                Err(unavailable())
            }
            CONFLICT => Ok(vec![CommitOutcome::Conflict; commits.len()]),
            _ => self.inner.commit(commits).await,
        }
    }
    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        match self.catch_ups.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(unavailable()),
            _ => self.inner.catch_up(tenant, account, cursor, entries_max).await,
        }
    }
    async fn summaries(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        match self.summaries.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(unavailable()),
            _ => self.inner.summaries(tenant, account, conversations).await,
        }
    }
    async fn profiles(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<ProfileNotice>, StoreError> {
        self.inner.profiles(tenant, accounts).await
    }
    async fn co_members(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<AccountId>, StoreError> {
        self.inner.co_members(tenant, account).await
    }
    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        match self.receipts.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(unavailable()),
            _ => self.inner.merge_receipts(tenant, receipts).await,
        }
    }
    async fn receipts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
        self.inner.receipts(tenant, conversation).await
    }
    async fn threads(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        which: &WhichThreads,
    ) -> Result<Vec<Thread>, StoreError> {
        self.inner.threads(tenant, conversation, which).await
    }
    async fn late_messages(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<LateMessage>, StoreError> {
        self.inner.late_messages(tenant, conversation).await
    }
    async fn moved_at(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<Position>, StoreError> {
        self.inner.moved_at(tenant, conversation, account).await
    }
    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        self.inner.stale_documents(entries_min, count_max).await
    }
    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        self.inner.save_snapshot(tenant, document, snapshot).await
    }
    async fn quarantine_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.inner.quarantine_snapshot(tenant, document, snapshot, reason).await
    }
    async fn deleted_conversations(
        &self,
        before: WallTime,
        count_max: u32,
    ) -> Result<Vec<DeletedConversation>, StoreError> {
        self.inner.deleted_conversations(before, count_max).await
    }
    async fn erase(&self, tenant: &TenantId, conversation: ConversationId, now: WallTime) -> Result<bool, StoreError> {
        self.inner.erase(tenant, conversation, now).await
    }
    fn records(&self) -> &dyn Records {
        self.inner.records()
    }
    fn projections(&self) -> &dyn Projections {
        self.inner.projections()
    }
    fn tell(&self, notice: Notice) {
        self.inner.tell(notice);
    }
    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        self.inner.notices().await
    }
}
