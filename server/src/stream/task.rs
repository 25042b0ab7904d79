//! The task of one active stream: takes the pushes that wait, decides them in
//! order, commits what was admitted in one transaction, then answers and
//! publishes. It is the only one on this node that writes the stream; another
//! node is noticed by the commit, which then changes nothing. This file is
//! long because a batch is decided, committed and told in one place.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use tidings_core::{
    authority::{AdmitError, Admitted, Asker, Refusal, Session, Stream, Subscription},
    code::Code,
    doc::{ApplyChangeError, Document},
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, StreamId},
    journal::{Entry, Position},
    model::{ConversationKind, ConversationState, MemberStatus, Wish},
    time::WallTime,
    wire::{Accepted, PushedChange, ServerFrame},
};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Part, PushRequest,
    cache::Held,
    commit::CommitError,
    decision::{self, Decision, Verdict},
    fanout, late,
    load::load,
    notice,
    projection::{Found, projected},
    registry::{StreamKey, Unanswered},
    touched::Moved,
};
use crate::{
    bounds::Bounds,
    node::Node,
    store::{CommitOutcome, FoundChange, NewEntry, StoreError, StreamCommit, StreamHead, SubscriberRow, WhichThreads},
    trace::Step,
    ws::{Frame, SessionHandle},
};

/// Times a batch is decided anew because another node wrote first, and the
/// longest pause before the second try; later ones are longer.
const DECIDE_TRIES_MAX: u32 = 10;
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);
/// The longest pause after a commit into a stream that other nodes write too.
const CONTENDED_PAUSE: Duration = Duration::from_millis(20);
/// How long a stream counts as written by several nodes after a conflict.
const CONTENDED_TIME: Duration = Duration::from_secs(60);
/// Changes judged before the thread's other tasks get a turn: what sessions ask
/// meanwhile must not wait for a large push.
const JUDGED_AT_ONCE: usize = 16;
/// Rounds of loading: a document may show that another one is needed.
const LOAD_ROUNDS_MAX: u32 = 4;

/// Serves one stream until it was idle for a while, or the node goes down.
pub(super) async fn run(
    node: &Arc<Node>,
    key: StreamKey,
    mut receiver: mpsc::Receiver<PushRequest>,
    unanswered: &Arc<Unanswered>,
) {
    let mut held = Held::nothing(&node.cache);
    let mut task = Task {
        node: Arc::clone(node),
        key,
        state: None,
        behind: None,
        published: None,
        contended_until: None,
        names_taken: BTreeSet::new(),
        blockers: BTreeMap::new(),
        unreachable: BTreeMap::new(),
        one_by_one: false,
    };
    loop {
        // A stream that does not exist, because nothing was admitted, is not kept for a moment.
        let idle = if task.published == Some(Position::ZERO) { Duration::ZERO } else { node.config.node.stream_idle };
        match tokio::time::timeout(idle, receiver.recv()).await {
            Ok(None) => return,
            Err(_) if node.streams.retire(&task.key, &receiver, unanswered) => return,
            Err(_) => {}
            Ok(Some(first)) => {
                let batch = gather(first, &mut receiver, &node.config.node.bounds);
                task.answer(&batch).await;
                held.set(task.trim());
                if node.cache.is_exceeded() {
                    held.set(task.let_go());
                }
                if task.is_contended() {
                    // Whoever wrote last is ahead of the others; they get their turn.
                    tokio::time::sleep(node.clock.jitter(CONTENDED_PAUSE)).await;
                }
                unanswered.answered(batch.len());
            }
        }
    }
}

/// A refusal as it is told: who begins a conversation under an id that is taken, by one
/// in which they have no part, hears nothing of it but that.
fn as_told(stream: &Stream, request: &PushRequest, refusal: Refusal) -> Refusal {
    let is_there = stream.conversation().created.is_some();
    let has_part = stream.conversation().members.contains_key(&request.identity.account);
    match request.part {
        Part::None if is_there && !has_part => Refusal::new(Code::ConversationExists, "the id is taken"),
        Part::None | Part::Known => refusal,
    }
}

/// The pushes that wait, as far as they are decided together.
fn gather(first: PushRequest, receiver: &mut mpsc::Receiver<PushRequest>, bounds: &Bounds) -> Vec<PushRequest> {
    let size = |request: &PushRequest| {
        (request.push.changes.len(), request.push.changes.iter().map(|change| change.change.len()).sum::<usize>())
    };
    let (mut changes, mut bytes) = size(&first);
    let mut batch = vec![first];
    while batch.len() < bounds.batch_pushes_max
        && changes < bounds.batch_changes_max
        && bytes < bounds.batch_bytes_max
        && let Ok(next) = receiver.try_recv()
    {
        let (next_changes, next_bytes) = size(&next);
        changes += next_changes;
        bytes += next_bytes;
        batch.push(next);
    }
    batch
}

