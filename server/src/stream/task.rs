//! The task of one active stream: takes queued submissions, has them decided in order, commits what was
//! admitted in one transaction, then answers and publishes. It is the only writer of the stream on this node; a
//! commit of another node shows as a conflict, in which case nothing is written.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tidings_core::{
    authority::{Refusal, Stream},
    code::Code,
    ids::TimelineId,
    journal::Position,
};
use tokio::time::Instant;

use super::{
    answer::answer,
    batch::gather,
    cache::Held,
    decision::Decision,
    error::DecideError,
    judge::Judge,
    key::StreamKey,
    notice,
    projection::{Found, projected},
    source::Source,
    state::{State, readers},
    submission::{Part, Submission},
    tasks::Inbox,
    tools::Tools,
    undelivered::Run,
    unwilling::Unwilling,
};
use crate::{
    live::{Committed, Notified},
    store::{CommitOutcome, StreamCommit},
    trace::Step,
};

/// Attempts to decide a batch again because another node wrote first, and the longest pause before the second
/// attempt; later pauses are longer.
const DECIDE_TRIES_MAX: u32 = 10;
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);
/// The longest pause after a commit to a stream that other nodes write too.
const CONTENDED_PAUSE: Duration = Duration::from_millis(20);
/// Time after a conflict during which a stream counts as written by several nodes.
const CONTENDED_TIME: Duration = Duration::from_secs(60);

/// Serves one stream until it has been idle for a while, or the node shuts down.
pub(super) async fn run(tools: &Arc<Tools>, key: StreamKey, mut inbox: Inbox) {
    let mut held = Held::nothing(&tools.cache);
    let mut task = Task {
        tools: Arc::clone(tools),
        key,
        state: None,
        outdated: None,
        published: None,
        contended_until: None,
        names_taken: BTreeSet::new(),
        one_by_one: false,
    };
    let settings = &tools.env.config.node;
    loop {
        // A stream that does not exist, because nothing was admitted, is not kept at all.
        let idle = if task.published == Some(Position::ZERO) { Duration::ZERO } else { settings.stream_idle };
        match tokio::time::timeout(idle, inbox.receiver.recv()).await {
            Ok(None) => return,
            Err(_) if tools.tasks.retire(&task.key, &inbox) => return,
            Err(_) => {}
            Ok(Some(first)) => {
                let batch = gather(first, &mut inbox.receiver, &settings.bounds);
                task.answer(&batch).await;
                held.set(task.trim());
                if tools.cache.is_exceeded() {
                    held.set(task.let_go());
                }
                if task.is_contended() {
                    // Whoever wrote last has an advantage; this gives the others their turn.
                    tokio::time::sleep(tools.env.clock.jitter(CONTENDED_PAUSE)).await;
                }
                inbox.unanswered.answered(batch.len());
            }
        }
    }
}

struct Task {
    tools: Arc<Tools>,
    key: StreamKey,
    /// None until the first submission, and after any failure that makes it doubtful.
    state: Option<State>,
    /// The stream as it was before another node wrote it, to be caught up.
    outdated: Option<Stream>,
    /// The position up to which this node's sessions were sent entries.
    published: Option<Position>,
    /// Until when other nodes are expected to write the stream too.
    contended_until: Option<Instant>,
    /// Public names that the batch claims and that belong to other conversations.
    names_taken: BTreeSet<String>,
    /// True if the changes of the batch are applied one by one, so that one that makes the library fail is
    /// refused alone.
    one_by_one: bool,
}

impl Task {
    /// Answers every submission of a batch, whatever happens.
    async fn answer(&mut self, batch: &[Submission]) {
        if AssertUnwindSafe(self.process(batch)).catch_unwind().await.is_ok() {
            return;
        }
        self.state = None;
        tracing::error!(stream = %self.key.stream, pushes = batch.len(), "a panic while deciding pushes");
        if batch.len() == 1 {
            return self.refuse(batch, Code::Internal, "the server failed on this push", None);
        }
        // One of them is the cause; the others must not fail with it.
        for submission in batch {
            Box::pin(self.answer(std::slice::from_ref(submission))).await;
        }
    }

