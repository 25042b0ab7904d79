//! A server whose store was restored to an older state. A replica is then of a former incarnation: its
//! positions mean something else now. It stays on the screen until the stream has been fetched anew. What
//! this account wrote and the server lacks is offered again under the same ids, and what can no longer be
//! admitted becomes a refused command with its words. All of that is in the transaction that stores the
//! fetched stream, so that a crash neither loses nor doubles any of it.

use crate::{
    authority::Stream,
    code::Code,
    command::{Command, CreateConversation, CreateDirect, SendMessage},
    doc::{Fact, Message},
    engine::{
        Engine, Update,
        commands::{entries::Entries, outbox::OutboxEntry},
        restored::{
            asking::Asking,
            own::{Author, Now, Own, Since, Written, restate, stored_documents},
        },
        store::{record, transactions::ReadPurpose},
        streams::{
            fault::RestoreFetchedError,
            loading::Slot,
            replica::{Executed, Replica, revoked_code},
        },
    },
    ids::{AccountId, ConversationId, DocumentId, IncarnationId, Stamp, StreamId},
    journal::Position,
    model::{Conversation, ConversationKind, InfoField, MemberStatus, Profile, Role},
    sorted::SortedSet,
    storage::{Record, Write},
    time::WallTime,
    wire::{FetchScope, Fetched, Refused, Revoked, WaitingChange},
};

/// The detail of a command that is given back, for people who debug.
const PUT_BACK: &str = "the server's store was put back to an older state";

/// The state of a replica that is of a former incarnation of the server's store.
#[derive(Debug)]
pub(in crate::engine) enum Former {
    /// Its stored documents are to be read.
    Unread,
    Reading,
    /// The account's own changes are read: the next fetch asks about them.
    Read(Asking),
    /// The account may not read it in this incarnation: the replica is all that can be shown.
    Out,
}

impl Engine {
    /// Handles the incarnation in Welcome: if it is new, every replica is of a former one.
    pub(in crate::engine) fn meet_incarnation(&mut self, incarnation: IncarnationId) {
        let former = self.stream_heads.incarnation();
        if former == Some(incarnation) {
            return;
        }
        self.stream_heads.set_incarnation(Some(incarnation));
        self.ctx.store_meta();
        if former.is_some() {
            self.reset_cursors();
        }
        let former: Vec<StreamId> =
            self.stream_heads.keys().filter(|stream| self.stream_heads.is_former(stream)).cloned().collect();
        for stream in former {
            self.make_former(&stream);
        }
    }

    /// The cursor is not of the server's history: its store was restored without a new incarnation.
    /// Everything is sent again on the next link.
    pub(in crate::engine) fn cursor_refused(&mut self) {
        self.ctx.store_meta();
        self.reset_cursors();
        let held: Vec<StreamId> = self.stream_heads.keys().cloned().collect();
        for stream in held {
            self.make_former(&stream);
        }
    }

    /// Former positions and cursors mean nothing now, and deleted conversations may exist again.
    fn reset_cursors(&mut self) {
        self.link.set_cursor(None);
        self.inbox.clear_deleted();
        self.receipts.clear();
        self.accounts.forget_own_times(&mut self.ctx);
        self.inbox.change_all(|record| {
            (record.journal_head, record.chain, record.receipt_unsent) = Default::default();
            // Who is out keeps what is held, and with it how far they have read.
            if record.row.status == MemberStatus::Active {
                record.receipt = Default::default();
            }
        });
    }

    /// The server has less of a stream than the replica: its store was restored, whatever its
    /// incarnation is.
    pub(in crate::engine) fn make_former(&mut self, stream: &StreamId) {
        self.stream_heads.make_former(stream);
        if let Some(replica) = self.replica(stream).filter(|replica| replica.former.is_none()) {
            replica.former = Some(Former::Unread);
            replica.outbox.in_flight = None;
        }
    }

