//! The streams with a task on this node. Their number is bounded for the node and per account, and the longest
//! idle one makes room; closed when the node shuts down.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::{key::StreamKey, submission::Submission};
use crate::{drain::Gauge, environment::Environment, rate::AccountKey};

/// A stream with a task.
#[derive(Debug)]
struct Active {
    sender: mpsc::Sender<Submission>,
    /// Pushes handed over and not answered yet.
    unanswered: Arc<Unanswered>,
    /// The account whose push started the task; the stream counts towards its share.
    owner: AccountKey,
    /// Sequence number of its last push, over all streams.
    pushed: u64,
}

/// Pushes that the task of a stream has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Unanswered(AtomicUsize);

impl Unanswered {
    /// Records that pushes were answered and nothing of them is in progress.
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
struct Table {
    closed: bool,
    active: BTreeMap<StreamKey, Active>,
    /// The streams by their last push, oldest first.
    by_push: BTreeMap<u64, StreamKey>,
    /// The last pushes to the streams that each account has started.
    by_owner: BTreeMap<AccountKey, BTreeSet<u64>>,
    pushes: u64,
}

impl Table {
    fn insert(&mut self, key: StreamKey, owner: AccountKey, sender: mpsc::Sender<Submission>) -> Arc<Unanswered> {
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

    /// Records that a stream was just pushed to.
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

    /// Ends the longest idle task, among those an account has started or among all. Returns true if there was
    /// one. Looks at few: those that are busy although their last push was long ago.
    fn make_room(&mut self, owner: Option<&AccountKey>, looked_at_max: usize) -> bool {
        let is_idle = |key: &&StreamKey| self.active.get(*key).is_some_and(|active| active.unanswered.is_idle());
        let idle = match owner {
            None => self.by_push.values().take(looked_at_max).find(is_idle),
            Some(owner) => {
                let own = self.by_owner.get(owner).into_iter().flatten().take(looked_at_max);
                own.filter_map(|pushed| self.by_push.get(pushed)).find(is_idle)
            }
        };
        // Without a sender the task ends, and frees what it had loaded.
        let idle = idle.cloned();
        idle.inspect(|key| self.remove(key)).is_some()
    }

    fn count_of(&self, owner: &AccountKey) -> usize {
        self.by_owner.get(owner).map_or(0, BTreeSet::len)
    }
}

/// The streams with a task on this node.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    table: Mutex<Table>,
    alive: Gauge,
}

/// What is queued for the streams' tasks.
#[derive(Debug, Clone, Copy, Default)]
pub struct InboxWaiting {
    /// Submissions, over all streams.
    pub pushes: usize,
    /// Submissions to the stream with the longest queue.
    pub pushes_largest: usize,
}

/// Why a submission was returned.
pub(super) enum NotTaken {
    Full(Box<Submission>),
    /// All streams that could make room are being written.
    Busy(Box<Submission>, &'static str),
    Closed(Box<Submission>),
}

/// What a task needs to start.
pub(super) struct Inbox {
    pub(super) receiver: mpsc::Receiver<Submission>,
    pub(super) unanswered: Arc<Unanswered>,
}

impl Tasks {
    /// Hands a submission to its stream's task. If the stream has none, returns an inbox that the caller
    /// must serve.
    pub(super) fn hand_over(
        &self,
        env: &Environment,
        key: &StreamKey,
        submission: Submission,
    ) -> Result<Option<Inbox>, NotTaken> {
        let mut table = self.table();
        if table.closed {
            return Err(NotTaken::Closed(Box::new(submission)));
        }
        let mut submission = submission;
        // Sent under the lock that retiring takes, so no task retires with a submission in its queue.
        if let Some(active) = table.active.get(key) {
            match active.sender.try_send(submission) {
                Ok(()) => {
                    table.touch(key);
                    return Ok(None);
                }
                Err(mpsc::error::TrySendError::Full(back)) => return Err(NotTaken::Full(Box::new(back))),
                // Its task is gone without having retired, which only a defect can cause. Start another.
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    submission = back;
                    table.remove(key);
                }
            }
        }
        let bounds = &env.config.node.bounds;
        let owner = (submission.identity.tenant.clone(), submission.identity.account.clone());
        if table.count_of(&owner) >= env.shares.streams && !table.make_room(Some(&owner), bounds.streams_looked_at_max)
        {
            return Err(NotTaken::Busy(Box::new(submission), "the account writes into as many streams as it may"));
        }
        if table.active.len() >= env.config.node.streams_max && !table.make_room(None, bounds.streams_looked_at_max) {
            return Err(NotTaken::Busy(Box::new(submission), "the server works on as many streams as it can"));
        }
        self.alive.enter(usize::MAX);
        let (sender, receiver) = mpsc::channel(bounds.pushes_waiting_max);
        match sender.try_send(submission) {
            Ok(()) => {}
            Err(_) => unreachable!("a new channel takes its first submission"),
        }
        let unanswered = table.insert(key.clone(), owner, sender);
        Ok(Some(Inbox { receiver, unanswered }))
    }

    /// Lets a task end, unless a submission arrived meanwhile. If the task had to make room, the stream may
    /// already have a new one, which continues.
    pub(super) fn retire(&self, key: &StreamKey, inbox: &Inbox) -> bool {
        let mut table = self.table();
        let idle = inbox.receiver.is_empty();
        if idle && table.active.get(key).is_some_and(|active| Arc::ptr_eq(&active.unanswered, &inbox.unanswered)) {
            table.remove(key);
        }
        idle
    }

    /// Records that a started task has ended.
    pub(super) fn has_ended(&self) {
        self.alive.leave();
    }

    /// Accepts no further submissions; tasks end when they have finished theirs.
    pub(super) fn close(&self) {
        *self.table() = Table { closed: true, ..Table::default() };
    }

    /// Waits until every task has ended, or until the timeout. Returns true if they have.
    pub(super) async fn ended(&self, timeout: Duration) -> bool {
        self.alive.emptied(timeout).await
    }

    /// The number of streams whose task accepts submissions.
    pub(super) fn count(&self) -> usize {
        self.table().active.len()
    }

    /// The number of tasks that have not ended yet, closed ones included.
    pub(super) fn alive(&self) -> usize {
        self.alive.count()
    }

    /// What is queued for the tasks.
    pub(super) fn waiting(&self) -> InboxWaiting {
        let table = self.table();
        let senders = table.active.values().map(|active| &active.sender);
        let pushes = senders.map(|sender| sender.max_capacity() - sender.capacity());
        pushes.fold(InboxWaiting::default(), |waiting, pushes| InboxWaiting {
            pushes: waiting.pushes + pushes,
            pushes_largest: waiting.pushes_largest.max(pushes),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every write to the map is complete at each step, so a panic elsewhere left it whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
