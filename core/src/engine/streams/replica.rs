//! One stream in memory: the confirmed state, the view (the same with the outbox on top), and how
//! both follow the server's answers.

use crate::{
    authority::{Refusal, Session, Stream},
    code::Code,
    command::{Command, Plan, Planning, SendMessage},
    doc::{ApplyChangeError, Change, Document, Fact},
    engine::{
        commands::{
            outbox::{Outbox, OutboxEntry},
            parked::Pace,
        },
        registers::{others::Registers, unread::OlderUnread},
        restored::incarnation::Former,
        screen::touched::Touched,
        store::record::{self, StreamHeadRecord},
        streams::{
            fault::{ReceiveEntryError, RestoreFetchedError},
            pages::AsOf,
        },
    },
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, MessageId, PageNumber, StreamId, TenantId, TimelineId},
    journal::{Entry, Position},
    limits::Limits,
    model::{MemberStatus, Receipt, Thread},
    sorted::{SortedMap, SortedSet},
    storage::Write,
    time::{MonotonicTime, Now, WallTime},
    wire::Fetched,
};

/// A loaded stream.
#[derive(Debug)]
pub(in crate::engine) struct Replica {
    pub(in crate::engine) confirmed: Stream,
    /// Confirmed with the outbox on top; none when the outbox is empty.
    pub(super) view: Option<Stream>,
    pub(in crate::engine) outbox: Outbox,
    pub(in crate::engine) receipts: Registers,
    /// The lowest loaded page of each timeline, as a cache: those above it are loaded.
    pub(super) lowest: SortedMap<TimelineId, PageNumber>,
    /// Unread messages on pages that are not loaded.
    pub(in crate::engine) older_unread: OlderUnread,
    /// Whether everything up to its position is here: false while only the summary of a conversation is.
    pub(in crate::engine) whole: bool,
    /// The fetch under way.
    pub(super) fetch: Option<u64>,
    /// The fetch is there only to compare what is held with what the server has: nothing here waits for it.
    pub(super) only_compares: bool,
    /// When to fetch again what the server deferred.
    pub(in crate::engine) fetch_at: Option<MonotonicTime>,
    /// When to go on loading what timelines showed before, which the server deferred.
    pub(in crate::engine) older_at: Option<MonotonicTime>,
    /// Set while a refused push waits for a fetch before the outbox is written anew.
    pub(in crate::engine) rewrite_due: bool,
    /// Set with it when the server refused a stamp as ahead of its clock.
    pub(in crate::engine) stamps_due: bool,
    /// Messages in the outbox that the fetch under way asks about.
    pub(in crate::engine) asked: Vec<ChangeHash>,
    /// Set when the stream was restarted, and messages in the outbox may have been admitted on a page left out.
    pub(in crate::engine) may_be_admitted: bool,
    /// Set while the replica is of a former incarnation of the server's store.
    pub(in crate::engine) former: Option<Former>,
    /// The status with which this account may no longer write here.
    pub(in crate::engine) revoked: Option<MemberStatus>,
    /// The entry that ended the membership, if the server told of that on this link.
    pub(super) revoked_at: Position,
    /// Stored entries after their documents' snapshots.
    tail: SortedMap<Position, DocumentId>,
    /// The position of the last compaction.
    compacted: Position,
    /// Set when a new page or a generation has arrived since the last compaction, so that what it
    /// replaced can be unloaded.
    compaction_due: bool,
    /// The last entry of each document that was not loaded when the entry arrived.
    pub(super) passed: SortedMap<DocumentId, Position>,
    /// How often the documents came anew: what was skipped then is on no page that was read before.
    pub(super) restarts: u32,
    /// Threads that a screen shows.
    pub(super) wanted: SortedSet<ConversationId>,
    /// Threads that are loading, with the request of the fetch if they are fetched.
    pub(super) loading: SortedMap<ConversationId, Option<u64>>,
    /// Deferred threads, and when to fetch them again.
    pub(super) load_at: SortedMap<ConversationId, MonotonicTime>,
    /// Threads whose stored records are stale.
    pub(super) changed_threads: SortedSet<ConversationId>,
    pub(in crate::engine) touched: Touched,
    /// When it was last used, for eviction.
    pub(super) used: u64,
    /// The pace under which commands were parked.
    pub(in crate::engine) parked_pace: Option<Pace>,
}

