//! Writes what a source has: as the accounts whose doing it was, at the times at which it was, by way of the
//! streams. What is there already is left as it is, so an import that was cut is begun again and goes on.

use std::collections::{BTreeMap, HashMap};

use tidings_core::{
    authority::Refusal,
    code::Code,
    command::{
        Command, CreateThread, DeleteMessage, EditMessage, PinMessage, React, SendMessage, SetProfile, SetThread,
        ThreadChange,
    },
    ids::{AccountId, ConversationId, DocumentId, MessageId, Stamp, StreamId, TimelineId},
    journal::Position,
    limits::Limits,
    model::{Content, Conversation, ConversationState, Profile, Receipt, content::Text, shows},
    wire::MemberReceipt,
};

use super::{
    archive::{self, Line, Message, Through},
    derived,
    error::TransferError,
    known::{self, Messages},
    report::Report,
    split::split,
    writer::{About, Doing, Outcome, Subject, Writer},
};
use crate::{external_id::ExternalId, store::Naming, stream::load::load};

/// What is written of a message that was deleted, before it is deleted again.
const DELETED: &str = "deleted";
/// Conversations whose ends wait for the answers to what they hold.
const ENDED_MAX: usize = 64;
/// Receipts of one call of the store.
const RECEIPTS_MAX: usize = 500;

/// What a source tells, in the order in which it is to be written.
#[derive(Debug)]
pub(super) enum Item {
    /// A line.
    Line(Line),
    /// Nothing more comes of a conversation.
    End(ConversationId),
    /// Something that has no place, and how much of it.
    Unplaced(String, u64),
    /// A sender to whom no account was given.
    Unmapped(String, AccountId),
}

/// What takes the items of a source, one after another.
pub(super) type Take<'a> = dyn FnMut(Item) -> Result<(), TransferError> + 'a;

/// What members have read of what is brought in, where nothing is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nothing: the source would say so, and was cut.
    Kept,
    /// All of it: the source never says so.
    Read,
}

/// A conversation that is being written.
pub(super) struct Open {
    pub(super) line: archive::Conversation,
    /// The messages that are there.
    messages: Messages,
    /// The last message of those that were there: the only one of which something may be missing, as each
    /// commit of an import is one piece of its order.
    last_before: Position,
    /// True if its settings are to be written: it has no message yet.
    pub(super) is_new: bool,
    /// True if it is to be brought to its end: something was written, or what was written before was cut there.
    has_changed: bool,
    /// The last message of the source that is there.
    reached: Position,
    receipts: Option<Vec<archive::Receipt>>,
}

/// An import.
pub(super) struct Import {
    pub(super) writer: Option<Writer>,
    pub(super) report: Report,
    limits: Limits,
    unread: Unread,
    open: HashMap<ConversationId, Open>,
    /// Conversations that nothing is written to.
    passed_over: HashMap<ConversationId, &'static str>,
    ended: Vec<Open>,
    /// External ids of conversations that have ended.
    named: Vec<(StreamId, ExternalId)>,
}

