//! Each node's access to the database: the store that ships, with calls that are slow, fail before or after
//! they took effect, or never return because the node dies; and with notices between nodes that are late,
//! repeated or lost.
//!
//! A call itself takes no virtual time: the thread waits for the database, which has threads of its own, so
//! that no order depends on them.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use automerge::Change;
use tidings_core::{
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, IncarnationId, StreamId, TenantId},
    journal::{Cursor, Entry},
    time::WallTime,
    wire::MemberReceipt,
};
use tidings_server::store::{
    Access, CatchUp, CommitOutcome, FoundChange, Gate, NewEntry, Notice, Store, StoreCall, StoreError, StoredDocument,
    StreamCommit, StreamHead,
};
use tokio::{sync::Notify, time::sleep};

use super::{
    clock::NodeClock,
    database::{Database, Mailbox, NodeNumber, wait},
    happened::Happened,
    plant::Plant,
};
use crate::membership::is_generation;

/// The longest wait of `notices`, as in the stores that ship.
const NOTICES_PERIOD_MS: u64 = 1_000;
/// Interval at which a node polls for missed entries.
const LOOK_PERIOD_MS: u64 = 5_000;

/// The faults of a node's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreFaults {
    /// The longest wait before and after a call, ms.
    pub delay_ms_max: u64,
    /// Per mille of calls that fail before they take effect.
    pub unavailable_per_mille: u64,
    /// Per mille of writes that fail after they took effect.
    pub unanswered_per_mille: u64,
    /// True if writes fail for lack of space.
    pub full: bool,
    /// Percentage of notices that are lost.
    pub lost_percent: u64,
    /// The longest delay of a notice, ms.
    pub notice_ms_max: u64,
}

/// When a node dies at its next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Before it is written.
    BeforeCommit,
    /// After it was written, before anybody knows.
    AfterCommit,
}

/// The world's settings for one node's store.
#[derive(Debug, Default)]
pub struct Fate {
    faults: Mutex<(StoreFaults, Option<Death>)>,
}

impl Fate {
    /// The faults of calls.
    pub fn faults(&self) -> StoreFaults {
        self.locked().0
    }

    /// Sets the faults of calls.
    pub fn set_faults(&self, faults: StoreFaults) {
        self.locked().0 = faults;
    }

    /// Sets when the node dies.
    pub fn set_death(&self, death: Option<Death>) {
        self.locked().1 = death;
    }

    fn take_death(&self, death: Death) -> bool {
        let mut locked = self.locked();
        let dies = locked.1 == Some(death);
        if dies {
            locked.1 = None;
        }
        dies
    }

    fn locked(&self) -> MutexGuard<'_, (StoreFaults, Option<Death>)> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One node's access to the database.
pub struct NodeStore {
    database: Arc<Database>,
    node: NodeNumber,
    clock: Arc<NodeClock>,
    fate: Arc<Fate>,
    /// Notifies the world that the node has to die.
    dying: Arc<Notify>,
    watch: Mutex<Watch>,
    /// Acknowledged, and not written: a planted fault.
    late: Mutex<Vec<StreamCommit>>,
}

/// The commits that the node has learned of.
struct Watch {
    /// Commits before this one were looked at.
    seen: usize,
    look_at_ms: u64,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

impl NodeStore {
    /// The access of a node that starts now; call it inside the node's runtime.
    pub fn new(
        database: &Arc<Database>,
        node: NodeNumber,
        clock: &Arc<NodeClock>,
        fate: &Arc<Fate>,
        dying: &Arc<Notify>,
    ) -> Self {
        let mut state = database.state();
        state.mail.insert(node, Mailbox { notices: VecDeque::new(), arrived: Arc::default() });
        let watch = Mutex::new(Watch { seen: state.commits.len(), look_at_ms: clock.time_ms() + LOOK_PERIOD_MS });
        drop(state);
        let (database, clock, fate, dying) =
            (Arc::clone(database), Arc::clone(clock), Arc::clone(fate), Arc::clone(dying));
        Self { database, node, clock, fate, dying, watch, late: Mutex::default() }
    }

    /// Returns true if a fault is planted and strikes now.
    fn strikes(&self, plant: Plant, percent: u64) -> bool {
        self.database.plant == Some(plant) && self.clock.draw(|random| random.chance(percent))
    }