/// The result of executing a command on the view.
#[derive(Debug)]
pub(in crate::engine) enum Executed {
    /// It became a change, to be stored.
    Written(Box<OutboxEntry>),
    /// The view says already what it would write.
    Satisfied,
}

/// The result of receiving an entry.
#[derive(Debug)]
pub(in crate::engine) enum Received {
    /// It was applied before.
    Old,
    /// It is part of the confirmed state now, and answers this outbox entry.
    New(Option<Box<OutboxEntry>>),
}

impl Replica {
    pub(in crate::engine) fn empty(tenant: TenantId, id: StreamId, whole: bool) -> Self {
        let mut confirmed = Stream::new(tenant, id.clone());
        match &id {
            StreamId::Conversation(conversation) => {
                confirmed.insert(Document::new(TimelineId::of(*conversation).document()));
            }
            StreamId::Account(account) => {
                confirmed.insert(Document::new(DocumentId::Account(account.clone())));
                confirmed.insert(Document::new(DocumentId::Home(account.clone())));
            }
        }
        Self::with(confirmed, StreamHeadRecord::default(), whole)
    }

    /// A stream as stored.
    pub(in crate::engine) fn restored(
        tenant: TenantId,
        id: StreamId,
        head: StreamHeadRecord,
        documents: Vec<Document>,
        threads: Vec<Thread>,
        registers: Registers,
        tail: SortedMap<Position, DocumentId>,
    ) -> Self {
        let mut confirmed = Stream::at(tenant, id, head.at(), head.page);
        threads.into_iter().for_each(|thread| confirmed.set_thread(thread));
        documents.into_iter().for_each(|document| confirmed.insert(document));
        let mut replica = Self::with(confirmed, head, true);
        replica.receipts = registers;
        replica.tail = tail;
        replica
    }

    fn with(confirmed: Stream, head: StreamHeadRecord, whole: bool) -> Self {
        Self {
            confirmed,
            view: None,
            outbox: Outbox::default(),
            receipts: Registers::default(),
            lowest: SortedMap::new(),
            older_unread: head.older_unread,
            whole,
            fetch: None,
            only_compares: false,
            fetch_at: None,
            older_at: None,
            rewrite_due: false,
            stamps_due: false,
            asked: Vec::new(),
            may_be_admitted: false,
            former: None,
            revoked: None,
            revoked_at: Position::ZERO,
            tail: SortedMap::new(),
            compacted: Position::ZERO,
            compaction_due: false,
            passed: SortedMap::new(),
            restarts: 0,
            wanted: SortedSet::new(),
            loading: SortedMap::new(),
            load_at: SortedMap::new(),
            changed_threads: SortedSet::new(),
            touched: Touched { all: true, row: true, detail: true, ..Touched::default() },
            used: 0,
            parked_pace: None,
        }
    }

    /// Whether the whole stream must be fetched anew before anything is pushed.
    pub(in crate::engine) fn awaits_restart(&self) -> bool {
        self.former.as_ref().is_some_and(|former| !matches!(former, Former::Out))
    }

    /// Whether the replica is of a former incarnation of which nothing was asked yet: an answer is to a question
    /// from before that was known.
    pub(in crate::engine) fn is_unread_former(&self) -> bool {
        matches!(self.former, Some(Former::Unread))
    }

