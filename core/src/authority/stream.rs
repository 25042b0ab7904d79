//! A stream's state at a position: the documents a decision needs, the conversation read from them, and the
//! effect of admitting a change. It is long because every change moves all of it.

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
    doc::{Admit, ApplyChangeError, Change, Document, Fact, Home, Key, Message, Operation, OperationKind},
    effort,
    ids::{
        AccountId, ChangeHash, ContactId, ConversationId, DeviceId, DocumentId, MessageId, PageNumber, StreamId,
        TenantId, TimelineId,
    },
    journal::{Entry, Head, Position},
    limits::Limits,
    model::{Content, Conversation, Profile, Reachability, Thread},
    sorted::{SortedMap, SortedSet},
    time::WallTime,
    wire::LastMessage,
};

/// While the newest page has fewer changes than this, no message that is on the page before is written on it.
const BEGUN_CHANGES_MAX: u32 = 128;

/// The state of a stream. A server's contains what is admitted; a client has that and, on top of it, a second
/// one with its pending changes. Cloning copies no document: each is shared until one of the clones applies
/// more to it.
#[derive(Debug, Clone)]
pub struct Stream {
    tenant: TenantId,
    id: StreamId,
    /// The system account's device.
    pub(super) system: DeviceId,
    pub(super) head: Head,
    page: PageNumber,
    documents: SortedMap<DocumentId, Arc<Document>>,
    pub(super) conversation: Arc<Conversation>,
    /// Consequences of what was applied that have not been applied themselves.
    pub(super) due: Due,
    /// The threads in this stream, loaded or not.
    threads: Arc<SortedMap<ConversationId, Thread>>,
    /// Those whose document is loaded, as read from it.
    opened: SortedMap<ConversationId, Arc<Conversation>>,
    /// The last statements of accounts, while slow mode is on.
    pub(super) said: Said,
    /// Accounts that have blocked the author of the next changes, as set by the server.
    pub(super) blockers: Vec<AccountId>,
    /// Accounts that the author of the next changes may not add or invite, as set by the server.
    pub(super) unreachable: Vec<AccountId>,
}

/// The effects of a change, for projections and views.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// The author of the new message on the conversation's own pages, if there is one.
    pub author: Option<AccountId>,
    /// The position of the message on the conversation's own pages that it deletes, if it deletes one.
    pub deletes: Option<Position>,
    /// The thread that it concerns.
    pub thread: Option<ConversationId>,
    /// The members it touched.
    pub members: Vec<AccountId>,
    /// Those of them who joined: they were not active before, and are now.
    pub joined: Vec<AccountId>,
    /// The account's profile, if it touched that.
    pub profile: Option<Profile>,
    /// Changed blocks: true if the account is blocked now.
    pub blocked: Vec<(AccountId, bool)>,
    /// The account's reachability, if it changed.
    pub reachability: Option<Reachability>,
    /// Changed contacts, with the account that each is linked to.
    pub contacts: Vec<(ContactId, Option<AccountId>)>,
    /// True if it reopens the conversation, which a later entry states.
    pub reopens: bool,
    /// All facts that it states.
    pub facts: Vec<Fact>,
}

impl Stream {
    /// A stream before its first entry.
    pub fn new(tenant: TenantId, id: StreamId) -> Self {
        Self::at(tenant, id, Head::default(), 0)
    }

    /// A stream at a head with nothing loaded; `page` is its newest page with a change, 0 for none.
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

    /// The stream's id.
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

    /// The newest page with a change; 0 for none.
    pub fn page(&self) -> PageNumber {
        self.page
    }

    /// The conversation; empty for an account's stream and before creation.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The documents that are not loaded and that deciding a change of `document` needs.
    pub fn missing(&self, document: &DocumentId) -> Vec<DocumentId> {
        self.lacking(self.needed(document).into_iter().chain(self.page_before(document)))
    }

