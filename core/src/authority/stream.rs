//! A stream's state at a position: the documents a decision needs, the
//! conversation read from them, and what admitting a change does to both.
//! It is long because every change moves all of it.

use std::sync::Arc;

use crate::{
    authority::{
        Refusal,
        consequence::Due,
        generation, pin, proposal,
        said::{SAID_ENTRIES_MAX, Said},
        shape, thread,
    },
    code::Code,
    doc::{Admit, ApplyChangeError, Change, Document, Fact, Home, Key, Message, Operation, OperationKind, effort},
    ids::{
        AccountId, ChangeHash, ContactId, ConversationId, DeviceId, DocumentId, MessageId, PageNumber, StreamId,
        TenantId, TimelineId,
    },
    journal::{Entry, Head, Position},
    limits::Limits,
    model::{Content, Conversation, Profile, Reachability, Thread},
    sorted::SortedMap,
    time::WallTime,
    wire::LastMessage,
};

/// The state of a stream. The server's is what is admitted; a client has that
/// and, on top, a second one with what it has pending: to copy it copies no document,
/// each is shared until one of both takes in more of it.
#[derive(Debug, Clone)]
pub struct Stream {
    tenant: TenantId,
    id: StreamId,
    /// The device of the system's account.
    pub(super) system: DeviceId,
    pub(super) head: Head,
    page: PageNumber,
    documents: SortedMap<DocumentId, Arc<Document>>,
    pub(super) conversation: Arc<Conversation>,
    /// What follows from what was taken in, and was not.
    pub(super) due: Due,
    /// The threads that are known of.
    threads: Arc<SortedMap<ConversationId, Thread>>,
    /// Those whose document is loaded, as it says.
    opened: SortedMap<ConversationId, Arc<Conversation>>,
    /// Who said something last and when, while slow mode is on.
    pub(super) said: Said,
    /// Who has blocked the author of what is admitted next, as the server told.
    pub(super) blockers: Vec<AccountId>,
    /// Who is out of the reach of that author, as the server told.
    pub(super) unreachable: Vec<AccountId>,
}

/// What a change did, for projections and views.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Whose new message of the conversation itself it holds, if it holds one.
    pub author: Option<AccountId>,
    /// Where the message of the conversation itself stands that it deletes, if it deletes one.
    pub deletes: Option<Position>,
    /// The thread that it is about.
    pub thread: Option<ConversationId>,
    /// The members it touched.
    pub members: Vec<AccountId>,
    /// Those of them who came in by it: they were not active before, and are now.
    pub joined: Vec<AccountId>,
    /// The account's profile, if it touched that.
    pub profile: Option<Profile>,
    /// Whom the account blocks now, or no longer, of those it touched.
    pub blocked: Vec<(AccountId, bool)>,
    /// Who may reach the account now, if it touched that.
    pub reachability: Option<Reachability>,
    /// The accounts that contacts are linked to now, of those contacts that it touched.
    pub contacts: Vec<(ContactId, Option<AccountId>)>,
    /// Whether the conversation goes on because of it, which is stated behind it.
    pub reopens: bool,
    /// All that it states.
    pub facts: Vec<Fact>,
}

impl Stream {
    /// A stream before its first entry.
    pub fn new(tenant: TenantId, id: StreamId) -> Self {
        Self::at(tenant, id, Head::default(), 0)
    }

    /// A stream at a head with nothing loaded; `page` is its newest page
    /// that has a change, 0 for none.
    pub fn at(tenant: TenantId, id: StreamId, head: Head, page: PageNumber) -> Self {
        let system = DeviceId::of_system(&tenant, &id);
        Self {
            tenant,
            id,
            system,
            head,
            page,
            documents: SortedMap::new(),
            conversation: Arc::default(),
            due: Due::default(),
            threads: Arc::default(),
            opened: SortedMap::new(),
            said: Said::default(),
            blockers: Vec::new(),
            unreachable: Vec::new(),
        }
    }

    /// The tenant it belongs to.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Which stream.
    pub fn id(&self) -> &StreamId {
        &self.id
    }

    /// The last position.
    pub fn position(&self) -> Position {
        self.head.position
    }

