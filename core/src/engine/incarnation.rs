//! A server whose store was put back to an older state. What is held of a
//! stream is then of a former incarnation: its positions mean something else
//! now. It stays on the screen until the stream has been fetched anew; what this
//! account wrote and the server lacks is offered again under the same ids, and
//! what can no longer be admitted is given back with its words. All of that goes
//! in the transaction that stores what was fetched, so that a crash neither
//! loses nor doubles any of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    authority::Stream,
    code::Code,
    command::{Command, CreateConversation, CreateDirect, SendText},
    doc::{Document, Message},
    engine::{
        Engine, Update,
        outbox::OutboxEntry,
        record::{self, DocumentRecord},
        replica::{Executed, Replica},
        store::ReadPurpose,
        streams::Slot,
    },
    ids::{AccountId, ChangeHash, ConversationId, DocumentId, IncarnationId, PageNumber, StreamId},
    journal::{Entry, Position},
    limits::Limits,
    model::{Conversation, ConversationKind, MemberStatus, MessageKind, Role},
    storage::{Record, Write},
    time::WallTime,
    wire::{FetchScope, Fetched, Refused},
};

/// What is held of a stream is of a former incarnation of the server's store.
#[derive(Debug)]
pub(super) enum Former {
    /// What the device stores of it is to be read.
    Unread,
    Reading,
    /// What the account wrote there, by rising position: asked for with the next fetch.
    Read(Vec<OwnMessage>),
}

/// A message of this account that was admitted in a former incarnation.
#[derive(Debug)]
pub(super) struct OwnMessage {
    position: Position,
    /// The change that wrote it.
    hash: ChangeHash,
    page: PageNumber,
    /// When it was written.
    at: WallTime,
    /// What would write it again, in the words that it has now.
    command: SendText,
}

impl Engine {
    /// Welcome tells which incarnation the server's store is: another one than
    /// before makes everything that is held a former one's.
    pub(super) fn meet_incarnation(&mut self, incarnation: IncarnationId) {
        if self.incarnation == Some(incarnation) {
            return;
        }
        let is_first = self.incarnation.replace(incarnation).is_none();
        self.dirty_meta = true;
        if !is_first {
            self.cursor = None;
            self.moved_receipts.clear();
            self.known_unread.clear();
            for (conversation, record) in &mut self.inbox {
                // Positions of before say nothing now.
                (record.head, record.receipt, record.receipt_unsent) = Default::default();
                self.dirty_rows.insert(*conversation);
            }
        }
        let former: Vec<StreamId> = self.heads.keys().filter(|stream| self.is_former(stream)).cloned().collect();
        for stream in former {
            self.make_former(&stream);
        }
    }

    /// Whether what is held of a stream is of another incarnation than the server's.
    pub(super) fn is_former(&self, stream: &StreamId) -> bool {
        let told = self.incarnation.is_some();
        told && self
            .heads
            .get(stream)
            .is_some_and(|head| head.position > Position::ZERO && head.incarnation != self.incarnation)
    }

    /// The server knows less of a stream than is held: it was put back, whatever it
    /// says of its incarnation.
    pub(super) fn make_former(&mut self, stream: &StreamId) {
        if let Some(head) = self.heads.get_mut(stream) {
            head.incarnation = None;
            self.dirty_heads.insert(stream.clone());
        }
        if let Some(replica) = self.replica(stream).filter(|replica| replica.former.is_none()) {
            replica.former = Some(Former::Unread);
            replica.outbox.in_flight = None;
        }
    }

    /// What to ask of a stream: what is behind the held position, everything, or
    /// of one of a former incarnation everything and what is lacking of the own.
    /// None while the latter is being read.
    pub(super) fn fetch_scope(&mut self, stream: &StreamId) -> Option<(FetchScope, Vec<ChangeHash>)> {
        let replica = self.replica(stream)?;
        let after = if replica.whole { replica.confirmed.position() } else { Position::ZERO };
        match &mut replica.former {
            None => Some((FetchScope::After(after), Vec::new())),
            Some(Former::Read(own)) => Some((FetchScope::Anew, own.iter().map(|own| own.hash).collect())),
            Some(Former::Reading) => None,
            Some(former @ Former::Unread) => {
                *former = Former::Reading;
                let keys = vec![record::documents_prefix(stream), record::tail_prefix(stream)];
                self.store.read_later(ReadPurpose::Former(stream.clone()), keys);
                None
            }
        }
    }

