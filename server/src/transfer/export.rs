//! Writes the lines of a tenant from its store, one page of messages in memory at a time. Servers may keep
//! running: what they write meanwhile may or may not be in it. The order of lines follows from the store alone,
//! so an export that was cut is gone on with behind its last whole line.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use tidings_core::{
    doc::{Document, Message},
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId, TenantId, TimelineId},
    journal::Position,
    model::{self, Conversation, ConversationState, InfoField, MemberField, Pin, Profile, Receipt, Role},
    sorted::SortedMap,
};

use super::{
    archive::{self, Act, End, Line, Opening, Opens, Reaction, Through, VERSION},
    error::TransferError,
};
use crate::{
    external_id::ExternalId,
    store::{Store, WhichThreads},
    stream::load::load,
};

/// Writes the lines of a tenant.
pub struct Export<'a, W> {
    store: &'a dyn Store,
    tenant: TenantId,
    output: W,
    count: End,
    /// The last line that is written already; those up to it are passed over.
    last: Option<Line>,
}

impl<'a, W: Write> Export<'a, W> {
    /// An export that begins, or goes on behind a line, after which the output stands.
    pub fn new(store: &'a dyn Store, tenant: TenantId, output: W, written: Option<(Line, End)>) -> Self {
        let (last, count) = written.map_or((None, End::default()), |(line, count)| (Some(line), count));
        Self { store, tenant, output, count, last }
    }

    /// Writes everything that is left. Returns the lines of each kind, earlier ones included.
    ///
    /// # Errors
    /// When the store cannot be read or the output not written; or when the line to go on from is not there
    /// any more.
    pub async fn run(mut self) -> Result<End, TransferError> {
        let opening = Line::Archive(Opening { version: VERSION, tenant: self.tenant.clone() });
        let begins_at = match &self.last {
            None => None,
            Some(Line::Archive(_)) => None,
            Some(Line::End(count)) => return Ok(*count),
            Some(line) => stream_of(line),
        };
        match self.last.take() {
            Some(last) if last == opening => {}
            None => self.write(&opening)?,
            last => self.last = last,
        }
        let mut next = match begins_at {
            None => self.next(None).await?,
            some => some,
        };
        while let Some(stream) = next {
            match &stream {
                StreamId::Account(account) => self.account(account).await?,
                StreamId::Conversation(conversation) => self.conversation(*conversation).await?,
            }
            if self.last.is_some() {
                return Err(TransferError::Resume("what was written last is not in the store any more".to_owned()));
            }
            next = self.next(Some(stream)).await?;
        }
        if self.count == End::default() {
            return Err(TransferError::TenantUnknown(self.tenant.to_string()));
        }
        let end = Line::End(self.count);
        self.write(&end)?;
        self.output.flush().map_err(TransferError::file("the output"))?;
        Ok(self.count)
    }

    async fn next(&self, after: Option<StreamId>) -> Result<Option<StreamId>, TransferError> {
        let after = after.map(|stream| (self.tenant.clone(), stream));
        let next = self.store.records().next_stream(Some(&self.tenant), after.as_ref()).await?;
        Ok(next.map(|(_, stream)| stream))
    }

    /// Writes a line, unless it was written already.
    fn write(&mut self, line: &Line) -> Result<(), TransferError> {
        if let Some(last) = &self.last {
            if is_same(last, line) {
                self.last = None;
            }
            return Ok(());
        }
        self.count.count(line);
        let failed = TransferError::file("the output");
        let text = serde_json::to_string(line).map_err(std::io::Error::from);
        text.and_then(|text| writeln!(self.output, "{text}")).map_err(failed)
    }

    async fn account(&mut self, account: &AccountId) -> Result<(), TransferError> {
        let (document, _) = load(self.store, &self.tenant, &DocumentId::Account(account.clone())).await?;
        let profile = Profile::read(&document);
        let external_id = self.external_id(StreamId::Account(account.clone())).await?;
        if profile == Profile::default() && external_id.is_none() {
            return Ok(());
        }
        self.write(&Line::Account(archive::Account { account: account.clone(), profile, external_id }))
    }

    async fn external_id(&self, stream: StreamId) -> Result<Option<ExternalId>, TransferError> {
        let found = self.store.external_ids(&self.tenant, &[stream]).await?;
        Ok(found.into_iter().next().map(|(_, id)| id))
    }