    /// The last position, with the hash of the journal up to it.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The newest page that has a change; 0 for none.
    pub fn page(&self) -> PageNumber {
        self.page
    }

    /// The conversation; empty for an account's stream and before creation.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The documents that a decision about a change of `document` needs and
    /// that are not inserted yet.
    pub fn missing(&self, document: &DocumentId) -> Vec<DocumentId> {
        let mut needed = vec![document.clone()];
        if let Some(timeline) = document.timeline() {
            needed.push(TimelineId::of(timeline.conversation).document());
            needed.push(timeline.document());
            // Whether the next page may open is for the newest one to say.
            let newest = self.newest_page(timeline);
            if document.page().is_some_and(|number| number > newest) && newest > 0 {
                needed.push(timeline.page(newest));
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|document| !self.documents.contains_key(document));
        needed
    }

    /// Those that a decision about this very change needs: for one that pins, the
    /// pages of what it pins; for one that responds to a proposal, the page of that; for one that opens a thread, what it starts from
    /// too, once the thread's document is there.
    pub fn missing_for(&self, document: &DocumentId, change: &[u8]) -> Vec<DocumentId> {
        let mut needed = self.missing(document);
        needed.extend(pin::pages_in(self, document, change));
        needed.extend(proposal::page_in(self, document, change));
        needed.retain(|document| !self.documents.contains_key(document));
        let opens = |thread| self.opened.get(&thread).is_some_and(|thread| thread.created.is_none());
        if let DocumentId::Timeline(TimelineId { conversation, thread: Some(thread) }) = *document
            && opens(thread)
            && let Some(parent) = thread::parent_in(document, change)
        {
            needed.push(TimelineId::within(conversation, parent.conversation).document());
            needed.push(parent.document(conversation));
            needed.retain(|document| !self.documents.contains_key(document));
        }
        needed
    }

    /// Makes those that are missing for this very change, where all that was
    /// ever written in is loaded.
    pub fn insert_missing_for(&mut self, document: &DocumentId, change: &[u8]) {
        while let Some(missing) = self.missing_for(document, change).into_iter().next() {
            self.insert(Document::new(missing));
        }
    }

    /// Takes in a loaded document, or one without a change.
    pub fn insert(&mut self, document: Document) {
        match *document.id() {
            DocumentId::Timeline(TimelineId { thread: None, .. }) => {
                self.conversation = Arc::new(Conversation::read(&document));
            }
            DocumentId::Timeline(TimelineId { thread: Some(thread), .. }) => {
                let opened = Conversation::read(&document);
                self.know(thread, &opened);
                self.opened.insert(thread, Arc::new(opened));
            }
            DocumentId::Page(..) | DocumentId::Account(_) | DocumentId::Home(_) => {}
        }
        self.documents.insert(document.id().clone(), Arc::new(document));
    }

    /// Lets go of a document, to bound memory.
    pub fn remove(&mut self, document: &DocumentId) -> Option<Document> {
        if let DocumentId::Timeline(TimelineId { thread: Some(thread), .. }) = document {
            self.opened.remove(thread);
        }
        self.documents.remove(document).map(Arc::unwrap_or_clone)
    }

    /// Lets go of the copies that documents keep to go back to, once a run of
    /// changes is over.
    pub fn drop_fallbacks(&mut self) {
        let kept = self.documents.values_mut().filter(|document| document.has_fallback());
        kept.for_each(|document| Document::to_mut(document).drop_fallback());
    }

    /// A document that is loaded.
    pub fn document(&self, document: &DocumentId) -> Option<&Document> {
        effort::ask();
        self.documents.get(document).map(Arc::as_ref)
    }

    /// One that is loaded, to be changed: a copy of its own, if it is shared.
    pub(super) fn document_mut(&mut self, document: &DocumentId) -> Option<&mut Document> {
        self.documents.get_mut(document).map(Document::to_mut)
    }

    /// The documents that are loaded.
    pub fn documents(&self) -> impl DoubleEndedIterator<Item = &Document> {
        self.documents.values().map(Arc::as_ref).inspect(|_| effort::ask())
    }

    /// Whether a document is missing without which nothing is known here: a
    /// created conversation, or its newest page.
    pub fn lacks_base(&self) -> bool {
        let Some(conversation) = self.id.conversation() else { return false };
        let created = self.position() == Position::ZERO || self.conversation.created.is_some();
        let page = self.page == 0 || self.documents.contains_key(&TimelineId::of(conversation).page(self.page));
        !created || !page
    }

    /// The page of a timeline that takes new messages, judged by the newest page;
    /// that one itself when it is not loaded.
    pub fn open_page(&self, timeline: TimelineId, limits: &Limits) -> PageNumber {
        let page = self.newest_page(timeline);
        match self.documents.get(&timeline.page(page)) {
            Some(newest) if is_closed(newest, limits) => page.saturating_add(1),
            _ => page.max(1),
        }
    }

    /// The newest page of a timeline that has a change; 0 for none.
    pub fn newest_page(&self, timeline: TimelineId) -> PageNumber {
        match timeline.thread {
            None => self.page,
            Some(thread) => self.threads.get(&thread).map_or(0, |thread| thread.page),
        }
    }

    /// Whether it is a page after the newest one of its timeline.
    pub(super) fn begins_page(&self, document: &DocumentId) -> bool {
        let newest = document.timeline().map(|timeline| self.newest_page(timeline));
        document.page().zip(newest).is_some_and(|(number, newest)| number > newest)
    }

    /// Whether decisions about most of what comes need the document: not so
    /// for older pages and threads.
    pub fn is_base(&self, document: &DocumentId) -> bool {
        match document {
            DocumentId::Account(_) | DocumentId::Home(_) => true,
            DocumentId::Timeline(timeline) => timeline.thread.is_none(),
            DocumentId::Page(timeline, number) => timeline.thread.is_none() && *number == self.page,
        }
    }

    /// A thread that is known of.
    pub fn thread(&self, thread: ConversationId) -> Option<&Thread> {
        self.threads.get(&thread)
    }

    /// The threads that are known of.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.threads.values()
    }