    /// What to fetch of a stream, and the own changes to ask about: the entries after its position, or
    /// everything; of a former incarnation, everything and the own changes that the server lacks. None while
    /// these are being read.
    pub(in crate::engine) fn fetch_scope(&mut self, stream: &StreamId) -> Option<(FetchScope, Vec<WaitingChange>)> {
        let (watches, is_unlisted) = (self.watches(stream), self.is_unlisted(stream));
        let replica = self.replica(stream)?;
        replica.asked.clear();
        let after = if replica.whole { replica.confirmed.position() } else { Position::ZERO };
        match &mut replica.former {
            // The home of another account is not sent, so its entries would have gaps: fetch the documents.
            None if stream.conversation().is_none() && is_unlisted => Some((FetchScope::Anew, Vec::new())),
            None => {
                let scope = if watches { FetchScope::Watch(after) } else { FetchScope::After(after) };
                Some((scope, self.ask_of_waiting(stream, after)))
            }
            Some(Former::Read(asking)) => Some((FetchScope::Anew, asking.asked().to_vec())),
            Some(Former::Reading) => None,
            Some(former @ (Former::Unread | Former::Out)) => {
                *former = Former::Reading;
                let keys = vec![record::documents_prefix(stream), record::tail_prefix(stream)];
                self.ctx.store.read_later(ReadPurpose::Former(stream.clone()), keys);
                None
            }
        }
    }

    /// The stored documents of a former incarnation were read, as far as they decode.
    pub(in crate::engine) fn former_read(&mut self, stream: &StreamId, records: &[Record]) {
        let (me, mut devices) = (self.ctx.session.account.clone(), self.ctx.former_devices.clone());
        devices.push(self.ctx.session.device);
        let author = Author { account: &me, devices: &devices };
        let Some(replica) = self.replica(stream).filter(|replica| replica.former.is_some()) else { return };
        let mut stored = stored_documents(stream, records);
        stored.retain(|document| replica.confirmed.document(document.id()).is_none());
        let own = stored.iter().chain(replica.confirmed.documents()).flat_map(|document| author.own(document));
        replica.former = Some(Former::Read(Asking::of(own.collect(), &replica.outbox.entries)));
        self.fetch_stream(stream);
    }

    /// Whether to ask about more own changes after an answer.
    pub(in crate::engine) fn asks_on(&mut self, stream: &StreamId, fetched: &Fetched) -> bool {
        match self.replica(stream).map(|replica| &mut replica.former) {
            Some(Some(Former::Read(asking))) => asking.answered(&fetched.lacks),
            _ => false,
        }
    }

    /// Replaces the replica by the stream's new incarnation. Returns the outbox entries that were
    /// admitted, or the error with everything as it was.
    pub(in crate::engine) fn restart_former(
        &mut self,
        stream: &StreamId,
        fetched: &Fetched,
    ) -> Result<Vec<OutboxEntry>, RestoreFetchedError> {
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.replica(stream) else { return Ok(Vec::new()) };
        let Some(former) = replica.former.take() else { return replica.restart(fetched, &me) };
        let empty = Stream::new(replica.confirmed.tenant().clone(), stream.clone());
        let held = core::mem::replace(&mut replica.confirmed, empty);
        let mut admitted = match replica.restart(fetched, &me) {
            Ok(admitted) => admitted,
            Err(error) => {
                replica.confirmed = held;
                replica.former = Some(former);
                return Err(error);
            }
        };
        if let Former::Read(asking) = &former {
            admitted.extend(replica.outbox.remove_admitted(&asking.admitted()));
            replica.rewrite_due = true;
        }
        replica.renew();
        self.ctx.store.write(Write::DeletePrefix(record::threads_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::registers_prefix(stream)));
        let is_given_back = self.stream_heads.get(stream).is_some_and(|head| head.given_back.is_some());
        if let Former::Read(asking) = former
            && !is_given_back
        {
            let Some(replica) = self.replica(stream) else { return Ok(admitted) };
            let mut lacking = asking.into_lacking_of(&me, &replica.confirmed);
            lacking.extend(admitted.iter().filter_map(|entry| entry.words_over(&me, &replica.confirmed)));
            self.offer_again(stream, lacking, &held);
        }
        self.unlist_unknown(stream);
        Ok(admitted)
    }