impl Import {
    /// An import by a writer; a dry run without one.
    pub(super) fn new(writer: Option<Writer>, limits: Limits, unread: Unread) -> Self {
        let report = Report { dry_run: writer.is_none(), ..Report::default() };
        Self {
            writer,
            report,
            limits,
            unread,
            open: HashMap::new(),
            passed_over: HashMap::new(),
            ended: Vec::new(),
            named: Vec::new(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes the next item.
    pub(super) async fn take(&mut self, item: Item) -> Result<(), TransferError> {
        match item {
            Item::Unplaced(name, count) => self.report.unplaced(name, count),
            Item::Unmapped(sender, account) => drop(self.report.unmapped.insert(sender, account)),
            Item::End(conversation) => self.end(conversation).await?,
            Item::Line(line) => {
                self.report.count(&line);
                match line {
                    Line::Account(line) => self.account(line).await?,
                    Line::Conversation(line) => self.conversation(*line).await?,
                    Line::Thread(line) => self.thread(line).await?,
                    Line::Message(line) => self.message(*line).await?,
                    Line::Receipts(line) => {
                        if let Some(open) = self.open.get_mut(&line.conversation) {
                            open.receipts = Some(line.receipts);
                        }
                    }
                    Line::Archive(_) | Line::End(_) => {}
                }
            }
        }
        self.note_answers()
    }

    /// Waits for what is under way, and returns the report.
    pub(super) async fn finish(mut self) -> Result<Report, TransferError> {
        let left: Vec<ConversationId> = self.open.keys().copied().collect();
        for conversation in left {
            self.end(conversation).await?;
        }
        self.settle().await?;
        match self.report.messages {
            0 => Err(TransferError::Nothing),
            _ => Ok(self.report),
        }
    }

    async fn account(&mut self, line: archive::Account) -> Result<(), TransferError> {
        if let Some(id) = line.external_id {
            self.name(vec![(StreamId::Account(line.account.clone()), id)]).await?;
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        // Whoever has a profile here goes on under it, and some have none.
        if line.profile == Profile::default()
            || !writer.store().profiles(&writer.tenant, std::slice::from_ref(&line.account)).await?.is_empty()
        {
            return Ok(());
        }
        let at = writer.env.clock.wall_now();
        let command = SetProfile { profile: line.profile, account: None };
        writer.write(subject("profile"), Doing { by: &line.account, at }, command, About::Nothing).await
    }

    async fn conversation(&mut self, line: archive::Conversation) -> Result<(), TransferError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let (store, tenant, id) = (writer.store(), &writer.tenant, line.conversation);
        let timeline = TimelineId::of(id);
        let (document, head) = load(store, tenant, &timeline.document()).await?;
        let there = Conversation::read(&document);
        if there.created.is_none() && head.position > Position::ZERO || there.state() == ConversationState::Deleted {
            self.report.skip(id, "conversation_deleted");
            self.passed_over.insert(id, "deleted");
            return Ok(());
        }
        if there.kind().is_some_and(|kind| kind != line.kind) {
            self.report.skip(id, "conversation_exists");
            self.passed_over.insert(id, "another");
            return Ok(());
        }
        let messages = Messages::read(store, tenant, id, head.page).await?;
        let last_before = messages.newest();
        let is_new = messages.is_empty();
        // Its end is written behind its last message.
        let has_changed = !is_new && document.position() < last_before;
        let open = Open { line, messages, last_before, is_new, has_changed, reached: Position::ZERO, receipts: None };
        if is_new {
            self.begin(&open, &there).await?;
        }
        self.open.insert(id, open);
        Ok(())
    }

    async fn thread(&mut self, line: archive::Thread) -> Result<(), TransferError> {
        let Some(open) = self.open.get(&line.conversation).filter(|open| open.is_new) else { return Ok(()) };
        let (by, at) = (open.line.created_by.clone(), open.line.created_at);
        let archive::Thread { conversation, thread, state, locked } = line;
        if locked {
            let change = ThreadChange::Locked(true);
            self.write("thread", Doing { by: &by, at }, SetThread { conversation, thread, change }).await?;
        }
        if state != ConversationState::Active {
            let change = ThreadChange::State(state);
            self.write("thread", Doing { by: &by, at }, SetThread { conversation, thread, change }).await?;
        }
        Ok(())
    }

    async fn message(&mut self, mut line: Message) -> Result<(), TransferError> {
        if line.deleted.is_none() && line.content.as_ref().is_none_or(is_blank) {
            self.report.messages -= 1;
            self.report.unplaced("empty messages", 1);
            return Ok(());
        }
        let mentions_max = self.limits.mentions_max as usize;
        if line.mentions.len() > mentions_max {
            self.report.unplaced("mentions beyond the limit", (line.mentions.len() - mentions_max) as u64);
            line.mentions.truncate(mentions_max);
        }
        let content = line.content.take().filter(|_| line.deleted.is_none()).unwrap_or_else(|| DELETED.into());
        let parts = self.parts(&line, content);
        self.report.split += u64::from(parts.len() > 1);
        for (index, (stamp, content)) in parts.into_iter().enumerate() {
            self.part(&line, stamp, content, index).await?;
        }
        Ok(())
    }

    /// The contents that a message is written as, each with its stamp.
    fn parts(&self, line: &Message, content: Content) -> Vec<(Stamp, Content)> {
        let Content::Text(Text { text }) = &content else { return vec![(line.id.stamp, content)] };
        let parts = split(text, self.limits.message_characters_max as usize);
        let part = |(index, part): (usize, &str)| match index {
            0 => (line.id.stamp, part.into()),
            index => (derived::part(&line.id, index), part.into()),
        };
        parts.into_iter().enumerate().map(part).collect()
    }

    async fn part(
        &mut self,
        line: &Message,
        stamp: Stamp,
        content: Content,
        index: usize,
    ) -> Result<(), TransferError> {
        let timeline = TimelineId { conversation: line.conversation, thread: line.thread };
        let Some(open) = self.open.get_mut(&line.conversation) else { return Ok(()) };
        let id = MessageId { stamp, author: line.id.author.clone() };
        let key = known::key(timeline, &id);
        let known = open.messages.get(key);
        let page = known.and_then(|known| known.page(timeline));
        match known {
            Some(known) => {
                self.report.there_already += 1;
                open.reached = open.reached.max(known.position);
                if known.position != open.last_before || known.position == Position::ZERO {
                    return Ok(());
                }
            }
            None => {
                open.messages.begin(key);
                open.has_changed = true;
                let (conversation, thread) = (line.conversation, line.thread);
                let reply_to = line.reply_to.clone().filter(|_| index == 0);
                let mentions = match index {
                    0 => line.mentions.clone(),
                    _ => Vec::new(),
                };
                let command = SendMessage { conversation, stamp, content: content.clone(), reply_to, mentions, thread };
                let subject = Subject { what: "message", message: Some((conversation, key)) };
                let doing = Doing { by: &id.author, at: id.created_at() };
                // The page of what is answered: a response to a proposal is judged by it.
                let about = self.page_of_proposal(timeline, &content).await?.map_or(About::Nothing, About::Page);
                self.write_about(subject, doing, command, about).await?;
            }
        }
        let place = page.map_or(About::Newest(timeline), About::Page);
        let said = Said { line, id, place, first: index == 0 };
        let is_edited = known.is_some_and(|known| known.is_edited);
        let is_deleted = known.is_some_and(|known| known.is_deleted);
        self.follow(&said, (!is_edited).then_some(content), is_deleted).await
    }

    /// Writes what was said about a message, which is on the newest page if its own is not given.
    async fn follow(&mut self, said: &Said<'_>, content: Option<Content>, deleted: bool) -> Result<(), TransferError> {
        let Said { line, id, place, first } = said;
        let conversation = line.conversation;
        let command = |command| (command, place.clone());
        let mut commands: Vec<(&'static str, AccountId, _, (Command, _))> = Vec::new();
        if let (Some(at), Some(content)) = (line.edited_at, content) {
            let edit = EditMessage { conversation, message: id.clone(), content };
            commands.push(("edit", id.author.clone(), at, command(edit.into())));
        }
        let accounts = line.reactions.iter().flat_map(|one| one.accounts.iter().map(|account| (&one.emoji, account)));
        for (emoji, account) in accounts.filter(|_| *first) {
            let react = React { conversation, message: id.clone(), emoji: emoji.clone() };
            commands.push(("reaction", account.clone(), id.created_at(), command(react.into())));
        }
        if let Some(pin) = line.pinned.as_ref().filter(|_| *first) {
            let pinned = PinMessage { conversation, message: id.clone() };
            commands.push(("pin", pin.by.clone(), pin.at, command(pinned.into())));
        }
        if let Some(opens) = line.opens.as_ref().filter(|_| *first) {
            let thread = CreateThread { conversation, message: id.clone(), title: opens.title.clone() };
            commands.push(("thread", opens.created_by.clone(), opens.created_at, command(thread.into())));
        }
        if let Some(deletion) = line.deleted.as_ref().filter(|_| !deleted) {
            let by = if deletion.by.is_system() { id.author.clone() } else { deletion.by.clone() };
            commands.push((
                "deletion",
                by,
                deletion.at,
                command(DeleteMessage { conversation, message: id.clone() }.into()),
            ));
        }
        for (what, by, at, (command, place)) in commands {
            self.write_about(subject(what), Doing { by: &by, at }, command, place).await?;
        }
        Ok(())
    }

    /// The page of the proposal that content responds to. It may have been written a moment ago.
    async fn page_of_proposal(
        &mut self,
        timeline: TimelineId,
        content: &Content,
    ) -> Result<Option<DocumentId>, TransferError> {
        let Content::ProposalResponse(response) = content else { return Ok(None) };
        let Some(writer) = &mut self.writer else { return Ok(None) };
        writer.wait_for(0).await;
        let (store, tenant) = (writer.store(), &writer.tenant);
        let stream = StreamId::Conversation(timeline.conversation);
        let newest = store.stream_head(tenant, &stream).await?.page;
        let messages = Messages::read(store, tenant, timeline.conversation, newest).await?;
        let key = known::key(timeline, &response.proposal);
        Ok(messages.get(key).and_then(|known| known.page(timeline)))
    }

    async fn end(&mut self, conversation: ConversationId) -> Result<(), TransferError> {
        let Some(mut open) = self.open.remove(&conversation) else { return Ok(()) };
        if let Some(id) = open.line.external_id.take() {
            self.named.push((StreamId::Conversation(conversation), id));
        }
        if !open.is_new && !open.has_changed {
            return Ok(());
        }
        self.close(&open).await?;
        self.ended.push(open);
        if self.ended.len() >= ENDED_MAX { self.settle().await } else { Ok(()) }
    }

    /// Waits for all answers, and moves the receipts of the conversations that have ended.
    async fn settle(&mut self) -> Result<(), TransferError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.wait_for(0).await;
        self.note_answers()?;
        let named = std::mem::take(&mut self.named);
        self.name(named).await?;
        let mut receipts = Vec::new();
        for open in std::mem::take(&mut self.ended) {
            let Some(writer) = &self.writer else { continue };
            let stream = StreamId::Conversation(open.line.conversation);
            let head = writer.store().stream_head(&writer.tenant, &stream).await?.position;
            receipts.extend(open.receipts(head, self.unread));
        }
        if let Some(writer) = &self.writer {
            for some in receipts.chunks(RECEIPTS_MAX) {
                writer.store().merge_receipts(&writer.tenant, some).await?;
            }
        }
        Ok(())
    }

    /// Gives what is there by now its external id, unless it has one here.
    async fn name(&mut self, named: Vec<(StreamId, ExternalId)>) -> Result<(), TransferError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let streams: Vec<StreamId> = named.iter().map(|(stream, _)| stream.clone()).collect();
        let there: BTreeMap<StreamId, ExternalId> =
            writer.store().external_ids(&writer.tenant, &streams).await?.into_iter().collect();
        for (stream, id) in named.into_iter().filter(|(stream, _)| !there.contains_key(stream)) {
            if writer.store().set_external_id(&writer.tenant, &stream, Some(&id)).await? == Naming::Taken {
                let detail = format!("{stream}: another one is called {id} here");
                self.report.refuse("external id", &Refusal::new(Code::ExternalIdTaken, detail));
            }
        }
        Ok(())
    }

    pub(super) async fn write(
        &mut self,
        what: &'static str,
        doing: Doing<'_>,
        command: impl Into<Command>,
    ) -> Result<(), TransferError> {
        self.write_about(subject(what), doing, command, About::Nothing).await
    }

    async fn write_about(
        &mut self,
        subject: Subject,
        doing: Doing<'_>,
        command: impl Into<Command>,
        about: About,
    ) -> Result<(), TransferError> {
        match &mut self.writer {
            Some(writer) => writer.write(subject, doing, command, about).await,
            None => Ok(()),
        }
    }

    fn note_answers(&mut self) -> Result<(), TransferError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for Outcome { subject, result } in writer.answered() {
            match result {
                Ok(position) => {
                    let Some((conversation, key)) = subject.message else { continue };
                    self.report.written += 1;
                    let ended = self.ended.iter_mut().find(|open| open.line.conversation == conversation);
                    if let Some(open) = self.open.get_mut(&conversation).or(ended) {
                        open.messages.written(key, position);
                        open.reached = open.reached.max(position);
                    }
                }
                Err(refusal) if refusal.retry_at.is_some() => {
                    let (written, code) = (self.report.written, refusal.code);
                    return Err(TransferError::Stopped { written, code, detail: refusal.detail });
                }
                Err(refusal) => self.report.refuse(subject.what, &refusal),
            }
        }
        Ok(())
    }
}

/// What is said about a message.
struct Said<'a> {
    line: &'a Message,
    id: MessageId,
    place: About,
    /// True for the first part of a message, which takes what is said once.
    first: bool,
}