    async fn process(&mut self, batch: &[Submission]) {
        let clock = Arc::clone(&self.tools.env.clock);
        self.names_taken.clear();
        self.one_by_one = false;
        for tries in 1..=DECIDE_TRIES_MAX {
            let Err(error) = self.try_process(batch).await else { return };
            match &error {
                DecideError::NameTaken(name) => self.names_taken.extend(name.clone()),
                DecideError::EventsWanted => {}
                DecideError::Together(error) if !self.one_by_one => {
                    tracing::error!(stream = %self.key.stream, %error, "a batch is decided anew, change by change");
                    self.one_by_one = true;
                }
                DecideError::Conflict => {
                    self.contended_until = Some(Instant::now() + CONTENDED_TIME);
                    tokio::time::sleep(clock.jitter(CONFLICT_PAUSE * tries)).await;
                }
                DecideError::Erased => return self.refuse_erased(batch),
                _ => return self.defer(batch, &error),
            }
        }
        tracing::warn!(stream = %self.key.stream, "pushes were deferred: other nodes always wrote first");
        self.refuse(batch, Code::StoreUnavailable, "too many nodes write this stream", Some(clock.retry_delay()));
    }

    /// Decides, commits and publishes. The state is kept only if all of that succeeded.
    async fn try_process(&mut self, batch: &[Submission]) -> Result<(), DecideError> {
        let tools = Arc::clone(&self.tools);
        let key = self.key.clone();
        let source = Source::new(&tools.env, &key);
        let mut state = match (self.state.take(), self.outdated.take()) {
            (Some(state), _) => state,
            (None, Some(outdated)) => source.catch_up(outdated).await?,
            (None, None) => source.load().await?,
        };
        source.load_all(&mut state, batch).await?;
        let base = state.stream.position();
        self.published.get_or_insert(base);
        let before = self.is_contended().then(|| state.stream.clone());
        let decided = self.decide_and_commit(source, &mut state.stream, batch).await;
        if matches!(decided, Err(DecideError::Conflict)) {
            self.outdated = before;
        }
        let decision = decided?;
        self.publish_others(base).await;
        self.published = Some(state.stream.position());
        self.publish(&mut state, decision, batch).await;
        self.state = Some(state);
        Ok(())
    }

    /// Returns true if other nodes wrote the stream recently.
    fn is_contended(&self) -> bool {
        self.contended_until.is_some_and(|until| Instant::now() < until)
    }

    async fn decide_and_commit(
        &self,
        source: Source<'_>,
        stream: &mut Stream,
        batch: &[Submission],
    ) -> Result<Decision, DecideError> {
        let (env, base, former) = (&self.tools.env, stream.position(), Found::under(stream.conversation()));
        let unwilling = Unwilling::load(env, stream, batch).await?;
        let judge = Judge {
            env,
            source,
            stream: &mut *stream,
            base,
            unwilling: &unwilling,
            names_taken: &self.names_taken,
            one_by_one: self.one_by_one,
            decision: Decision { events: env.audience.has(&self.key.tenant).then(Vec::new), ..Decision::default() },
        };
        let decision = judge.decide(batch).await?;
        if decision.entries.is_empty() && decision.subscribers.is_empty() {
            self.confirm(base, &decision, batch).await?;
            return Ok(decision);
        }
        if let Some(conversation) = stream.id().conversation()
            && stream.page() > 0
        {
            // The newest page contains the last message.
            let newest = TimelineId::of(conversation).page(stream.page());
            source.load_missing(stream, &newest, &[], base).await?;
        }
        let commit = StreamCommit {
            expected: base,
            entries: decision.entries.clone(),
            held: decision.held.clone().into_iter().collect(),
            traces: decision.traces.clone(),
            requests: decision.requests.clone(),
            events: decision.events.clone(),
            silenced: decision.silenced.clone(),
            ..projected(stream, &decision.touched, &former, decision.subscribers.clone())
        };
        let claimed = commit.name.as_ref().and_then(|change| change.to.clone());
        let outcome = self.tools.committer.commit(commit).await;
        if outcome.is_err() {
            // It may have been written all the same, and then nobody else tells the sessions here.
            self.tools.undelivered.remember(self.key.clone(), Run { after: base, last: stream.position() });
        }
        match outcome.map_err(DecideError::Commit)? {
            CommitOutcome::Committed => {
                decision.trace(Step::Committed, batch);
                if decision.events.as_ref().is_some_and(|events| !events.is_empty()) {
                    env.audience.wake();
                }
                Ok(decision)
            }
            CommitOutcome::Conflict => Err(DecideError::Conflict),
            CommitOutcome::NameTaken => Err(DecideError::NameTaken(claimed)),
            CommitOutcome::EventsWanted => {
                env.audience.add(&self.key.tenant);
                Err(DecideError::EventsWanted)
            }
        }
    }

    /// A refusal counts only if the stream has not moved, and so does a membership request without consequence:
    /// an entry of another node may have made either wrong.
    async fn confirm(&self, base: Position, decision: &Decision, batch: &[Submission]) -> Result<(), DecideError> {
        let is_refused = decision.verdicts.iter().any(|verdict| verdict.answer.refused.is_some());
        if !is_refused && batch.iter().all(|submission| submission.membership_action().is_none()) {
            return Ok(());
        }
        let head = self.tools.env.store.stream_head(&self.key.tenant, &self.key.stream).await?;
        if head.position == base { Ok(()) } else { Err(DecideError::Conflict) }
    }