/// Why a batch was not decided and committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecideError {
    #[error("another node wrote the stream first")]
    Conflict,
    #[error("another conversation has the public name")]
    NameTaken(Option<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(CommitError),
    #[error("the authority asks for more documents after each one it was given")]
    Loading,
    #[error("an admitted change is not in the journal")]
    Journal,
    #[error("the conversation was erased")]
    Erased,
    #[error("of changes that were applied together one does not apply: {0}")]
    Together(#[from] ApplyChangeError),
}

/// Accounts that are not reached, by who pushes.
type Unwilling = BTreeMap<AccountId, Vec<AccountId>>;

/// The stream as of its last commit.
struct State {
    stream: Stream,
    /// Who reads it.
    readers: BTreeSet<AccountId>,
}

pub(super) struct Task {
    pub(super) node: Arc<Node>,
    pub(super) key: StreamKey,
    /// None until the first push, and after anything that makes it doubtful.
    state: Option<State>,
    /// The stream as it was before another node wrote it, to be caught up.
    behind: Option<Stream>,
    /// Up to where this node's sessions were told.
    published: Option<Position>,
    /// Until when other nodes are expected to write the stream too.
    contended_until: Option<Instant>,
    /// Public names that the batch claims, and other conversations have.
    names_taken: BTreeSet<String>,
    /// Who has blocked those who push, of those whom the batch would reach.
    blockers: BTreeMap<AccountId, Vec<AccountId>>,
    /// Who of them lets those who push bring them in nowhere.
    unreachable: BTreeMap<AccountId, Vec<AccountId>>,
    /// Whether the changes of the batch are applied one by one, so that the one
    /// that the library fails on is refused alone.
    one_by_one: bool,
}

impl Task {
    /// Answers every push of a batch, whatever happens.
    async fn answer(&mut self, batch: &[PushRequest]) {
        if AssertUnwindSafe(self.process(batch)).catch_unwind().await.is_ok() {
            return;
        }
        self.state = None;
        tracing::error!(stream = %self.key.stream, pushes = batch.len(), "a panic while deciding pushes");
        if batch.len() == 1 {
            return self.refuse(batch, Code::Internal, "the server failed on this push", None);
        }
        // One of them is at fault; the others must not fail with it.
        for request in batch {
            Box::pin(self.answer(std::slice::from_ref(request))).await;
        }
    }

    async fn process(&mut self, batch: &[PushRequest]) {
        self.names_taken.clear();
        self.one_by_one = false;
        for tries in 1..=DECIDE_TRIES_MAX {
            let error = match self.try_process(batch).await {
                Ok(()) => return,
                Err(error) => error,
            };
            let (code, again) = match &error {
                DecideError::NameTaken(name) => {
                    self.names_taken.extend(name.clone());
                    continue;
                }
                DecideError::Together(error) if !self.one_by_one => {
                    tracing::error!(stream = %self.key.stream, %error, "a batch is decided anew, change by change");
                    self.one_by_one = true;
                    continue;
                }
                DecideError::Erased => return self.refuse_erased(batch),
                DecideError::Conflict => {
                    self.contended_until = Some(Instant::now() + CONTENDED_TIME);
                    tokio::time::sleep(self.node.clock.jitter(CONFLICT_PAUSE * tries)).await;
                    continue;
                }
                DecideError::Store(error) => (fanout::store_code(error), true),
                DecideError::Commit(CommitError::Store(error)) => (fanout::store_code(error), true),
                DecideError::Commit(CommitError::Ended) => (Code::Draining, true),
                DecideError::Loading | DecideError::Journal | DecideError::Together(_) => (Code::Internal, true),
            };
            let (tenant, stream) = (&self.key.tenant, &self.key.stream);
            if code == Code::StreamDamaged {
                tracing::error!(%tenant, %stream, %error, "pushes were deferred: the journal has to be mended");
                return self.refuse(
                    batch,
                    code,
                    "what is stored of this is damaged",
                    Some(self.node.clock.mend_delay()),
                );
            }
            tracing::warn!(%tenant, %stream, %error, "pushes were deferred");
            let again = again.then(|| self.node.clock.retry_delay());
            return self.refuse(batch, code, "the server cannot store this now", again);
        }
        tracing::warn!(stream = %self.key.stream, "pushes were deferred: other nodes always wrote first");
        self.refuse(
            batch,
            Code::StoreUnavailable,
            "too many nodes write this stream",
            Some(self.node.clock.retry_delay()),
        );
    }

    /// Decides, commits and publishes. The state is put back only when all of
    /// that went well.
    async fn try_process(&mut self, batch: &[PushRequest]) -> Result<(), DecideError> {
        let mut state = match (self.state.take(), self.behind.take()) {
            (Some(state), _) => state,
            (None, Some(behind)) => self.catch_up(behind).await?,
            (None, None) => self.load().await?,
        };
        self.load_all(&mut state, batch).await?;
        (self.blockers, self.unreachable) = self.load_unwilling(&state.stream, batch).await?;
        let base = state.stream.position();
        self.published.get_or_insert(base);
        let before = self.is_contended().then(|| state.stream.clone());
        let decided = self.decide_and_commit(&mut state.stream, base, batch).await;
        if matches!(decided, Err(DecideError::Conflict)) {
            self.behind = before;
        }
        let decision = decided?;
        self.publish_others(base).await;
        self.published = Some(state.stream.position());
        self.publish(&mut state, decision, batch).await;
        self.state = Some(state);
        Ok(())
    }

    /// Whether other nodes wrote the stream lately.
    fn is_contended(&self) -> bool {
        self.contended_until.is_some_and(|until| Instant::now() < until)
    }

    async fn decide_and_commit(
        &self,
        stream: &mut Stream,
        base: Position,
        batch: &[PushRequest],
    ) -> Result<Decision, DecideError> {
        let former = Found::under(stream.conversation());
        let decision = self.decide(stream, base, batch).await?;
        if decision.entries.is_empty() && decision.subscribers.is_empty() {
            self.confirm(base, &decision, batch).await?;
            return Ok(decision);
        }
        let commit = self.stream_commit(stream, base, &decision, &former).await?;
        let claimed = commit.name.as_ref().and_then(|change| change.to.clone());
        match self.node.committer.commit(commit).await.map_err(DecideError::Commit)? {
            CommitOutcome::Committed => {
                decision::trace(Step::Committed, batch, &decision.verdicts);
                Ok(decision)
            }
            CommitOutcome::Conflict => Err(DecideError::Conflict),
            CommitOutcome::NameTaken => Err(DecideError::NameTaken(claimed)),
        }
    }

    /// The stream as stored.
    async fn load(&self) -> Result<State, DecideError> {
        let (tenant, stream) = (&self.key.tenant, &self.key.stream);
        let stream = match stream.conversation() {
            None => {
                let head = self.node.store.stream_head(tenant, stream).await?;
                Stream::new(tenant.clone(), stream.clone(), head.position, head.page)
            }
            Some(conversation) => {
                let id = DocumentId::Conversation(conversation);
                let (document, head) = load(self.node.store.as_ref(), tenant, &id).await?;
                let is_there = document.changes() > 0 || head.position == Position::ZERO;
                if !is_there && self.is_deleted(conversation).await? {
                    return Err(DecideError::Erased);
                }
                let mut stream = Stream::new(tenant.clone(), stream.clone(), head.position, head.page);
                stream.insert(document);
                self.recall(&mut stream).await?;
                stream
            }
        };
        let readers = self.readers(&stream);
        Ok(State { stream, readers })
    }

    async fn is_deleted(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        let state = self.node.store.conversation_state(&self.key.tenant, conversation).await?;
        Ok(state == Some(ConversationState::Deleted))
    }

    /// Reads what slow mode looks back on, if it is on. A damaged entry slows nobody
    /// down: what needs it says so.
    async fn recall(&self, stream: &mut Stream) -> Result<(), DecideError> {
        let Some(mut after) = stream.lacks_said() else { return Ok(()) };
        let head = stream.position();
        let mut said = Vec::new();
        while after < head {
            let entries_max = self.node.config.node.bounds.entries_read_max;
            let entries = self.node.store.entries_after(&self.key.tenant, &self.key.stream, after, entries_max);
            let entries = match entries.await {
                Err(StoreError::Damaged { position, .. }) => {
                    after = position;
                    continue;
                }
                entries => entries?,
            };
            let Some(last) = entries.last() else { break };
            after = last.position;
            said.extend(entries.into_iter().filter(|entry| entry.position <= head));
        }
        stream.recall(&said);
        Ok(())
    }

    /// The state with what other nodes wrote meanwhile, or loaded anew when
    /// that is much.
    async fn catch_up(&self, mut stream: Stream) -> Result<State, DecideError> {
        let (tenant, after) = (&self.key.tenant, stream.position());
        let entries_max = self.node.config.node.bounds.entries_read_max;
        let entries = self.node.store.entries_after(tenant, &self.key.stream, after, entries_max).await?;
        let few = entries.len() < entries_max as usize;
        // Nothing behind a head that moved: the stream was erased.
        if !few || entries.is_empty() || entries.iter().any(|entry| stream.apply_entry(entry).is_err()) {
            return self.load().await;
        }
        let readers = self.readers(&stream);
        Ok(State { stream, readers })
    }

    /// Loads what a batch needs before anything of it is decided. A document
    /// may be read when the stream has moved on; the others then follow.
    async fn load_all(&self, state: &mut State, batch: &[PushRequest]) -> Result<(), DecideError> {
        let changes = batch.iter().flat_map(|request| &request.push.changes);
        let documents: BTreeSet<&DocumentId> = changes.map(|pushed| &pushed.document).collect();
        for document in documents.into_iter().filter(|document| document.stream() == self.key.stream) {
            for id in state.stream.missing(document) {
                let head = self.bring(&mut state.stream, &id).await?;
                if head.position > state.stream.position() {
                    *state = self.catch_up(state.stream.clone()).await?;
                }
            }
        }
        Ok(())
    }

    /// Loads a document into a stream, and what is counted of a thread with its own.
    async fn bring(&self, stream: &mut Stream, id: &DocumentId) -> Result<StreamHead, StoreError> {
        let (store, tenant) = (self.node.store.as_ref(), &self.key.tenant);
        if let DocumentId::Thread(conversation, thread) = *id {
            let threads = store.threads(tenant, conversation, &WhichThreads::One(thread)).await?;
            threads.into_iter().for_each(|thread| stream.set_thread(thread));
        }
        let (document, head) = load(store, tenant, id).await?;
        stream.insert(document);
        Ok(head)
    }

    /// Asks who has blocked whom, and who does not let whom bring them in: of those who
    /// write in a direct or bring others in, for all that a batch holds of each.
    async fn load_unwilling(
        &self,
        stream: &Stream,
        batch: &[PushRequest],
    ) -> Result<(Unwilling, Unwilling), DecideError> {
        let mut reached: BTreeMap<&AccountId, BTreeSet<AccountId>> = BTreeMap::new();
        for request in batch {
            for pushed in &request.push.changes {
                let accounts = stream.reached(&request.identity, pushed, &self.node.limits);
                reached.entry(&request.identity.account).or_default().extend(accounts);
            }
        }
        // In a direct that is there nobody is brought in any more.
        let brings_in = stream.conversation().kind() != Some(ConversationKind::Direct);
        let (mut blockers, mut unreachable) = (BTreeMap::new(), BTreeMap::new());
        for (account, reached) in reached.into_iter().filter(|(_, reached)| !reached.is_empty()) {
            let reached: Vec<AccountId> = reached.into_iter().collect();
            let found = self.node.store.blockers(&self.key.tenant, account, &reached).await?;
            blockers.insert(account.clone(), found);
            if brings_in {
                let found = self.node.store.unreachable(&self.key.tenant, account, &reached).await?;
                unreachable.insert(account.clone(), found);
            }
        }
        Ok((blockers, unreachable))
    }

    /// Tells sessions here what other nodes wrote up to `base`, so that they
    /// hear of it before what this node wrote behind it.
    async fn publish_others(&self, base: Position) {
        let Some(published) = self.published.filter(|published| *published < base) else { return };
        let told = notice::publish(&self.node, &self.key.tenant, &self.key.stream, published, base).await;
        self.log_untold(told);
    }

    fn readers(&self, stream: &Stream) -> BTreeSet<AccountId> {
        match &self.key.stream {
            StreamId::Account(account) => BTreeSet::from([account.clone()]),
            StreamId::Conversation(_) => {
                stream.conversation().active_members().map(|(account, _)| account.clone()).collect()
            }
        }
    }

    /// Loads the documents that deciding about a change of `document` needs beside
    /// those loaded before, as of `base`: what was decided since is in none of them.
    pub(super) async fn load_missing(
        &self,
        stream: &mut Stream,
        document: &DocumentId,
        change: &[u8],
        base: Position,
    ) -> Result<(), DecideError> {
        for _ in 0..LOAD_ROUNDS_MAX {
            let missing = stream.missing_for(document, change);
            if missing.is_empty() {
                return Ok(());
            }
            for id in missing {
                if self.bring(stream, &id).await?.position != base {
                    return Err(DecideError::Conflict);
                }
            }
        }
        Err(DecideError::Loading)
    }

    async fn decide(
        &self,
        stream: &mut Stream,
        base: Position,
        batch: &[PushRequest],
    ) -> Result<Decision, DecideError> {
        let mut decision = Decision::default();
        let (mut decided, mut repeated) = (Vec::new(), Vec::new());
        let mut judged: usize = 0;
        for request in batch {
            let mut verdict = Verdict { entries: decision.entries.len()..decision.entries.len(), ..Verdict::default() };
            if let Some(wish) = &request.wish {
                match self.fulfil(stream, base, request, wish, &mut decision).await? {
                    Ok(accepted) => verdict.accepted.push(accepted),
                    Err(refusal) => verdict.refused = Some((0, refusal)),
                }
            }
            for (index, pushed) in request.push.changes.iter().enumerate() {
                judged += 1;
                if judged.is_multiple_of(JUDGED_AT_ONCE) {
                    tokio::task::yield_now().await;
                }
                match self.admit(stream, base, &request.identity, pushed).await? {
                    Ok(admitted) => {
                        verdict.accepted.push((admitted.entry.position, admitted.entry.accepted_at));
                        decided.extend(late::decided(&admitted.effects));
                        decision.take(admitted);
                    }
                    Err(AdmitError::AlreadyAdmitted(hash)) => {
                        let change = (pushed.document.clone(), hash);
                        repeated.push((decision.verdicts.len(), verdict.accepted.len(), change));
                        verdict.accepted.push((Position::ZERO, WallTime::default()));
                    }
                    Err(AdmitError::Refused(refusal)) => {
                        let told = self.admitted_elsewhere(&request.identity, pushed, &refusal, &decision).await?;
                        let Some(accepted) = told else {
                            verdict.refused = Some((index, as_told(stream, request, refusal)));
                            break;
                        };
                        verdict.accepted.push(accepted);
                    }
                }
            }
            verdict.entries.end = decision.entries.len();
            if !verdict.entries.is_empty() {
                decision.traces.extend(request.trace);
            }
            decision.verdicts.push(verdict);
        }
        stream.flush()?;
        self.place_repeated(&repeated, &mut decision).await?;
        // What follows is nobody's push: everybody hears of it like of any entry.
        for (message, state) in decided {
            self.carry_out(stream, base, message, state, &mut decision).await?;
        }
        decision::trace(Step::Decided, batch, &decision.verdicts);
        Ok(decision)
    }

    pub(super) async fn admit(
        &self,
        stream: &mut Stream,
        base: Position,
        session: &Session,
        pushed: &PushedChange,
    ) -> Result<Result<Admitted, AdmitError>, DecideError> {
        // A document of another stream is never loaded; the authority refuses it.
        if pushed.document.stream() == self.key.stream {
            self.load_missing(stream, &pushed.document, &pushed.change, base).await?;
        }
        stream.set_blockers(self.blockers.get(&session.account).cloned().unwrap_or_default());
        stream.set_unreachable(self.unreachable.get(&session.account).cloned().unwrap_or_default());
        let before = (!self.names_taken.is_empty()).then(|| stream.clone());
        let started = Instant::now();
        let (at, limits) = (self.node.clock.wall_now(), &self.node.limits);
        let admitted = match self.one_by_one {
            true => stream.admit(session, pushed, at, limits),
            false => stream.queue(session, pushed, at, limits)?,
        };
        self.node.metrics.admit_seconds.record(started.elapsed());
        if let Some(before) = before
            && let Some(name) = stream.conversation().public_name()
            && before.conversation().public_name() != Some(name)
            && self.names_taken.contains(name)
        {
            let taken = Refusal::new(Code::NameTaken, format!("another public conversation is called {name}"));
            *stream = before;
            return Ok(Err(AdmitError::Refused(taken)));
        }
        Ok(admitted)
    }

    /// Does what follows from a wish: writes it, as the system's account, or
    /// takes note of a subscription; nothing if it is so already.
    async fn fulfil(
        &self,
        stream: &mut Stream,
        base: Position,
        request: &PushRequest,
        wish: &Wish,
        decision: &mut Decision,
    ) -> Result<Result<(Position, WallTime), Refusal>, DecideError> {
        if let Some(conversation) = self.key.stream.conversation() {
            self.load_missing(stream, &DocumentId::Conversation(conversation), &[], base).await?;
        }
        let (account, at) = (&request.identity.account, self.node.clock.wall_now());
        let asker = Asker {
            account,
            knows: request.part == Part::Known,
            subscribes: self.subscribes(stream, account, decision).await?,
            moved_at: self.moved_at(stream, account, wish, decision).await?,
        };
        let system = Session::system(self.key.tenant.clone(), &self.key.stream);
        let fulfilled = match stream.fulfil(&system, asker, wish, at, &self.node.limits) {
            Ok(fulfilled) => fulfilled,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut accepted = (stream.position(), at);
        if let Some(pushed) = &fulfilled.pushed {
            match self.admit(stream, base, &system, pushed).await? {
                Ok(admitted) => {
                    accepted = (admitted.entry.position, admitted.entry.accepted_at);
                    decision.take(admitted);
                }
                Err(AdmitError::Refused(refusal)) => return Ok(Err(refusal)),
                // Its number is the next one of its device: it cannot have been admitted.
                Err(AdmitError::AlreadyAdmitted(_)) => return Err(DecideError::Journal),
            }
        }
        if let Wish::Late(late) = wish {
            decision.late.insert(late.message.clone(), Some(late.clone()));
        }
        if let Some(subscription) = fulfilled.subscription {
            let status = match subscription {
                Subscription::Begins => MemberStatus::Active,
                Subscription::Ends => MemberStatus::Left,
            };
            decision.subscribers.insert(account.clone(), SubscriberRow { status, at });
        }
        Ok(Ok(accepted))
    }

    /// Whether an account subscribes, with what was decided of this batch.
    async fn subscribes(&self, stream: &Stream, account: &AccountId, decision: &Decision) -> Result<bool, DecideError> {
        let Some(conversation) = self.key.stream.conversation() else { return Ok(false) };
        if stream.conversation().kind() != Some(ConversationKind::Channel) {
            return Ok(false);
        }
        if let Some(row) = decision.subscribers.get(account) {
            return Ok(row.status == MemberStatus::Active);
        }
        let member = self.node.store.member(&self.key.tenant, conversation, account).await?;
        Ok(member.is_some_and(|member| member.is_subscriber()))
    }

    /// Tells of changes that were pushed again, by verdict and place in it, where
    /// they stand: in this very batch, or in the journal, which is asked once.
    async fn place_repeated(
        &self,
        repeated: &[(usize, usize, (DocumentId, ChangeHash))],
        decision: &mut Decision,
    ) -> Result<(), DecideError> {
        if repeated.is_empty() {
            return Ok(());
        }
        let of_batch = decision
            .entries
            .iter()
            .map(|new| ((new.entry.document.clone(), new.hash), (new.entry.position, new.entry.accepted_at)));
        let mut places: HashMap<(DocumentId, ChangeHash), (Position, WallTime)> = of_batch.collect();
        let stored = repeated.iter().map(|(.., change)| change).filter(|change| !places.contains_key(change));
        let stored: Vec<ChangeHash> = stored.map(|(_, hash)| *hash).collect();
        let found = self.node.store.find_changes(&self.key.tenant, &self.key.stream, &stored).await?;
        places
            .extend(found.into_iter().map(|found| ((found.document, found.hash), (found.position, found.accepted_at))));
        for (verdict, place, change) in repeated {
            decision.verdicts[*verdict].accepted[*place] = *places.get(change).ok_or(DecideError::Journal)?;
        }
        Ok(())
    }

    /// Where a change was admitted that another device of the account wrote: one
    /// that took a new id may not be able to fetch what became of it. Nobody else
    /// is told, and neither is the account of what was not admitted.
    async fn admitted_elsewhere(
        &self,
        session: &Session,
        pushed: &PushedChange,
        refusal: &Refusal,
        decision: &Decision,
    ) -> Result<Option<(Position, WallTime)>, DecideError> {
        if refusal.code != Code::WrongActor {
            return Ok(None);
        }
        let Some(hash) = ChangeHash::of_change(&pushed.change) else { return Ok(None) };
        let is_it = |document: &DocumentId, other| *document == pushed.document && other == hash;
        if let Some(NewEntry { entry, .. }) = decision.entries.iter().find(|new| is_it(&new.entry.document, new.hash)) {
            return Ok((entry.account == session.account).then_some((entry.position, entry.accepted_at)));
        }
        let found = self.node.store.find_changes(&self.key.tenant, &self.key.stream, &[hash]).await?;
        let own = |found: &FoundChange| found.account == session.account && is_it(&found.document, found.hash);
        let own = found.into_iter().find(own);
        Ok(own.map(|own| (own.position, own.accepted_at)))
    }

    /// A refusal counts only if the stream has not moved on, and so does a wish of which
    /// nothing follows: another node may have admitted what makes either wrong.
    async fn confirm(&self, base: Position, decision: &Decision, batch: &[PushRequest]) -> Result<(), DecideError> {
        let is_refused = decision.verdicts.iter().any(|verdict| verdict.refused.is_some());
        if !is_refused && batch.iter().all(|request| request.wish.is_none()) {
            return Ok(());
        }
        let head = self.node.store.stream_head(&self.key.tenant, &self.key.stream).await?;
        if head.position == base { Ok(()) } else { Err(DecideError::Conflict) }
    }

    async fn stream_commit(
        &self,
        stream: &mut Stream,
        base: Position,
        decision: &Decision,
        former: &Found,
    ) -> Result<StreamCommit, DecideError> {
        if let Some(conversation) = self.key.stream.conversation()
            && stream.page() > 0
        {
            // The newest page tells the last message.
            self.load_missing(stream, &DocumentId::Page(conversation, stream.page()), &[], base).await?;
        }
        Ok(StreamCommit {
            expected: base,
            entries: decision.entries.clone(),
            late: decision.late.clone().into_iter().collect(),
            traces: decision.traces.clone(),
            ..projected(stream, &decision.touched, former, decision.subscribers.clone())
        })
    }

    /// Answers the pushes and tells everybody else who reads the stream.
    async fn publish(&self, state: &mut State, decision: Decision, batch: &[PushRequest]) {
        let before = std::mem::take(&mut state.readers);
        state.readers = if decision.touched.members.is_empty() { before.clone() } else { self.readers(&state.stream) };
        let readers = &state.readers;
        let moved = decision.moved(state.stream.conversation());
        self.unsubscribe(&moved);
        let entries: Vec<Entry> = decision.entries.into_iter().map(|new| new.entry).collect();
        let pushers: BTreeMap<u64, &Arc<SessionHandle>> =
            batch.iter().map(|request| (request.session.id, &request.session)).collect();
        for session in pushers.values() {
            let reads = readers.contains(&session.account) || self.hears_beside_members(session);
            self.answer_session(session, reads, batch, &decision.verdicts, &entries);
        }
        if entries.is_empty() {
            return self.publish_subscribers(&moved).await;
        }
        let pushers: HashSet<u64> = pushers.into_keys().collect();
        let tenant = &self.key.tenant;
        let frames = fanout::entries_frames(&self.node.config.node.bounds, &self.key.stream, entries);
        self.node.sessions.send(tenant, readers.intersection(&before), &frames, &pushers);
        if let Some(conversation) = self.key.stream.conversation() {
            if !moved.members.is_empty() && state.stream.conversation().kind() == Some(ConversationKind::Channel) {
                // Subscribers may have been among them.
                self.node.counts_moved.note(tenant, conversation);
            }
            self.node.sessions.send_beside_members(tenant, conversation, &frames, &pushers);
            self.publish_subscribers(&moved).await;
            for (account, moved) in decision.touched.members.iter().filter(|(account, _)| !readers.contains(*account)) {
                let Some(member) = state.stream.conversation().members.get(account) else { continue };
                if member.status() == MemberStatus::Subscribed {
                    continue;
                }
                let told = fanout::moved(&self.node, tenant, conversation, account, member.status(), moved.at).await;
                self.log_untold(told);
            }
            if state.stream.conversation().state() == ConversationState::Deleted {
                let told = fanout::deleted(&self.node, tenant, state.stream.conversation(), conversation).await;
                self.log_untold(told);
            }
            let added: Vec<AccountId> = readers.difference(&before).cloned().collect();
            if !added.is_empty() {
                let members: Vec<AccountId> = readers.iter().cloned().collect();
                // Who created the conversation knows it; who wished to come in does not.
                let wished = batch.iter().filter(|request| request.wish.is_some());
                let wished: HashSet<u64> = wished.map(|request| request.session.id).collect();
                let creators: HashSet<u64> = pushers.difference(&wished).copied().collect();
                let told = fanout::added(&self.node, tenant, conversation, &added, &members, &creators).await;
                self.log_untold(told);
            }
        }
        if let StreamId::Account(account) = &self.key.stream {
            if decision.touched.profile.is_some() {
                let told = fanout::profile(&self.node, tenant, account).await;
                self.log_untold(told);
            }
            let lifted: Vec<AccountId> = decision
                .touched
                .blocks
                .into_iter()
                .filter_map(|(other, blocked)| (!blocked).then_some(other))
                .collect();
            let told = fanout::unblocked(&self.node, tenant, account, &lifted).await;
            self.log_untold(told);
        }
        decision::trace(Step::Published, batch, &decision.verdicts);
    }

    /// Whoever was put out, left or was taken in as a member hears nothing as a
    /// subscriber any more.
    fn unsubscribe(&self, moved: &Moved) {
        let Some(conversation) = self.key.stream.conversation() else { return };
        let left = moved.subscribers.iter().filter(|(_, row)| row.status != MemberStatus::Active);
        for account in moved.members.iter().map(|(account, _)| account).chain(left.map(|(account, _)| account)) {
            self.node.sessions.unsubscribe(&self.key.tenant, account, conversation);
        }
    }

    fn hears_beside_members(&self, session: &SessionHandle) -> bool {
        let sessions = &self.node.sessions;
        let hears = |conversation| {
            let SessionHandle { tenant, account, .. } = session;
            sessions.subscribes(tenant, account, conversation) || sessions.watches(session, conversation)
        };
        self.key.stream.conversation().is_some_and(hears)
    }

    /// Tells those who came to subscribe, or no longer do.
    async fn publish_subscribers(&self, moved: &Moved) {
        let Some(conversation) = self.key.stream.conversation() else { return };
        let accounts: Vec<AccountId> = moved.subscribers.iter().map(|(account, _)| account.clone()).collect();
        let told = fanout::subscriptions(&self.node, &self.key.tenant, conversation, &accounts).await;
        self.log_untold(told);
    }

    /// What was committed stays committed; sessions learn of it at their next catch-up.
    fn log_untold(&self, told: Result<(), StoreError>) {
        if let Err(error) = told {
            tracing::warn!(stream = %self.key.stream, %error, "sessions were not told yet");
        }
    }

    /// Writes a session its answers and, in between, the entries of others, so
    /// that it hears of positions in order.
    fn answer_session(
        &self,
        session: &SessionHandle,
        reads: bool,
        batch: &[PushRequest],
        verdicts: &[Verdict],
        entries: &[Entry],
    ) {
        let mut told = 0;
        let tell_others = |range: Range<usize>| {
            if reads && !range.is_empty() {
                for frame in
                    fanout::entries_frames(&self.node.config.node.bounds, &self.key.stream, entries[range].to_vec())
                {
                    session.outgoing.send(&frame);
                }
            }
        };
        for (request, verdict) in batch.iter().zip(verdicts).filter(|(request, _)| request.session.id == session.id) {
            tell_others(told..verdict.entries.start);
            told = verdict.entries.end;
            self.answer_push(request, verdict);
        }
        tell_others(told..entries.len());
    }

    fn answer_push(&self, request: &PushRequest, verdict: &Verdict) {
        let (number, stream, metrics) = (request.push.request, &self.key.stream, &self.node.metrics);
        metrics.push_seconds.record(request.received_at.elapsed());
        metrics.changes_admitted.add(verdict.entries.len());
        metrics.changes_repeated.add(verdict.accepted.len() - verdict.entries.len());
        if verdict.refused.is_none() || !verdict.accepted.is_empty() {
            let (positions, accepted_at) = verdict.accepted.iter().copied().unzip();
            let accepted = Accepted { request: number, stream: stream.clone(), positions, accepted_at };
            request.session.outgoing.send(&Frame::new(&ServerFrame::Accepted(accepted)));
        }
        if let Some((index, refusal)) = &verdict.refused {
            tracing::debug!(%stream, code = %refusal.code, "a change was refused");
            request.refuse(metrics, *index, refusal.clone());
        }
    }

    /// Refuses what is pushed to a tombstone: to whoever had no part, as an id that is taken.
    fn refuse_erased(&self, batch: &[PushRequest]) {
        for request in batch {
            let (code, detail) = match request.part {
                Part::Known => (Code::ConversationDeleted, "the conversation was deleted"),
                Part::None => (Code::ConversationExists, "the id is taken"),
            };
            request.refuse(&self.node.metrics, 0, Refusal::new(code, detail));
        }
    }

    /// Refuses a whole batch for a reason that is not its own.
    fn refuse(&self, batch: &[PushRequest], code: Code, detail: &str, again: Option<Duration>) {
        for request in batch {
            let retry_at = again.map(|delay| self.node.clock.wall_now().plus(delay));
            request.refuse(&self.node.metrics, 0, Refusal { code, detail: detail.to_owned(), retry_at });
        }
    }

    /// Lets go of everything; tells the bytes kept.
    fn let_go(&mut self) -> usize {
        self.state = None;
        self.node.metrics.cache_evictions.count();
        0
    }

    /// Lets go of what is not likely to be needed soon; tells the bytes kept.
    fn trim(&mut self) -> usize {
        self.behind = None;
        let Some(state) = &mut self.state else { return 0 };
        state.stream.settle();
        let bytes = |stream: &Stream| stream.documents().map(Document::bytes_estimate).sum::<usize>();
        if bytes(&state.stream) > self.node.config.node.bounds.stream_bytes_max {
            let old = |document: &&Document| !state.stream.is_base(document.id());
            let old: Vec<DocumentId> =
                state.stream.documents().filter(old).map(|document| document.id().clone()).collect();
            for document in &old {
                state.stream.remove(document);
            }
        }
        bytes(&state.stream)
    }
}
