//! One running server: its parts, how it starts them, and the order in which they end.

use std::{ops::Deref, sync::Arc, time::Duration};

use tidings_core::limits::Limits;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    auth::Keys,
    clock::Clock,
    config::Config,
    connection::Connections,
    drain::{Gauge, Phase},
    environment::Environment,
    http::v1::Memory,
    job,
    live::{Live, Receipts, receipt},
    store::Store,
    stream::{Streams, notice},
    ws::AnswerRoom,
};

/// The parts of a node, for whatever serves requests. None of the parts knows it.
pub struct Node {
    /// Services shared by all parts.
    pub env: Arc<Environment>,
    /// The keys that tokens are verified with.
    pub keys: Keys,
    /// The live sessions, to fan out to.
    pub live: Arc<Live>,
    /// Every open socket, those before Hello included.
    pub sockets: Gauge,
    /// The connections that are not sessions, or not yet.
    pub connections: Arc<Connections>,
    /// The streams that admit what is submitted.
    pub streams: Streams,
    /// The queue in which sessions submit receipts.
    pub receipts: Arc<Receipts>,
    /// Memory budget for answers that accounts have not read yet.
    pub answers: AnswerRoom,
    /// What is kept for callers over HTTP.
    pub memory: Memory,
}

impl Deref for Node {
    type Target = Environment;

    fn deref(&self) -> &Environment {
        &self.env
    }
}

/// Bytes of the longest answer to a fetch: a document and a page, which deflated take no more than their
/// changes, and what is sent beside them.
fn answer_bytes_max(limits: &Limits) -> usize {
    limits.document_bytes_max as usize + limits.page_bytes_max as usize + limits.frame_bytes_max as usize / 4
}

impl Node {
    /// Starts a node and its background tasks, which end when the set is dropped.
    pub fn start(config: Config, keys: Keys, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> (Arc<Self>, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        let env = Environment::new(config, store, clock);
        let live = Live::new(&env);
        let (receipts, receipt_requests) = Receipts::new(&env.config.node.bounds);
        let receipts = Arc::new(receipts);
        let streams = Streams::start(&mut tasks, &env, &live);
        tasks.spawn(notice::run(Arc::clone(&live), streams.undelivered()));
        tasks.spawn(receipt::run(Arc::clone(&live), Arc::clone(&receipts), receipt_requests));
        tasks.spawn(job::count::run(Arc::clone(&live)));
        tasks.spawn(job::suspension::run(Arc::clone(&live)));
        tasks.spawn(job::snapshot::run(Arc::clone(&env)));
        tasks.spawn(job::erasure::run(Arc::clone(&env)));
        tasks.spawn(job::request::run(Arc::clone(&env)));
        tasks.spawn(job::mend::run(Arc::clone(&env)));
        tasks.spawn(job::tend::run(Arc::clone(&env)));
        tasks.spawn(job::rate::run(Arc::clone(&env)));
        let answers = AnswerRoom::new(env.config.shares.answer_bytes, answer_bytes_max(&env.limits));
        let (sockets, connections, memory) = (Gauge::default(), Arc::default(), Memory::default());
        let node = Arc::new(Self { env, keys, live, sockets, connections, streams, receipts, answers, memory });
        tasks.spawn(job::account_erasure::run(Arc::clone(&node)));
        (node, tasks)
    }

    /// Records that a client was sent more than the store holds: somebody restored the store without saying so.
    /// Since the client may also be lying, this is only logged and shown.
    pub fn note_restored(&self, evidence: &str) {
        self.metrics.store_rollbacks.count();
        tracing::error!(
            evidence,
            "the store is behind what a client was told: if it was put back, stop, run `tidings-server restored`, start"
        );
    }

    /// Ends every stream, then every session, within the drain timeout. What was pushed is committed and
    /// answered before its session closes, and received receipts are stored.
    pub async fn end(&self) {
        let deadline = Instant::now() + self.config.node.drain_timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.drain.enter(Phase::Finishing);
        self.streams.close();
        // Keep some of the time for notifying the sessions.
        if !self.streams.ended(left().mul_f64(0.7)).await {
            tracing::warn!(streams = self.streams.alive(), "streams did not finish in time");
        }
        self.drain.enter(Phase::Closing);
        if !self.sockets.emptied(left().max(Duration::from_millis(100))).await {
            tracing::warn!(sockets = self.sockets.count(), "sessions did not end in time");
        }
        // Last, because sessions may submit receipts until they end.
        if !self.receipts.merged(left().max(Duration::from_millis(100))).await {
            tracing::warn!("receipts were not stored in time");
        }
    }
}