    /// What is stored of a former incarnation was read: as far as it can be.
    pub(super) fn former_read(&mut self, stream: &StreamId, records: &[Record]) {
        let me = self.session.account.clone();
        let Some(replica) = self.replica(stream).filter(|replica| replica.former.is_some()) else { return };
        let mut pages = stored_pages(stream, records);
        pages.retain(|page| replica.confirmed.document(page.id()).is_none());
        let held = replica.confirmed.documents().filter(|document| document.id().page().is_some());
        let mut own: Vec<OwnMessage> = pages.iter().chain(held).flat_map(|page| own_messages(page, &me)).collect();
        own.sort_by_key(|own| own.position);
        // The newest are those that a store put back may lack.
        own.drain(..own.len().saturating_sub(Limits::HELD_CHANGES_MAX));
        replica.former = Some(Former::Read(own));
        self.fetch_stream(stream);
    }

    /// Puts the stream's new incarnation in the place of the held one. Answers the
    /// outbox entries that were admitted, or the error with everything as it was.
    pub(super) fn restart_former(
        &mut self,
        stream: &StreamId,
        fetched: &Fetched,
    ) -> Result<Vec<OutboxEntry>, super::fault::RestoreFetchedError> {
        let Some(replica) = self.replica(stream) else { return Ok(Vec::new()) };
        let Some(former) = replica.former.take() else { return replica.restart(fetched) };
        let empty = Stream::new(replica.confirmed.tenant().clone(), stream.clone(), Position::ZERO, 0);
        let held = core::mem::replace(&mut replica.confirmed, empty);
        let admitted = match replica.restart(fetched) {
            Ok(admitted) => admitted,
            Err(error) => {
                replica.confirmed = held;
                replica.former = Some(former);
                return Err(error);
            }
        };
        replica.renew();
        self.store.write(Write::DeletePrefix(record::threads_prefix(stream)));
        if let Former::Read(own) = former {
            self.offer_again(stream, own, Some(fetched));
        }
        Ok(admitted)
    }

    /// Commands again what the server lacks, before what waits in the outbox,
    /// which is written anew behind it.
    fn offer_again(&mut self, stream: &StreamId, own: Vec<OwnMessage>, fetched: Option<&Fetched>) {
        let Some(replica) = self.replica(stream) else { return };
        let pending = core::mem::take(&mut replica.outbox.entries);
        replica.view = None;
        let waits = |own: &OwnMessage| {
            let is_it = |entry: &OutboxEntry| matches!(&entry.command, Command::SendText(send) if send.stamp == own.command.stamp);
            pending.iter().any(is_it)
        };
        let lacks = fetched.map(|fetched| fetched.lacks.iter().copied().collect::<BTreeSet<ChangeHash>>());
        let newest = fetched.map_or(0, |fetched| fetched.page);
        let lacking =
            own.into_iter().filter(|own| lacks.as_ref().is_none_or(|lacks| lacks.contains(&own.hash)) && !waits(own));
        for own in lacking.collect::<Vec<_>>() {
            // On a page that is not here another device may have written it again already.
            let may_be_there = own.page < newest;
            match may_be_there || own.command.thread.is_some() {
                true => self.give_back(own.command.into(), own.at),
                false => self.command_again(stream, own.command.into(), own.at),
            }
        }
        self.queue_behind(stream, pending);
    }

    /// What waited is written anew behind what was offered again, under new
    /// numbers: an outbox is in the order of its numbers.
    fn queue_behind(&mut self, stream: &StreamId, pending: VecDeque<OutboxEntry>) {
        for mut entry in pending {
            let former = core::mem::replace(&mut entry.sequence, self.next_sequence);
            self.next_sequence += 1;
            self.dirty_meta = true;
            self.store.write(Write::Delete(record::outbox_key(former)));
            self.unstored.remove(&former);
            if let Some(request) = self.waiting_requests.remove(&former) {
                self.waiting_requests.insert(entry.sequence, request);
            }
            if let Some(replica) = self.replica(stream) {
                replica.rewrite_due = true;
                replica.outbox.entries.push_back(entry);
            }
        }
    }