    async fn conversation(&mut self, id: ConversationId) -> Result<(), TransferError> {
        let timeline = TimelineId::of(id);
        let (document, head) = load(self.store, &self.tenant, &timeline.document()).await?;
        let conversation = Conversation::read(&document);
        drop(document);
        if conversation.created.is_none() || conversation.state() == ConversationState::Deleted {
            return Ok(());
        }
        let external_id = self.external_id(StreamId::Conversation(id)).await?;
        let Some(line) = conversation_line(id, &conversation, external_id) else { return Ok(()) };
        self.write(&Line::Conversation(Box::new(line)))?;
        let mut receipts = Receipts::of(self.store.receipts(&self.tenant, id).await?, head.position);
        self.messages(timeline, head.page, &conversation.pins, Some(&mut receipts)).await?;
        let mut threads = self.store.threads(&self.tenant, id, &WhichThreads::All).await?;
        // One that starts from a message of another thread comes behind that.
        threads.sort_by_key(|thread| (thread.parent.depth, thread.id));
        for thread in threads {
            let timeline = TimelineId::of_thread(id, thread.id);
            let (document, _) = load(self.store, &self.tenant, &timeline.document()).await?;
            let state = Conversation::read(&document);
            drop(document);
            if state.state() == ConversationState::Deleted {
                continue;
            }
            let line =
                archive::Thread { conversation: id, thread: thread.id, state: state.state(), locked: state.locked };
            self.write(&Line::Thread(line))?;
            self.messages(timeline, thread.page, &state.pins, None).await?;
        }
        // Also where there are none: a source that says nothing of them is imported as read.
        self.write(&Line::Receipts(receipts.line(id)))
    }

    async fn messages(
        &mut self,
        timeline: TimelineId,
        newest: u32,
        pins: &SortedMap<MessageId, Pin>,
        mut receipts: Option<&mut Receipts>,
    ) -> Result<(), TransferError> {
        for number in 1..=newest {
            let (page, _) = load(self.store, &self.tenant, &timeline.page(number)).await?;
            let all = Message::read_all(&page);
            let all: BTreeMap<&MessageId, &Message> = all.iter().map(|message| (&message.id, message)).collect();
            let opens = self.opens(timeline, number).await?;
            for (position, id) in page.admissions().since(Position::ZERO) {
                let Some(message) = all.get(id) else { continue };
                if let Some(receipts) = receipts.as_deref_mut() {
                    receipts.pass(*position, id);
                }
                let line = archive::Message {
                    reactions: message.shown_reactions().map(reaction_line).collect(),
                    pinned: pins.get(id).map(|pin| Act { by: pin.by.clone(), at: pin.at }),
                    opens: opens.get(id).cloned(),
                    ..message_line(timeline, &page, *position, message)
                };
                self.write(&Line::Message(Box::new(line)))?;
            }
        }
        Ok(())
    }

    /// The threads that start from messages of a page.
    async fn opens(&self, timeline: TimelineId, number: u32) -> Result<BTreeMap<MessageId, Opens>, TransferError> {
        let which = WhichThreads::From(timeline.page(number));
        let mut opens = BTreeMap::new();
        for thread in self.store.threads(&self.tenant, timeline.conversation, &which).await? {
            let document = TimelineId::of_thread(timeline.conversation, thread.id).document();
            let state = Conversation::read(&load(self.store, &self.tenant, &document).await?.0);
            let Some(created) = &state.created else { continue };
            if state.state() == ConversationState::Deleted {
                continue;
            }
            let opening = Opens {
                thread: thread.id,
                created_by: created.by.clone(),
                created_at: created.at,
                title: state.title().map(str::to_owned),
            };
            opens.insert(thread.parent.message, opening);
        }
        Ok(opens)
    }
}

/// The stream that a line is of.
fn stream_of(line: &Line) -> Option<StreamId> {
    match line {
        Line::Account(line) => Some(StreamId::Account(line.account.clone())),
        Line::Conversation(line) => Some(StreamId::Conversation(line.conversation)),
        Line::Thread(line) => Some(StreamId::Conversation(line.conversation)),
        Line::Message(line) => Some(StreamId::Conversation(line.conversation)),
        Line::Receipts(line) => Some(StreamId::Conversation(line.conversation)),
        Line::Archive(_) | Line::End(_) => None,
    }
}

/// Returns true for lines of the same thing, which may have changed meanwhile.
fn is_same(one: &Line, other: &Line) -> bool {
    match (one, other) {
        (Line::Account(one), Line::Account(other)) => one.account == other.account,
        (Line::Conversation(one), Line::Conversation(other)) => one.conversation == other.conversation,
        (Line::Thread(one), Line::Thread(other)) => one.thread == other.thread,
        (Line::Message(one), Line::Message(other)) => (&one.id, one.thread) == (&other.id, other.thread),
        (Line::Receipts(one), Line::Receipts(other)) => one.conversation == other.conversation,
        _ => false,
    }
}

/// The line of a message of a page at a position, without what others made of it.
pub(crate) fn message_line(
    timeline: TimelineId,
    page: &Document,
    position: Position,
    message: &Message,
) -> archive::Message {
    archive::Message {
        conversation: timeline.conversation,
        thread: timeline.thread,
        id: message.id.clone(),
        created_at: message.id.created_at(),
        accepted_at: page.admissions().get(&message.id).map(|admission| admission.accepted_at),
        position: Some(position.number()),
        content: message.content().cloned(),
        reply_to: message.body.reply_to.clone(),
        mentions: message.body.mentions.clone().unwrap_or_default(),
        edited_at: message.edit.as_ref().filter(|_| message.deletion.is_none()).map(|edit| edit.at),
        deleted: message.deletion.as_ref().map(|deletion| Act { by: deletion.by.clone(), at: deletion.at }),
        reactions: Vec::new(),
        pinned: None,
        opens: None,
    }
}

