//! Threads on this device. Most of them are a summary, shown on the message that they start from.
//! The document and the newest page of one that is opened, or written in, are loaded: from the
//! store if it was here before, from the server if not.

use crate::{
    code::Code,
    command::Command,
    doc::{Change, Document, Message},
    engine::{
        Engine,
        context::Context,
        store::{record, transactions::ReadPurpose},
        streams::{
            loaded::Streams,
            loading::{StoredPage, restore_page},
            pages::AsOf,
            replica::Replica,
        },
    },
    ids::{ConversationId, DocumentId, StreamId, TimelineId},
    journal::Entry,
    model::{Conversation, Thread},
    storage::{Record, Write},
    time::WallTime,
    wire::{ClientFrame, Fetch, FetchScope, Fetched, Refused},
};

impl Engine {
    /// A command in a thread that is not loaded waits until it is.
    pub(in crate::engine) fn wait_for_thread(
        &mut self,
        stream: &StreamId,
        thread: ConversationId,
        request: u64,
        command: Command,
    ) {
        self.commands.await_thread(thread, request, command);
        self.streams.load_thread(&mut self.ctx, stream, thread);
    }

    pub(in crate::engine) fn thread_read(
        &mut self,
        stream: &StreamId,
        thread: ConversationId,
        since: AsOf,
        records: &[Record],
    ) {
        let Some(replica) = self.replica(stream) else { return };
        if replica.has_timeline(thread) {
            return self.thread_loaded(stream, thread);
        }
        let summary = replica.confirmed.thread(thread).cloned();
        let mut documents = Vec::new();
        for id in replica.thread_documents(thread) {
            match restore_page(&id, stream, records) {
                StoredPage::Whole(document) => documents.push(*document),
                StoredPage::Absent => {
                    match summary.as_ref().and_then(|summary| restore_begun(&id, summary, stream, records)) {
                        Some(document) => documents.push(document),
                        None => return self.fetch_thread(stream, thread),
                    }
                }
                StoredPage::Damaged => {
                    self.ctx.report_damage();
                    self.ctx.store.write(Write::Delete(record::document_key(&id)));
                    return self.fetch_thread(stream, thread);
                }
            }
        }
        self.add_thread(stream, thread, documents, since);
    }

    fn fetch_thread(&mut self, stream: &StreamId, thread: ConversationId) {
        let request = self.ctx.new_request();
        let is_online = self.link.is_online();
        let Some(replica) = self.replica(stream) else { return };
        if is_online {
            replica.loading.insert(thread, Some(request));
            let scope = FetchScope::Thread(thread);
            return self.ctx.send(&ClientFrame::Fetch(Fetch {
                request,
                stream: stream.clone(),
                scope,
                held: Vec::new(),
                chain: None,
            }));
        }
        replica.loading.remove(&thread);
        self.fail_waiting(thread, Code::Unreachable, "the thread was never loaded on this device");
    }

    /// Adds the documents of a thread. If entries arrived since they were read, they are read again.
    pub(in crate::engine) fn add_thread(
        &mut self,
        stream: &StreamId,
        thread: ConversationId,
        documents: Vec<Document>,
        since: AsOf,
    ) {
        let Some(replica) = self.replica(stream) else { return };
        if documents.iter().any(|document| replica.has_passed(document.id(), since)) {
            replica.loading.remove(&thread);
            return self.streams.load_thread(&mut self.ctx, stream, thread);
        }
        let mut kept = Vec::new();
        for document in documents {
            if replica.confirmed.document(document.id()).is_none() {
                kept.extend(replica.keep(&document, since));
                replica.insert_page(document);
            }
        }
        kept.into_iter().for_each(|write| self.ctx.store.write(write));
        self.thread_loaded(stream, thread);
    }

    /// Resumes the work that waited for a thread.
    fn thread_loaded(&mut self, stream: &StreamId, thread: ConversationId) {
        let Some(replica) = self.replica(stream) else { return };
        replica.loading.remove(&thread);
        self.rewrite_if_due(stream);
        for (request, command) in self.commands.of_thread(thread) {
            self.execute(stream, request, command);
        }
        if self.open.contains_key(&thread) {
            self.show_timeline(thread);
        }
    }

