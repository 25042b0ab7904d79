//! The one database of a world and each node's way to it: the store that ships,
//! with calls that are slow, fail before or after they took effect, or never
//! come back because the node dies; and notices between nodes that come late,
//! twice or not at all.
//!
//! A call itself takes no virtual time: the thread waits for the database, which
//! has threads of its own, so that what comes first never depends on them.
//!
//! It is long because it forwards every call of a store.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

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
use tidings_server::{
    bounds::Bounds,
    store::{
        self, CatchUp, CommitOutcome, DeletedConversation, DeviceOwner, FoundChange, MemberRow, NewEntry, Notice,
        Projections, Records, Snapshot, StaleDocument, Store, StoreError, StoreOptions, StoredDocument, StreamCommit,
        StreamHead, SubscriberCounts, Suspension, WhichThreads,
    },
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
    time::sleep,
};

use super::{
    clock::NodeClock,
    happened::{Happened, Tally},
    plant::Plant,
};

/// How long `notices` waits at most, as the stores that ship do.
const NOTICES_PERIOD_MS: u64 = 1_000;
/// How often a node looks for what it was not told.
const LOOK_PERIOD_MS: u64 = 5_000;

/// Copies that were made, each of which has a name of its own.
static COPIES: AtomicU32 = AtomicU32::new(0);

/// Where the databases' own tasks run, in real time.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be started")
});

/// Waits for a database, outside of virtual time.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let _entered = RUNTIME.enter();
    futures_executor::block_on(tokio::task::unconstrained(work))
}

/// Names a node of a world; never used again.
pub type NodeNumber = usize;

/// What all nodes of a world share.
pub struct Database {
    store: Arc<dyn Store>,
    /// How much the store takes at once.
    bounds: Bounds,
    state: Mutex<State>,
    /// The incarnations of this database and its copies, in the order in which they were met.
    incarnations: Arc<Mutex<Vec<IncarnationId>>>,
    /// A fault that was planted to see whether it is found.
    pub plant: Option<Plant>,
    /// Where what happens is counted.
    pub tally: Tally,
}

#[derive(Default)]
struct State {
    /// Every commit that anybody may have to hear of: what a look finds.
    commits: Vec<(NodeNumber, Notice)>,
    /// Notices under way to each node, with when they arrive.
    mail: BTreeMap<NodeNumber, Mailbox>,
    /// Streams that were written since somebody asked.
    written: BTreeSet<(TenantId, StreamId)>,
    /// Whose subscriptions began or ended since somebody asked, and where the stream was.
    subscribed: Vec<(StreamId, AccountId, Position)>,
}

struct Mailbox {
    notices: VecDeque<(u64, Notice)>,
    arrived: Arc<Notify>,
}

impl Database {
    /// An empty one, in memory.
    pub fn new(bounds: Bounds, plant: Option<Plant>, tally: &Tally) -> Arc<Self> {
        let store = wait(async {
            let store = store::open("sqlite::memory:", &options(bounds)).await.expect("memory opens");
            store.migrate().await.expect("a new database migrates");
            store
        });
        let (state, incarnations) = (Mutex::default(), Arc::default());
        Arc::new(Self { store, bounds, state, incarnations, plant, tally: tally.clone() })
    }