    /// Sends sessions here what other nodes wrote up to `base`, so that it precedes what this node wrote
    /// after it.
    async fn publish_others(&self, base: Position) {
        let Some(published) = self.published.filter(|published| *published < base) else { return };
        let sent = notice::publish(&self.tools.live, &self.key.tenant, &self.key.stream, published, base).await;
        if let Err(error) = sent {
            tracing::warn!(stream = %self.key.stream, %error, "sessions were not notified yet");
        }
    }

    /// Answers a batch and notifies everybody else who reads the stream.
    async fn publish(&self, state: &mut State, mut decision: Decision, batch: &[Submission]) {
        let former_readers = std::mem::take(&mut state.readers);
        let has_moved = !decision.touched.members.is_empty();
        state.readers = if has_moved { readers(&state.stream) } else { former_readers.clone() };
        let subscribers = std::mem::take(&mut decision.subscribers);
        let moved = decision.touched.moved(state.stream.conversation(), subscribers);
        let entries = std::mem::take(&mut decision.entries);
        let committed = Committed {
            tenant: &self.key.tenant,
            stream: &self.key.stream,
            entries: entries.into_iter().map(|new| new.entry).collect(),
            position: state.stream.position(),
            conversation: state.stream.conversation(),
            former_readers: &former_readers,
            readers: &state.readers,
            members: moved.members,
            subscribers: moved.subscribers,
            profile_changed: decision.touched.profile.is_some(),
            unblocked: decision.touched.unblocked(),
        };
        let live = &self.tools.live;
        live.unsubscribe(&committed);
        let answered = answer(live, batch, &decision.verdicts, &committed);
        // The creator of a conversation knows it; somebody who asked to join does not.
        let asked_membership = batch.iter().filter(|submission| submission.membership_action().is_some());
        let asked_membership: BTreeSet<u64> = asked_membership.filter_map(Submission::session).collect();
        let knowing = answered.iter().copied().filter(|session| !asked_membership.contains(session)).collect();
        let has_entries = !committed.entries.is_empty();
        live.publish(committed, &Notified { entries: answered, conversation: knowing }).await;
        if has_entries {
            decision.trace(Step::Published, batch);
        }
    }

    /// Refuses submissions to a tombstone; accounts that had no part get the refusal of a taken id.
    fn refuse_erased(&self, batch: &[Submission]) {
        for submission in batch {
            let (code, detail) = match submission.part {
                Part::Known if self.key.stream.conversation().is_none() => {
                    (Code::AccountErased, "the account was erased")
                }
                Part::Known => (Code::ConversationDeleted, "the conversation was deleted"),
                Part::None => (Code::ConversationExists, "the id is taken"),
            };
            submission.refuse(&self.tools.env.metrics, Refusal::new(code, detail));
        }
    }

    /// Defers a whole batch because of an error that is not its own.
    fn defer(&self, batch: &[Submission], error: &DecideError) {
        let (tenant, stream, clock) = (&self.key.tenant, &self.key.stream, &self.tools.env.clock);
        let code = error.code();
        if code == Code::StreamDamaged {
            tracing::error!(%tenant, %stream, %error, "pushes were deferred: the journal has to be mended");
            return self.refuse(batch, code, "what is stored of this is damaged", Some(clock.mend_delay()));
        }
        tracing::warn!(%tenant, %stream, %error, "pushes were deferred");
        self.refuse(batch, code, "the server cannot store this now", Some(clock.retry_delay()));
    }

    /// Refuses or defers a whole batch for a reason that is not its own.
    fn refuse(&self, batch: &[Submission], code: Code, detail: &str, again: Option<Duration>) {
        let env = &self.tools.env;
        for submission in batch {
            let retry_at = again.map(|delay| env.clock.wall_now().plus(delay));
            submission.refuse(&env.metrics, Refusal { code, detail: detail.to_owned(), retry_at });
        }
    }

    /// Unloads everything. Returns the bytes kept.
    fn let_go(&mut self) -> usize {
        self.state = None;
        self.tools.env.metrics.cache_evictions.count();
        0
    }

    /// Unloads what is unlikely to be needed soon. Returns the bytes kept.
    fn trim(&mut self) -> usize {
        self.outdated = None;
        let bytes_max = self.tools.env.config.node.bounds.stream_bytes_max;
        self.state.as_mut().map_or(0, |state| state.trim(bytes_max))
    }
}