    fn needed(&self, document: &DocumentId) -> Vec<DocumentId> {
        let mut needed = vec![document.clone()];
        if let Some(timeline) = document.timeline() {
            needed.push(TimelineId::of(timeline.conversation).document());
            needed.push(timeline.document());
            // Only the newest page can tell whether the next one may open.
            let newest = self.newest_page(timeline);
            if document.page().is_some_and(|number| number > newest) && newest > 0 {
                needed.push(timeline.page(newest));
            }
        }
        needed
    }

    /// Those that are not loaded, each once.
    pub(super) fn lacking(&self, needed: impl IntoIterator<Item = DocumentId>) -> Vec<DocumentId> {
        let is_lacking = |document: &DocumentId| !self.documents.contains_key(document);
        needed.into_iter().filter(is_lacking).collect::<SortedSet<_>>().into_iter().collect()
    }

    /// The page before the newest one, while that has few changes: another device of an account may have written there
    /// what this one writes here.
    pub(super) fn page_before(&self, document: &DocumentId) -> Option<DocumentId> {
        let DocumentId::Page(timeline, number) = *document else { return None };
        let is_begun = |page: &Arc<Document>| page.changes() < BEGUN_CHANGES_MAX;
        let newest = self.newest_page(timeline);
        let is_newest = number == newest || number == newest + 1;
        (is_newest && number > 1 && self.documents.get(document).is_some_and(is_begun))
            .then(|| timeline.page(number - 1))
    }

    /// As `missing`, for a decision about this very change.
    pub fn missing_for(&self, document: &DocumentId, change: &[u8]) -> Vec<DocumentId> {
        self.lacking(self.needed_for(document, change).into_iter().chain(self.page_before(document)))
    }

    /// What a decision about this very change needs, but for the page before: for one that pins, the pages of what it
    /// pins; for one that responds to a proposal, the page of that; for one that opens a thread, what it starts from
    /// too, once the thread's document is there.
    pub(super) fn needed_for(&self, document: &DocumentId, change: &[u8]) -> Vec<DocumentId> {
        let mut needed = self.needed(document);
        needed.extend(pin::pages_in(self, document, change));
        needed.extend(proposal::page_in(self, document, change));
        let opens = |thread| self.opened.get(&thread).is_some_and(|thread| thread.created.is_none());
        if let DocumentId::Timeline(TimelineId { conversation, thread: Some(thread) }) = *document
            && opens(thread)
            && let Some(parent) = thread::parent_in(document, change)
        {
            needed.push(TimelineId::within(conversation, parent.conversation).document());
            needed.push(parent.document(conversation));
        }
        needed
    }

    /// Creates the documents that are missing for this very change, for a stream whose written documents are
    /// all loaded.
    pub fn insert_missing_for(&mut self, document: &DocumentId, change: &[u8]) {
        while let Some(missing) = self.missing_for(document, change).into_iter().next() {
            self.insert(Document::new(missing));
        }
    }

    /// Inserts a loaded document, or a new one.
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

    /// Unloads a document, to bound memory.
    pub fn remove(&mut self, document: &DocumentId) -> Option<Document> {
        if let DocumentId::Timeline(TimelineId { thread: Some(thread), .. }) = document {
            self.opened.remove(thread);
        }
        self.documents.remove(document).map(Arc::unwrap_or_clone)
    }

    /// Drops the copies that documents keep to fall back on, once a run of changes is over.
    pub fn drop_fallbacks(&mut self) {
        let kept = self.documents.values_mut().filter(|document| document.has_fallback());
        kept.for_each(|document| Document::to_mut(document).drop_fallback());
    }

    /// A document that is loaded.
    pub fn document(&self, document: &DocumentId) -> Option<&Document> {
        effort::ask();
        self.documents.get(document).map(Arc::as_ref)
    }

    /// A loaded document for writing; copied first if it is shared.
    pub(super) fn document_mut(&mut self, document: &DocumentId) -> Option<&mut Document> {
        self.documents.get_mut(document).map(Document::to_mut)
    }

    /// The documents that are loaded.
    pub fn documents(&self) -> impl DoubleEndedIterator<Item = &Document> {
        self.documents.values().map(Arc::as_ref).inspect(|_| effort::ask())
    }