    async fn pause(&self) {
        let delay_ms = self.clock.draw(|random| random.below(self.fate.faults().delay_ms_max + 1));
        if delay_ms > 0 {
            sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    /// Makes a call, and applies its consequences whether or not anybody gets the answer.
    async fn pass_then<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
        then: impl FnOnce(&T) + Send,
    ) -> Result<T, StoreError> {
        self.pause().await;
        let faults = self.fate.faults();
        let (fails, unanswered) = self.clock.draw(|random| {
            (random.below(1_000) < faults.unavailable_per_mille, random.below(1_000) < faults.unanswered_per_mille)
        });
        let tally = &self.database.tally;
        if fails {
            tally.count(Happened::StoreUnavailable);
            return Err(unavailable());
        }
        if call.access() == Access::Write && faults.full {
            tally.count(Happened::StoreFull);
            return Err(StoreError::Full(sqlx::Error::PoolTimedOut));
        }
        let answer = wait(work);
        if let Ok(answer) = &answer {
            then(answer);
        }
        self.pause().await;
        if call.access() == Access::Write && unanswered && answer.is_ok() {
            tally.count(Happened::StoreUnanswered);
            return Err(unavailable());
        }
        answer
    }

    /// Never returns: the world ends the node.
    async fn die(&self) {
        self.dying.notify_one();
        std::future::pending().await
    }

    /// Sends a notice to every other node, subject to the faults.
    fn mail(&self, notice: &Notice) {
        let faults = self.fate.faults();
        let now_ms = self.clock.time_ms();
        let mut state = self.database.state();
        for (_, mailbox) in state.mail.iter_mut().filter(|(node, _)| **node != self.node) {
            let (lost, twice, delay_ms) = self.clock.draw(|random| {
                (random.chance(faults.lost_percent), random.chance(5), random.below(faults.notice_ms_max + 1))
            });
            self.database.tally.count_if(Happened::NoticeLost, lost);
            self.database.tally.count_if(Happened::NoticeTwice, !lost && twice);
            let copies = if lost { 0 } else { 1 + usize::from(twice) };
            for copy in 0..copies {
                mailbox.notices.push_back((now_ms + delay_ms * (copy as u64 + 1), notice.clone()));
            }
            mailbox.arrived.notify_one();
        }
    }

    /// Records commits, for the world and for the other nodes.
    fn committed(&self, commits: &[StreamCommit], outcomes: &[CommitOutcome]) {
        let lost = outcomes.contains(&CommitOutcome::Conflict);
        self.database.tally.count_if(Happened::Conflict, lost);
        for (commit, _) in commits.iter().zip(outcomes).filter(|(_, outcome)| **outcome == CommitOutcome::Committed) {
            let mut state = self.database.state();
            state.written.insert((commit.tenant.clone(), commit.stream.clone()));
            let end = commit.entries.last().map_or(commit.expected, |last| last.entry.position);
            let subscribed = commit.subscribers.iter().map(|(account, _)| account.clone());
            state.subscribed.extend(subscribed.clone().map(|account| (commit.stream.clone(), account, end)));
            if let (Some(conversation), false) = (commit.stream.conversation(), commit.subscribers.is_empty()) {
                drop(state);
                let (tenant, accounts) = (commit.tenant.clone(), subscribed.collect());
                self.mail(&Notice::Subscriptions { tenant, conversation, accounts });
                state = self.database.state();
            }
            let (Some(first), Some(last)) = (commit.entries.first(), commit.entries.last()) else { continue };
            let notice = Notice::Entries {
                tenant: commit.tenant.clone(),
                stream: commit.stream.clone(),
                first: first.entry.position,
                last: last.entry.position,
                traces: commit.traces.clone(),
            };
            state.commits.push((self.node, notice.clone()));
            drop(state);
            self.mail(&notice);
        }
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The notices that have arrived, and what polling finds when it is due.
    fn drain_notices(&self, now_ms: u64) -> Vec<Notice> {
        let mut state = self.database.state();
        let mut notices = Vec::new();
        if let Some(mailbox) = state.mail.get_mut(&self.node) {
            mailbox.notices.retain(|(at_ms, notice)| {
                let due = *at_ms <= now_ms;
                if due {
                    notices.push(notice.clone());
                }
                !due
            });
        }
        let mut watch = self.watch();
        if watch.look_at_ms <= now_ms {
            watch.look_at_ms = now_ms + LOOK_PERIOD_MS;
            let unseen = state.commits[watch.seen..].iter().filter(|(node, _)| *node != self.node);
            if self.database.plant != Some(Plant::NoLook) {
                notices.extend(unseen.map(|(_, notice)| notice.clone()));
            }
            watch.seen = state.commits.len();
        }
        notices
    }

    fn next_mail_ms(&self) -> Option<u64> {
        let state = self.database.state();
        state.mail.get(&self.node)?.notices.iter().map(|(at_ms, _)| *at_ms).min()
    }

    fn arrived(&self) -> Arc<Notify> {
        let state = self.database.state();
        state.mail.get(&self.node).map(|mailbox| Arc::clone(&mailbox.arrived)).unwrap_or_default()
    }
}

/// Removes a fact from the generations in a commit.
fn drop_key(commit: &mut StreamCommit) {
    for new in &mut commit.entries {
        let change = is_generation(&new.entry).then(|| Change::try_from(&new.entry.change[..]).ok()).flatten();
        let Some(mut stated) = change.map(|change| change.decode()) else { continue };
        stated.operations.pop();
        let mut change = Change::from(stated);
        new.entry.change = change.bytes().to_vec();
        new.hash = ChangeHash::of_change(&new.entry.change).expect("it was just composed");
    }
}

/// Commits, with the effects of planted faults.
impl NodeStore {
    async fn commit_honestly(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let work = self.store().commit(commits);
        self.pass_then(StoreCall::Commit, work, |outcomes| self.committed(commits, outcomes)).await
    }

    async fn commit_planted(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        if !late.is_empty() {
            self.commit_honestly(&late).await?;
        }
        if self.strikes(Plant::AcknowledgeBeforeCommit, 10) {
            self.late.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(commits);
            return Ok(vec![CommitOutcome::Committed; commits.len()]);
        }
        let mut written = commits.to_vec();
        if self.strikes(Plant::HalfCommit, 30) {
            written.truncate(commits.len().div_ceil(2));
            for commit in &mut written {
                commit.entries.truncate(commit.entries.len().div_ceil(2));
                commit.chain = commit.entries.last().map_or(commit.chain, |last| last.chain);
            }
        }
        if self.strikes(Plant::ClockBack, 20) {
            for new in written.iter_mut().flat_map(|commit| &mut commit.entries) {
                let hour_ms = 3_600_000;
                new.entry.accepted_at = WallTime::from_millis(new.entry.accepted_at.as_millis() - hour_ms);
            }
        }
        if self.strikes(Plant::KeyDropped, 100) {
            written.iter_mut().for_each(drop_key);
        }
        let mut outcomes = self.commit_honestly(&written).await?;
        outcomes.resize(commits.len(), CommitOutcome::Committed);
        for (commit, outcome) in commits.iter().zip(&mut outcomes) {
            if *outcome == CommitOutcome::Conflict && self.strikes(Plant::StaleMembership, 100) {
                *outcome = self.commit_at_head(commit, commit.entries.clone()).await?;
            }
        }
        Ok(outcomes)
    }

    /// Writes entries at the end of a stream, wherever that is.
    async fn commit_at_head(&self, commit: &StreamCommit, entries: Vec<NewEntry>) -> Result<CommitOutcome, StoreError> {
        let head = Gate::stream_head(self, &commit.tenant, &commit.stream).await?;
        let mut at = head.at();
        let mut moved =
            StreamCommit { expected: head.position, page: head.page.max(commit.page), entries, ..commit.clone() };
        for new in &mut moved.entries {
            new.entry.position = at.position.next();
            at = at.next(&commit.tenant, &new.entry, new.hash);
            new.chain = at.chain;
        }
        moved.chain = at.chain;
        let outcomes = self.commit_honestly(&[moved]).await?;
        Ok(outcomes.first().copied().unwrap_or(CommitOutcome::Conflict))
    }
}

impl Gate for NodeStore {
    fn store(&self) -> &dyn Store {
        self.database.store()
    }

    async fn pass<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.pass_then(call, work, |_| ()).await
    }

    async fn incarnation(&self) -> Result<IncarnationId, StoreError> {
        let drawn = self.pass(StoreCall::Incarnation, self.store().incarnation()).await?;
        Ok(self.database.counted(drawn))
    }

    async fn restored(&self) -> Result<IncarnationId, StoreError> {
        let drawn = self.pass(StoreCall::Restored, self.store().restored()).await?;
        Ok(self.database.counted(drawn))
    }

    // The database is the world's.
    async fn close(&self) {}

    async fn active_members(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut members =
            self.pass(StoreCall::ActiveMembers, self.store().active_members(tenant, conversation)).await?;
        if self.strikes(Plant::TellNonMember, 20) {
            let dora = AccountId::parse("dora").expect("a constant account parses");
            members.extend((!members.contains(&dora)).then_some(dora));
        }
        Ok(members)
    }

    async fn document(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
    ) -> Result<(StoredDocument, StreamHead), StoreError> {
        let (mut stored, head) = self.pass(StoreCall::Document, self.store().document(tenant, document)).await?;
        if self.strikes(Plant::OldSnapshot, 20)
            && let Some(snapshot) = &mut stored.snapshot
        {
            snapshot.position = head.position;
            stored.tail.clear();
        }
        Ok((stored, head))
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        hashes: &[ChangeHash],
    ) -> Result<Vec<FoundChange>, StoreError> {
        let call = self.store().find_changes(tenant, stream, hashes);
        let mut found = self.pass(StoreCall::FindChanges, call).await?;
        let mut former = BTreeSet::new();
        for change in &found {
            let behind = wait(self.store().entries_after(tenant, stream, change.position, u32::MAX))?;
            if behind.iter().any(|entry| entry.document == change.document && is_generation(entry)) {
                former.insert(change.hash);
            }
        }
        self.database.tally.count_if(Happened::AnsweredOverSquash, !former.is_empty());
        if self.strikes(Plant::FormerChangeLost, 100) {
            found.retain(|change| !former.contains(&change.hash));
        }
        Ok(found)
    }

    async fn commit(&self, commits: &[StreamCommit]) -> Result<Vec<CommitOutcome>, StoreError> {
        if self.fate.take_death(Death::BeforeCommit) {
            self.database.tally.count(Happened::DiedBeforeCommit);
            self.die().await;
        }
        let outcomes = match self.database.plant {
            Some(_) => self.commit_planted(commits).await?,
            None => self.commit_honestly(commits).await?,
        };
        if self.fate.take_death(Death::AfterCommit) {
            self.database.tally.count(Happened::DiedAfterCommit);
            self.die().await;
        }
        Ok(outcomes)
    }

    async fn catch_up(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        cursor: Option<Cursor>,
        entries_max: u32,
    ) -> Result<CatchUp, StoreError> {
        let since = cursor.map(|cursor| self.database.drawn_cursor(cursor));
        let mut missed =
            self.pass(StoreCall::CatchUp, self.store().catch_up(tenant, account, since, entries_max)).await?;
        missed.cursor = self.database.counted_cursor(missed.cursor);
        match self.database.plant {
            Some(Plant::NoLook) if cursor.is_some() => {
                missed = CatchUp { cursor: missed.cursor, ..CatchUp::default() };
            }
            Some(Plant::RevokedUnsent) => missed.revoked.clear(),
            Some(Plant::EntryTwice) => {
                for entries in missed.entries.iter_mut().map(|(_, entries)| entries) {
                    let again = entries.last().cloned();
                    entries.extend(again.map(|entry| Entry { position: entry.position.next(), ..entry }));
                }
            }
            Some(Plant::CursorAhead) if cursor.is_some() => {
                missed.summaries.clear();
                missed.entries.iter_mut().for_each(|(_, entries)| drop(entries.pop()));
            }
            _ => {}
        }
        Ok(missed)
    }

    async fn merge_receipts(
        &self,
        tenant: &TenantId,
        receipts: &[MemberReceipt],
    ) -> Result<Vec<MemberReceipt>, StoreError> {
        if self.strikes(Plant::ReceiptBackwards, 20) {
            return Ok(receipts.to_vec());
        }
        self.pass(StoreCall::MergeReceipts, self.store().merge_receipts(tenant, receipts)).await
    }

    fn notify(&self, notice: Notice) {
        self.mail(&notice);
    }

    async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        let end_ms = self.clock.time_ms() + NOTICES_PERIOD_MS;
        let arrived = self.arrived();
        loop {
            let now_ms = self.clock.time_ms();
            let notices = self.drain_notices(now_ms);
            if !notices.is_empty() || now_ms >= end_ms {
                return Ok(notices);
            }
            let wake_ms = self.next_mail_ms().unwrap_or(end_ms).clamp(now_ms + 1, end_ms);
            tokio::select! {
                biased;
                () = arrived.notified() => {}
                () = tokio::time::sleep_until(self.clock.instant(wake_ms)) => {}
            }
        }
    }
}
