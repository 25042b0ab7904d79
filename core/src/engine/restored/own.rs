//! The facts that an account wrote in a stream, as far as this device has them, and the commands that
//! would write them again on a restored server.

use core::cell::OnceCell;

use crate::{
    authority::Stream,
    command::{
        AddContact, AddMember, AnswerHeld, BanMember, BlockAccount, ChangeRole, Command, DefineRole, DeleteMessage,
        EditMessage, InviteMember, InviteTerms, LeaveConversation, PinMessage, React, RemoveContact, RemoveMember,
        SendMessage, SetConversationSetting, SetInfo, SetInvite, SetLocked, SetMemberText, SetPermission, SetPolicy,
        SetProfile, SetReachability, SetScope, SetState, SetTheme, SetThread, SettingChange, ThreadChange,
        TransferOwnership, UnbanMember, UnpinMessage, Unreact,
    },
    doc::{Change, Document, Fact, Key, Message, ProfileField, SettingField, Statement},
    engine::store::record::{self, DocumentRecord},
    ids::{AccountId, ChangeHash, ConversationId, DeviceId, DocumentId, MessageId, StreamId, TimelineId},
    journal::Entry,
    model::{
        Conversation, Edit, HeldState, InfoField, MemberStatus, Membership, NotificationLevel, Profile, Reachability,
        Role,
    },
    sorted::{SortedMap, SortedSet},
    storage::Record,
    time::WallTime,
    wire::WaitingChange,
};

/// A message or a statement that this account wrote and that was admitted.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Own {
    /// The change that wrote it.
    pub(in crate::engine) change: WaitingChange,
    /// When a message was accepted; when anything else was written.
    pub(in crate::engine) at: WallTime,
    pub(in crate::engine) written: Written,
}

#[derive(Debug, Clone)]
pub(in crate::engine) enum Written {
    /// A message: the command that would write it again in its present words, and when these were written.
    Message(SendMessage, WallTime),
    /// Any other fact of a document.
    Statement(DocumentId, Fact),
}

/// Decides whether a statement is the account's own.
pub(in crate::engine) struct Author<'a> {
    pub(in crate::engine) account: &'a AccountId,
    /// The author of a statement in a conversation's document is only known by its device: the ids of this one.
    pub(in crate::engine) devices: &'a [DeviceId],
}

impl Author<'_> {
    /// Everything it wrote in a document, in order, except deleted messages.
    pub(in crate::engine) fn own(&self, document: &Document) -> Vec<Own> {
        let messages: SortedMap<_, Message> = match document.id().page() {
            Some(_) => Message::read_all(document).into_iter().map(|message| (message.id.clone(), message)).collect(),
            None => SortedMap::new(),
        };
        let own = |statement: Statement| {
            let Statement { fact, hash, at, .. } = &statement;
            if let Fact::Message(id, _) = fact {
                let message = messages.get(id).filter(|message| message.id.author == *self.account)?;
                let admission = document.admissions().get(id)?;
                let at = admission.accepted_at;
                let change = WaitingChange { hash: *hash, message: Some(id.stamp), accepted_at: Some(at) };
                let said = message.edit.as_ref().map_or(statement.at, |edit| edit.at);
                return Some(Own { change, at, written: Written::Message(again(document.id(), message)?, said) });
            }
            let is_own = match (document.id(), fact) {
                (DocumentId::Account(_) | DocumentId::Home(_), _) => true,
                (_, Fact::Edit(message, _)) => message.author == *self.account,
                (_, Fact::Deleted(_, deletion)) => deletion.by == *self.account,
                (_, Fact::Reaction(_, _, account, _)) => account == self.account,
                (DocumentId::Timeline(_), Fact::Created(_) | Fact::InviteUses(..)) => false,
                (DocumentId::Timeline(TimelineId { thread: None, .. }), _)
                | (DocumentId::Timeline(_), Fact::Info(..)) => self.devices.contains(&statement.device),
                _ => false,
            };
            let change = WaitingChange { hash: *hash, message: None, accepted_at: None };
            is_own.then(|| Own { change, at: *at, written: Written::Statement(document.id().clone(), fact.clone()) })
        };
        document.statements().into_iter().filter_map(own).collect()
    }
}

impl Own {
    /// Whether it states a text of the conversation.
    pub(in crate::engine) fn states(&self, text: InfoField) -> bool {
        matches!(&self.written, Written::Statement(_, Fact::Info(field, _)) if *field == text)
    }