    /// Takes in what is known of a thread elsewhere, unless more is known here.
    pub fn set_thread(&mut self, thread: Thread) {
        if self.threads.get(&thread.id).is_none_or(|known| known.position <= thread.position) {
            Arc::make_mut(&mut self.threads).insert(thread.id, thread);
        }
    }

    /// What the document of a timeline says; none of a thread whose document is
    /// not loaded.
    pub fn timeline(&self, timeline: TimelineId) -> Option<&Conversation> {
        match timeline.thread {
            None => Some(&self.conversation),
            Some(thread) => self.opened.get(&thread).map(Arc::as_ref),
        }
    }

    /// What the documents of threads that are loaded say.
    pub(super) fn opened(&self) -> impl Iterator<Item = &Conversation> {
        self.opened.values().map(Arc::as_ref)
    }

    /// The loaded page that holds a message. Of most pages the ends tell that they do not.
    pub fn page_of(&self, message: &MessageId) -> Option<&Document> {
        let key = Key::Message(message.clone()).to_string();
        let pages = self.documents.values().rev().filter(|document| document.id().page().is_some());
        let spanning = pages.filter(|page| page.spans(&key)).inspect(|_| effort::ask());
        spanning.map(Arc::as_ref).find(|page| page.has(&key))
    }

    /// The message admitted last, if its page is loaded.
    pub fn last_message(&self) -> Option<LastMessage> {
        let conversation: ConversationId = self.id.conversation()?;
        let page = self.documents.get(&TimelineId::of(conversation).page(self.page))?;
        let (position, id) = page.admissions().newest()?;
        let message = Message::read(page, id)?;
        Some(LastMessage { position: *position, preview: message.content().map(Content::preview), message: message.id })
    }

    /// The change of this device that states facts in a loaded document, which
    /// stays as it is. None if it states all of them already.
    pub fn compose(&self, device: DeviceId, document: &DocumentId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        self.documents.get(document)?.compose(device, at, facts)
    }

    /// Writes facts that were decided as one change of this device. None if
    /// the document states all of them already. The document is made if the
    /// stream does not have it.
    pub fn write(
        &mut self,
        device: DeviceId,
        document: &DocumentId,
        at: WallTime,
        facts: &[Fact],
    ) -> Option<(Change, Effects)> {
        let target = self.documents.entry(document.clone()).or_insert_with(|| Document::new(document.clone()).into());
        let change = Document::to_mut(target).write(device, at, facts)?;
        Some((change, self.take_effect(document, facts.to_vec())))
    }

