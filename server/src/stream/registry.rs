//! Which streams have a task on this node. Finds a push its stream's task, or
//! starts one; bounded, and closed when the node goes down.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tidings_core::{
    authority::Refusal,
    code::Code,
    ids::{StreamId, TenantId},
};
use tokio::sync::mpsc;

use super::{PushRequest, task};
use crate::{drain::Gauge, node::Node};

/// Pushes that may wait for one stream.
const PUSHES_WAITING_MAX: usize = 64;
/// How long a session waits between two tries to hand over a push, and how often.
const FULL_WAIT: Duration = Duration::from_millis(5);
const FULL_TRIES_MAX: u32 = 1_000;

/// A stream of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamKey {
    pub(super) tenant: TenantId,
    pub(super) stream: StreamId,
}

#[derive(Debug, Default)]
struct Tasks {
    closed: bool,
    senders: BTreeMap<StreamKey, mpsc::Sender<PushRequest>>,
}

/// The streams with a task on this node.
#[derive(Debug, Default)]
pub struct Registry {
    tasks: Mutex<Tasks>,
    alive: Gauge,
}

/// What waits for the streams' tasks.
#[derive(Debug, Clone, Copy, Default)]
pub struct InboxWaiting {
    /// Pushes, of all streams.
    pub pushes: usize,
    /// Pushes of the stream with the most of them.
    pub pushes_largest: usize,
}

/// Why a push was given back.
enum NotTaken {
    Full(Box<PushRequest>),
    TooManyStreams(Box<PushRequest>),
    Closed(Box<PushRequest>),
}

impl Registry {
    /// Hands a push to its stream's task, which will answer it. Waits while
    /// the task is behind.
    pub async fn push(&self, node: &Arc<Node>, request: PushRequest) {
        let mut request = request;
        for _ in 0..FULL_TRIES_MAX {
            match self.try_push(node, request) {
                Ok(()) => return,
                Err(NotTaken::Full(back)) => request = *back,
                Err(NotTaken::TooManyStreams(back)) => {
                    return defer(node, &back, Code::RateLimited, "the server works on as many streams as it can");
                }
                Err(NotTaken::Closed(back)) => return defer(node, &back, Code::Draining, "the server is going down"),
            }
            tokio::time::sleep(FULL_WAIT).await;
        }
        defer(node, &request, Code::RateLimited, "too many pushes wait for this stream");
    }

    fn try_push(&self, node: &Arc<Node>, request: PushRequest) -> Result<(), NotTaken> {
        let key = StreamKey { tenant: request.identity.tenant.clone(), stream: request.push.stream.clone() };
        let mut tasks = self.tasks();
        if tasks.closed {
            return Err(NotTaken::Closed(Box::new(request)));
        }
        let mut request = request;
        // Sending under the lock: a task retires under it, so none retires with a push waiting.
        if let Some(sender) = tasks.senders.get(&key) {
            match sender.try_send(request) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(back)) => return Err(NotTaken::Full(Box::new(back))),
                // Its task is gone without having retired: only a defect does that. Start another.
                Err(mpsc::error::TrySendError::Closed(back)) => request = back,
            }
        }
        if !self.alive.enter(node.config.node.streams_max) {
            return Err(NotTaken::TooManyStreams(Box::new(request)));
        }
        let (sender, receiver) = mpsc::channel(PUSHES_WAITING_MAX);
        let alive = Alive { node: Arc::clone(node) };
        match sender.try_send(request) {
            Ok(()) => {}
            Err(_) => unreachable!("a new channel takes its first push"),
        }
        tasks.senders.insert(key.clone(), sender);
        tokio::spawn(async move { task::run(&alive.node, key, receiver).await });
        Ok(())
    }

    /// Lets a task end, unless a push came in meanwhile.
    pub(super) fn retire(&self, key: &StreamKey, receiver: &mpsc::Receiver<PushRequest>) -> bool {
        let mut tasks = self.tasks();
        let idle = receiver.is_empty();
        if idle {
            tasks.senders.remove(key);
        }
        idle
    }

    /// Takes no more pushes; tasks end when they have finished theirs.
    pub fn close(&self) {
        let mut tasks = self.tasks();
        tasks.closed = true;
        tasks.senders.clear();
    }

    /// Waits until every task has ended; tells whether they have.
    pub async fn ended(&self, timeout: Duration) -> bool {
        self.alive.emptied(timeout).await
    }

    /// How many streams have a task.
    pub fn count(&self) -> usize {
        self.alive.count()
    }

    /// What waits for the streams' tasks.
    pub fn waiting(&self) -> InboxWaiting {
        let tasks = self.tasks();
        let pushes = tasks.senders.values().map(|sender| sender.max_capacity() - sender.capacity());
        pushes.fold(InboxWaiting::default(), |waiting, pushes| InboxWaiting {
            pushes: waiting.pushes + pushes,
            pushes_largest: waiting.pushes_largest.max(pushes),
        })
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        // Every write to the map is complete at each step, so a panic elsewhere left it whole.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One live task, counted until dropped.
struct Alive {
    node: Arc<Node>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.node.streams.alive.leave();
    }
}

/// Answers a push that no task takes: come again.
fn defer(node: &Node, request: &PushRequest, code: Code, detail: &str) {
    let retry_at = Some(node.clock.wall_now().plus(node.clock.retry_delay()));
    request.refuse(&node.metrics, 0, Refusal { code, detail: detail.to_owned(), retry_at });
}