    /// An administrator of the tenant may read a conversation that no longer has them as a member.
    fn unlist_unknown(&mut self, stream: &StreamId) {
        let me = self.ctx.session.account.clone();
        let Some(conversation) = stream.conversation() else { return };
        let is_listed = self.inbox.get(&conversation).is_some_and(|record| record.row.role != Role::Subscriber);
        let Some(replica) = self.replica(stream) else { return };
        if is_listed && !replica.view().conversation().members.contains_key(&me) {
            self.unlist(conversation);
        }
    }

    /// Executes again what the server lacks, before the outbox, which is written anew after it.
    fn offer_again(&mut self, stream: &StreamId, lacking: Vec<Own>, held: &Stream) {
        let Some(replica) = self.replica(stream) else { return };
        let pending = core::mem::take(&mut replica.outbox.entries);
        replica.drop_view();
        self.offer(stream, lacking, held, &pending);
        self.queue_after(stream, pending);
    }

    /// Executes again what the server lacks, except messages that are in the outbox and what has been said anew.
    fn offer(&mut self, stream: &StreamId, mut lacking: Vec<Own>, held: &Stream, pending: &Entries) {
        let Some(replica) = self.replica(stream) else { return };
        let mut since = Since::new(&replica.confirmed, held);
        lacking.retain(|own| !since.stands_over(own));
        let waiting: SortedSet<Stamp> = pending.iter().filter_map(OutboxEntry::stamp).collect();
        for Own { at, written, .. } in lacking {
            match written {
                Written::Message(send, said) => match (waiting.contains(&send.stamp), send.thread) {
                    (true, _) => {}
                    (false, Some(_)) => self.give_back(send.into(), said),
                    (false, None) => self.command_again(stream, send.into(), said),
                },
                Written::Statement(document, fact) => {
                    self.state_again(stream, &document, &fact, held.conversation(), at);
                }
            }
        }
    }

    fn state_again(
        &mut self,
        stream: &StreamId,
        document: &DocumentId,
        fact: &Fact,
        former: &Conversation,
        at: WallTime,
    ) {
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.replica(stream) else { return };
        let view = replica.view();
        let message = |id| view.page_of(id).and_then(|page| Message::read(page, id));
        let is_done = match fact {
            Fact::Edit(id, edit) => message(id).is_some_and(|message| message.content() == Some(&edit.content)),
            // The message is lost with it.
            Fact::Deleted(id, _) => id.author == me && message(id).is_none(),
            _ => false,
        };
        let profile = view.document(document).map(Profile::read).unwrap_or_default();
        let now = Now { me: &me, conversation: view.conversation(), former, profile };
        let command = restate(document, fact, &now).filter(|_| !is_done);
        if let Some(command) = command {
            self.command_again(stream, command, at);
        }
    }

    /// The outbox is written anew after what was offered again, under new numbers: its entries are in
    /// the order of their numbers.
    fn queue_after(&mut self, stream: &StreamId, pending: Entries) {
        for mut entry in pending {
            let former = core::mem::replace(&mut entry.sequence, self.ctx.new_sequence());
            self.ctx.store.write(Write::Delete(record::outbox_key(former)));
            self.commands.renumber(former, entry.sequence);
            if let Some(replica) = self.replica(stream) {
                replica.rewrite_due = true;
                replica.outbox.entries.push_back(entry);
            }
        }
    }

    fn command_again(&mut self, stream: &StreamId, command: Command, at: WallTime) {
        let (session, limits, now) = (self.ctx.session.clone(), self.ctx.limits.clone(), self.ctx.now);
        let sequence = self.ctx.next_sequence();
        let Some(replica) = self.replica(stream) else { return };
        match replica.execute(&session, &limits, now, sequence, command.clone(), at) {
            Ok(Executed::Written(mut entry)) => {
                entry.is_offered = true;
                self.ctx.new_sequence();
                self.commands.store(&mut self.ctx, stream, &entry);
                if let Some(replica) = self.replica(stream) {
                    replica.outbox.entries.push_back(*entry);
                }
            }
            Ok(Executed::Satisfied) => {}
            Err(_) => self.give_back(command, at),
        }
    }