    /// Applies an accepted entry of one's own store: to its document if that
    /// is loaded, or if it is a page that begins with it. Entries at or before
    /// a document's own position are part of it already.
    ///
    /// # Errors
    /// When the change does not apply; the stream is as it was.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        let read = || Ok(Change::parse(&entry.change)?);
        let taken = self.take_entry(entry, |document| document.apply_entry(entry), read)?;
        Ok(taken.map(|(_, effects)| effects))
    }

    /// Applies an accepted entry that came from a server, once it passed the
    /// rules on its bytes. Nothing else differs from `apply_entry`.
    ///
    /// # Errors
    /// When no authority could have admitted it, or it does not apply; the
    /// stream is as it was.
    pub fn receive_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.take_received(entry, Document::admit).map(|taken| taken.map(|(_, effects)| effects))
    }

    /// As `receive_entry`, of one among many: the library gets it with the next `flush`.
    ///
    /// # Errors
    /// As `receive_entry`; or as `flush`.
    pub fn queue_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.take_received(entry, Document::queue).map(|taken| taken.map(|(_, effects)| effects))
    }

    /// As `queue_entry`, with the change that the entry is.
    pub(crate) fn queue_received(&mut self, entry: &Entry) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
        self.take_received(entry, Document::queue)
    }

    /// As `queue_entry`, of an entry that is this very change, written here.
    ///
    /// # Errors
    /// When it does not follow what is here; or as `flush`.
    pub fn queue_own(&mut self, entry: &Entry, change: &Change) -> Result<Option<Effects>, ApplyChangeError> {
        let apply = |document: &mut Document| {
            if entry.position <= document.position() {
                return Ok(None);
            }
            document.queue(change, entry.position, entry.accepted_at)?;
            document.charge(change, &entry.account, entry.administrator, entry.accepted_at);
            Ok(Some(change.clone()))
        };
        self.take_entry(entry, apply, || Ok(change.clone())).map(|taken| taken.map(|(_, effects)| effects))
    }

    fn take_received(&mut self, entry: &Entry, admit: Admit) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
        let system = self.system;
        let apply = |document: &mut Document| {
            if entry.position <= document.position() {
                return Ok(None);
            }
            if let Some(change) = generation::of(entry) {
                generation::check(document, system, entry, &change).map_err(illegal)?;
                document.begin_generation(&change, entry.position)?;
                return Ok(Some(change));
            }
            let change = shape::check_entry(document, entry).map_err(illegal)?;
            admit(document, &change, entry.position, entry.accepted_at)?;
            document.charge(&change, &entry.account, entry.administrator, entry.accepted_at);
            Ok(Some(change))
        };
        self.take_entry(entry, apply, || Ok(shape::read(&entry.change, &Limits::WIDEST).map_err(illegal)?.0))
    }

    /// Gives the library everything that is queued.
    ///
    /// # Errors
    /// When it does not apply: the stream is of no use any more.
    pub fn flush(&mut self) -> Result<(), ApplyChangeError> {
        let mut queued = self.documents.values_mut().filter(|document| !document.is_flushed());
        queued.try_for_each(|document| Document::to_mut(document).flush())
    }

    fn take_entry(
        &mut self,
        entry: &Entry,
        apply: impl FnOnce(&mut Document) -> Result<Option<Change>, ApplyChangeError>,
        read: impl Fn() -> Result<Change, ApplyChangeError>,
    ) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
        let is_held = |thread| self.opened.contains_key(&thread);
        let begins = self.begins_page(&entry.document) && entry.document.thread().is_none_or(is_held);
        let applied = match self.document_mut(&entry.document) {
            Some(document) => apply(document)?,
            // A page that cannot take its first entry must not be there empty.
            None if begins => {
                let mut document = Document::new(entry.document.clone());
                let applied = apply(&mut document)?;
                self.documents.insert(entry.document.clone(), Arc::new(document));
                applied
            }
            // Of a thread that nobody looks at here only the counts go on.
            None if entry.document.thread().is_some() => Some(read()?),
            None => None,
        };
        if entry.position > self.position() {
            let hash = match &applied {
                Some(change) => change.hash(),
                None => hash_of(entry)?,
            };
            self.head = self.head.next(&self.tenant, entry, hash);
        }
        if let DocumentId::Page(TimelineId { thread: None, .. }, number) = entry.document {
            self.page = self.page.max(number);
        }
        // A page may have been loaded when the stream had moved on: what it has
        // already is counted all the same, once.
        if applied.is_none() && (entry.document.thread().is_some() || self.is_slow()) {
            let facts = facts_of(&entry.document, &read()?);
            self.count(&entry.document, &entry.account, (entry.position, entry.accepted_at), &facts);
        }
        Ok(applied.map(|change| {
            let facts = facts_of(&entry.document, &change);
            let mut effects = self.take_effect(&entry.document, facts);
            self.count(&entry.document, &entry.account, (entry.position, entry.accepted_at), &effects.facts);
            if !self.documents.contains_key(&entry.document) {
                effects.facts.clear();
            }
            (change, effects)
        }))
    }

    /// Counts an entry in: for slow mode, and for the thread that it is of.
    pub(super) fn count(
        &mut self,
        document: &DocumentId,
        account: &AccountId,
        (position, at): (Position, WallTime),
        facts: &[Fact],
    ) {
        if self.is_slow() {
            self.said.note(document, account, (position, at), facts);
        }
        let Some(thread) = document.thread().and_then(|thread| Arc::make_mut(&mut self.threads).get_mut(&thread))
        else {
            return;
        };
        let messages = facts.iter().filter_map(|fact| match fact {
            Fact::Message(message, _) => Some(message),
            _ => None,
        });
        thread.count(position, at, messages);
    }

    /// Whether slow mode is on.
    fn is_slow(&self) -> bool {
        self.conversation.policies.slow_mode_seconds > 0
    }

    /// The position behind which slow mode looks back on entries, if what they said is
    /// not known here yet.
    pub fn lacks_said(&self) -> Option<Position> {
        let first = self.position().number().saturating_sub(SAID_ENTRIES_MAX.into());
        (self.is_slow() && !self.said.is_whole).then(|| Position::new(first))
    }

    /// Takes in what was said in the entries that slow mode looks back on; those of
    /// them that can be read.
    pub fn recall(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Ok(change) = Change::restore(&entry.change) else { continue };
            let facts = facts_of(&entry.document, &change);
            self.said.note(&entry.document, &entry.account, (entry.position, entry.accepted_at), &facts);
        }
        self.said.is_whole = true;
    }

    /// A thread is known of once it was opened.
    fn know(&mut self, thread: ConversationId, opened: &Conversation) {
        let parent = opened.created.as_ref().and_then(|created| created.parent.clone());
        if let Some(parent) = parent.filter(|_| !self.threads.contains_key(&thread)) {
            Arc::make_mut(&mut self.threads).insert(thread, Thread::new(thread, parent));
        }
    }

    /// Applies a change that is not admitted yet, or not told so yet.
    ///
    /// # Errors
    /// When it does not apply; the stream is as it was.
    pub fn apply_pending(&mut self, document: &DocumentId, change: &Change) -> Result<Effects, ApplyChangeError> {
        match self.document_mut(document) {
            Some(target) => target.queue_pending(change)?,
            // A document that cannot take it must not be there half.
            None => {
                let mut target = Document::new(document.clone());
                target.queue_pending(change)?;
                self.documents.insert(document.clone(), Arc::new(target));
            }
        }
        let facts = facts_of(document, change);
        Ok(self.take_effect(document, facts))
    }

    pub(super) fn take_effect(&mut self, id: &DocumentId, facts: Vec<Fact>) -> Effects {
        let document = self.documents.get(id).map(Arc::as_ref);
        let mut effects = Effects { thread: id.thread(), ..Effects::default() };
        match (id, document) {
            (DocumentId::Timeline(TimelineId { thread: None, .. }), Some(document)) => {
                effects.joined = Arc::make_mut(&mut self.conversation).refresh(document, &facts)
            }
            (DocumentId::Page(TimelineId { thread: None, .. }, number), _) => self.page = self.page.max(*number),
            (DocumentId::Account(_), Some(document)) => effects.profile = Some(Profile::read(document)),
            (DocumentId::Timeline(TimelineId { thread: Some(thread), .. }), Some(document)) => {
                let mut opened = self.opened.remove(thread).map(Arc::unwrap_or_clone).unwrap_or_default();
                opened.refresh(document, &facts);
                self.know(*thread, &opened);
                self.opened.insert(*thread, Arc::new(opened));
            }
            // Opened, and not looked at here.
            (DocumentId::Timeline(TimelineId { thread: Some(thread), .. }), None) => {
                let created = facts.iter().find_map(|fact| match fact {
                    Fact::Created(created) => Some(created.clone()),
                    _ => None,
                });
                self.know(*thread, &Conversation { created, ..Conversation::default() });
            }
            (DocumentId::Page(TimelineId { thread: Some(thread), .. }, number), _) => {
                if let Some(thread) = Arc::make_mut(&mut self.threads).get_mut(thread) {
                    thread.page = thread.page.max(*number);
                }
            }
            (DocumentId::Timeline(_) | DocumentId::Account(_) | DocumentId::Home(_), _) => {}
        }
        for fact in &facts {
            match fact {
                Fact::Message(message, _) => {
                    effects.author = effects.thread.is_none().then(|| message.author.clone());
                }
                Fact::Deleted(message, _) if effects.thread.is_none() => {
                    let page = self.documents.get(id);
                    let admission = page.and_then(|page| page.admissions().get(message));
                    effects.deletes = admission.map(|admission| admission.position);
                }
                // What is stated at once by two devices is settled by the document.
                Fact::Blocked(account, _) => {
                    let home = self.documents.get(id);
                    let blocked = home.is_some_and(|home| home.get(&Key::Blocked(account.clone())).is_some());
                    effects.blocked.push((account.clone(), blocked));
                }
                Fact::Reachability(_) => {
                    let home = self.document(id).map(Home::read).unwrap_or_default();
                    effects.reachability = Some(home.reachability.unwrap_or(Reachability::Everybody));
                }
                Fact::Contact(contact, _) => {
                    let home = self.documents.get(id);
                    let linked = match home.and_then(|home| home.fact(&Key::Contact(*contact))) {
                        Some(Fact::Contact(_, Some(contact))) => contact.account,
                        _ => None,
                    };
                    effects.contacts.push((*contact, linked));
                }
                Fact::MemberRole(account, _) | Fact::MemberStatus(account, _) if !effects.members.contains(account) => {
                    effects.members.push(account.clone());
                }
                _ => {}
            }
        }
        effects.reopens = self.note_consequences(id, &facts);
        effects.facts = facts;
        effects
    }
}

