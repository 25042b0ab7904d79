//! The single database of a world, its copies, and the notices between its nodes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tidings_core::{
    ids::{AccountId, EpochId, IncarnationId, StreamId, TenantId},
    journal::{Cursor, Position},
};
use tidings_server::{
    bounds::Bounds,
    store::{self, Notice, Store, StoreOptions},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
};

use super::{happened::Tally, plant::Plant};

/// Number of copies made, for unique names.
static COPIES: AtomicU32 = AtomicU32::new(0);

/// The runtime of the databases' own tasks, in real time.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be started")
});

/// Waits for a database, outside of virtual time.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let _entered = RUNTIME.enter();
    futures_executor::block_on(tokio::task::unconstrained(work))
}

/// A node of a world; never reused.
pub type NodeNumber = usize;

/// Everything that the nodes of a world share.
pub struct Database {
    store: Arc<dyn Store>,
    /// Where the file is, unless it is in memory: connections are opened as they are needed.
    _folder: Option<Arc<Folder>>,
    /// Internal bounds of the store.
    bounds: Bounds,
    state: Mutex<State>,
    /// The ids that this database and its copies drew, in the order in which they appeared.
    drawn: Arc<Mutex<Vec<[u8; 16]>>>,
    /// A fault that was planted to see whether it is found.
    pub plant: Option<Plant>,
    /// Counters of what happens.
    pub tally: Tally,
}

#[derive(Default)]
pub(super) struct State {
    /// Every commit that anybody may have to learn of: what polling finds.
    pub(super) commits: Vec<(NodeNumber, Notice)>,
    /// Notices in transit to each node, with their times of arrival.
    pub(super) mail: BTreeMap<NodeNumber, Mailbox>,
    /// Streams that were written since the last call.
    pub(super) written: BTreeSet<(TenantId, StreamId)>,
    /// Accounts whose subscriptions began or ended since the last call, and the stream's position.
    pub(super) subscribed: Vec<(StreamId, AccountId, Position)>,
}

pub(super) struct Mailbox {
    pub(super) notices: VecDeque<(u64, Notice)>,
    pub(super) arrived: Arc<Notify>,
}

impl Database {
    /// An empty database, in memory.
    pub fn new(bounds: Bounds, plant: Option<Plant>, tally: &Tally) -> Arc<Self> {
        let store = wait(async {
            let store = store::open("sqlite::memory:", &options(bounds)).await.expect("memory opens");
            store.migrate().await.expect("a new database migrates");
            store
        });
        let (state, drawn) = (Mutex::default(), Arc::default());
        Arc::new(Self { store, _folder: None, bounds, state, drawn, plant, tally: tally.clone() })
    }

    /// Copies the database, as an operator would.
    ///
    /// # Panics
    /// When the copy fails.
    pub fn copy(&self) -> StoreCopy {
        let folder = Arc::new(Folder(std::env::temp_dir().join(format!(
            "tidings-copy-{}-{}",
            std::process::id(),
            COPIES.fetch_add(1, Ordering::Relaxed)
        ))));
        // A killed process of the same number may have left one.
        let _ = std::fs::remove_dir_all(&folder.0);
        std::fs::create_dir_all(&folder.0).expect("a folder can be made");
        wait(self.store.backup(&folder.0.join("copy.db"))).expect("the database is copied");
        StoreCopy { folder, opened: AtomicU32::new(0) }
    }

    /// Replaces this database, whose nodes are gone, with a copy. The operator may or may not have announced
    /// the restore.
    ///
    /// # Panics
    /// When the copy does not open.
    pub fn put_back(&self, copy: &StoreCopy, is_said: bool) -> Arc<Self> {
        let file = copy.folder.0.join(format!("{}.db", copy.opened.fetch_add(1, Ordering::Relaxed)));
        std::fs::copy(copy.folder.0.join("copy.db"), &file).expect("a file can be copied");
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
        let drawn = Arc::clone(&self.drawn);
        let tally = self.tally.clone();
        // All of it has to be read again.
        let state = State { written: streams(store.as_ref()), ..State::default() };
        let (bounds, plant) = (self.bounds, self.plant);
        let _folder = Some(Arc::clone(&copy.folder));
        Arc::new(Self { store, _folder, bounds, state: Mutex::new(state), drawn, plant, tally })
    }

    /// The store itself, without faults.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The streams that were written since the last call.
    pub fn drain_written(&self) -> BTreeSet<(TenantId, StreamId)> {
        std::mem::take(&mut self.state().written)
    }

    /// The subscriptions that began or ended since the last call, in order, and the stream's position.
    pub fn drain_subscribed(&self) -> Vec<(StreamId, AccountId, Position)> {
        std::mem::take(&mut self.state().subscribed)
    }

    /// Stops sending to a node that is gone.
    pub fn forget(&self, node: NodeNumber) {
        self.state().mail.remove(&node);
    }

    /// The mutable state.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A counted incarnation in place of the drawn one, so that a seed gives one trace.
    pub(super) fn counted(&self, drawn: IncarnationId) -> IncarnationId {
        IncarnationId::from_bytes(self.count(drawn.as_bytes()))
    }

    /// The same for a cursor's epoch.
    pub(super) fn counted_cursor(&self, cursor: Cursor) -> Cursor {
        let epoch = cursor.epoch.map(|drawn| EpochId::from_bytes(self.count(drawn.as_bytes())));
        Cursor { epoch, ..cursor }
    }

    /// The cursor that a counted one stands for.
    pub(super) fn drawn_cursor(&self, cursor: Cursor) -> Cursor {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |counted: EpochId| u64::from_be_bytes(counted.as_bytes()[8..].try_into().unwrap_or_default());
        let drawn = |counted| drawn.get((place(counted) as usize).checked_sub(1)?).copied().map(EpochId::from_bytes);
        Cursor { epoch: cursor.epoch.and_then(drawn), ..cursor }
    }

    fn count(&self, drawn: &[u8; 16]) -> [u8; 16] {
        let mut met = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let index = met.iter().position(|known| known == drawn).unwrap_or_else(|| {
            met.push(*drawn);
            met.len() - 1
        });
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(index as u64 + 1).to_be_bytes());
        bytes
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

/// A copy of a database.
pub struct StoreCopy {
    folder: Arc<Folder>,
    opened: AtomicU32,
}

/// Deleted when dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