    /// A copy as of now, as an operator makes one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn copy(&self) -> StoreCopy {
        let folder = std::env::temp_dir().join(format!(
            "tidings-copy-{}-{}",
            std::process::id(),
            COPIES.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        wait(self.store.backup(&folder.join("copy.db"))).expect("the database is copied");
        StoreCopy { folder, opened: AtomicU32::new(0) }
    }

    /// The database of a copy, in the place of this one, whose nodes are gone. Its
    /// operator may have said that it was put back.
    ///
    /// # Panics
    /// When the copy does not open.
    pub fn put_back(&self, copy: &StoreCopy, is_said: bool) -> Arc<Self> {
        let file = copy.folder.join(format!("{}.db", copy.opened.fetch_add(1, Ordering::Relaxed)));
        std::fs::copy(copy.folder.join("copy.db"), &file).expect("a file can be copied");
        // An empty file would become an empty store.
        assert!(std::fs::metadata(&file).is_ok_and(|copy| copy.len() > 0), "the copy holds something");
        let store = wait(async {
            let address = format!("sqlite:{}", file.display());
            let store = store::open(&address, &options(self.bounds)).await.expect("the copy opens");
            store.migrate().await.expect("the copy is of this version");
            if is_said {
                store.restored().await.expect("it can be said");
            }
            store
        });
        let incarnations = Arc::clone(&self.incarnations);
        let tally = self.tally.clone();
        // All of it is to be read again.
        let state = State { written: streams(store.as_ref()), ..State::default() };
        let (bounds, plant) = (self.bounds, self.plant);
        Arc::new(Self { store, bounds, state: Mutex::new(state), incarnations, plant, tally })
    }

    /// The store itself, without faults.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The streams that were written since this was last asked.
    pub fn take_written(&self) -> BTreeSet<(TenantId, StreamId)> {
        std::mem::take(&mut self.state().written)
    }

    /// The subscriptions that began or ended since this was last asked, in
    /// their order, and where the stream was.
    pub fn take_subscribed(&self) -> Vec<(StreamId, AccountId, Position)> {
        std::mem::take(&mut self.state().subscribed)
    }

    /// A node is gone: nobody writes to it any more.
    pub fn forget(&self, node: NodeNumber) {
        self.state().mail.remove(&node);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A counted id in the place of one that a store drew, so that a seed gives one trace.
    fn counted(&self, drawn: IncarnationId) -> IncarnationId {
        let mut met = self.incarnations.lock().unwrap_or_else(PoisonError::into_inner);
        let index = met.iter().position(|incarnation| *incarnation == drawn).unwrap_or_else(|| {
            met.push(drawn);
            met.len() - 1
        });
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(index as u64 + 1).to_be_bytes());
        IncarnationId::from_bytes(bytes)
    }
}

fn options(bounds: Bounds) -> StoreOptions {
    StoreOptions { bounds, ..StoreOptions::default() }
}

/// The streams that have an entry.
fn streams(store: &dyn Store) -> BTreeSet<(TenantId, StreamId)> {
    let mut streams = BTreeSet::new();
    let mut after = None;
    while let Some(next) = wait(store.records().next_stream(None, after.as_ref())).expect("streams are listed") {
        streams.insert(next.clone());
        after = Some(next);
    }
    streams
}

/// A copy of a database, gone with this value.
pub struct StoreCopy {
    folder: PathBuf,
    opened: AtomicU32,
}

impl Drop for StoreCopy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How a node's calls fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreFaults {
    /// The longest wait before and after a call, ms.
    pub delay_ms_max: u64,
    /// Calls of a thousand that fail before they took effect.
    pub unavailable_per_mille: u64,
    /// Writes of a thousand that fail after they took effect.
    pub unanswered_per_mille: u64,
    /// Whether writes fail for want of space.
    pub full: bool,
    /// Notices of a hundred that are lost.
    pub lost_percent: u64,
    /// The longest way of a notice, ms.
    pub notice_ms_max: u64,
}

/// When a node dies at its next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Before it is written.
    BeforeCommit,
    /// After it was written, before anybody knows.
    AfterCommit,
}

/// What the world sets about one node's store.
#[derive(Debug, Default)]
pub struct Fate {
    faults: Mutex<(StoreFaults, Option<Death>)>,
}

impl Fate {
    /// How calls fare.
    pub fn faults(&self) -> StoreFaults {
        self.locked().0
    }

    /// Sets how calls fare.
    pub fn set_faults(&self, faults: StoreFaults) {
        self.locked().0 = faults;
    }

    /// Sets when the node dies.
    pub fn set_death(&self, death: Option<Death>) {
        self.locked().1 = death;
    }

    fn take_death(&self, death: Death) -> bool {
        let mut locked = self.locked();
        let dies = locked.1 == Some(death);
        if dies {
            locked.1 = None;
        }
        dies
    }

    fn locked(&self) -> MutexGuard<'_, (StoreFaults, Option<Death>)> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One node's way to the database.
pub struct NodeStore {
    database: Arc<Database>,
    node: NodeNumber,
    clock: Arc<NodeClock>,
    fate: Arc<Fate>,
    /// Tells the world that the node is to die.
    dying: Arc<Notify>,
    watch: Mutex<Watch>,
    /// Acknowledged, and not written: a planted fault.
    late: Mutex<Vec<StreamCommit>>,
}

/// What the node was told of commits.
struct Watch {
    /// Commits before this were looked at.
    seen: usize,
    look_at_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Write,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

impl NodeStore {
    /// The way of a node that starts now; to be called in its runtime.
    pub fn new(
        database: &Arc<Database>,
        node: NodeNumber,
        clock: &Arc<NodeClock>,
        fate: &Arc<Fate>,
        dying: &Arc<Notify>,
    ) -> Self {
        let mut state = database.state();
        state.mail.insert(node, Mailbox { notices: VecDeque::new(), arrived: Arc::default() });
        let watch = Mutex::new(Watch { seen: state.commits.len(), look_at_ms: clock.time_ms() + LOOK_PERIOD_MS });
        drop(state);
        let (database, clock, fate, dying) =
            (Arc::clone(database), Arc::clone(clock), Arc::clone(fate), Arc::clone(dying));
        Self { database, node, clock, fate, dying, watch, late: Mutex::default() }
    }

