//! The streams of a node, and the only way into them: a submission is handed to its stream's task, which is
//! started if necessary.

use std::{sync::Arc, time::Duration};

use tidings_core::{authority::Refusal, code::Code};
use tokio::task::JoinSet;

use super::{
    cache::CacheBudget,
    commit::Committer,
    key::StreamKey,
    submission::Submission,
    task,
    tasks::{InboxWaiting, NotTaken, Tasks},
    tools::Tools,
    undelivered::Undelivered,
};
use crate::{environment::Environment, live::Live, store::Store};

/// Pause between two attempts to hand over a submission.
const FULL_WAIT: Duration = Duration::from_millis(5);
const FULL_TRIES_MAX: u32 = 1_000;
/// Attempts to wait for one of the streams to become idle.
const BUSY_TRIES_MAX: u32 = 200;

/// The streams of a node.
pub struct Streams {
    tools: Arc<Tools>,
}

impl Streams {
    /// Starts without streams. The committing tasks end when the set is dropped.
    pub fn start(tasks: &mut JoinSet<()>, env: &Arc<Environment>, live: &Arc<Live>) -> Self {
        // SQLite has one writer; on Postgres one group is written while the next gathers.
        let committers = if env.config.store.expose().starts_with("sqlite:") { 1 } else { 2 };
        let tools = Tools {
            env: Arc::clone(env),
            live: Arc::clone(live),
            committer: Committer::start(tasks, &env.store, committers, &env.config.node),
            cache: CacheBudget::new(env.config.node.cache_bytes_max),
            tasks: Tasks::default(),
            undelivered: Arc::new(Undelivered::new(env.config.node.bounds.streams_undelivered_max)),
        };
        Self { tools: Arc::new(tools) }
    }

    /// Hands a submission to its stream's task, which will answer it. Waits while the task's queue is full.
    pub async fn submit(&self, submission: Submission) {
        let mut submission = submission;
        let mut full = "too many pushes wait for this stream";
        for tries in 1..=FULL_TRIES_MAX {
            match self.try_submit(submission) {
                Ok(()) => return,
                Err(NotTaken::Full(back)) => submission = *back,
                Err(NotTaken::Busy(back, why)) => {
                    (submission, full) = (*back, why);
                    if tries >= BUSY_TRIES_MAX {
                        break;
                    }
                }
                Err(NotTaken::Closed(back)) => return self.defer(&back, Code::Draining, "the server is shutting down"),
            }
            tokio::time::sleep(FULL_WAIT).await;
        }
        self.defer(&submission, Code::RateLimited, full);
    }

    fn try_submit(&self, submission: Submission) -> Result<(), NotTaken> {
        let tools = &self.tools;
        let key = StreamKey { tenant: submission.identity.tenant.clone(), stream: submission.stream.clone() };
        if let Some(inbox) = tools.tasks.hand_over(&tools.env, &key, submission)? {
            let alive = Alive { tools: Arc::clone(tools) };
            tokio::spawn(async move { task::run(&alive.tools, key, inbox).await });
        }
        Ok(())
    }

    /// Defers a submission that no task accepts.
    fn defer(&self, submission: &Submission, code: Code, detail: &str) {
        let env = &self.tools.env;
        let again = env.clock.wall_now().plus(env.clock.retry_delay());
        submission.refuse(&env.metrics, Refusal::deferred(code, detail, again));
    }

    /// What sessions of this node may not have been sent.
    pub(crate) fn undelivered(&self) -> Arc<Undelivered> {
        Arc::clone(&self.tools.undelivered)
    }

    /// The store that the streams are in.
    pub(super) fn store(&self) -> &dyn Store {
        self.tools.env.store.as_ref()
    }

    /// Accepts no further submissions; those already handed over are still answered.
    pub fn close(&self) {
        self.tools.tasks.close();
    }

    /// Waits until every task has ended, or until the timeout. Returns true if they have.
    pub async fn ended(&self, timeout: Duration) -> bool {
        self.tools.tasks.ended(timeout).await
    }

    /// The number of streams whose task accepts submissions.
    pub fn count(&self) -> usize {
        self.tools.tasks.count()
    }

    /// The number of tasks that have not ended yet, closed ones included.
    pub fn alive(&self) -> usize {
        self.tools.tasks.alive()
    }

    /// What is queued for the streams' tasks.
    pub fn waiting(&self) -> InboxWaiting {
        self.tools.tasks.waiting()
    }

    /// The number of streams that wait to be committed.
    pub fn commits_waiting(&self) -> usize {
        self.tools.committer.waiting()
    }

    /// The limit on documents in memory, and its usage.
    pub fn cache(&self) -> &CacheBudget {
        &self.tools.cache
    }
}

/// A live task, counted until dropped.
struct Alive {
    tools: Arc<Tools>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.tools.tasks.has_ended();
    }
}
