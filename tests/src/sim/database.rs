//! The one database of a world, its copies, and what its nodes are told of each other.

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
    /// The ids that this database and its copies drew, in the order in which they were met.
    drawn: Arc<Mutex<Vec<[u8; 16]>>>,
    /// A fault that was planted to see whether it is found.
    pub plant: Option<Plant>,
    /// Where what happens is counted.
    pub tally: Tally,
}

#[derive(Default)]
pub(super) struct State {
    /// Every commit that anybody may have to hear of: what a look finds.
    pub(super) commits: Vec<(NodeNumber, Notice)>,
    /// Notices under way to each node, with when they arrive.
    pub(super) mail: BTreeMap<NodeNumber, Mailbox>,
    /// Streams that were written since somebody asked.
    pub(super) written: BTreeSet<(TenantId, StreamId)>,
    /// Whose subscriptions began or ended since somebody asked, and where the stream was.
    pub(super) subscribed: Vec<(StreamId, AccountId, Position)>,
}

pub(super) struct Mailbox {
    pub(super) notices: VecDeque<(u64, Notice)>,
    pub(super) arrived: Arc<Notify>,
}

impl Database {
    /// An empty one, in memory.
    pub fn new(bounds: Bounds, plant: Option<Plant>, tally: &Tally) -> Arc<Self> {
        let store = wait(async {
            let store = store::open("sqlite::memory:", &options(bounds)).await.expect("memory opens");
            store.migrate().await.expect("a new database migrates");
            store
        });
        let (state, drawn) = (Mutex::default(), Arc::default());
        Arc::new(Self { store, bounds, state, drawn, plant, tally: tally.clone() })
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
        let drawn = Arc::clone(&self.drawn);
        let tally = self.tally.clone();
        // All of it is to be read again.
        let state = State { written: streams(store.as_ref()), ..State::default() };
        let (bounds, plant) = (self.bounds, self.plant);
        Arc::new(Self { store, bounds, state: Mutex::new(state), drawn, plant, tally })
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

    /// What happened to it.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A counted incarnation in the place of one that a store drew, so that a seed gives one trace.
    pub(super) fn counted(&self, drawn: IncarnationId) -> IncarnationId {
        IncarnationId::from_bytes(self.count(drawn.as_bytes()))
    }

    /// The same of a cursor's epoch.
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