    /// The words of a message that the server has by another change, as an edit: they may differ.
    pub(in crate::engine) fn words_over(self, author: &AccountId, confirmed: &Stream) -> Option<Self> {
        let Written::Message(SendMessage { stamp, content, .. }, at) = self.written else { return None };
        let id = MessageId { stamp, author: author.clone() };
        let page = confirmed.page_of(&id).filter(|page| !page.contains(self.change.hash))?;
        let edit = Fact::Edit(id, Edit { content, at });
        Some(Self { at, written: Written::Statement(page.id().clone(), edit), ..self })
    }

    /// The command that would write an edit; none if the message says the same, or what was said later.
    pub(in crate::engine) fn edits(self, now: &Stream) -> Option<EditMessage> {
        let Written::Statement(id, Fact::Edit(message, edit)) = self.written else { return None };
        let page = now.document(&id)?;
        let says_so = Message::read(page, &message).is_some_and(|there| there.content() == Some(&edit.content));
        let last_said = last_said(page);
        let since = last_said.get(&Key::Edit(message.clone()).to_string());
        let is_left = !says_so && since.is_none_or(|(_, since)| *since <= self.at);
        is_left.then_some(EditMessage { conversation: id.stream().conversation()?, message, content: edit.content })
    }
}

/// The command that would write a message again.
fn again(page: &DocumentId, message: &Message) -> Option<SendMessage> {
    let content = message.content()?.clone();
    Some(SendMessage {
        conversation: page.stream().conversation()?,
        stamp: message.id.stamp,
        content,
        reply_to: message.body.reply_to.clone(),
        mentions: message.body.mentions.clone().unwrap_or_default(),
        thread: page.thread(),
    })
}

/// The documents that a device stores of a stream; without those that do not read.
pub(in crate::engine) fn stored_documents(stream: &StreamId, records: &[Record]) -> Vec<Document> {
    let (documents, tails) = (record::documents_prefix(stream), record::tail_prefix(stream));
    let tail = records.iter().filter(|(key, _)| key.starts_with(&tails));
    let mut entries: SortedMap<DocumentId, Vec<Entry>> = SortedMap::new();
    for entry in tail.filter_map(|(key, value)| record::read::<Entry>(key, value)) {
        entries.entry(entry.document.clone()).or_default().push(entry);
    }
    let mut snapshots: SortedMap<DocumentId, DocumentRecord> = SortedMap::new();
    for (key, value) in records {
        let id = key.strip_prefix(&documents).and_then(|id| DocumentId::parse(id).ok());
        snapshots.extend(id.and_then(|id| Some((id, record::read::<DocumentRecord>(key, value)?))));
    }
    let ids: SortedSet<DocumentId> = entries.keys().chain(snapshots.keys()).cloned().collect();
    let restore = |id: DocumentId| {
        let snapshot = snapshots.get(&id);
        let parts = snapshot.map(|record| (record.position, record.data.as_slice(), record.admissions.as_slice()));
        Document::restore(id.clone(), parts, entries.get(&id).map_or(&[][..], Vec::as_slice)).ok()
    };
    ids.into_iter().filter_map(restore).collect()
}

/// The command that would state a fact again, given the present state of the stream; none if there
/// is nothing to do.
pub(in crate::engine) fn restate(document: &DocumentId, fact: &Fact, now: &Now<'_>) -> Option<Command> {
    match (document, document.stream().conversation()) {
        (DocumentId::Timeline(TimelineId { conversation, thread: Some(thread) }), _) => {
            of_thread(*conversation, *thread, fact)
        }
        (_, Some(conversation)) => in_conversation(conversation, fact, now),
        (_, None) => of_account(document, fact, now),
    }
}

/// The present state of a stream, and its state in the former incarnation.
pub(in crate::engine) struct Now<'a> {
    pub(in crate::engine) me: &'a AccountId,
    pub(in crate::engine) conversation: &'a Conversation,
    pub(in crate::engine) former: &'a Conversation,
    pub(in crate::engine) profile: Profile,
}