fn reaction_line((emoji, accounts): (&String, &Vec<AccountId>)) -> Reaction {
    Reaction { emoji: emoji.clone(), accounts: accounts.clone() }
}

/// The line of a conversation that has begun.
fn conversation_line(
    id: ConversationId,
    conversation: &Conversation,
    external_id: Option<ExternalId>,
) -> Option<archive::Conversation> {
    let created = conversation.created.as_ref()?;
    let text = |field| conversation.text(field).map(str::to_owned);
    let resource = conversation.resource().map(|resource| archive::Resource {
        id: resource.id.clone(),
        title: conversation.resource_title().map(str::to_owned),
        client: resource.client.clone(),
        client_name: resource.client_name.clone(),
        owner: resource.owner.clone(),
        owner_name: resource.owner_name.clone(),
    });
    let lead = conversation.lead().map(|lead| archive::Lead {
        number: lead.number,
        stage: lead.stage.clone(),
        intent: lead.intent.clone(),
        contact_channel: lead.contact_channel.clone(),
        closure_reason: lead.closure_reason.clone(),
    });
    let roles = conversation.roles.iter().map(|(name, role)| archive::OwnRole {
        name: Role::Custom(name.clone()),
        rank: role.rank,
        permissions: role.permissions,
    });
    let invites = conversation.invites.iter().map(|(id, invite)| archive::Invite {
        id: *id,
        role: invite.role.clone(),
        until: invite.until,
        uses_max: invite.uses_max,
        enabled: invite.enabled,
        by: invite.by.clone(),
        at: invite.at,
    });
    Some(archive::Conversation {
        conversation: id,
        kind: created.kind,
        created_by: created.by.clone(),
        created_at: created.at,
        resource,
        lead,
        account: created.account.clone(),
        link: created.link.clone(),
        external_id,
        name: text(InfoField::Name),
        title: text(InfoField::Title),
        description: text(InfoField::Description),
        avatar_url: text(InfoField::AvatarUrl),
        theme: conversation.theme.clone(),
        scope: conversation.scope(),
        state: conversation.state(),
        locked: conversation.locked,
        policies: Some(conversation.policies.clone()),
        roles: roles.collect(),
        members: conversation.members.iter().filter_map(member_line).collect(),
        invites: invites.collect(),
    })
}

/// The line of a member, former ones included.
pub(crate) fn member_line((account, member): (&AccountId, &model::Member)) -> Option<archive::Member> {
    let membership = member.membership.as_ref()?;
    let grants = member.grants.iter().map(|(permission, grant)| archive::Grant {
        permission: *permission,
        allowed: grant.allowed,
        by: grant.by.clone(),
        at: grant.at,
        until: grant.until,
    });
    Some(archive::Member {
        account: account.clone(),
        role: member.role.clone(),
        status: membership.status,
        status_at: membership.at,
        status_by: membership.by.clone(),
        joined_at: membership.joined_at,
        invited_by: membership.invited_by.clone(),
        display_name: member.text(MemberField::DisplayName).map(str::to_owned),
        color: member.text(MemberField::Color).map(str::to_owned),
        grants: grants.collect(),
    })
}

/// The receipts of a conversation, as messages instead of positions, which mean nothing in another store.
struct Receipts {
    of: Vec<(AccountId, Receipt)>,
    /// The positions that somebody has come to and that have no message yet.
    open: BTreeSet<Position>,
    reached: BTreeMap<Position, MessageId>,
    last: Option<MessageId>,
    head: Position,
}

impl Receipts {
    fn of(receipts: Vec<(AccountId, Receipt)>, head: Position) -> Self {
        let open = receipts.iter().flat_map(|(_, receipt)| [receipt.delivered, receipt.read]).collect();
        Self { of: receipts, open, reached: BTreeMap::new(), last: None, head }
    }

    /// Notes a message of the conversation; they come by rising position.
    fn pass(&mut self, position: Position, message: &MessageId) {
        while let Some(first) = self.open.first().copied().filter(|first| *first < position) {
            self.open.remove(&first);
            self.reached.extend(self.last.clone().map(|last| (first, last)));
        }
        self.last = Some(message.clone());
    }

    fn line(mut self, conversation: ConversationId) -> archive::Receipts {
        for position in std::mem::take(&mut self.open) {
            self.reached.extend(self.last.clone().map(|last| (position, last)));
        }
        let through = |position: Position| match self.reached.get(&position) {
            _ if position >= self.head => Through::All,
            Some(message) => Through::Message(message.clone()),
            None => Through::Nothing,
        };
        let receipts = self.of.iter().map(|(account, receipt)| archive::Receipt {
            account: account.clone(),
            delivered: through(receipt.delivered),
            read: through(receipt.read),
        });
        let receipts = receipts.filter(|receipt| receipt.delivered != Through::Nothing).collect();
        archive::Receipts { conversation, receipts }
    }
}