    /// When deferred pushes, fetches and pages, and parked commands, are tried again.
    pub(in crate::engine) fn deferred_timers(&self) -> impl Iterator<Item = MonotonicTime> {
        let threads = self.load_at.values().min().copied();
        [self.outbox.retry_at, self.fetch_at, self.older_at, self.parked_timer(), threads].into_iter().flatten()
    }

    /// The view, if it differs from the confirmed state.
    #[cfg(any(test, feature = "testing"))]
    pub(in crate::engine) fn pending_view(&self) -> Option<&Stream> {
        self.view.as_ref()
    }

    pub(in crate::engine) fn drop_view(&mut self) {
        self.view = None;
    }

    pub(in crate::engine) fn is_fetching(&self) -> bool {
        self.fetch.is_some()
    }

    pub(in crate::engine) fn fetches_with(&self, request: u64) -> bool {
        self.fetch == Some(request)
    }

    /// The link is lost, and the answers to its requests with it.
    pub(in crate::engine) fn drop_requests(&mut self) {
        self.outbox.in_flight = None;
        self.fetch = None;
        self.revoked_at = Position::ZERO;
        self.loading.retain(|_, request| request.is_none());
    }

    /// The confirmed state with the outbox on top.
    pub(in crate::engine) fn view(&self) -> &Stream {
        self.view.as_ref().unwrap_or(&self.confirmed)
    }

    /// Unread messages are counted from a position.
    pub(in crate::engine) fn head_record(&self, me: &AccountId, read: Position) -> StreamHeadRecord {
        StreamHeadRecord {
            position: self.confirmed.position(),
            page: self.confirmed.page(),
            older_unread: self.unread_at_start(me, read),
            incarnation: None,
            given_back: None,
            moved_after: None,
            chain: self.confirmed.head().chain,
        }
    }

    /// Plans, decides and writes a command on the view.
    pub(in crate::engine) fn execute(
        &mut self,
        session: &Session,
        limits: &Limits,
        now: Now,
        sequence: u64,
        command: Command,
        at: WallTime,
    ) -> Result<Executed, Refusal> {
        let plan = self.plan(session, limits, now, &command, at);
        let Some(plan) = plan.inspect_err(|_| self.drop_idle_view())? else {
            self.drop_idle_view();
            return Ok(Executed::Satisfied);
        };
        let view = self.view.get_or_insert_with(|| self.confirmed.clone());
        let Some((change, effects)) = view.write(session.device, &plan.document, at, &plan.facts) else {
            return Ok(Executed::Satisfied);
        };
        self.touch(&effects);
        Ok(Executed::Written(Box::new(OutboxEntry {
            sequence,
            command,
            at,
            document: plan.document,
            change,
            rewrites: 0,
            is_offered: false,
            is_there: false,
            stored: false,
            parked: None,
        })))
    }

    fn plan(
        &mut self,
        session: &Session,
        limits: &Limits,
        now: Now,
        command: &Command,
        at: WallTime,
    ) -> Result<Option<Plan>, Refusal> {
        if let Some(status) = self.revoked.filter(|_| !session.administrator) {
            // A copy of this device may have had it admitted before.
            let is_there = |send: &SendMessage| self.confirmed.page_of(&send.message(&session.account)).is_some();
            return match command {
                Command::SendMessage(send) if is_there(send) => Ok(None),
                _ => Err(Refusal::new(revoked_code(status), "the server said so")),
            };
        }
        let plan = command.plan(&Planning { session, stream: self.view(), at, limits })?;
        if let Some(plan) = &plan {
            self.open_document(&plan.document);
            // This device's own clock forbids nothing here: it may have been wrong before,
            // or be so now, and only the server can tell.
            let stamped = match command {
                Command::SendMessage(send) => {
                    send.reply_to.as_ref().map_or(at, MessageId::created_at).max(send.stamp.wall())
                }
                _ => at,
            };
            let at = now.wall.max(at).max(stamped);
            let decided = self.view().decide(session, &plan.document, &plan.facts, at, limits);
            // A name of a newer version is the server's to judge.
            if self.view().is_known_to(&session.account) || !plan.facts.iter().all(Fact::is_known) {
                decided?;
            }
        }
        Ok(plan)
    }