    fn store(&self) -> &dyn Store {
        self.database.store()
    }

    /// Whether a fault is planted, and strikes now.
    fn strikes(&self, plant: Plant, percent: u64) -> bool {
        self.database.plant == Some(plant) && self.clock.draw(|random| random.chance(percent))
    }

    async fn pause(&self) {
        let delay_ms = self.clock.draw(|random| random.below(self.fate.faults().delay_ms_max + 1));
        if delay_ms > 0 {
            sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    async fn call<T>(&self, call: Call, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.call_then(call, work, |_| ()).await
    }

    /// A call, with what follows from it whether or not anybody hears of it.
    async fn call_then<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>>,
        then: impl FnOnce(&T),
    ) -> Result<T, StoreError> {
        self.pause().await;
        let faults = self.fate.faults();
        let (fails, unanswered) = self.clock.draw(|random| {
            (random.below(1_000) < faults.unavailable_per_mille, random.below(1_000) < faults.unanswered_per_mille)
        });
        let tally = &self.database.tally;
        if fails {
            tally.count(Happened::StoreUnavailable);
            return Err(unavailable());
        }
        if call == Call::Write && faults.full {
            tally.count(Happened::StoreFull);
            return Err(StoreError::Full(sqlx::Error::PoolTimedOut));
        }
        let answer = wait(work);
        if let Ok(answer) = &answer {
            then(answer);
        }
        self.pause().await;
        if call == Call::Write && unanswered && answer.is_ok() {
            tally.count(Happened::StoreUnanswered);
            return Err(unavailable());
        }
        answer
    }

    /// Never comes back: the world ends the node.
    async fn die(&self) {
        self.dying.notify_one();
        std::future::pending().await
    }

    /// Sends a notice to every other node, as the faults have it.
    fn mail(&self, notice: &Notice) {
        let faults = self.fate.faults();
        let now_ms = self.clock.time_ms();
        let mut state = self.database.state();
        for (_, mailbox) in state.mail.iter_mut().filter(|(node, _)| **node != self.node) {
            let (lost, twice, delay_ms) = self.clock.draw(|random| {
                (random.chance(faults.lost_percent), random.chance(5), random.below(faults.notice_ms_max + 1))
            });
            self.database.tally.count_if(Happened::NoticeLost, lost);
            self.database.tally.count_if(Happened::NoticeTwice, !lost && twice);
            let copies = if lost { 0 } else { 1 + usize::from(twice) };
            for copy in 0..copies {
                mailbox.notices.push_back((now_ms + delay_ms * (copy as u64 + 1), notice.clone()));
            }
            mailbox.arrived.notify_one();
        }
    }

    /// Notes what was committed, for the world and for the other nodes.
    fn committed(&self, commits: &[StreamCommit], outcomes: &[CommitOutcome]) {
        let lost = outcomes.contains(&CommitOutcome::Conflict);
        self.database.tally.count_if(Happened::Conflict, lost);
        for (commit, _) in commits.iter().zip(outcomes).filter(|(_, outcome)| **outcome == CommitOutcome::Committed) {
            let mut state = self.database.state();
            state.written.insert((commit.tenant.clone(), commit.stream.clone()));
            let end = commit.entries.last().map_or(commit.expected, |last| last.entry.position);
            let subscribed = commit.subscribers.iter().map(|(account, _)| account.clone());
            state.subscribed.extend(subscribed.clone().map(|account| (commit.stream.clone(), account, end)));
            if let (Some(conversation), false) = (commit.stream.conversation(), commit.subscribers.is_empty()) {
                drop(state);
                let (tenant, accounts) = (commit.tenant.clone(), subscribed.collect());
                self.mail(&Notice::Subscriptions { tenant, conversation, accounts });
                state = self.database.state();
            }
            let (Some(first), Some(last)) = (commit.entries.first(), commit.entries.last()) else { continue };
            let notice = Notice::Entries {
                tenant: commit.tenant.clone(),
                stream: commit.stream.clone(),
                first: first.entry.position,
                last: last.entry.position,
                traces: commit.traces.clone(),
            };
            state.commits.push((self.node, notice.clone()));
            drop(state);
            self.mail(&notice);
        }
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has arrived, and what a look finds when it is time for one.
    fn take_notices(&self, now_ms: u64) -> Vec<Notice> {
        let mut state = self.database.state();
        let mut notices = Vec::new();
        if let Some(mailbox) = state.mail.get_mut(&self.node) {
            mailbox.notices.retain(|(at_ms, notice)| {
                let due = *at_ms <= now_ms;
                if due {
                    notices.push(notice.clone());
                }
                !due
            });
        }
        let mut watch = self.watch();
        if watch.look_at_ms <= now_ms {
            watch.look_at_ms = now_ms + LOOK_PERIOD_MS;
            let unseen = state.commits[watch.seen..].iter().filter(|(node, _)| *node != self.node);
            if self.database.plant != Some(Plant::NoLook) {
                notices.extend(unseen.map(|(_, notice)| notice.clone()));
            }
            watch.seen = state.commits.len();
        }
        notices
    }

    fn next_mail_ms(&self) -> Option<u64> {
        let state = self.database.state();
        state.mail.get(&self.node)?.notices.iter().map(|(at_ms, _)| *at_ms).min()
    }

    fn arrived(&self) -> Arc<Notify> {
        let state = self.database.state();
        state.mail.get(&self.node).map(|mailbox| Arc::clone(&mailbox.arrived)).unwrap_or_default()
    }
}

/// Commits, and what planted faults make of them.
impl NodeStore {
    async fn commit_honestly(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let work = self.store().commit(commits);
        self.call_then(Call::Write, work, |outcomes| self.committed(commits, outcomes)).await
    }

    async fn commit_planted(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        if !late.is_empty() {
            self.commit_honestly(&late).await?;
        }
        if self.strikes(Plant::AcknowledgeBeforeCommit, 10) {
            self.late.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(commits);
            return Ok(vec![CommitOutcome::Committed; commits.len()]);
        }
        let mut written = commits.to_vec();
        if self.strikes(Plant::HalfCommit, 30) {
            written.truncate(commits.len().div_ceil(2));
            written.iter_mut().for_each(|commit| commit.entries.truncate(commit.entries.len().div_ceil(2)));
        }
        if self.strikes(Plant::ClockBack, 20) {
            for new in written.iter_mut().flat_map(|commit| &mut commit.entries) {
                let hour_ms = 3_600_000;
                new.entry.accepted_at = WallTime::from_millis(new.entry.accepted_at.as_millis() - hour_ms);
            }
        }
        let mut outcomes = self.commit_honestly(&written).await?;
        outcomes.resize(commits.len(), CommitOutcome::Committed);
        for (commit, outcome) in commits.iter().zip(&mut outcomes) {
            if *outcome == CommitOutcome::Conflict && self.strikes(Plant::StaleMembership, 100) {
                *outcome = self.commit_at_head(commit, commit.entries.clone()).await?;
            }
        }
        Ok(outcomes)
    }

    /// Writes entries at the end of a stream, wherever that is.
    async fn commit_at_head(&self, commit: &StreamCommit, entries: Vec<NewEntry>) -> Result<CommitOutcome, StoreError> {
        let head = self.stream_head(&commit.tenant, &commit.stream).await?;
        let mut position = head.position;
        let mut moved =
            StreamCommit { expected: head.position, page: head.page.max(commit.page), entries, ..commit.clone() };
        for new in &mut moved.entries {
            position = position.next();
            new.entry.position = position;
        }
        let outcomes = self.commit_honestly(&[moved]).await?;
        Ok(outcomes.first().copied().unwrap_or(CommitOutcome::Conflict))
    }
}

#[async_trait]
impl Store for NodeStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().migrate()).await
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        self.call(Call::Read, self.store().check_schema()).await
    }