    /// The summaries of threads in an answer, and the documents of one.
    pub(in crate::engine) fn receive_threads(
        &mut self,
        stream: &StreamId,
        fetched: &Fetched,
        documents: Vec<Document>,
    ) {
        let Some(replica) = self.replica(stream) else { return };
        replica.set_threads(&fetched.threads);
        self.stream_heads.change(stream);
        let opened = documents.iter().find_map(|document| match document.id() {
            DocumentId::Timeline(timeline) => timeline.thread,
            _ => None,
        });
        if let Some(thread) = opened {
            for document in &documents {
                self.ctx.store.write(record::put_fetched(document, fetched));
            }
            if let Some(since) = self.replica(stream).map(|replica| replica.as_of(fetched.head)) {
                self.add_thread(stream, thread, documents, since);
            }
        }
        // Threads that were opened before their summary arrived.
        for thread in fetched.threads.iter().map(|thread| thread.id) {
            let lacks = self.replica(stream).is_some_and(|replica| replica.lacks(thread));
            if lacks && self.open.contains_key(&thread) {
                self.streams.load_thread(&mut self.ctx, stream, thread);
            }
        }
    }

    /// The fetch of a thread was refused. Returns false if it was another request.
    pub(in crate::engine) fn thread_refused(&mut self, stream: &StreamId, refused: &Refused) -> bool {
        let Some(replica) = self.replica(stream) else { return false };
        let asked = replica.loading.iter().find(|(_, request)| **request == Some(refused.request));
        let Some(thread) = asked.map(|(thread, _)| *thread) else { return false };
        replica.loading.remove(&thread);
        // Its documents are not loaded, so its detail goes.
        replica.touched.detail |= refused.retry_at.is_none();
        let is_due = replica.rewrite_due;
        self.fail_waiting(thread, refused.code, &refused.detail);
        match refused.retry_at {
            Some(retry_at) => self.streams.load_thread_at(&self.ctx, stream, thread, retry_at),
            // Commands in it are refused here, with their words.
            None if is_due => self.rewrite_now(stream),
            None => {}
        }
        true
    }

    /// Fetches deferred threads again, if something still waits for them.
    pub(in crate::engine) fn load_deferred(&mut self, stream: &StreamId) {
        let now = self.ctx.now.monotonic;
        let Some(replica) = self.streams.quietly(stream) else { return };
        let due: Vec<ConversationId> =
            replica.load_at.iter().filter(|(_, at)| **at <= now).map(|(thread, _)| *thread).collect();
        for thread in due {
            let Some(replica) = self.replica(stream) else { return };
            replica.load_at.remove(&thread);
            if replica.rewrite_due || self.open.contains_key(&thread) {
                self.streams.load_thread(&mut self.ctx, stream, thread);
            }
        }
    }

    /// The link is lost: commands that wait for a thread fail.
    pub(in crate::engine) fn fail_thread_requests(&mut self) {
        for thread in self.commands.awaited_threads() {
            self.fail_waiting(thread, Code::Unreachable, "the link was lost before the thread was loaded");
        }
    }

    fn fail_waiting(&mut self, thread: ConversationId, code: Code, detail: &str) {
        for (request, _) in self.commands.of_thread(thread) {
            self.fail(request, code, detail);
        }
    }
}

impl Streams {
    /// Loads a thread's document and its newest page.
    pub(in crate::engine) fn load_thread(&mut self, ctx: &mut Context, stream: &StreamId, thread: ConversationId) {
        let Some(replica) = self.replica(stream) else { return };
        if replica.loading.contains_key(&thread) {
            return;
        }
        replica.loading.insert(thread, None);
        let since = replica.as_of(replica.confirmed.position());
        let mut keys: Vec<_> = replica.thread_documents(thread).iter().map(record::document_key).collect();
        keys.push(record::tail_prefix(stream));
        // Entries of it may still be on their way to the store.
        ctx.store.read_later(ReadPurpose::Thread(stream.clone(), thread, since), keys);
    }

    /// Fetches a thread again at the server's time, and nothing else of its stream: a server
    /// that lets few questions pass would have to answer those again and again.
    fn load_thread_at(&mut self, ctx: &Context, stream: &StreamId, thread: ConversationId, retry_at: WallTime) {
        if let Some(replica) = self.replica(stream) {
            replica.load_at.insert(thread, ctx.deferred(retry_at));
        }
    }

    /// No screen shows a thread any more: its documents stay in the store.
    pub(in crate::engine) fn unload_thread(
        &mut self,
        ctx: &mut Context,
        conversation: ConversationId,
        thread: ConversationId,
    ) {
        let stream = StreamId::Conversation(conversation);
        let Some(replica) = self.replica(&stream) else { return };
        replica.wanted.remove(&thread);
        for document in replica.unload_thread(thread) {
            ctx.store.write(record::put_document(&document));
        }
    }
}

impl Replica {
    /// A thread's document and its newest page.
    pub(in crate::engine) fn thread_documents(&self, thread: ConversationId) -> Vec<DocumentId> {
        let timeline = self.timeline(thread);
        let page = Some(self.confirmed.newest_page(timeline)).filter(|page| *page > 0);
        core::iter::once(timeline.document()).chain(page.map(|page| timeline.page(page))).collect()
    }