    /// A page that nobody has written yet begins here.
    fn open_document(&mut self, document: &DocumentId) {
        if self.view().document(document).is_none() {
            let view = self.view.get_or_insert_with(|| self.confirmed.clone());
            view.insert(Document::new(document.clone()));
        }
    }

    /// Puts a stored outbox entry on top of the view.
    pub(in crate::engine) fn resume(&mut self, entry: OutboxEntry) -> Result<(), ApplyChangeError> {
        let view = self.view.get_or_insert_with(|| self.confirmed.clone());
        let effects = view.apply_waiting(&entry.document, &entry.change)?;
        self.touch(&effects);
        self.outbox.entries.push_back(entry);
        Ok(())
    }

    /// Why the entry that comes next should have been refused; none when it was rightly admitted, or cannot be judged
    /// here.
    pub(in crate::engine) fn verify(&mut self, entry: &Entry, limits: &Limits) -> Option<Refusal> {
        // Verification may need past states. A flush that fails is reported by the compaction.
        let _ = self.confirmed.flush();
        let is_next = self.whole && entry.position == self.confirmed.position().next();
        is_next.then(|| self.confirmed.verify_entry(entry, limits).err())?
    }

    /// Receives entries of the journal in order, up to the first one that does not fit. Returns the
    /// result of each, and the error that ended it; if there is none and some are left, entries
    /// before them are missing.
    pub(in crate::engine) fn receive(
        &mut self,
        entries: &[Entry],
        account: &AccountId,
    ) -> (Vec<Received>, Result<(), ReceiveEntryError>) {
        let mut received = Vec::with_capacity(entries.len());
        let mut end = Ok(());
        if entries.len() > self.outbox.len() || self.outbox.is_all_of(entries) {
            // Applying what is left of the outbox again costs less than applying all entries to the view.
            self.view = None;
        }
        for entry in entries {
            match self.receive_entry(entry, account) {
                Ok(Some(fared)) => received.push(fared),
                Ok(None) => break,
                Err(error) => {
                    end = Err(error);
                    break;
                }
            }
        }
        self.drop_idle_view();
        self.drop_withheld();
        if self.view.is_none() {
            self.reapply();
        }
        (received, end)
    }

    fn receive_entry(&mut self, entry: &Entry, account: &AccountId) -> Result<Option<Received>, ReceiveEntryError> {
        let position = self.confirmed.position();
        if entry.document.stream() != *self.confirmed.id() {
            return Err(ReceiveEntryError::Foreign);
        }
        if entry.position <= position && self.former.is_none() {
            let is_of_another = self.tail.get(&entry.position).is_some_and(|document| *document != entry.document);
            if is_of_another || self.confirmed.contradicts(entry) {
                return Err(ReceiveEntryError::Another);
            }
            return Ok(Some(Received::Old));
        }
        if entry.position != position.next() || !self.whole || self.former.is_some() {
            return Ok(None);
        }
        self.begin_thread(entry);
        let newest = |stream: &Stream| entry.document.timeline().map_or(0, |timeline| stream.newest_page(timeline));
        let former = newest(&self.confirmed);
        let own = (entry.account == *account).then(|| self.outbox.written(entry)).flatten();
        let hash = own.as_ref().map(Change::hash);
        let applied = match own {
            // Written here: nothing is to be learned from reading it again.
            Some(change) => {
                let effects = self.confirmed.queue_own(entry, &change)?;
                effects.map(|effects| (change, effects))
            }
            None => self.confirmed.queue_received(entry)?,
        };
        if former > 0 && newest(&self.confirmed) > former {
            self.compaction_due = true;
            self.find_lowest(entry.document.timeline());
        }
        self.changed_threads.extend(entry.document.thread());
        self.follow(entry, applied.as_ref().map(|(change, _)| change));
        self.tail.insert(entry.position, entry.document.clone());
        if self.confirmed.document(&entry.document).is_none() {
            self.passed.insert(entry.document.clone(), entry.position);
        }
        if let Some((change, effects)) = &applied {
            self.compaction_due |= change.is_generation();
            self.touch(effects);
        }
        let deletes = applied.and_then(|(_, effects)| effects.deletes).or(entry.deletes);
        self.delete_older(entry, deletes, account);
        let answered = hash.and_then(|hash| self.remove_answered(hash, account)).map(Box::new);
        Ok(Some(Received::New(answered)))
    }