    fn command_again(&mut self, stream: &StreamId, command: Command, at: WallTime) {
        let (session, limits, now) = (self.session.clone(), self.limits.clone(), self.now);
        let sequence = self.next_sequence;
        let Some(replica) = self.replica(stream) else { return };
        match replica.execute(&session, &limits, now, sequence, command.clone(), at) {
            Ok(Executed::Written(entry)) => {
                self.next_sequence += 1;
                self.dirty_meta = true;
                self.store.write(record::put(record::outbox_key(sequence), &entry.record()));
                self.store.wait_for(sequence);
                self.unstored.insert(sequence, stream.clone());
                if let Some(replica) = self.replica(stream) {
                    replica.outbox.entries.push_back(*entry);
                }
            }
            Ok(Executed::Satisfied) => {}
            Err(_) => self.give_back(command, at),
        }
    }

    /// A command of a former incarnation joins the refused ones, with its words.
    fn give_back(&mut self, command: Command, at: WallTime) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.dirty_meta = true;
        let detail = "the server's store was put back to an older state".to_owned();
        self.add_refused(sequence, command, at, Code::StoreRestored, detail);
    }

    /// A fetch is not allowed where the account was active when it was last told:
    /// the store was put back to before that. Tells whether it was so.
    pub(super) fn was_put_back(&mut self, stream: &StreamId, refused: &Refused) -> bool {
        let Some(conversation) = stream.conversation() else { return false };
        let Some(replica) = self.replica(stream) else { return false };
        if refused.code != Code::NotAMember
            || replica.confirmed.position() == Position::ZERO
            || replica.revoked.is_some()
        {
            // Where it stands now is told; what is held stays to be read.
            replica.former = None;
            return false;
        }
        match replica.former.take() {
            Some(Former::Read(own)) => self.begin_again(conversation, own),
            _ => {
                self.make_former(stream);
                self.fetch_stream(stream);
            }
        }
        true
    }

    /// The server knows nothing of a conversation: whoever may, begins it again.
    /// From everybody else it goes, and gives their words back.
    fn begin_again(&mut self, conversation: ConversationId, own: Vec<OwnMessage>) {
        let stream = StreamId::Conversation(conversation);
        let me = self.session.account.clone();
        let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) else { return };
        let held = replica.confirmed.document(&DocumentId::Conversation(conversation)).map(Conversation::read);
        let creation = held.and_then(|held| creation_of(conversation, &held, &me));
        let pending = core::mem::take(&mut replica.outbox.entries);
        **replica = Replica::empty(self.session.tenant.clone(), stream.clone(), true);
        self.drop_stored(&stream);
        self.dirty_heads.insert(stream.clone());
        let began_at = own.first().map_or(self.wall(), |own| own.at);
        match creation {
            Some(creation) => {
                self.command_again(&stream, creation, began_at);
                if let Some(replica) = self.replica(&stream) {
                    replica.touched.all = true;
                }
                for own in own {
                    match own.command.thread {
                        Some(_) => self.give_back(own.command.into(), own.at),
                        None => self.command_again(&stream, own.command.into(), own.at),
                    }
                }
                self.queue_behind(&stream, pending);
                self.rewrite(&stream);
            }
            None => {
                own.into_iter().for_each(|own| self.give_back(own.command.into(), own.at));
                for entry in pending {
                    let detail = "the server's store was put back to an older state".to_owned();
                    self.refuse(entry.sequence, entry.command, entry.at, Code::StoreRestored, detail);
                }
                self.drop_row(conversation);
            }
        }
    }

    /// Rows of which nothing is held, and which a server that was put back has
    /// not told of: their conversations are not there any more.
    pub(super) fn drop_untold_rows(&mut self) {
        let is_untold = |(conversation, record): &(&ConversationId, &record::InboxRecord)| {
            let stream = StreamId::Conversation(**conversation);
            let is_active = record.row.status == MemberStatus::Active;
            record.head == Position::ZERO
                && is_active
                && !self.heads.contains_key(&stream)
                && !self.parked.contains_key(&stream)
        };
        let untold: Vec<ConversationId> = self.inbox.iter().filter(is_untold).map(|(id, _)| *id).collect();
        untold.into_iter().for_each(|conversation| self.drop_row(conversation));
    }

    fn drop_row(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        self.drop_stored(&stream);
        self.store.write(Write::Delete(record::head_key(&stream)));
        self.store.write(Write::Delete(record::inbox_key(conversation)));
        self.store.write(Write::Delete(record::rows_key(conversation)));
        self.heads.remove(&stream);
        self.dirty_heads.remove(&stream);
        self.dirty_rows.remove(&conversation);
        self.inbox.remove(&conversation);
        self.told_rows.remove(&conversation);
        self.first_rows_stale = true;
        if let Some(open) = self.open.get_mut(&conversation) {
            open.detail = None;
        }
        self.update(Update::Gone(conversation));
    }
}