    /// A command of a former incarnation becomes a refused one, with its words.
    fn give_back(&mut self, command: Command, at: WallTime) {
        let sequence = self.ctx.new_sequence();
        let (code, detail) = (Code::StoreRestored, PUT_BACK.to_owned());
        self.refused.add(&mut self.ctx, sequence, record::RefusedRecord { command, at, code, detail });
    }

    /// A message that was refused or given back here may be written again by another device of the account: in these
    /// words it is there, and not to be sent once more.
    pub(in crate::engine) fn drop_written_again(&mut self, conversation: ConversationId) {
        let me = &self.ctx.session.account;
        let Some(replica) = self.streams.loaded(&StreamId::Conversation(conversation)) else { return };
        // What a former incarnation had is not there for that.
        if replica.former.is_some() {
            return;
        }
        let is_there = |send: &SendMessage| {
            let id = send.message(me);
            let message = replica.confirmed.page_of(&id).and_then(|page| Message::read(page, &id));
            message.is_some_and(|message| message.content() == Some(&send.content))
        };
        let resendable = self.refused.resendable(conversation).filter(|(_, send)| is_there(send));
        let there: Vec<u64> = resendable.map(|(id, _)| id).collect();
        there.into_iter().for_each(|id| self.refused.discard(&mut self.ctx, id));
    }

    /// Whether what follows on the replica is refused because the account is no member: what the replica holds was not
    /// compared.
    pub(in crate::engine) fn is_uncompared(&self, stream: &StreamId, refused: &Refused) -> bool {
        let is_out = refused.code == Code::NotAMember || ended(refused.code).is_some();
        is_out && self.streams.loaded(stream).is_some_and(|replica| replica.former.is_none())
    }

    /// The fetch of a stream of a former incarnation is not allowed in this one. Returns whether the
    /// store was restored to before the account was a member.
    pub(in crate::engine) fn was_put_back(&mut self, stream: &StreamId, refused: &Refused) -> bool {
        let Some(conversation) = stream.conversation() else { return false };
        let Some(replica) = self.replica(stream) else { return false };
        let was_active = replica.confirmed.position() > Position::ZERO && replica.revoked.is_none();
        let is_unknown = refused.code == Code::NotAMember && was_active;
        let asking = match replica.former.take() {
            Some(Former::Read(asking)) => asking,
            None if !is_unknown => return false,
            _ => {
                self.make_former(stream);
                self.fetch_stream(stream);
                return true;
            }
        };
        let Some(lacking) = self.lacking(stream, asking, refused) else { return true };
        if is_unknown {
            self.begin_again(conversation, lacking);
            return true;
        }
        let Some(replica) = self.replica(stream) else { return false };
        replica.former = Some(Former::Out);
        let held = replica.confirmed.conversation().clone();
        // A device without a cursor is not sent its status in conversations that it is no member of.
        if let Some(status) = ended(refused.code) {
            self.receive_revoked(stream, &Revoked { conversation, status, position: Position::ZERO });
        }
        if self.stream_heads.give_back(stream) {
            self.give_back_words(lacking, &held);
        }
        false
    }

    /// A conversation of a former incarnation is deleted in this one: the words that the server lacks
    /// are given back. Returns false while more of them are to be asked about.
    pub(in crate::engine) fn deleted_since(&mut self, stream: &StreamId, refused: &Refused) -> bool {
        let Some(replica) = self.replica(stream) else { return true };
        let Some(Former::Read(asking)) = replica.former.take() else { return true };
        let held = replica.confirmed.conversation().clone();
        let Some(lacking) = self.lacking(stream, asking, refused) else { return false };
        self.give_back_words(lacking, &held);
        true
    }