fn of_account(document: &DocumentId, fact: &Fact, now: &Now<'_>) -> Option<Command> {
    let account = match document {
        DocumentId::Account(account) => Some(account.clone()).filter(|account| account != now.me),
        _ => None,
    };
    let mut profile = now.profile.clone();
    let set = |conversation: &ConversationId, setting| SetConversationSetting { conversation: *conversation, setting };
    Some(match fact {
        Fact::Contact(id, Some(contact)) => AddContact { id: *id, contact: contact.clone() }.into(),
        Fact::Contact(id, None) => RemoveContact { id: *id }.into(),
        Fact::Blocked(account, since) => BlockAccount { account: account.clone(), blocked: since.is_some() }.into(),
        Fact::Reachability(reachability) => {
            SetReachability { reachability: reachability.unwrap_or(Reachability::Everybody) }.into()
        }
        Fact::Setting(conversation, field, time) => {
            let setting = match field {
                SettingField::MutedUntil => SettingChange::MutedUntil(*time),
                SettingField::PinnedAt => SettingChange::Pinned(time.is_some()),
                SettingField::ArchivedAt => SettingChange::Archived(time.is_some()),
            };
            set(conversation, setting).into()
        }
        Fact::Notifications(conversation, level) => {
            set(conversation, SettingChange::Notifications(level.unwrap_or(NotificationLevel::All))).into()
        }
        Fact::ProfileKind(kind) => SetProfile { profile: Profile { kind: Some(*kind), ..profile }, account }.into(),
        Fact::Profile(field, text) => {
            let written = match field {
                ProfileField::DisplayName => &mut profile.display_name,
                ProfileField::AvatarUrl => &mut profile.avatar_url,
                ProfileField::Bio => &mut profile.bio,
                ProfileField::Status => &mut profile.status,
                ProfileField::Reference => &mut profile.reference,
            };
            written.clone_from(text);
            SetProfile { profile, account }.into()
        }
        _ => return None,
    })
}

fn of_thread(conversation: ConversationId, thread: ConversationId, fact: &Fact) -> Option<Command> {
    match fact {
        Fact::Info(InfoField::Title, title) => {
            Some(SetThread { conversation, thread, change: ThreadChange::Title(title.clone()) }.into())
        }
        _ => None,
    }
}

fn in_conversation(conversation: ConversationId, fact: &Fact, now: &Now<'_>) -> Option<Command> {
    Some(match fact.clone() {
        Fact::Edit(message, edit) => EditMessage { conversation, message, content: edit.content }.into(),
        Fact::Deleted(message, _) => DeleteMessage { conversation, message }.into(),
        Fact::Reaction(message, emoji, _, true) => React { conversation, message, emoji }.into(),
        Fact::Reaction(message, emoji, _, false) => Unreact { conversation, message, emoji }.into(),
        Fact::Info(field, text) => SetInfo { conversation, field, text }.into(),
        Fact::Theme(theme) => SetTheme { conversation, theme }.into(),
        Fact::Scope(scope) => SetScope { conversation, scope }.into(),
        Fact::State(state) => SetState { conversation, state }.into(),
        Fact::Locked(locked) => SetLocked { conversation, locked }.into(),
        Fact::Policy(policy) => SetPolicy { conversation, policy }.into(),
        Fact::RoleDefinition(name, role) => DefineRole { conversation, name, role }.into(),
        // A member who is added again gets the role with that.
        Fact::MemberRole(account, _) if now.conversation.active_member(&account).is_none() => return None,
        Fact::MemberRole(account, Role::Owner) => TransferOwnership { conversation, account }.into(),
        Fact::MemberRole(account, role) => ChangeRole { conversation, account, role }.into(),
        Fact::MemberStatus(account, membership) => moved(conversation, account, &membership, now)?,
        Fact::MemberGrant(account, permission, grant) => {
            let (allowed, until) = grant.map_or((None, None), |grant| (Some(grant.allowed), grant.until));
            SetPermission { conversation, account, permission, allowed, until }.into()
        }
        Fact::MemberText(_, field, text) => SetMemberText { conversation, field, text }.into(),
        Fact::Invite(invite, made) => {
            let terms = made.map(|made| InviteTerms {
                role: made.role,
                until: made.until,
                uses_max: made.uses_max,
                enabled: made.enabled,
            });
            SetInvite { conversation, invite, terms }.into()
        }
        Fact::Held(message, held) => {
            AnswerHeld { conversation, message, admitted: held.state == HeldState::Admitted }.into()
        }
        Fact::Pin(message, Some(_)) => PinMessage { conversation, message }.into(),
        Fact::Pin(message, None) => UnpinMessage { conversation, message }.into(),
        _ => return None,
    })
}

