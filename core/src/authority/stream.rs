//! A stream's state at a position: the documents a decision needs, the
//! conversation read from them, and what admitting a change does to both.

use std::collections::BTreeMap;

use crate::{
    authority::shape,
    doc::{Admit, ApplyChangeError, Change, Document, Fact, Key, Message, Operation, OperationKind},
    ids::{AccountId, ConversationId, DeviceId, DocumentId, MessageId, PageNumber, StreamId, TenantId},
    journal::{Entry, Position},
    limits::Limits,
    model::{Conversation, Profile, preview},
    time::WallTime,
    wire::LastMessage,
};

/// The state of a stream. The server's is what is admitted; a client has that
/// and, on top, a second one with what it has pending.
#[derive(Debug, Clone)]
pub struct Stream {
    tenant: TenantId,
    id: StreamId,
    /// The device of the system's account.
    pub(super) system: DeviceId,
    pub(super) position: Position,
    page: PageNumber,
    pub(super) documents: BTreeMap<DocumentId, Document>,
    conversation: Conversation,
}

/// What a change did, for projections and views.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Whether it holds a new message.
    pub message: bool,
    /// The members it touched.
    pub members: Vec<AccountId>,
    /// The account's profile, if it touched that.
    pub profile: Option<Profile>,
    /// All that it states.
    pub facts: Vec<Fact>,
}

impl Stream {
    /// A stream at a position with nothing loaded; `page` is its newest page
    /// that has a change, 0 for none.
    pub fn new(tenant: TenantId, id: StreamId, position: Position, page: PageNumber) -> Self {
        let system = DeviceId::of_system(&tenant, &id);
        Self { tenant, id, system, position, page, documents: BTreeMap::new(), conversation: Conversation::default() }
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
        self.position
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
        if let DocumentId::Page(conversation, number) = *document {
            needed.push(DocumentId::Conversation(conversation));
            // Whether the next page may open is for the newest one to say.
            if number > self.page && self.page > 0 {
                needed.push(DocumentId::Page(conversation, self.page));
            }
            // So is when an account wrote last.
            if self.conversation.policies.slow_mode_seconds > 0 && number == self.page && number > 1 {
                needed.push(DocumentId::Page(conversation, number - 1));
            }
        }
        needed.retain(|document| !self.documents.contains_key(document));
        needed
    }

    /// Takes in a loaded document, or one without a change.
    pub fn insert(&mut self, document: Document) {
        if matches!(document.id(), DocumentId::Conversation(_)) {
            self.conversation = Conversation::read(&document);
        }
        self.documents.insert(document.id().clone(), document);
    }

    /// Lets go of a document, to bound memory.
    pub fn remove(&mut self, document: &DocumentId) -> Option<Document> {
        self.documents.remove(document)
    }

    /// Lets go of the copies that documents keep to go back to, once a run of
    /// changes is over.
    pub fn settle(&mut self) {
        self.documents.values_mut().for_each(Document::settle);
    }

    /// A document that is loaded.
    pub fn document(&self, document: &DocumentId) -> Option<&Document> {
        self.documents.get(document)
    }

    /// The documents that are loaded.
    pub fn documents(&self) -> impl DoubleEndedIterator<Item = &Document> {
        self.documents.values()
    }

    /// Whether a document is missing without which nothing is known here: a
    /// created conversation, or its newest page.
    pub fn lacks_base(&self) -> bool {
        let Some(conversation) = self.id.conversation() else { return false };
        let created = self.position == Position::ZERO || self.conversation.created.is_some();
        let page = self.page == 0 || self.documents.contains_key(&DocumentId::Page(conversation, self.page));
        !created || !page
    }

    /// The page that takes new messages, judged by the newest page; that one
    /// itself when it is not loaded.
    pub fn open_page(&self, limits: &Limits) -> PageNumber {
        let Some(conversation) = self.id.conversation() else { return 0 };
        let newest = self.documents.get(&DocumentId::Page(conversation, self.page));
        match newest {
            Some(newest) if newest.changes() >= limits.page_changes_soft => self.page.saturating_add(1),
            _ => self.page.max(1),
        }
    }

    /// The loaded page that holds a message.
    pub fn page_of(&self, message: &MessageId) -> Option<&Document> {
        let key = Key::Message(message.clone());
        self.documents.values().rev().find(|document| document.id().page().is_some() && document.get(&key).is_some())
    }

    /// The message admitted last, if its page is loaded.
    pub fn last_message(&self) -> Option<LastMessage> {
        let conversation: ConversationId = self.id.conversation()?;
        let page = self.documents.get(&DocumentId::Page(conversation, self.page))?;
        let id = page.newest_message()?;
        let message = Message::read(page, id)?;
        Some(LastMessage {
            position: page.admissions().get(id)?.position,
            kind: message.body.kind,
            preview: preview(message.text()),
            deleted: message.deletion.is_some(),
            message: message.id,
        })
    }

    /// The change of this device that states facts in a loaded document, which
    /// stays as it is. None if it states all of them already.
    pub(super) fn compose(
        &self,
        device: DeviceId,
        document: &DocumentId,
        at: WallTime,
        facts: &[Fact],
    ) -> Option<Change> {
        self.documents.get(document)?.clone().write(device, at, facts)
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
        let target = self.documents.entry(document.clone()).or_insert_with(|| Document::new(document.clone()));
        let change = target.write(device, at, facts)?;
        Some((change, self.take_effect(document, facts.to_vec())))
    }