    /// Returns true if a document is missing without which nothing can be read: a created conversation, or its
    /// newest page.
    pub fn lacks_base(&self) -> bool {
        let Some(conversation) = self.id.conversation() else { return false };
        let created = self.position() == Position::ZERO || self.conversation.created.is_some();
        let page = self.page == 0 || self.documents.contains_key(&TimelineId::of(conversation).page(self.page));
        !created || !page
    }

    /// The page of a timeline that takes new messages, judged by the newest page; the newest one itself if it
    /// is not loaded.
    pub fn open_page(&self, timeline: TimelineId, limits: &Limits) -> PageNumber {
        let page = self.newest_page(timeline);
        match self.documents.get(&timeline.page(page)) {
            Some(newest) if is_closed(newest, limits) => page.saturating_add(1),
            _ => page.max(1),
        }
    }

    /// The newest page of a timeline with a change; 0 for none.
    pub fn newest_page(&self, timeline: TimelineId) -> PageNumber {
        match timeline.thread {
            None => self.page,
            Some(thread) => self.threads.get(&thread).map_or(0, |thread| thread.page),
        }
    }

    /// Returns true if it is a page after the newest one of its timeline.
    pub(super) fn begins_page(&self, document: &DocumentId) -> bool {
        let newest = document.timeline().map(|timeline| self.newest_page(timeline));
        document.page().zip(newest).is_some_and(|(number, newest)| number > newest)
    }

    /// Returns true if most decisions need the document: older pages and threads are not needed.
    pub fn is_base(&self, document: &DocumentId) -> bool {
        match document {
            DocumentId::Account(_) | DocumentId::Home(_) => true,
            DocumentId::Timeline(timeline) => timeline.thread.is_none(),
            DocumentId::Page(timeline, number) => timeline.thread.is_none() && *number == self.page,
        }
    }

    /// A thread in this stream.
    pub fn thread(&self, thread: ConversationId) -> Option<&Thread> {
        self.threads.get(&thread)
    }