    /// Removes an admitted entry from the outbox. Its message is drawn again: its page may have arrived
    /// with the change, and showed it as pending.
    pub(in crate::engine) fn remove_answered(&mut self, hash: ChangeHash, me: &AccountId) -> Option<OutboxEntry> {
        let answered = self.outbox.remove(hash)?;
        self.touch_waiting(&answered.command, me);
        self.touched.row = true;
        Some(answered)
    }

    /// Applies a confirmed entry to the view.
    fn follow(&mut self, entry: &Entry, change: Option<&Change>) {
        let Some(view) = &mut self.view else { return };
        let followed = match change {
            Some(change) if change.is_generation() => return self.reapply(),
            Some(change) => view.queue_own(entry, change).map(drop),
            None => view.apply_entry(entry).map(drop),
        };
        if followed.is_err() {
            self.reapply();
        }
    }

    /// With nothing pending, what the person sees is what is admitted.
    pub(in crate::engine) fn drop_idle_view(&mut self) {
        if self.outbox.is_empty() {
            self.view = None;
        }
    }

    /// Restarts from the documents that the server sent, with the outbox on top as it was. Returns the
    /// outbox entries of an account that were admitted meanwhile.
    pub(in crate::engine) fn restart(
        &mut self,
        fetched: &Fetched,
        me: &AccountId,
    ) -> Result<Vec<OutboxEntry>, RestoreFetchedError> {
        let confirmed = self.restore_fetched(fetched)?;
        if confirmed.lacks_base() {
            return Err(RestoreFetchedError::Missing);
        }
        let has_lost = |held: &Document| {
            let fetched = confirmed.document(held.id());
            // Changes that a generation has replaced are in no document.
            let fetched =
                fetched.filter(|fetched| fetched.generation().is_none_or(|it| it.position <= held.position()));
            fetched.is_some_and(|fetched| held.heads().iter().any(|head| !fetched.contains(*head)))
        };
        if self.confirmed.documents().any(has_lost) {
            return Err(RestoreFetchedError::Another);
        }
        let threads: Vec<Thread> = self.confirmed.threads().cloned().collect();
        let former = core::mem::replace(&mut self.confirmed, confirmed);
        self.restarts = self.restarts.wrapping_add(1);
        self.lowest.clear();
        self.set_threads(&threads);
        self.changed_threads.extend(fetched.threads.iter().map(|thread| thread.id));
        self.tail.clear();
        self.whole = true;
        self.touched.all = true;
        let held = |entry: &&OutboxEntry| {
            self.confirmed.document(&entry.document).is_some_and(|held| held.contains(entry.change.hash()))
        };
        // The page that a copy of this device has written a message on may not be here any more.
        let is_written = |entry: &&OutboxEntry| match &entry.command {
            Command::SendMessage(send) => former.page_of(&send.message(me)).is_some(),
            _ => false,
        };
        let is_admitted = |entry: &&OutboxEntry| held(entry) || is_written(entry);
        let held: Vec<_> = self.outbox.entries.iter().filter(is_admitted).map(|entry| entry.change.hash()).collect();
        let admitted = held.into_iter().filter_map(|hash| self.outbox.remove(hash)).collect();
        self.reapply();
        Ok(admitted)
    }