    /// Applies an accepted entry of one's own store: to its document if that
    /// is loaded, or if it is a page that begins with it. Entries at or before
    /// a document's own position are part of it already.
    ///
    /// # Errors
    /// When the change does not apply; the stream is as it was.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.take_entry(entry, |document| document.apply_entry(entry))
    }

    /// Applies an accepted entry that came from a server, once it passed the
    /// rules on its bytes. Nothing else differs from `apply_entry`.
    ///
    /// # Errors
    /// When no authority could have admitted it, or it does not apply; the
    /// stream is as it was.
    pub fn receive_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        self.take_received(entry, Document::admit)
    }

    /// As `receive_entry`, of one among many: what it says on a page can be
    /// read after the next `flush`.
    ///
    /// # Errors
    /// As `receive_entry`; or as `flush`.
    pub fn queue_entry(&mut self, entry: &Entry) -> Result<Option<Effects>, ApplyChangeError> {
        // What else there is in a stream is looked at with every entry.
        let is_page = entry.document.page().is_some();
        self.take_received(entry, if is_page { Document::queue } else { Document::admit })
    }

    fn take_received(&mut self, entry: &Entry, admit: Admit) -> Result<Option<Effects>, ApplyChangeError> {
        self.take_entry(entry, |document| {
            if entry.position <= document.position() {
                return Ok(None);
            }
            let change = shape::check_entry(document, entry)
                .map_err(|refusal| ApplyChangeError::Illegal { code: refusal.code, detail: refusal.detail })?;
            admit(document, &change, entry.position, entry.accepted_at)?;
            Ok(Some(change))
        })
    }

    /// Makes everything readable that is queued.
    ///
    /// # Errors
    /// When it does not apply: the stream is of no use any more.
    pub fn flush(&mut self) -> Result<(), ApplyChangeError> {
        self.documents.values_mut().try_for_each(Document::flush)
    }

    fn take_entry(
        &mut self,
        entry: &Entry,
        apply: impl FnOnce(&mut Document) -> Result<Option<Change>, ApplyChangeError>,
    ) -> Result<Option<Effects>, ApplyChangeError> {
        let begins = entry.document.page().is_some_and(|number| number > self.page);
        let applied = match self.documents.get_mut(&entry.document) {
            Some(document) => apply(document)?,
            // A page that cannot take its first entry must not be there empty.
            None if begins => {
                let mut document = Document::new(entry.document.clone());
                let applied = apply(&mut document)?;
                self.documents.insert(entry.document.clone(), document);
                applied
            }
            None => None,
        };
        self.position = self.position.max(entry.position);
        if let Some(number) = entry.document.page() {
            self.page = self.page.max(number);
        }
        Ok(applied.map(|change| {
            let facts = facts_of(&entry.document, &change);
            self.take_effect(&entry.document, facts)
        }))
    }

    /// Applies changes that are not admitted yet, in one pass; those that do
    /// not follow are passed over.
    ///
    /// # Errors
    /// As `flush`.
    pub fn apply_all_pending<'c>(
        &mut self,
        changes: impl Iterator<Item = (&'c DocumentId, &'c Change)>,
    ) -> Result<(), ApplyChangeError> {
        let mut queued = Vec::new();
        for (id, change) in changes {
            let is_queued = match self.documents.get_mut(id) {
                Some(document) => document.queue_pending(change).is_ok(),
                // A document that cannot take it must not be there empty.
                None => {
                    let mut document = Document::new(id.clone());
                    let is_queued = document.queue_pending(change).is_ok();
                    if is_queued {
                        self.documents.insert(id.clone(), document);
                    }
                    is_queued
                }
            };
            if is_queued {
                queued.push((id, change));
            }
        }
        self.flush()?;
        for (id, change) in queued {
            self.take_effect(id, facts_of(id, change));
        }
        Ok(())
    }

    /// Applies a change that is not admitted yet, or not told so yet.
    ///
    /// # Errors
    /// When it does not apply; the stream is as it was.
    pub fn apply_pending(&mut self, document: &DocumentId, change: &Change) -> Result<Effects, ApplyChangeError> {
        match self.documents.get_mut(document) {
            Some(target) => target.apply(change)?,
            // A document that cannot take it must not be there half.
            None => {
                let mut target = Document::new(document.clone());
                target.apply(change)?;
                self.documents.insert(document.clone(), target);
            }
        }
        let facts = facts_of(document, change);
        Ok(self.take_effect(document, facts))
    }

    pub(super) fn take_effect(&mut self, id: &DocumentId, facts: Vec<Fact>) -> Effects {
        let document = self.documents.get(id).expect("the document that was changed is loaded");
        let mut effects = Effects::default();
        match id {
            DocumentId::Conversation(_) => self.conversation.refresh(document, &facts),
            DocumentId::Page(_, number) => self.page = self.page.max(*number),
            DocumentId::Account(_) => effects.profile = Some(Profile::read(document)),
            DocumentId::Home(_) => {}
        }
        for fact in &facts {
            match fact {
                Fact::Message(..) => effects.message = true,
                Fact::MemberRole(account, _) | Fact::MemberStatus(account, _) if !effects.members.contains(account) => {
                    effects.members.push(account.clone());
                }
                _ => {}
            }
        }
        effects.facts = facts;
        effects
    }
}

/// What an accepted change states; what does not parse, from a newer version, is passed over.
fn facts_of(document: &DocumentId, change: &Change) -> Vec<Fact> {
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
