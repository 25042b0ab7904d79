//! Loading streams and pages into memory, the work that waits for that, and eviction.

use crate::{
    code::Code,
    command::Command,
    doc::{Change, Document},
    engine::{
        Engine,
        commands::outbox::OutboxEntry,
        context::Context,
        registers::others::Registers,
        restored::incarnation::Former,
        store::{
            record::{self, DocumentRecord, OutboxRecord},
            transactions::ReadPurpose,
        },
        streams::{loaded::Streams, pages::AsOf, replica::Replica},
    },
    ids::{AccountId, ConversationId, DocumentId, PageNumber, StreamId, TimelineId},
    journal::{Entry, Position},
    model::{MemberStatus, Thread},
    sorted::SortedMap,
    storage::{Record, Write},
    time::WallTime,
    wire::{Accepted, ClientFrame, ConversationSummary, Fetch, FetchScope, Fetched, MemberReceipt, Refused, Revoked},
};

/// A stream that is loaded, or is loading while work waits for it.
#[derive(Debug)]
pub(in crate::engine) enum Slot {
    Loading(Vec<Work>),
    Loaded(Box<Replica>),
}

/// Work on a stream, done once it is loaded.
#[derive(Debug)]
pub(in crate::engine) enum Work {
    Command { request: u64, command: Command },
    Entries(Vec<Entry>),
    Fetched(Box<Fetched>),
    Accepted(Accepted),
    Refused(Refused),
    Revoked(Revoked),
    Receipts(Vec<MemberReceipt>),
    Show(ConversationId),
    LoadOlder(ConversationId),
    MarkRead(ConversationId),
    Recount(Box<ConversationSummary>),
    Fetch,
    Compare,
}

impl Engine {
    /// Does the work, at once or when the stream is loaded.
    pub(in crate::engine) fn with_stream(&mut self, stream: &StreamId, work: Work) {
        if stream.conversation().is_some_and(|conversation| self.inbox.is_deleted(&conversation)) {
            if let Work::Command { request, .. } = work {
                self.fail(request, Code::ConversationDeleted, "the conversation was deleted");
            }
            return;
        }
        self.load_stream(stream);
        match self.streams.get_mut(stream) {
            Some(Slot::Loading(waiting)) => waiting.push(work),
            Some(Slot::Loaded(_)) => self.work(stream, work),
            None => {}
        }
    }

    pub(in crate::engine) fn work(&mut self, stream: &StreamId, work: Work) {
        match work {
            Work::Command { request, command } => self.execute(stream, request, command),
            Work::Entries(entries) => self.receive_entries(stream, &entries),
            Work::Fetched(fetched) => self.receive_fetched(stream, &fetched),
            Work::Accepted(accepted) => self.receive_accepted(stream, &accepted),
            Work::Refused(refused) => self.receive_refused(stream, &refused),
            Work::Revoked(revoked) => self.receive_revoked(stream, &revoked),
            Work::Receipts(receipts) => self.receive_receipts(stream, &receipts),
            Work::Show(conversation) => self.show_timeline(conversation),
            Work::LoadOlder(conversation) => self.extend_timeline(conversation),
            Work::Recount(summary) => self.recount(stream, &summary),
            Work::MarkRead(conversation) => self.read_all(conversation),
            Work::Fetch => self.fetch_stream(stream),
            Work::Compare => self.compare_stream(stream),
        }
    }