    pub(in crate::engine) fn clear_passed(&mut self) {
        self.passed.clear();
    }

    /// Applies the outbox on top of the confirmed state again. An entry whose document is not loaded
    /// does not apply and stays in the outbox: the server answers it.
    pub(in crate::engine) fn reapply(&mut self) {
        self.view = None;
        if self.outbox.is_empty() {
            return;
        }
        let mut view = self.confirmed.clone();
        for entry in self.outbox.entries.iter() {
            let _ = view.apply_waiting(&entry.document, &entry.change);
        }
        self.view = Some(view);
    }

    pub(in crate::engine) fn insert_page(&mut self, page: Document) {
        // The panel shows the words of messages that are pinned there.
        self.touched.detail = true;
        let timeline = page.id().timeline();
        self.confirmed.insert(page);
        self.find_lowest(timeline);
        self.reapply();
    }

    /// The writes that replace the entries after the last snapshots, once there are so many, by new
    /// snapshots of loaded documents. Other documents are deleted, and fetched when somebody scrolls there.
    ///
    /// # Errors
    /// When what came does not apply: the stream is of no use any more.
    pub(in crate::engine) fn compact(&mut self, entries_max: u32) -> Result<Vec<Write>, ApplyChangeError> {
        // A page that is not the newest any more is to be found by itself.
        if self.tail.len() < entries_max as usize && !core::mem::take(&mut self.compaction_due) {
            return Ok(Vec::new());
        }
        self.confirmed.flush()?;
        let touched: SortedSet<&DocumentId> = self.tail.values().collect();
        let snapshots = touched.iter().map(|id| match self.confirmed.document(id) {
            Some(document) => record::put_document(document),
            None => Write::Delete(record::document_key(id)),
        });
        // All of them at once: each by itself would be as many writes as there were entries.
        let superfluous = (!touched.is_empty()).then(|| Write::DeletePrefix(record::tail_prefix(self.confirmed.id())));
        let writes = snapshots.chain(superfluous).collect();
        self.tail.clear();
        self.compacted = self.confirmed.position();
        Ok(writes)
    }

    /// Stores a document again that was read at a position, if a compaction may have deleted it since.
    pub(in crate::engine) fn keep(&self, document: &Document, since: AsOf) -> Option<Write> {
        (self.compacted > since.position).then(|| record::put_document(document))
    }

    /// Merges another member's receipt and touches the own messages that it reaches. Returns the
    /// merged receipt, if it moved.
    pub(in crate::engine) fn merge_receipt(
        &mut self,
        account: &AccountId,
        receipt: Receipt,
        me: &AccountId,
    ) -> Option<Receipt> {
        let moved = self.receipts.merge(account, receipt)?;
        let wanted = self.wanted.iter().map(|thread| self.timeline(*thread));
        let timelines = self.main_timeline().into_iter().chain(wanted);
        let mut reached = Vec::new();
        for (timeline, (after, to)) in
            timelines.flat_map(|timeline| [moved.read, moved.delivered].map(|moved| (timeline, moved)))
        {
            for page in self.shown_pages_within(timeline, after, to) {
                let admissions = page.admissions();
                let own = admissions.of_author(me, after, to).iter();
                reached.extend(own.filter_map(|at| Some(admissions.since(*at).first()?.1.clone())));
            }
        }
        self.touched.messages.extend(reached);
        self.receipts.get(account)
    }
}

/// The code of a refusal that follows from a status.
pub(in crate::engine) fn revoked_code(status: MemberStatus) -> Code {
    match status {
        MemberStatus::Left => Code::MemberLeft,
        MemberStatus::Removed => Code::MemberRemoved,
        MemberStatus::Banned => Code::MemberBanned,
        MemberStatus::Active
        | MemberStatus::Invited
        | MemberStatus::Requested
        | MemberStatus::Subscribed
        | MemberStatus::Unknown => Code::NotAMember,
    }
}