impl Replica {
    /// Lets go of what was said of positions of a former incarnation.
    fn renew(&mut self) {
        self.receipts = Default::default();
        self.outbox.in_flight = None;
        self.touched.row = true;
        self.touched.detail = true;
        self.forget_passed();
    }
}

/// What would begin a conversation again, if this account may.
fn creation_of(id: ConversationId, held: &Conversation, me: &AccountId) -> Option<Command> {
    let active = || held.members.iter().filter(|(_, member)| member.status() == MemberStatus::Active);
    match held.kind()? {
        ConversationKind::Direct => {
            let peer = held.members.keys().find(|account| *account != me)?.clone();
            Some(CreateDirect { peer }.into())
        }
        ConversationKind::Resource => None,
        kind => {
            let is_owner = active().any(|(account, member)| account == me && member.role == Role::Owner);
            let members = active().map(|(account, _)| account.clone()).filter(|account| account != me).collect();
            let text = |field| held.info.get(&field).cloned();
            let (title, name) = (text(crate::model::InfoField::Title), text(crate::model::InfoField::Name));
            let creation = CreateConversation {
                conversation: id,
                title,
                name,
                scope: held.scope,
                account: held.created.as_ref().and_then(|created| created.account.clone()),
                link: held.created.as_ref().and_then(|created| created.link.clone()),
                ..CreateConversation::new(kind, None, members)
            };
            is_owner.then(|| creation.into())
        }
    }
}

/// The pages that a device stores of a stream; without those that do not read.
fn stored_pages(stream: &StreamId, records: &[Record]) -> Vec<Document> {
    let (documents, tails) = (record::documents_prefix(stream), record::tail_prefix(stream));
    let tail = records.iter().filter(|(key, _)| key.starts_with(&tails));
    let mut entries: BTreeMap<DocumentId, Vec<Entry>> = BTreeMap::new();
    for entry in tail.filter_map(|(key, value)| record::read::<Entry>(key, value)) {
        entries.entry(entry.document.clone()).or_default().push(entry);
    }
    let mut snapshots: BTreeMap<DocumentId, DocumentRecord> = BTreeMap::new();
    for (key, value) in records {
        let id = key.strip_prefix(&documents).and_then(|id| DocumentId::parse(id).ok());
        snapshots.extend(id.and_then(|id| Some((id, record::read::<DocumentRecord>(key, value)?))));
    }
    let ids: BTreeSet<DocumentId> = entries.keys().chain(snapshots.keys()).cloned().collect();
    let restore = |id: DocumentId| {
        let snapshot = snapshots.get(&id);
        let parts = snapshot.map(|record| (record.position, record.data.as_slice(), record.admissions.as_slice()));
        Document::restore(id.clone(), parts, entries.get(&id).map_or(&[][..], Vec::as_slice)).ok()
    };
    ids.into_iter().filter(|id| id.page().is_some()).filter_map(restore).collect()
}

/// The messages of an account on a page that are not deleted.
fn own_messages(page: &Document, me: &AccountId) -> Vec<OwnMessage> {
    let (Some(conversation), Some(number)) = (page.id().stream().conversation(), page.id().page()) else {
        return Vec::new();
    };
    let thread = page.id().thread();
    let mut messages = Message::read_all(page);
    messages.retain(|message| {
        message.id.author == *me && message.deletion.is_none() && message.body.kind == MessageKind::Text
    });
    if messages.is_empty() {
        return Vec::new();
    }
    let writers = page.message_writers();
    let own = |message: Message| {
        let admission = page.admissions().get(&message.id)?;
        let text = message.text().to_owned();
        Some(OwnMessage {
            position: admission.position,
            hash: *writers.get(&message.id)?,
            page: number,
            at: admission.accepted_at,
            command: SendText {
                conversation,
                stamp: message.id.stamp,
                text,
                reply_to: message.body.reply_to,
                mentions: message.body.mentions.unwrap_or_default(),
                thread,
            },
        })
    };
    messages.into_iter().filter_map(own).collect()
}