    /// The own changes that the server lacks; none while more are to be asked about.
    fn lacking(&mut self, stream: &StreamId, mut asking: Asking, refused: &Refused) -> Option<Vec<Own>> {
        if !asking.answered(&refused.lacks) {
            return Some(asking.into_lacking());
        }
        self.replica(stream)?.former = Some(Former::Read(asking));
        self.fetch_stream(stream);
        None
    }

    /// Words that cannot be written again become refused commands.
    fn give_back_words(&mut self, lacking: Vec<Own>, held: &Conversation) {
        let me = self.ctx.session.account.clone();
        let now = Now { me: &me, conversation: held, former: held, profile: Profile::default() };
        let mut given_back = SortedSet::new();
        for Own { at, written, .. } in lacking {
            match written {
                Written::Message(send, said) => {
                    given_back.insert(send.stamp);
                    self.give_back(send.into(), said);
                }
                // It is among the words of its message.
                Written::Statement(_, Fact::Edit(message, _)) if given_back.contains(&message.stamp) => {}
                Written::Statement(document, fact) => {
                    let command = restate(&document, &fact, &now).filter(Command::is_written);
                    command.into_iter().for_each(|command| self.give_back(command, at));
                }
            }
        }
    }

    /// The server does not know a conversation: an account that may, creates it again. For all others it
    /// is gone, and their words are given back.
    fn begin_again(&mut self, conversation: ConversationId, own: Vec<Own>) {
        let stream = StreamId::Conversation(conversation);
        let me = self.ctx.session.account.clone();
        let empty = Replica::empty(self.ctx.session.tenant.clone(), stream.clone(), true);
        let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) else { return };
        let pending = core::mem::take(&mut replica.outbox.entries);
        let held = core::mem::replace(&mut **replica, empty).confirmed;
        let created_at = held.conversation().created.as_ref().map(|created| created.at);
        // What the account said first may have been said long after it was created.
        let began_at = own.first().map(|own| own.at).into_iter().chain(created_at).min().unwrap_or(self.ctx.wall());
        // A title that the account gave later is said again by itself, as of then.
        let is_titled_later = own.iter().any(|own| own.states(InfoField::Title) && own.at > began_at);
        let creation = creation_of(conversation, held.conversation(), &me, !is_titled_later);
        self.drop_stored(&stream);
        self.stream_heads.change(&stream);
        match creation {
            Some(creation) => {
                self.command_again(&stream, creation, began_at);
                if let Some(replica) = self.replica(&stream) {
                    replica.touched.all = true;
                }
                self.offer(&stream, own, &held, &pending);
                self.queue_after(&stream, pending);
                self.rewrite(&stream);
            }
            None => {
                self.give_back_words(own, held.conversation());
                for entry in pending {
                    let detail = PUT_BACK.to_owned();
                    self.refuse(entry.sequence, entry.command, entry.at, Code::StoreRestored, detail);
                }
                self.drop_row(conversation);
            }
        }
        // The position that rows are shown from means nothing now.
        self.open.timelines_of_stream(&stream).into_iter().for_each(|timeline| self.show_timeline(timeline));
    }

    /// Drops rows that a restored server has sent no summary of, and of whose streams nothing is held: their
    /// conversations do not exist any more, or are not the account's.
    pub(in crate::engine) fn drop_unreported_rows(&mut self) {
        let is_unreported = |(conversation, record): &(&ConversationId, &record::InboxRecord)| {
            let stream = StreamId::Conversation(**conversation);
            let is_active = record.row.status == MemberStatus::Active;
            let holds_nothing = self.stream_heads.get(&stream).is_none_or(|head| head.position == Position::ZERO);
            record.journal_head == Position::ZERO && is_active && holds_nothing && !self.has_waiting(&stream)
        };
        let unreported: Vec<ConversationId> = self.inbox.iter().filter(is_unreported).map(|(id, _)| *id).collect();
        unreported.into_iter().for_each(|conversation| self.drop_row(conversation));
    }

    /// Whether something waits to be sent in a stream.
    pub(in crate::engine) fn has_waiting(&self, stream: &StreamId) -> bool {
        let waits_loaded = self.streams.loaded(stream).is_some_and(|replica| !replica.outbox.is_empty());
        waits_loaded || self.commands.unloaded(stream).next().is_some()
    }

    /// A conversation that was to be begun again is there without the account: its row goes once nothing waits.
    pub(in crate::engine) fn drop_foreign(&mut self, stream: &StreamId) {
        let is_idle = self.streams.loaded(stream).is_some_and(|replica| replica.outbox.is_empty());
        let listed = stream.conversation().filter(|conversation| is_idle && self.inbox.contains_key(conversation));
        listed.into_iter().for_each(|conversation| self.drop_row(conversation));
    }

    fn drop_row(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        self.drop_stored(&stream);
        self.ctx.store.write(Write::Delete(record::stream_head_key(&stream)));
        self.ctx.store.write(Write::Delete(record::rows_key(conversation)));
        self.stream_heads.remove(&stream);
        self.unlist(conversation);
    }

    /// The account is no member of a conversation, and never was: it leaves the list.
    fn unlist(&mut self, conversation: ConversationId) {
        self.ctx.store.write(Write::Delete(record::inbox_key(conversation)));
        self.inbox.remove(&conversation);
        if let Some(open) = self.open.get_mut(&conversation) {
            open.remove_detail();
        }
        self.ctx.update(Update::Gone(conversation));
    }
}