    /// The threads in this stream.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.threads.values()
    }

    /// Merges a thread's state from elsewhere, unless the state here is newer.
    pub fn set_thread(&mut self, thread: Thread) {
        if self.threads.get(&thread.id).is_none_or(|known| known.position <= thread.position) {
            Arc::make_mut(&mut self.threads).insert(thread.id, thread);
        }
    }

    /// The contents of a timeline's document; none for a thread whose document is not loaded.
    pub fn timeline(&self, timeline: TimelineId) -> Option<&Conversation> {
        match timeline.thread {
            None => Some(&self.conversation),
            Some(thread) => self.opened.get(&thread).map(Arc::as_ref),
        }
    }

    /// The contents of loaded thread documents.
    pub(super) fn opened(&self) -> impl Iterator<Item = &Conversation> {
        self.opened.values().map(Arc::as_ref)
    }

    /// The loaded page that holds a message. Most pages are ruled out by their first and last message.
    pub fn page_of(&self, message: &MessageId) -> Option<&Document> {
        let key = Key::Message(message.clone()).to_string();
        let pages = self.documents.values().rev().filter(|document| document.id().page().is_some());
        let spanning = pages.filter(|page| page.spans(&key)).inspect(|_| effort::ask());
        spanning.map(Arc::as_ref).find(|page| page.has(&key))
    }

    /// The last admitted message, if its page is loaded.
    pub fn last_message(&self) -> Option<LastMessage> {
        let conversation: ConversationId = self.id.conversation()?;
        let page = self.documents.get(&TimelineId::of(conversation).page(self.page))?;
        let (position, id) = page.admissions().newest()?;
        let message = Message::read(page, id)?;
        Some(LastMessage { position: *position, preview: message.content().map(Content::preview), message: message.id })
    }

    /// The change of this device that states facts in a loaded document, without applying it. None if all of
    /// them hold already.
    pub fn compose(&self, device: DeviceId, document: &DocumentId, at: WallTime, facts: &[Fact]) -> Option<Change> {
        self.documents.get(document)?.compose(device, at, facts)
    }

    /// Writes decided facts as one change of this device. None if all of them hold already. Creates the
    /// document if the stream does not have it.
    pub fn write(
        &mut self,
        device: DeviceId,
        document: &DocumentId,
        at: WallTime,
        facts: &[Fact],
    ) -> Option<(Change, Effects)> {
        let target = self.documents.entry(document.clone()).or_insert_with(|| Document::new(document.clone()).into());
        let change = Document::to_mut(target).write(device, at, facts)?;
        Some((change, self.note_effects(document, facts.to_vec(), None)))
    }

    /// Applies an accepted entry from the own store: to its document if that is loaded, or if it is a page that
    /// begins with it. Entries at or before the document's own position are part of it already.
    ///
    /// # Errors
    /// When the change does not apply; the stream is unchanged.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        let read = || Ok(Change::parse(&entry.change)?);
        let taken = self.add_entry(entry, |document| document.apply_entry(entry), read)?;
        Ok(taken.map(|(_, effects)| effects))
    }

    /// Applies an accepted entry that a server sent, after checking the rules on its bytes. Otherwise the same
    /// as `apply_entry`.
    ///
    /// # Errors
    /// When no authority could have admitted it, or it does not apply; the stream is unchanged.
    pub fn receive_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.add_received(entry, Document::admit).map(|taken| taken.map(|(_, effects)| effects))
    }

    /// As `receive_entry`, for one of many: the library gets it with the next `flush`.
    ///
    /// # Errors
    /// As `receive_entry`; or as `flush`.
    pub fn queue_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.add_received(entry, Document::queue).map(|taken| taken.map(|(_, effects)| effects))
    }

    /// As `queue_entry`; also returns the decoded change.
    pub(crate) fn queue_received(&mut self, entry: &Entry) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
        self.add_received(entry, Document::queue)
    }

    /// As `queue_entry`, for an entry that is this very change, written on this device.
    ///
    /// # Errors
    /// When it does not follow the current state; or as `flush`.
    pub fn queue_own(&mut self, entry: &Entry, change: &Change) -> Result<Option<Effects>, ApplyChangeError> {
        let apply = |document: &mut Document| {
            if entry.position <= document.position() {
                return Ok(None);
            }
            document.queue(change, entry.position, entry.accepted_at)?;
            document.charge(change, &entry.account, entry.administrator, entry.accepted_at);
            Ok(Some(change.clone()))
        };
        self.add_entry(entry, apply, || Ok(change.clone())).map(|taken| taken.map(|(_, effects)| effects))
    }

    fn add_received(&mut self, entry: &Entry, admit: Admit) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
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
        self.add_entry(entry, apply, || Ok(shape::read(&entry.change, &Limits::WIDEST).map_err(illegal)?.0))
    }

    /// Applies everything that is queued to the library's documents.
    ///
    /// # Errors
    /// When it does not apply: the stream is unusable.
    pub fn flush(&mut self) -> Result<(), ApplyChangeError> {
        let mut queued = self.documents.values_mut().filter(|document| !document.is_flushed());
        queued.try_for_each(|document| Document::to_mut(document).flush())
    }

    fn add_entry(
        &mut self,
        entry: &Entry,
        apply: impl FnOnce(&mut Document) -> Result<Option<Change>, ApplyChangeError>,
        read: impl Fn() -> Result<Change, ApplyChangeError>,
    ) -> Result<Option<(Change, Effects)>, ApplyChangeError> {
        let is_held = |thread| self.opened.contains_key(&thread);
        let begins = self.begins_page(&entry.document) && entry.document.thread().is_none_or(is_held);
        let applied = match self.document_mut(&entry.document) {
            Some(document) => apply(document)?,
            // A page that cannot apply its first entry must not stay behind empty.
            None if begins => {
                let mut document = Document::new(entry.document.clone());
                let applied = apply(&mut document)?;
                self.documents.insert(entry.document.clone(), Arc::new(document));
                applied
            }
            // Of a thread that is not loaded only the counts are kept up to date.
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
        // A page may have been loaded after the stream moved on: entries that it already contains are still
        // counted, once. What is due on a page need not be written again once it is stated there, whether the page
        // is loaded or not.
        let awaits_answer = self.due.has_answer_on(&entry.document);
        if applied.is_none() && (entry.document.thread().is_some() || self.is_slow() || awaits_answer) {
            let facts = facts_of(&entry.document, &read()?);
            self.count(&entry.document, &entry.account, (entry.position, entry.accepted_at), &facts);
            if awaits_answer {
                self.note_consequences(&entry.document, &facts, Some(entry.position));
            }
        }
        Ok(applied.map(|change| {
            let facts = facts_of(&entry.document, &change);
            let mut effects = self.note_effects(&entry.document, facts, Some(entry.position));
            self.count(&entry.document, &entry.account, (entry.position, entry.accepted_at), &effects.facts);
            if !self.documents.contains_key(&entry.document) {
                effects.facts.clear();
            }
            (change, effects)
        }))
    }

    /// Counts an entry, for slow mode and for its thread.
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

    /// Returns true if slow mode is on.
    fn is_slow(&self) -> bool {
        self.conversation.policies.slow_mode_seconds > 0
    }

    /// The position after which slow mode needs to look back on entries, if that has not been done.
    pub fn lacks_said(&self) -> Option<Position> {
        let first = self.position().number().saturating_sub(SAID_ENTRIES_MAX.into());
        (self.is_slow() && !self.said.is_whole).then(|| Position::new(first))
    }

    /// Records statements in the entries that slow mode looks back on, as far as they can be read.
    pub fn recall(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Ok(change) = Change::restore(&entry.change) else { continue };
            let facts = facts_of(&entry.document, &change);
            self.said.note(&entry.document, &entry.account, (entry.position, entry.accepted_at), &facts);
        }
        self.said.is_whole = true;
    }

    /// Adds a thread once it is opened.
    fn know(&mut self, thread: ConversationId, opened: &Conversation) {
        let parent = opened.created.as_ref().and_then(|created| created.parent.clone());
        if let Some(parent) = parent.filter(|_| !self.threads.contains_key(&thread)) {
            Arc::make_mut(&mut self.threads).insert(thread, Thread::new(thread, parent));
        }
    }

    /// Applies a change that is not admitted yet, or not yet known to be.
    ///
    /// # Errors
    /// When it does not apply; the stream is unchanged.
    pub fn apply_pending(&mut self, document: &DocumentId, change: &Change) -> Result<Effects, ApplyChangeError> {
        match self.document_mut(document) {
            Some(target) => target.queue_pending(change)?,
            // A document that cannot apply it must not stay behind half-created.
            None => {
                let mut target = Document::new(document.clone());
                target.queue_pending(change)?;
                self.documents.insert(document.clone(), Arc::new(target));
            }
        }
        let facts = facts_of(document, change);
        Ok(self.note_effects(document, facts, None))
    }

    pub(super) fn note_effects(&mut self, id: &DocumentId, facts: Vec<Fact>, at: Option<Position>) -> Effects {
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
            // Opened, but not loaded here.
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
                // If two devices state it at once, the document resolves that.
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
        effects.reopens = self.note_consequences(id, &facts, at);
        effects.facts = facts;
        effects
    }
}

/// Returns true if a page has enough changes, or bytes of them, to close.
fn is_closed(page: &Document, limits: &Limits) -> bool {
    page.changes() >= limits.page_changes_soft || page.change_bytes() >= u64::from(limits.page_bytes_soft)
}

/// The hash of an entry's change, without decoding the rest.
fn hash_of(entry: &Entry) -> Result<ChangeHash, ApplyChangeError> {
    let malformed = || illegal(Refusal::new(Code::ChangeMalformed, "bytes that are no change"));
    ChangeHash::of_change(&entry.change).ok_or_else(malformed)
}

fn illegal(refusal: Refusal) -> ApplyChangeError {
    ApplyChangeError::Illegal { code: refusal.code, detail: refusal.detail }
}

/// The facts of an accepted change. Facts from a newer version that do not parse are skipped. A generation
/// states nothing new.
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
