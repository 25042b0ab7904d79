//! The streams of a node, and the one way into them: a submission is handed to its stream's
//! task, which is started if there is none.

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
};
use crate::{environment::Environment, live::Live, store::Store};

/// How long whoever submits waits between two tries to hand over, and how often.
const FULL_WAIT: Duration = Duration::from_millis(5);
const FULL_TRIES_MAX: u32 = 1_000;
/// How often for one of all the streams to become idle.
const BUSY_TRIES_MAX: u32 = 200;

/// The streams of a node.
pub struct Streams {
    tools: Arc<Tools>,
}

impl Streams {
    /// None yet. What commits for them ends with the set.
    pub fn start(tasks: &mut JoinSet<()>, env: &Arc<Environment>, live: &Arc<Live>) -> Self {
        // SQLite has one writer; on Postgres one group is written while the next gathers.
        let committers = if env.config.store.expose().starts_with("sqlite:") { 1 } else { 2 };
        let tools = Tools {
            env: Arc::clone(env),
            live: Arc::clone(live),
            committer: Committer::start(tasks, &env.store, committers, &env.config.node),
            cache: CacheBudget::new(env.config.node.cache_bytes_max),
            tasks: Tasks::default(),
        };
        Self { tools: Arc::new(tools) }
    }

    /// Hands a submission to its stream's task, which will answer it. Waits while
    /// the task is behind.
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
                Err(NotTaken::Closed(back)) => return self.defer(&back, Code::Draining, "the server is going down"),
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

    /// Answers a submission that no task takes: come again.
    fn defer(&self, submission: &Submission, code: Code, detail: &str) {
        let env = &self.tools.env;
        let again = env.clock.wall_now().plus(env.clock.retry_delay());
        submission.refuse(&env.metrics, Refusal::deferred(code, detail, again));
    }

    /// The store that they are in.
    pub(super) fn store(&self) -> &dyn Store {
        self.tools.env.store.as_ref()
    }

    /// Takes nothing more; what was handed over is still answered.
    pub fn close(&self) {
        self.tools.tasks.close();
    }

    /// Waits until every task has ended; tells whether they have.
    pub async fn ended(&self, timeout: Duration) -> bool {
        self.tools.tasks.ended(timeout).await
    }

    /// How many streams have a task that takes submissions.
    pub fn count(&self) -> usize {
        self.tools.tasks.count()
    }

    /// How many tasks have not ended yet, those that take nothing more included.
    pub fn alive(&self) -> usize {
        self.tools.tasks.alive()
    }

    /// What waits for the streams' tasks.
    pub fn waiting(&self) -> InboxWaiting {
        self.tools.tasks.waiting()
    }

    /// How many streams wait to be written.
    pub fn commits_waiting(&self) -> usize {
        self.tools.committer.waiting()
    }

    /// The bound on their documents in memory, and how much of it is used.
    pub fn cache(&self) -> &CacheBudget {
        &self.tools.cache
    }
}

/// One live task, counted until dropped.
struct Alive {
    tools: Arc<Tools>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.tools.tasks.has_ended();
    }
}
