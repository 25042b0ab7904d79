//! One node: the server that ships, on a runtime of its own whose clock stands still unless the world runs it.

use std::{cell::Cell, sync::Arc, time::Duration};

use clap::Parser as _;
use tidings_core::{
    ids::{AccountId, DocumentId, TenantId},
    limits::Limits,
};
use tidings_server::{
    auth::{ClaimConfig, Keys},
    config::{Cli, Command, Config, LimitConfig},
    node::Node,
    store::Store,
    stream::CallError,
    ws::Place,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Notify, oneshot},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    clock::NodeClock,
    database::{Database, NodeNumber},
    pipe::Pipe,
    store::{Fate, NodeStore},
};

/// The secret that tokens of a world are signed with.
const SECRET: &str = "a secret of the simulation, which is long enough";

/// The keys that tokens of a world are verified with.
pub fn keys() -> Keys {
    Keys::from_secret(SECRET, ClaimConfig::default()).expect("the secret is long enough")
}

/// A node's configuration: the defaults of the command line, with these limits.
pub fn config(limits: &Limits) -> Config {
    let Ok(Cli { command: Command::Serve(config) }) = Cli::try_parse_from(["tidings-server", "serve"]) else {
        unreachable!("a server needs no argument");
    };
    let mut config = *config;
    config.limits = LimitConfig {
        frame_bytes_max: limits.frame_bytes_max,
        page_changes_soft: limits.page_changes_soft,
        page_changes_max: limits.page_changes_max,
        page_bytes_soft: limits.page_bytes_soft,
        page_bytes_max: limits.page_bytes_max,
        document_changes_soft: limits.document_changes_soft,
        document_changes_max: limits.document_changes_max,
        document_bytes_soft: limits.document_bytes_soft,
        document_bytes_max: limits.document_bytes_max,
        share_units: limits.share_units,
        change_bytes_per_second: limits.change_bytes_per_second,
        change_bytes_burst: limits.change_bytes_burst,
        members_max: limits.members_max,
        changes_per_second: limits.changes_per_second,
        changes_burst: limits.changes_burst,
        catch_up_entries_max: limits.catch_up_entries_max,
        heartbeat_ms: limits.heartbeat_ms,
        others: limits.clone(),
    };
    // Worlds are small.
    config.node.snapshot_entries = 1;
    config.node.snapshot_interval = Duration::from_secs(1);
    config.node.session_frames_max = 64;
    config
}

/// A running node.
pub struct SimNode {
    /// Its name.
    pub number: NodeNumber,
    /// Its clock.
    pub clock: Arc<NodeClock>,
    /// The behaviour of its store.
    pub fate: Arc<Fate>,
    /// The state that its sessions share.
    pub node: Arc<Node>,
    /// True if it was told to shut down; a frozen node does not know it yet.
    is_shutting_down: Cell<bool>,
    /// Notified when a pipe has something to read, or when the node dies.
    stop: Arc<Notify>,
    dying: Arc<Notify>,
    // Before the runtime, because fields are dropped in order.
    _tasks: JoinSet<()>,
    runtime: Runtime,
}

/// The way a run of a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// It reached this time.
    Until(u64),
    /// It has to die.
    Dying(u64),
}

impl SimNode {
    /// Starts a node at a time of the world.
    pub fn start(
        number: NodeNumber,
        time_ms: u64,
        seed: u64,
        config: Config,
        database: &Arc<Database>,
        fate: &Arc<Fate>,
    ) -> Self {
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime can be started");
        let entered = runtime.enter();
        let clock = Arc::new(NodeClock::new(time_ms, 0, seed));
        let dying = Arc::new(Notify::new());
        let store: Arc<dyn Store> = Arc::new(NodeStore::new(database, number, &clock, fate, &dying));
        let (node, tasks) = Node::start(config, keys(), store, Arc::<NodeClock>::clone(&clock));
        drop(entered);
        let (fate, stop) = (Arc::clone(fate), Arc::new(Notify::new()));
        Self { number, clock, fate, node, is_shutting_down: Cell::new(false), stop, dying, _tasks: tasks, runtime }
    }

    /// Opens a session; none if the node accepts no more.
    pub fn accept(&self) -> Option<Pipe> {
        let _entered = self.runtime.enter();
        let place = Place::take(&self.node).ok()?;
        let pipe = Pipe::default();
        let socket = pipe.socket(Arc::clone(&self.clock), Arc::clone(&self.stop));
        self.runtime.spawn(place.serve(socket));
        Some(pipe)
    }

    /// Starts an orderly shutdown.
    pub fn begin_end(&self) {
        self.is_shutting_down.set(true);
        let node = Arc::clone(&self.node);
        self.runtime.spawn(async move { node.end().await });
    }

    /// Returns true if it was told to shut down.
    pub fn is_ending(&self) -> bool {
        self.is_shutting_down.get()
    }

    /// Asks for a document to be rewritten. The outcome is in the journal.
    pub fn squash(&self, tenant: TenantId, document: DocumentId) {
        let node = Arc::clone(&self.node);
        self.runtime.spawn(async move { node.streams.squash(&tenant, document).await });
    }

    /// Has a service write on behalf of an account. Nothing is answered if the node dies before.
    pub fn call(
        &self,
        tenant: TenantId,
        account: AccountId,
        command: tidings_core::command::Command,
    ) -> oneshot::Receiver<Result<(), CallError>> {
        let (answer, answered) = oneshot::channel();
        let node = Arc::clone(&self.node);
        self.runtime.spawn(async move {
            let called = node.streams.call(&tenant, &account, command).await;
            let _ = answer.send(called.map(|_| ()));
        });
        answered
    }

    /// Runs up to a time of the world, or until there is something to read.
    pub fn run_until(&self, time_ms: u64) -> Ran {
        let (clock, stop, dying) = (&self.clock, &self.stop, &self.dying);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = dying.notified() => return Ran::Dying(clock.time_ms()),
                () = sleep_until(clock.instant(time_ms)) => {}
                // Anything else to be done at this very moment comes first.
                () = stop.notified() => sleep(Duration::from_millis(1)).await,
            }
            Ran::Until(clock.time_ms())
        })
    }

    /// Wakes a frozen node at a time of the world: all of that time passes at once.
    pub fn wake(&self, time_ms: u64) {
        self.runtime.block_on(async {
            let gap = self.clock.instant(time_ms).saturating_duration_since(Instant::now());
            tokio::time::advance(gap).await;
        });
    }
}