/// Whether a page has as many changes, or as many bytes of them, as close it.
fn is_closed(page: &Document, limits: &Limits) -> bool {
    page.changes() >= limits.page_changes_soft || page.change_bytes() >= u64::from(limits.page_bytes_soft)
}

/// The hash of an entry's change, of which nothing else is read.
fn hash_of(entry: &Entry) -> Result<ChangeHash, ApplyChangeError> {
    let malformed = || illegal(Refusal::new(Code::ChangeMalformed, "bytes that are no change"));
    ChangeHash::of_change(&entry.change).ok_or_else(malformed)
}

fn illegal(refusal: Refusal) -> ApplyChangeError {
    ApplyChangeError::Illegal { code: refusal.code, detail: refusal.detail }
}

/// What an accepted change states; what does not parse, from a newer version, is passed over. A
/// generation states nothing that was not so before.
pub(super) fn facts_of(document: &DocumentId, change: &Change) -> Vec<Fact> {
    if change.is_generation() {
        return Vec::new();
    }
    let parse = |operation: &Operation| {
        let value = match &operation.kind {
            OperationKind::Put(value) => Some(value),
            OperationKind::Delete => None,
            OperationKind::Other => return None,
        };
        Fact::parse(document, operation.key.as_deref()?, value).ok()
    };
    change.operations().iter().filter_map(parse).collect()
}
