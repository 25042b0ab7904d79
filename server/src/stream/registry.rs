//! Which streams have a task on this node. Finds a push its stream's task, or
//! starts one; bounded for the node and for each account, where the one that is
//! idle for the longest time makes room; closed when the node goes down.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tidings_core::{
    authority::Refusal,
    code::Code,
    ids::{StreamId, TenantId},
};
use tokio::sync::mpsc;

use super::{PushRequest, task};
use crate::{drain::Gauge, node::Node, rate::AccountKey};

/// How long a session waits between two tries to hand over a push, and how often.
const FULL_WAIT: Duration = Duration::from_millis(5);
const FULL_TRIES_MAX: u32 = 1_000;
/// How often for one of all the streams to become idle.
const BUSY_TRIES_MAX: u32 = 200;

/// A stream of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamKey {
    pub(super) tenant: TenantId,
    pub(super) stream: StreamId,
}

/// A stream with a task.
#[derive(Debug)]
struct Active {
    sender: mpsc::Sender<PushRequest>,
    /// Pushes handed over and not answered yet.
    unanswered: Arc<Unanswered>,
    /// Whose push started the task: whose share the stream is part of.
    owner: AccountKey,
    /// Its place in the order of last pushes.
    pushed: u64,
}

/// How many pushes the task of a stream has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Unanswered(AtomicUsize);

impl Unanswered {
    /// So many were answered, and nothing of them is being done any more.
    pub(super) fn answered(&self, pushes: usize) {
        self.0.fetch_sub(pushes, Ordering::AcqRel);
    }