    /// Loads a stream: from the store if it is there, empty if not.
    pub(in crate::engine) fn load_stream(&mut self, stream: &StreamId) {
        if self.streams.contains_key(stream) {
            return;
        }
        let Some(head) = self.stream_heads.get(stream) else {
            let whole = match stream {
                // Only the server knows whether a watched conversation exists.
                StreamId::Conversation(conversation) => !self.inbox.contains_key(conversation) && !self.watches(stream),
                StreamId::Account(account) => *account == self.ctx.session.account,
            };
            let replica = Replica::empty(self.ctx.session.tenant.clone(), stream.clone(), whole);
            self.streams.insert(stream.clone(), Slot::Loading(Vec::new()));
            self.loaded(stream, replica);
            return;
        };
        let mut keys = vec![record::tail_prefix(stream)];
        match stream {
            StreamId::Conversation(conversation) => {
                keys.push(record::document_key(&TimelineId::of(*conversation).document()));
                keys.push(record::document_key(&TimelineId::of(*conversation).page(head.page)));
                keys.push(record::threads_prefix(stream));
                keys.push(record::registers_prefix(stream));
                // The rows of an open conversation have been read already.
                if !self.open.contains_key(conversation) {
                    keys.push(record::rows_key(*conversation));
                }
            }
            StreamId::Account(_) => keys.push(record::documents_prefix(stream)),
        }
        for entry in self.commands.unloaded(stream) {
            keys.push(record::document_key(&entry.document));
            if let DocumentId::Page(TimelineId { conversation, thread: Some(thread) }, _) = entry.document {
                keys.push(record::document_key(&TimelineId::of_thread(conversation, thread).document()));
            }
        }
        self.streams.insert(stream.clone(), Slot::Loading(Vec::new()));
        self.ctx.read(ReadPurpose::Stream(stream.clone()), keys);
    }

    /// `records` is none when the store could not be read.
    pub(in crate::engine) fn stream_read(&mut self, stream: &StreamId, records: Option<&[Record]>) {
        if !self.streams.contains_key(stream) {
            // Deleted while it was being read.
            return;
        }
        if let Some(conversation) = stream.conversation() {
            self.rows_read(conversation, records.unwrap_or_default());
        }
        let restored = records.and_then(|records| self.restore(stream, records));
        let replica = restored.unwrap_or_else(|| {
            // Damaged records are dropped and fetched again; a store that cannot be read is left alone.
            if records.is_some() {
                self.ctx.report_damage();
                self.drop_stored(stream);
            }
            Replica::empty(self.ctx.session.tenant.clone(), stream.clone(), false)
        });
        self.loaded(stream, replica);
    }

    fn restore(&self, stream: &StreamId, records: &[Record]) -> Option<Replica> {
        let head = self.stream_heads.get(stream)?.clone();
        let prefix = record::documents_prefix(stream);
        let mut tail: Vec<Entry> = Vec::new();
        let mut snapshots: SortedMap<DocumentId, DocumentRecord> = SortedMap::new();
        let mut threads: Vec<Thread> = Vec::new();
        let mut registers = Registers::default();
        for (key, value) in records {
            if key.starts_with(&record::tail_prefix(stream)) {
                tail.push(record::read(key, value)?);
            } else if key.starts_with(&record::threads_prefix(stream)) {
                threads.push(record::read(key, value)?);
            } else if let Some(account) = key.strip_prefix(&record::registers_prefix(stream)) {
                registers.merge(&AccountId::parse(account).ok()?, record::read(key, value)?);
            } else if let Some(id) = key.strip_prefix(&prefix) {
                snapshots.insert(DocumentId::parse(id).ok()?, record::read(key, value)?);
            }
        }
        // Entries are stored with the head that counts them, one after another.
        let gap = tail.windows(2).any(|pair| pair[1].position != pair[0].position.next());
        if gap || tail.last().is_some_and(|last| last.position != head.position) {
            return None;
        }
        let mut ids = self.base_documents(stream, head.page);
        ids.extend(snapshots.keys().cloned());
        ids.sort_unstable();
        ids.dedup();
        let mut documents = Vec::new();
        for id in ids {
            let entries: Vec<Entry> = tail.iter().filter(|entry| entry.document == id).cloned().collect();
            let snapshot = snapshots.get(&id);
            let parts = snapshot.map(|record| (record.position, record.data.as_slice(), record.admissions.as_slice()));
            documents.push(Document::restore(id, parts, &entries).ok()?);
        }
        // A document that was stored with the head and is not there is lost.
        let lost = |document: &Document| document.changes() == 0 && stream.conversation().is_some();
        if head.position > Position::ZERO && documents.iter().any(lost) {
            return None;
        }
        let positions = tail.iter().map(|entry| (entry.position, entry.document.clone())).collect();
        let (tenant, stream) = (self.ctx.session.tenant.clone(), stream.clone());
        let mut replica = Replica::restored(tenant, stream, head, documents, threads, registers, positions);
        replica.count_loaded(&self.ctx.session.account);
        Some(replica)
    }