    /// Whether the newest page of a timeline is loaded. A thread that nothing was fetched of has none.
    pub(in crate::engine) fn has_timeline(&self, timeline: ConversationId) -> bool {
        let is_loaded = |document: &DocumentId| self.confirmed.document(document).is_some();
        self.confirmed.thread(timeline).is_none() || self.thread_documents(timeline).iter().all(is_loaded)
    }

    pub(in crate::engine) fn is_loading_threads(&self) -> bool {
        !self.loading.is_empty()
    }

    /// A screen shows a thread of the stream from now on.
    pub(in crate::engine) fn show_thread(&mut self, thread: ConversationId) {
        self.wanted.insert(thread);
    }

    /// Whether a thread exists and cannot be written in, because it is not loaded.
    pub(in crate::engine) fn lacks(&self, thread: ConversationId) -> bool {
        self.whole && !self.has_timeline(thread)
    }

    /// A thread that has to be loaded before the outbox can be written anew.
    pub(in crate::engine) fn lacking_thread(&self) -> Option<ConversationId> {
        let mut threads = self.outbox.entries.iter().filter_map(|entry| entry.document.thread());
        threads.find(|thread| !self.has_timeline(*thread))
    }

    /// Stores the server's summaries of threads.
    pub(in crate::engine) fn set_threads(&mut self, threads: &[Thread]) {
        for thread in threads {
            self.touched.messages.insert(thread.parent.message.clone());
            self.changed_threads.insert(thread.id);
            self.confirmed.set_thread(thread.clone());
            if let Some(view) = &mut self.view {
                view.set_thread(thread.clone());
            }
        }
    }

    /// The threads whose records are to be stored anew.
    pub(in crate::engine) fn drain_changed_threads(&mut self) -> Vec<Thread> {
        let changed = core::mem::take(&mut self.changed_threads);
        changed.into_iter().filter_map(|thread| self.confirmed.thread(thread).cloned()).collect()
    }

    /// Unloads a thread's documents, unless the outbox writes in them. Returns them, to be stored.
    fn unload_thread(&mut self, thread: ConversationId) -> Vec<Document> {
        if self.outbox.entries.iter().any(|entry| entry.document.thread() == Some(thread)) {
            return Vec::new();
        }
        // If an entry does not apply, the thread is fetched again when it is opened.
        let is_whole = self.confirmed.flush().is_ok();
        let ids = self.confirmed.documents().map(Document::id).filter(|id| id.thread() == Some(thread));
        let ids: Vec<DocumentId> = ids.cloned().collect();
        let documents: Vec<Document> = ids.iter().filter_map(|id| self.confirmed.remove(id)).collect();
        self.lowest.remove(&self.timeline(thread));
        self.reapply();
        if is_whole { documents } else { Vec::new() }
    }

    /// A thread that is shown, or written in, begins with the first entry of its document.
    pub(in crate::engine) fn begin_thread(&mut self, entry: &Entry) {
        let document = &entry.document;
        let DocumentId::Timeline(TimelineId { thread: Some(thread), .. }) = *document else { return };
        let is_here = self.wanted.contains(&thread) || self.view().document(document).is_some();
        let is_new = self.confirmed.thread(thread).is_none() && self.confirmed.document(document).is_none();
        // One that nothing told of yet may have begun before.
        let is_first = |change: Change| !change.is_generation() && change.dependencies().is_empty();
        if is_here && is_new && Change::parse(&entry.change).is_ok_and(is_first) {
            let begun = Document::new(document.clone());
            if let Some(view) = self.view.as_mut().filter(|view| view.document(document).is_none()) {
                view.insert(begun.clone());
            }
            self.confirmed.insert(begun);
        }
    }
}

/// Restores a document of which no snapshot was stored yet from the entries after the snapshots, if
/// all of its own are there: from the thread's creation, or from its first message, on.
fn restore_begun(id: &DocumentId, summary: &Thread, stream: &StreamId, records: &[Record]) -> Option<Document> {
    let tail = records.iter().filter(|(key, _)| key.starts_with(&record::tail_prefix(stream)));
    let mut tail: Vec<Entry> = tail.map(|(key, value)| record::read(key, value)).collect::<Option<_>>()?;
    tail.retain(|entry| entry.document == *id);
    let document = Document::restore(id.clone(), None, &tail).ok()?;
    let is_whole = match id.page() {
        None => Conversation::read(&document).created.is_some(),
        Some(1) if summary.page == 1 => Message::read_all(&document).len() == summary.replies as usize,
        Some(_) => false,
    };
    is_whole.then_some(document)
}