impl Open {
    /// The receipts of its members. Where a source knows none, they have read what was brought in.
    fn receipts(&self, head: Position, unread: Unread) -> Vec<MemberReceipt> {
        let conversation = self.line.conversation;
        // Where a conversation went on here, nobody has read more than what the source has.
        let head = if self.messages.newest() <= self.reached { head } else { self.reached };
        let position = |through: &Through| match through {
            Through::Nothing => Position::ZERO,
            Through::All => head,
            Through::Message(message) => {
                let known = self.messages.get(known::key(TimelineId::of(conversation), message));
                known.map(|known| known.position).unwrap_or_default()
            }
        };
        match &self.receipts {
            Some(receipts) => {
                let receipt = |one: &archive::Receipt| MemberReceipt {
                    conversation,
                    account: one.account.clone(),
                    receipt: Receipt { delivered: position(&one.delivered), read: position(&one.read) },
                };
                receipts.iter().map(receipt).collect()
            }
            None if unread == Unread::Kept => Vec::new(),
            None => {
                let receipt = |member: &archive::Member| MemberReceipt {
                    conversation,
                    account: member.account.clone(),
                    receipt: Receipt { delivered: head, read: head },
                };
                self.line.members.iter().map(receipt).collect()
            }
        }
    }
}

/// Something that is not a message.
fn subject(what: &'static str) -> Subject {
    Subject { what, message: None }
}

fn is_blank(content: &Content) -> bool {
    matches!(content, Content::Text(Text { text }) if !shows(text))
}