    async fn incarnation(&self) -> Result<IncarnationId, StoreError> {
        let drawn = self.call(Call::Read, self.store().incarnation()).await?;
        Ok(self.database.counted(drawn))
    }

    async fn restored(&self) -> Result<IncarnationId, StoreError> {
        let drawn = self.call(Call::Write, self.store().restored()).await?;
        Ok(self.database.counted(drawn))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().ready()).await
    }

    async fn tend(&self) -> Result<(), StoreError> {
        self.store().tend().await
    }

    async fn close(&self) {}

    async fn backup(&self, file: &std::path::Path) -> Result<(), StoreError> {
        self.store().backup(file).await
    }

    async fn knows_account(&self, tenant: &TenantId, account: &AccountId) -> Result<bool, StoreError> {
        self.call(Call::Read, self.store().knows_account(tenant, account)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call(Call::Read, self.store().ping()).await
    }

    async fn device_owner(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        self.call(Call::Read, self.store().device_owner(tenant, account, device)).await
    }

    async fn register_device(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<DeviceOwner, StoreError> {
        self.call(Call::Write, self.store().register_device(tenant, account, device)).await
    }

    async fn set_suspension(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        suspension: Suspension,
    ) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().set_suspension(tenant, account, suspension)).await
    }

    async fn suspended(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        self.call(Call::Read, self.store().suspended(tenant, accounts)).await
    }

