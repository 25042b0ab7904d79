//! One running server: what its sessions, streams and jobs share, how it
//! starts them, and the order in which they end.

use std::{sync::Arc, time::Duration};

use tidings_core::limits::Limits;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    auth::Keys,
    clock::Clock,
    config::Config,
    connection::Connections,
    drain::{Drain, Gauge, Phase},
    job,
    metrics::Metrics,
    shares::Shares,
    store::{Metered, Store},
    stream::{CacheBudget, Committer, CountsMoved, Receipts, Registry, count, notice, receipt},
    ws::{AnswerRoom, Present, Sessions},
};

/// What everything on this node shares. Holds no state of a conversation.
pub struct Node {
    /// What the operator set.
    pub config: Config,
    /// The bounds told to clients.
    pub limits: Limits,
    /// The keys tokens are checked against.
    pub keys: Keys,
    /// What is counted and timed.
    pub metrics: Arc<Metrics>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The wall time, and chance.
    pub clock: Arc<dyn Clock>,
    /// The live sessions, to fan out to.
    pub sessions: Sessions,
    /// Which conversations they have open.
    pub present: Present,
    /// Every open socket, those before Hello included.
    pub sockets: Gauge,
    /// The connections that are no session, or not yet.
    pub connections: Arc<Connections>,
    /// The streams that admit pushes.
    pub streams: Registry,
    /// The channels to whose readers a count of subscribers is to be told.
    pub counts_moved: CountsMoved,
    /// Who commits for them.
    pub committer: Committer,
    /// The bound on their documents in memory.
    pub cache: CacheBudget,
    /// Where sessions hand in receipts.
    pub receipts: Receipts,
    /// Room for the answers that each account has not read.
    pub answers: AnswerRoom,
    /// How much of the node each account may use, whatever the number of its sessions.
    pub shares: Shares,
    /// How far the node is with going down.
    pub drain: Drain,
}

/// Bytes of the longest answer to a fetch: a document and a page, which deflated take
/// no more than their changes, and what is told beside them.
fn answer_bytes_max(limits: &Limits) -> usize {
    limits.document_bytes_max as usize + limits.page_bytes_max as usize + limits.frame_bytes_max as usize / 4
}

impl Node {
    /// A node and its background tasks, which end with the set.
    pub fn start(config: Config, keys: Keys, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> (Arc<Self>, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        let metrics = Arc::new(Metrics::default());
        let store: Arc<dyn Store> = Arc::new(Metered::new(store, &metrics));
        // SQLite has one writer; on Postgres one group is written while the next gathers.
        let committers = if config.store.expose().starts_with("sqlite:") { 1 } else { 2 };
        let committer = Committer::start(&mut tasks, &store, committers, &config.node);
        let (receipts, receipt_requests) = Receipts::new(&config.node.bounds);
        let node = Arc::new(Self {
            limits: config.limits.limits(),
            keys,
            metrics,
            store,
            clock,
            sessions: Sessions::default(),
            present: Present::default(),
            sockets: Gauge::default(),
            connections: Arc::default(),
            streams: Registry::default(),
            counts_moved: CountsMoved::default(),
            committer,
            cache: CacheBudget::new(config.node.cache_bytes_max),
            receipts,
            answers: AnswerRoom::new(config.shares.answer_bytes, answer_bytes_max(&config.limits.limits())),
            shares: Shares::new(&config.shares, &config.limits.limits()),
            drain: Drain::default(),
            config,
        });
        tasks.spawn(notice::run(Arc::clone(&node)));
        tasks.spawn(count::run(Arc::clone(&node)));
        tasks.spawn(receipt::run(Arc::clone(&node), receipt_requests));
        tasks.spawn(job::snapshot::run(Arc::clone(&node)));
        tasks.spawn(job::erasure::run(Arc::clone(&node)));
        tasks.spawn(job::mend::run(Arc::clone(&node)));
        tasks.spawn(job::suspension::run(Arc::clone(&node)));
        tasks.spawn(job::tend::run(Arc::clone(&node)));
        tasks.spawn(job::rate::run(Arc::clone(&node)));
        (node, tasks)
    }

    /// A client was told more than the store holds: somebody put it back to an
    /// older state without saying so. (Or the client lies: so nothing is done but to say it.)
    pub fn note_behind(&self, evidence: &str) {
        self.metrics.store_behind.count();
        tracing::error!(
            evidence,
            "the store is behind what a client was told: if it was put back, stop, run `tidings-server restored`, start"
        );
    }

    /// Ends every stream, then every session, within the drain timeout: what
    /// was pushed is committed and answered before its session is closed, and
    /// receipts that were read are stored.
    pub async fn end(&self) {
        let deadline = Instant::now() + self.config.node.drain_timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.drain.enter(Phase::Finishing);
        self.streams.close();
        // Some of the time is kept for telling the sessions.
        if !self.streams.ended(left().mul_f64(0.7)).await {
            tracing::warn!(streams = self.streams.alive(), "streams did not finish in time");
        }
        self.drain.enter(Phase::Closing);
        if !self.sockets.emptied(left().max(Duration::from_millis(100))).await {
            tracing::warn!(sockets = self.sockets.count(), "sessions did not end in time");
        }
        // Last: until its end a session may have handed in some.
        if !self.receipts.merged(left().max(Duration::from_millis(100))).await {
            tracing::warn!("receipts were not stored in time");
        }
    }
}