    fn handed_over(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

#[derive(Debug, Default)]
struct Tasks {
    closed: bool,
    active: BTreeMap<StreamKey, Active>,
    /// The streams by their last push, longest ago first.
    by_push: BTreeMap<u64, StreamKey>,
    /// The last pushes of those that each account has started.
    by_owner: BTreeMap<AccountKey, BTreeSet<u64>>,
    pushes: u64,
}

impl Tasks {
    fn insert(&mut self, key: StreamKey, owner: AccountKey, sender: mpsc::Sender<PushRequest>) -> Arc<Unanswered> {
        self.remove(&key);
        self.pushes += 1;
        let unanswered = Arc::new(Unanswered::default());
        unanswered.handed_over();
        self.by_push.insert(self.pushes, key.clone());
        self.by_owner.entry(owner.clone()).or_default().insert(self.pushes);
        self.active.insert(key, Active { sender, unanswered: Arc::clone(&unanswered), owner, pushed: self.pushes });
        unanswered
    }

    fn remove(&mut self, key: &StreamKey) {
        let Some(Active { owner, pushed, .. }) = self.active.remove(key) else { return };
        self.by_push.remove(&pushed);
        if let Some(own) = self.by_owner.get_mut(&owner) {
            own.remove(&pushed);
            if own.is_empty() {
                self.by_owner.remove(&owner);
            }
        }
    }

    /// Takes note that a stream was pushed to just now.
    fn touch(&mut self, key: &StreamKey) {
        self.pushes += 1;
        let Some(active) = self.active.get_mut(key) else { return };
        active.unanswered.handed_over();
        let former = std::mem::replace(&mut active.pushed, self.pushes);
        self.by_push.remove(&former);
        self.by_push.insert(self.pushes, key.clone());
        if let Some(own) = self.by_owner.get_mut(&active.owner) {
            own.remove(&former);
            own.insert(self.pushes);
        }
    }

    /// Ends the task that was idle for the longest time, of those that an account
    /// has started or of all; tells whether one was found. Few are looked at: those
    /// that are busy although their last push is long ago.
    fn make_room(&mut self, owner: Option<&AccountKey>, looked_at_max: usize) -> bool {
        let is_idle = |key: &&StreamKey| self.active.get(*key).is_some_and(|active| active.unanswered.is_idle());
        let idle = match owner {
            None => self.by_push.values().take(looked_at_max).find(is_idle),
            Some(owner) => {
                let own = self.by_owner.get(owner).into_iter().flatten().take(looked_at_max);
                own.filter_map(|pushed| self.by_push.get(pushed)).find(is_idle)
            }
        };
        // Without a sender the task ends, and what it held goes with it.
        let idle = idle.cloned();
        idle.inspect(|key| self.remove(key)).is_some()
    }

    fn count_of(&self, owner: &AccountKey) -> usize {
        self.by_owner.get(owner).map_or(0, BTreeSet::len)
    }
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
    /// All streams that could make room are being written.
    Busy(Box<PushRequest>, &'static str),
    Closed(Box<PushRequest>),
}

impl Registry {
    /// Hands a push to its stream's task, which will answer it. Waits while
    /// the task is behind.
    pub async fn push(&self, node: &Arc<Node>, request: PushRequest) {
        let mut request = request;
        let mut full = "too many pushes wait for this stream";
        for tries in 1..=FULL_TRIES_MAX {
            match self.try_push(node, request) {
                Ok(()) => return,
                Err(NotTaken::Full(back)) => request = *back,
                Err(NotTaken::Busy(back, why)) => {
                    (request, full) = (*back, why);
                    if tries >= BUSY_TRIES_MAX {
                        break;
                    }
                }
                Err(NotTaken::Closed(back)) => return defer(node, &back, Code::Draining, "the server is going down"),
            }
            tokio::time::sleep(FULL_WAIT).await;
        }
        defer(node, &request, Code::RateLimited, full);
    }

    fn try_push(&self, node: &Arc<Node>, request: PushRequest) -> Result<(), NotTaken> {
        let key = StreamKey { tenant: request.identity.tenant.clone(), stream: request.push.stream.clone() };
        let mut tasks = self.tasks();
        if tasks.closed {
            return Err(NotTaken::Closed(Box::new(request)));
        }
        let mut request = request;
        // Sending under the lock: a task retires under it, so none retires with a push waiting.
        if let Some(active) = tasks.active.get(&key) {
            match active.sender.try_send(request) {
                Ok(()) => {
                    tasks.touch(&key);
                    return Ok(());
                }
                Err(mpsc::error::TrySendError::Full(back)) => return Err(NotTaken::Full(Box::new(back))),
                // Its task is gone without having retired: only a defect does that. Start another.
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    request = back;
                    tasks.remove(&key);
                }
            }
        }
        let bounds = &node.config.node.bounds;
        let owner = (request.identity.tenant.clone(), request.identity.account.clone());
        if tasks.count_of(&owner) >= node.shares.streams && !tasks.make_room(Some(&owner), bounds.streams_looked_at_max)
        {
            return Err(NotTaken::Busy(Box::new(request), "the account writes into as many streams as it may"));
        }
        if tasks.active.len() >= node.config.node.streams_max && !tasks.make_room(None, bounds.streams_looked_at_max) {
            return Err(NotTaken::Busy(Box::new(request), "the server works on as many streams as it can"));
        }
        self.alive.enter(usize::MAX);
        let (sender, receiver) = mpsc::channel(bounds.pushes_waiting_max);
        let alive = Alive { node: Arc::clone(node) };
        match sender.try_send(request) {
            Ok(()) => {}
            Err(_) => unreachable!("a new channel takes its first push"),
        }
        let unanswered = tasks.insert(key.clone(), owner, sender);
        tokio::spawn(async move { task::run(&alive.node, key, receiver, &unanswered).await });
        Ok(())
    }

    /// Lets a task end, unless a push came in meanwhile. Where it had to make room
    /// for another one the stream may have a new task already, which goes on.
    pub(super) fn retire(
        &self,
        key: &StreamKey,
        receiver: &mpsc::Receiver<PushRequest>,
        unanswered: &Arc<Unanswered>,
    ) -> bool {
        let mut tasks = self.tasks();
        let idle = receiver.is_empty();
        if idle && tasks.active.get(key).is_some_and(|active| Arc::ptr_eq(&active.unanswered, unanswered)) {
            tasks.remove(key);
        }
        idle
    }

    /// Takes no more pushes; tasks end when they have finished theirs.
    pub fn close(&self) {
        let mut tasks = self.tasks();
        *tasks = Tasks { closed: true, ..Tasks::default() };
    }

    /// Waits until every task has ended; tells whether they have.
    pub async fn ended(&self, timeout: Duration) -> bool {
        self.alive.emptied(timeout).await
    }

    /// How many streams have a task that takes pushes.
    pub fn count(&self) -> usize {
        self.tasks().active.len()
    }

    /// How many tasks have not ended yet, those that take no more pushes included.
    pub fn alive(&self) -> usize {
        self.alive.count()
    }

    /// What waits for the streams' tasks.
    pub fn waiting(&self) -> InboxWaiting {
        let tasks = self.tasks();
        let senders = tasks.active.values().map(|active| &active.sender);
        let pushes = senders.map(|sender| sender.max_capacity() - sender.capacity());
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