    /// The documents that every stream on this device has.
    fn base_documents(&self, stream: &StreamId, page: PageNumber) -> Vec<DocumentId> {
        match stream {
            StreamId::Conversation(conversation) => {
                let mut ids = vec![TimelineId::of(*conversation).document()];
                ids.extend((page > 0).then_some(TimelineId::of(*conversation).page(page)));
                ids
            }
            StreamId::Account(account) => vec![DocumentId::Account(account.clone()), DocumentId::Home(account.clone())],
        }
    }

    fn loaded(&mut self, stream: &StreamId, mut replica: Replica) {
        // The documents end before the entry that ended the membership: the status is the row's.
        let row = stream.conversation().and_then(|conversation| self.inbox.get(&conversation));
        replica.former = self.stream_heads.is_former(stream).then_some(Former::Unread);
        replica.revoked = row.map(|record| record.row.status).filter(|status| *status != MemberStatus::Active);
        let mut unloaded = self.commands.drain_unloaded(stream);
        // Parked entries were written on top of the others. They are pushed again.
        unloaded.sort_by_key(|(_, entry)| entry.is_parked);
        for (sequence, entry) in unloaded {
            self.resume_entry(&mut replica, sequence, entry);
        }
        let waiting = match self.streams.insert(stream.clone(), Slot::Loaded(Box::new(replica))) {
            Some(Slot::Loading(waiting)) => waiting,
            Some(Slot::Loaded(_)) | None => Vec::new(),
        };
        self.stream_heads.begin(stream);
        self.catch_up_stream(stream);
        for work in waiting {
            self.work(stream, work);
        }
    }

    fn resume_entry(&mut self, replica: &mut Replica, sequence: u64, entry: OutboxRecord) {
        let OutboxRecord { command, at, document, change, rewrites, is_offered, is_parked: _ } = entry;
        let Ok(change) = Change::parse(&change) else {
            let detail = "the stored change does not decode".to_owned();
            self.refuse(sequence, command, at, Code::StorageCorrupt, detail);
            return;
        };
        let (stored, parked) = (true, None);
        let entry = OutboxEntry {
            sequence,
            command,
            at,
            document,
            change,
            rewrites,
            is_offered,
            is_there: false,
            stored,
            parked,
        };
        // An entry whose document is not loaded does not apply; the server answers it all the same.
        if replica.resume(entry.clone()).is_err() {
            replica.outbox.entries.push_back(entry);
        }
    }

    pub(in crate::engine) fn replica(&mut self, stream: &StreamId) -> Option<&mut Replica> {
        self.streams.replica(stream)
    }

    pub(in crate::engine) fn page_read(&mut self, page: &DocumentId, since: AsOf, records: &[Record]) {
        let stream = page.stream();
        if !self.streams.contains_key(&stream) {
            return;
        }
        match restore_page(page, &stream, records) {
            StoredPage::Whole(document) => self.add_page(&stream, *document, since),
            StoredPage::Absent => self.fetch_page(page),
            StoredPage::Damaged => {
                self.ctx.report_damage();
                self.ctx.store.write(Write::Delete(record::document_key(page)));
                self.fetch_page(page);
            }
        }
    }

    pub(in crate::engine) fn fetch_page(&mut self, page: &DocumentId) {
        let request = self.ctx.new_request();
        let online = self.link.is_online();
        if let Some(open) = page.timeline().and_then(|timeline| self.open.get_mut(&timeline.id())) {
            open.set_loading_older(online);
        }
        let scope = match *page {
            DocumentId::Page(TimelineId { thread: None, .. }, number) => FetchScope::Page(number),
            DocumentId::Page(TimelineId { thread: Some(thread), .. }, number) => FetchScope::ThreadPage(thread, number),
            _ => return,
        };
        if online {
            self.ctx.send(&ClientFrame::Fetch(Fetch {
                request,
                stream: page.stream(),
                scope,
                held: Vec::new(),
                chain: None,
            }));
        }
    }