    async fn blockers(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.call(Call::Read, self.store().blockers(tenant, account, among)).await
    }

    async fn unreachable(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        among: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.call(Call::Read, self.store().unreachable(tenant, account, among)).await
    }

    async fn blocks_among(
        &self,
        tenant: &TenantId,
        readers: &[AccountId],
        authors: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        self.call(Call::Read, self.store().blocks_among(tenant, readers, authors)).await
    }

    async fn set_contact_points(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        points: &BTreeSet<ContactPoint>,
    ) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().set_contact_points(tenant, account, points)).await
    }

    async fn match_contact_points(
        &self,
        tenant: &TenantId,
        asker: &AccountId,
        points: &[ContactPoint],
    ) -> Result<Vec<(ContactPoint, AccountId)>, StoreError> {
        self.call(Call::Read, self.store().match_contact_points(tenant, asker, points)).await
    }

    async fn stream_head(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamHead, StoreError> {
        self.call(Call::Read, self.store().stream_head(tenant, stream)).await
    }

    async fn member(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<MemberRow>, StoreError> {
        self.call(Call::Read, self.store().member(tenant, conversation, account)).await
    }

    async fn conversation_state(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<ConversationState>, StoreError> {
        self.call(Call::Read, self.store().conversation_state(tenant, conversation)).await
    }

    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut members = self.call(Call::Read, self.store().active_members(tenant, conversation)).await?;
        if self.strikes(Plant::TellNonMember, 20) {
            let dora = AccountId::parse("dora").expect("a constant account parses");
            members.extend((!members.contains(&dora)).then_some(dora));
        }
        Ok(members)
    }

    async fn subscriptions(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<ConversationId>, StoreError> {
        self.call(Call::Read, self.store().subscriptions(tenant, account)).await
    }

    async fn subscribers(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<(AccountId, WallTime)>, StoreError> {
        self.call(Call::Read, self.store().subscribers(tenant, conversation, after, count_max)).await
    }

    async fn subscriber_count(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<u32>, StoreError> {
        self.call(Call::Read, self.store().subscriber_count(tenant, conversation)).await
    }

    async fn subscriber_counts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        position: Position,
    ) -> Result<SubscriberCounts, StoreError> {
        self.call(Call::Read, self.store().subscriber_counts(tenant, conversation, position)).await
    }

    async fn own_conversations(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        query: &OwnQuery,
    ) -> Result<(Vec<ListedRow>, Option<ActivityKey>), StoreError> {
        self.call(Call::Read, self.store().own_conversations(tenant, account, query)).await
    }

    async fn directory(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        prefixes: &BTreeSet<String>,
        query: &DirectoryQuery,
    ) -> Result<(Vec<DirectoryRow>, Option<WordKey>), StoreError> {
        self.call(Call::Read, self.store().directory(tenant, account, prefixes, query)).await
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        let (mut stored, head) = self.call(Call::Read, self.store().document(tenant, document)).await?;
        if self.strikes(Plant::OldSnapshot, 20)
            && let Some(snapshot) = &mut stored.snapshot
        {
            snapshot.position = head.position;
            stored.tail.clear();
        }
        Ok((stored, head))
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        self.call(Call::Read, self.store().find_changes(tenant, stream, hashes)).await
    }

    async fn entries_after(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.call(Call::Read, self.store().entries_after(tenant, stream, after, entries_max)).await
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        if self.fate.take_death(Death::BeforeCommit) {
            self.database.tally.count(Happened::DiedBeforeCommit);
            self.die().await;
        }
        let outcomes = match self.database.plant {
            Some(_) => self.commit_planted(commits).await?,
            None => self.commit_honestly(commits).await?,
        };
        if self.fate.take_death(Death::AfterCommit) {
            self.database.tally.count(Happened::DiedAfterCommit);
            self.die().await;
        }
        Ok(outcomes)
    }

    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        let mut missed = self.call(Call::Read, self.store().catch_up(tenant, account, cursor, entries_max)).await?;
        match self.database.plant {
            Some(Plant::NoLook) if cursor.is_some() => {
                missed = CatchUp { cursor: missed.cursor, ..CatchUp::default() };
            }
            Some(Plant::RevokedUntold) => missed.revoked.clear(),
            Some(Plant::EntryTwice) => {
                for entries in missed.entries.iter_mut().map(|(_, entries)| entries) {
                    let again = entries.last().cloned();
                    entries.extend(again.map(|entry| Entry { position: entry.position.next(), ..entry }));
                }
            }
            Some(Plant::CursorAhead) if cursor.is_some() => {
                missed.summaries.clear();
                missed.entries.iter_mut().for_each(|(_, entries)| drop(entries.pop()));
            }
            _ => {}
        }
        Ok(missed)
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversations: &[ConversationId],
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        self.call(Call::Read, self.store().summaries(tenant, account, conversations)).await
    }

    async fn profiles(&self, tenant: &TenantId, accounts: &[AccountId]) -> Result<Vec<ProfileNotice>, StoreError> {
        self.call(Call::Read, self.store().profiles(tenant, accounts)).await
    }

    async fn co_members(&self, tenant: &TenantId, account: &AccountId) -> Result<Vec<AccountId>, StoreError> {
        self.call(Call::Read, self.store().co_members(tenant, account)).await
    }

    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        if self.strikes(Plant::ReceiptBackwards, 20) {
            return Ok(receipts.to_vec());
        }
        self.call(Call::Write, self.store().merge_receipts(tenant, receipts)).await
    }

    async fn receipts(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<(AccountId, Receipt)>, StoreError> {
        self.call(Call::Read, self.store().receipts(tenant, conversation)).await
    }

    async fn threads(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        which: &WhichThreads,
    ) -> Result<Vec<Thread>, StoreError> {
        self.call(Call::Read, self.store().threads(tenant, conversation, which)).await
    }

    async fn late_messages(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<LateMessage>, StoreError> {
        self.call(Call::Read, self.store().late_messages(tenant, conversation)).await
    }

    async fn moved_at(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        account: &AccountId,
    ) -> Result<Option<Position>, StoreError> {
        self.call(Call::Read, self.store().moved_at(tenant, conversation, account)).await
    }

    async fn stale_documents(&self, entries_min: u32, count_max: u32) -> Result<Vec<StaleDocument>, StoreError> {
        self.call(Call::Read, self.store().stale_documents(entries_min, count_max)).await
    }

    async fn save_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().save_snapshot(tenant, document, snapshot)).await
    }

    async fn quarantine_snapshot(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        snapshot: &Snapshot,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.call(Call::Write, self.store().quarantine_snapshot(tenant, document, snapshot, reason)).await
    }

    async fn deleted_conversations(
        &self,
        before: WallTime,
        count_max: u32,
    ) -> Result<Vec<DeletedConversation>, StoreError> {
        self.call(Call::Read, self.store().deleted_conversations(before, count_max)).await
    }

    async fn erase(&self, tenant: &TenantId, conversation: ConversationId, now: WallTime) -> Result<bool, StoreError> {
        self.call(Call::Write, self.store().erase(tenant, conversation, now)).await
    }

    fn records(&self) -> &dyn Records {
        self.store().records()
    }

    fn projections(&self) -> &dyn Projections {
        self.store().projections()
    }

    fn tell(&self, notice: Notice) {
        self.mail(&notice);
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        let end_ms = self.clock.time_ms() + NOTICES_PERIOD_MS;
        let arrived = self.arrived();
        loop {
            let now_ms = self.clock.time_ms();
            let notices = self.take_notices(now_ms);
            if !notices.is_empty() || now_ms >= end_ms {
                return Ok(notices);
            }
            let wake_ms = self.next_mail_ms().unwrap_or(end_ms).clamp(now_ms + 1, end_ms);
            tokio::select! {
                biased;
                () = arrived.notified() => {}
                () = tokio::time::sleep_until(self.clock.instant(wake_ms)) => {}
            }
        }
    }
}