/// The status that a refusal means for a former member.
fn ended(code: Code) -> Option<MemberStatus> {
    let ends = [MemberStatus::Left, MemberStatus::Removed, MemberStatus::Banned];
    ends.into_iter().find(|status| revoked_code(*status) == code)
}

impl Replica {
    /// Drops everything that refers to positions or answers of a former incarnation.
    fn renew(&mut self) {
        self.receipts = Default::default();
        self.outbox.in_flight = None;
        self.stamps_due = false;
        self.touched.row = true;
        self.touched.detail = true;
        self.clear_passed();
    }
}

/// The words of an account in what a device stores of what was admitted, as they are now: what it can offer
/// again. Streams that are on no list are not kept for that (E60). For tests.
#[cfg(any(test, feature = "testing"))]
pub fn kept_words(
    records: &std::collections::BTreeMap<crate::storage::RecordKey, Vec<u8>>,
    account: &AccountId,
    device: crate::ids::DeviceId,
) -> std::collections::BTreeSet<String> {
    let is_listed = |stream: &StreamId| match stream {
        StreamId::Conversation(conversation) => records.contains_key(&record::inbox_key(*conversation)),
        StreamId::Account(of) => of == account,
    };
    let streams = records.keys().filter_map(|key| StreamId::parse(key.strip_prefix(record::STREAM_HEADS)?).ok());
    let streams = streams.filter(is_listed);
    let of_stream = |stream: StreamId| {
        let prefixes = [record::documents_prefix(&stream), record::tail_prefix(&stream)];
        let is_of = |key: &str| prefixes.iter().any(|prefix| key.starts_with(prefix));
        let records = records.iter().filter(|(key, _)| is_of(key));
        let records: Vec<Record> = records.map(|(key, value)| (key.clone(), value.clone())).collect();
        stored_documents(&stream, &records)
    };
    let own = |document: crate::doc::Document| Author { account, devices: &[device] }.own(&document);
    let words = |own: Own| match own.written {
        Written::Message(send, _) => send.content.text().map(str::to_owned),
        Written::Statement(_, Fact::Edit(_, edit)) => edit.content.text().map(str::to_owned),
        Written::Statement(_, Fact::Info(_, text) | Fact::MemberText(_, _, text)) => text,
        Written::Statement(..) => None,
    };
    streams.flat_map(of_stream).flat_map(own).filter_map(words).collect()
}

/// The command that would create a conversation again, if this account may; with its title if that is to be said so.
fn creation_of(id: ConversationId, held: &Conversation, me: &AccountId, with_title: bool) -> Option<Command> {
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
            let (title, name) = (text(InfoField::Title).filter(|_| with_title), text(InfoField::Name));
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