    /// Adds an older page. If entries arrived since it was read, it is read again.
    pub(in crate::engine) fn add_page(&mut self, stream: &StreamId, page: Document, since: AsOf) {
        let Some(timeline) = page.id().timeline() else { return };
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.streams.replica(stream) else { return };
        if replica.confirmed.document(page.id()).is_none() {
            if replica.has_passed(page.id(), since) {
                return self.streams.read_page(&mut self.ctx, page.id());
            }
            replica.keep(&page, since).into_iter().for_each(|write| self.ctx.store.write(write));
            replica.insert_older(page, &me);
            self.stream_heads.change(stream);
        }
        if let Some(open) = self.open.get_mut(&timeline.id()) {
            open.set_loading_older(false);
        }
        self.work(stream, Work::LoadOlder(timeline.id()));
    }

    /// Unloads the least recently used streams that nothing needs, when there are too many.
    pub(in crate::engine) fn evict_streams(&mut self) {
        // Streams on a screen stay: the app bounds their number.
        let streams_max = self.ctx.settings.streams_max + self.open.conversations().len();
        if self.streams.len() <= streams_max || !self.ctx.store.is_idle() || self.stream_heads.has_changed() {
            return;
        }
        let idle = |stream: &StreamId, slot: &Slot| match slot {
            Slot::Loaded(replica) => {
                let open = stream.conversation().is_none_or(|conversation| self.open.shows(conversation));
                let awaits = replica.fetch.is_some() || !replica.whole || replica.awaits_restart();
                let busy = !replica.outbox.is_empty() || awaits;
                (!open && !busy).then_some(replica.used)
            }
            Slot::Loading(_) => None,
        };
        let mut candidates: Vec<(u64, StreamId)> = self
            .streams
            .iter()
            .filter_map(|(stream, slot)| idle(stream, slot).map(|used| (used, stream.clone())))
            .collect();
        candidates.sort_unstable();
        let surplus = self.streams.len() - streams_max;
        for (_, stream) in candidates.into_iter().take(surplus) {
            self.streams.remove(&stream);
        }
    }
}

impl Streams {
    /// Reads an older page from the store; if the store has none, it is fetched.
    pub(in crate::engine) fn read_page(&mut self, ctx: &mut Context, page: &DocumentId) {
        let stream = page.stream();
        let Some(replica) = self.replica(&stream) else { return };
        let since = replica.as_of(replica.confirmed.position());
        let keys = vec![record::document_key(page), record::tail_prefix(&stream)];
        // Entries of the page may still be on their way to the store.
        ctx.store.read_later(ReadPurpose::Page(page.clone(), since), keys);
    }

    pub(in crate::engine) fn fetch_later(&mut self, ctx: &Context, stream: &StreamId, retry_at: WallTime) {
        if let Some(replica) = self.replica(stream) {
            replica.fetch_at = Some(ctx.deferred(retry_at));
        }
    }
}

/// An older page, as the store has it.
pub(in crate::engine) enum StoredPage {
    Whole(Box<Document>),
    Absent,
    /// It does not decode, or an entry that may belong to it does not.
    Damaged,
}

pub(in crate::engine) fn restore_page(id: &DocumentId, stream: &StreamId, records: &[Record]) -> StoredPage {
    let key = record::document_key(id);
    let Some((_, snapshot)) = records.iter().find(|(stored, _)| *stored == key) else { return StoredPage::Absent };
    let tail = records.iter().filter(|(key, _)| key.starts_with(&record::tail_prefix(stream)));
    let tail: Option<Vec<Entry>> = tail.map(|(key, value)| record::read(key, value)).collect();
    let (Some(snapshot), Some(mut tail)) = (record::read::<DocumentRecord>(&key, snapshot), tail) else {
        return StoredPage::Damaged;
    };
    tail.retain(|entry| entry.document == *id);
    let parts = (snapshot.position, snapshot.data.as_slice(), snapshot.admissions.as_slice());
    match Document::restore(id.clone(), Some(parts), &tail) {
        Ok(document) => StoredPage::Whole(Box::new(document)),
        Err(_) => StoredPage::Damaged,
    }
}
