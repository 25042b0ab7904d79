//! A real store that fails when told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, StreamId, TenantId},
    journal::{Cursor, Entry, Position},
    wire::{ConversationSummary, MemberReceipt},
};
use tidings_server::store::{
    CatchUp, CommitOutcome, FoundChange, Gate, Store, StoreError, StoredDocument, StreamCommit, StreamHead,
};
use tokio::sync::{oneshot, watch};

use super::server::PATIENCE;

/// How the next commits end.
pub const WELL: u32 = 0;
pub const UNAVAILABLE: u32 = 1;
pub const FULL: u32 = 2;
pub const ANSWER_LOST: u32 = 3;
pub const CONFLICT: u32 = 4;

/// The page that is a defect of the store.
pub const PANIC_PAGE: u32 = 777;

/// A call that waits once where a test wants it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A question for changes.
    Changes,
    /// The reading of a page.
    Page,
    /// The reading of any other document.
    Document,
}

/// A call that is to wait.
struct HeldCall {
    call: Held,
    begun: oneshot::Sender<()>,
    goes_on: oneshot::Receiver<()>,
}

/// A real store that fails when told to.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    pub commits: AtomicU32,
    pub catch_ups: AtomicU32,
    pub summaries: AtomicU32,
    pub receipts: AtomicU32,
    pub entries: AtomicU32,
    /// What is held the next time.
    held: Mutex<Option<HeldCall>>,
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
            held: Mutex::new(None),
            entries_failed: watch::Sender::new(0),
        })
    }

    /// Has the next call of a kind wait: when it began, and what lets it go on.
    pub fn hold(&self, call: Held) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((begun, has_begun), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        *self.held.lock().expect("nobody panics with it") = Some(HeldCall { call, begun, goes_on });
        (has_begun, go_on)
    }

    async fn wait_if_held(&self, call: Held) {
        let held = self.held.lock().expect("nobody panics with it").take_if(|held| held.call == call);
        if let Some(HeldCall { begun, goes_on, .. }) = held {
            begun.send(()).expect("the test waits");
            goes_on.await.expect("the test lets it go on");
        }
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

impl Gate for FaultyStore {
    fn store(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        assert_ne!(document.page(), Some(PANIC_PAGE), "a defect, as the test wants it");
        let call = if document.page().is_some() { Held::Page } else { Held::Document };
        self.wait_if_held(call).await;
        self.inner.document(tenant, document).await
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        self.wait_if_held(Held::Changes).await;
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
}