/// The command that would give a member their former status again.
fn moved(conversation: ConversationId, account: AccountId, stood: &Membership, now: &Now<'_>) -> Option<Command> {
    let member = now.conversation.members.get(&account);
    let role = now.former.members.get(&account).map_or(Role::Member, |member| member.role.clone());
    let is_in = |status| matches!(status, MemberStatus::Active | MemberStatus::Invited | MemberStatus::Requested);
    Some(match (stood.status, member.map(|member| member.status())) {
        (MemberStatus::Active, _) if account != *now.me => AddMember { conversation, account, role }.into(),
        (MemberStatus::Invited, _) => InviteMember { conversation, account, role }.into(),
        (MemberStatus::Banned, _) => BanMember { conversation, account }.into(),
        (MemberStatus::Removed, Some(MemberStatus::Banned)) => UnbanMember { conversation, account }.into(),
        (MemberStatus::Removed, Some(status)) if is_in(status) => RemoveMember { conversation, account }.into(),
        (MemberStatus::Left, Some(MemberStatus::Active)) if account == *now.me => {
            LeaveConversation { conversation }.into()
        }
        _ => return None,
    })
}

/// What has been said in a stream since its store was put back.
pub(in crate::engine) struct Since<'s> {
    now: &'s Stream,
    former: &'s Stream,
    /// By document, as far as asked for.
    last_said: SortedMap<DocumentId, LastSaid>,
    facts: SortedMap<DocumentId, Vec<Fact>>,
}

impl<'s> Since<'s> {
    pub(in crate::engine) fn new(now: &'s Stream, former: &'s Stream) -> Self {
        Self { now, former, last_said: SortedMap::new(), facts: SortedMap::new() }
    }

    /// Whether an own statement need not be said again: it holds, or something stands in its place.
    pub(in crate::engine) fn stands_over(&mut self, own: &Own) -> bool {
        let Written::Statement(id, fact) = &own.written else { return false };
        self.holds(id, fact) || self.is_later(id, fact, own.at) || self.is_said_again(id, fact)
    }

    fn holds(&self, id: &DocumentId, fact: &Fact) -> bool {
        let (key, value) = fact.write();
        self.now.document(id).is_some_and(|document| document.get(&key) == value)
    }

    /// Whether somebody has said the same since, over which something else was said, whatever the clocks say.
    fn is_said_again(&mut self, id: &DocumentId, fact: &Fact) -> bool {
        let Some(document) = self.now.document(id) else { return false };
        let facts = self.facts.entry(id.clone()).or_insert_with(|| document.facts_since(self.former.document(id)));
        facts.iter().any(|said| match (said, fact) {
            (Fact::Message(message, body), Fact::Edit(edited, edit)) => {
                message == edited && body.content == edit.content
            }
            (Fact::Edit(message, said), Fact::Edit(edited, edit)) => message == edited && said.content == edit.content,
            (said, fact) => said == fact,
        })
    }

    /// Whether a later statement of somebody who had not seen this one stands in its place. One of the same
    /// second, as times go, is not later.
    fn is_later(&mut self, id: &DocumentId, fact: &Fact, at: WallTime) -> bool {
        let Some(document) = self.now.document(id) else { return false };
        let former = self.former.document(id);
        let (key, _) = fact.write();
        let last_said = self.last_said.entry(id.clone()).or_insert_with(|| last_said(document));
        let Some((hash, since)) = last_said.get(&key.to_string()) else { return false };
        *since > at && !former.is_some_and(|former| former.contains(*hash))
    }
}

/// The last change, and its time, of each key of a document.
type LastSaid = SortedMap<String, (ChangeHash, WallTime)>;

/// What was said last in a document. The words of a message count as an edit by the change that wrote it.
fn last_said(document: &Document) -> LastSaid {
    let mut last = SortedMap::new();
    for Statement { fact, hash, at, .. } in document.statements() {
        if let Fact::Message(id, _) = &fact {
            last.insert(Key::Edit(id.clone()).to_string(), (hash, at));
        }
        last.insert(key_of(&fact), (hash, at));
    }
    last
}

/// Whether a document states, of anything that a change states, something else than what the change was
/// written on, said later. Changes have their times in whole seconds.
pub(in crate::engine) fn is_said_since(document: &Document, change: &Change, at: WallTime) -> bool {
    let said = OnceCell::new();
    change.operations().iter().any(|operation| {
        let Some(key) = operation.key.as_deref() else { return false };
        let (visible, replaced) = (document.visible(key, None), &operation.predecessors);
        let is_as_it_was = visible.len() == replaced.len() && visible.iter().all(|it| replaced.contains(it));
        let last = || said.get_or_init(|| last_said(document)).get(key);
        !is_as_it_was && last().is_some_and(|(_, since)| *since > at)
    })
}

fn key_of(fact: &Fact) -> String {
    fact.write().0.to_string()
}
