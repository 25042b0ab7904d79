//! People's actions: every command, drawn to match what their device shows; and what a screen tells the engine
//! beside commands.

use core::time::Duration;

use tidings_core::{
    api::{ConversationRow, TimelineRow},
    command::{
        AddContact, AddMember, AnswerHeld, AnswerRequest, BanMember, BlockAccount, ChangeRole, Command,
        CreateConversation, CreateDirect, CreateResource, CreateThread, DefineRole, DeleteMessage, EditMessage,
        InviteMember, InviteTerms, LeaveConversation, PinMessage, React, RemoveContact, RemoveMember,
        RequestMembership, SendMessage, SetConversationSetting, SetInfo, SetInvite, SetLocked, SetMemberText,
        SetPermission, SetPolicy, SetProfile, SetReachability, SetScope, SetState, SetTheme, SetThread, SettingChange,
        ThreadChange, TransferOwnership, UnbanMember, UnpinMessage, Unreact,
    },
    engine::Input,
    ids::{AccountId, ContactId, ConversationId, InviteCode, MessageId},
    model::{
        AccountKind, Contact, ContactKind, Content, ConversationKind, ConversationState, InfoField, JoinPolicy,
        LateWrites, MemberField, MemberStatus, MembershipAction, NotificationLevel, Party, Permission, Permissions,
        Policy, PolicyName, Profile, Reachability, Role, RoleDefinition, RoleName, Scope, SendPolicy, SubroomPolicy,
        Theme, WhoPolicy, content::ResponseKind,
    },
    time::WallTime,
};

use super::{
    client::Client,
    words::{self, edited, said},
    world::tenant,
};
use crate::random::Random;

/// The accounts.
pub const ACCOUNTS: [&str; 4] = ["ann", "bob", "carl", "dora"];

/// A tenant administrator, a member only of what they created.
pub const OPERATOR: &str = "root";

/// Prefix of every text; a unique number follows.
pub const WORDS: &str = "words ";

/// Names of custom roles.
const ROLE_NAMES: [&str; 2] = ["cook", "host"];

/// The codes of invite links.
const CODES: [InviteCode; 4] = {
    const USUAL: InviteCode = InviteCode::from_bytes([1; 16]);
    [USUAL, USUAL, USUAL, InviteCode::from_bytes([2; 16])]
};

/// Public names of conversations.
const NAMES: [&str; 2] = ["boats", "ships"];

const EMOJI: [&str; 3] = ["👍", "🎉", "❤"];

/// A kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Kind {
    CreateDirect,
    CreateResource,
    CreateConversation,
    SendMessage,
    EditMessage,
    DeleteMessage,
    React,
    Unreact,
    SetInfo,
    SetTheme,
    SetScope,
    SetPolicy,
    SetState,
    SetLocked,
    AddMember,
    InviteMember,
    AnswerRequest,
    RemoveMember,
    BanMember,
    UnbanMember,
    Leave,
    ChangeRole,
    TransferOwnership,
    DefineRole,
    SetPermission,
    SetMemberText,
    SetInvite,
    RequestMembership,
    PinMessage,
    UnpinMessage,
    SetProfile,
    AddContact,
    RemoveContact,
    BlockAccount,
    SetReachability,
    SetConversationSetting,
    AnswerHeld,
    CreateThread,
    SetThread,
    FinalizeLead,
    SetLeadStage,
}

/// Each kind, with its relative frequency. Changes of leads are drawn by `negotiations`.
pub const KINDS: [(Kind, u64); 41] = [
    (Kind::CreateDirect, 1),
    (Kind::CreateResource, 1),
    (Kind::CreateConversation, 3),
    (Kind::SendMessage, 125),
    (Kind::EditMessage, 8),
    (Kind::DeleteMessage, 5),
    (Kind::React, 8),
    (Kind::Unreact, 5),
    (Kind::SetInfo, 7),
    (Kind::SetTheme, 6),
    (Kind::SetScope, 4),
    (Kind::SetPolicy, 7),
    (Kind::SetState, 6),
    (Kind::SetLocked, 8),
    (Kind::AddMember, 12),
    (Kind::InviteMember, 3),
    (Kind::AnswerRequest, 4),
    (Kind::RemoveMember, 4),
    (Kind::BanMember, 2),
    (Kind::UnbanMember, 2),
    (Kind::Leave, 2),
    (Kind::ChangeRole, 7),
    (Kind::TransferOwnership, 2),
    (Kind::DefineRole, 8),
    (Kind::SetPermission, 10),
    (Kind::SetMemberText, 3),
    (Kind::SetInvite, 16),
    (Kind::RequestMembership, 22),
    (Kind::PinMessage, 4),
    (Kind::UnpinMessage, 3),
    (Kind::SetProfile, 3),
    (Kind::AddContact, 2),
    (Kind::RemoveContact, 2),
    (Kind::BlockAccount, 2),
    (Kind::SetReachability, 1),
    (Kind::SetConversationSetting, 4),
    (Kind::AnswerHeld, 6),
    (Kind::CreateThread, 10),
    (Kind::SetThread, 3),
    (Kind::FinalizeLead, 0),
    (Kind::SetLeadStage, 0),
];

/// The kind of a command. A new command needs an arm here, a kind above, and an arm in `draw`: without the
/// first it does not compile, and without the others tests fail.
pub fn kind(command: &Command) -> Kind {
    match command {
        Command::CreateDirect(_) => Kind::CreateDirect,
        Command::CreateResource(_) => Kind::CreateResource,
        Command::CreateConversation(_) => Kind::CreateConversation,
        Command::SendMessage(_) => Kind::SendMessage,
        Command::EditMessage(_) => Kind::EditMessage,
        Command::DeleteMessage(_) => Kind::DeleteMessage,
        Command::React(_) => Kind::React,
        Command::Unreact(_) => Kind::Unreact,
        Command::SetInfo(_) => Kind::SetInfo,
        Command::SetTheme(_) => Kind::SetTheme,
        Command::SetScope(_) => Kind::SetScope,
        Command::SetPolicy(_) => Kind::SetPolicy,
        Command::SetState(_) => Kind::SetState,
        Command::SetLocked(_) => Kind::SetLocked,
        Command::AddMember(_) => Kind::AddMember,
        Command::InviteMember(_) => Kind::InviteMember,
        Command::AnswerRequest(_) => Kind::AnswerRequest,
        Command::RemoveMember(_) => Kind::RemoveMember,
        Command::BanMember(_) => Kind::BanMember,
        Command::UnbanMember(_) => Kind::UnbanMember,
        Command::Leave(_) => Kind::Leave,
        Command::ChangeRole(_) => Kind::ChangeRole,
        Command::TransferOwnership(_) => Kind::TransferOwnership,
        Command::DefineRole(_) => Kind::DefineRole,
        Command::SetPermission(_) => Kind::SetPermission,
        Command::SetMemberText(_) => Kind::SetMemberText,
        Command::SetInvite(_) => Kind::SetInvite,
        Command::RequestMembership(_) => Kind::RequestMembership,
        Command::PinMessage(_) => Kind::PinMessage,
        Command::UnpinMessage(_) => Kind::UnpinMessage,
        Command::SetProfile(_) => Kind::SetProfile,
        Command::AddContact(_) => Kind::AddContact,
        Command::RemoveContact(_) => Kind::RemoveContact,
        Command::BlockAccount(_) => Kind::BlockAccount,
        Command::SetReachability(_) => Kind::SetReachability,
        Command::SetConversationSetting(_) => Kind::SetConversationSetting,
        Command::AnswerHeld(_) => Kind::AnswerHeld,
        Command::CreateThread(_) => Kind::CreateThread,
        Command::SetThread(_) => Kind::SetThread,
        Command::FinalizeLead(_) => Kind::FinalizeLead,
        Command::SetLeadStage(_) => Kind::SetLeadStage,
    }
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).expect("a constant account parses")
}

/// Everything that somebody can act on at this moment.
pub struct Person<'a> {
    /// Their device.
    pub client: &'a Client,
    /// The existing conversations.
    pub conversations: &'a [ConversationId],
    /// A text that nobody has used yet.
    pub words: String,
    /// The time.
    pub now: WallTime,
}

impl Person<'_> {
    /// Draws a command; none if there is nothing to apply it to.
    pub fn draw(&self, random: &mut Random) -> Option<Command> {
        if self.conversations.is_empty() {
            let kind = if random.chance(20) { Kind::CreateDirect } else { Kind::CreateConversation };
            return self.command(kind, random);
        }
        let all: u64 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut roll = random.below(all);
        let kind = KINDS.iter().find(|(_, weight)| match roll.checked_sub(*weight) {
            Some(left) => {
                roll = left;
                false
            }
            None => true,
        });
        self.command(kind.map(|(kind, _)| *kind)?, random)
    }

    fn command(&self, kind: Kind, random: &mut Random) -> Option<Command> {
        let other = account(random.pick::<&str>(&ACCOUNTS));
        let role = draw_role(random);
        let emoji = (*random.pick(&EMOJI)).to_owned();
        let conversation = match kind {
            Kind::CreateDirect
            | Kind::CreateResource
            | Kind::CreateConversation
            | Kind::SetProfile
            | Kind::AddContact
            | Kind::RemoveContact
            | Kind::BlockAccount
            | Kind::SetReachability => ConversationId::from_bytes([0; 16]),
            // Mostly where most is going on.
            _ if random.chance(65) => self.conversations[0],
            _ => *random.pick(self.conversations),
        };
        let words = self.words.clone();
        Some(match kind {
            Kind::CreateDirect => CreateDirect { peer: other }.into(),
            Kind::CreateResource => {
                let resource = format!("flat {}", random.below(2));
                CreateResource { title: Some(resource.clone()), ..CreateResource::new(resource, other) }.into()
            }
            Kind::CreateConversation => {
                let members = ACCOUNTS.iter().filter(|_| random.chance(60)).map(|name| account(name)).collect();
                let mut command = CreateConversation::new(self.draw_kind(random), Some(words), members);
                if random.chance(65) {
                    let ways = [JoinPolicy::Open, JoinPolicy::LinkJoin, JoinPolicy::LinkJoin];
                    command.policies.push(Policy::Join(*random.pick(&ways)));
                }
                if random.chance(20) {
                    (command.scope, command.name) = (Some(Scope::Public), Some((*random.pick(&NAMES)).to_owned()));
                }
                if random.chance(25) {
                    command.policies.push(Policy::SlowModeSeconds(3));
                }
                if random.chance(40) {
                    command.policies.push(Policy::LateWrites(LateWrites::Hold));
                }
                if random.chance(20) {
                    let policy = draw_policy(random);
                    command.policies.retain(|other| other.name() != policy.name());
                    command.policies.push(policy);
                    command.scope = Some(*random.pick(Scope::ALL));
                }
                command.into()
            }
            Kind::SendMessage => {
                let mut command = SendMessage::new(conversation, said(words));
                if random.chance(20) {
                    command.reply_to = self.message(conversation, random);
                }
                if random.chance(10) {
                    command.mentions = vec![other];
                }
                if random.chance(20) {
                    command.thread = Some(self.thread(conversation, random)?);
                }
                command.into()
            }
            Kind::EditMessage => {
                let message = self.message(conversation, random)?;
                let rows = self.client.screen.timelines.values();
                let former = rows.filter_map(|rows| rows.get(&message)).find_map(|row| row.content.as_ref());
                EditMessage { content: edited(former, words), conversation, message }.into()
            }
            Kind::DeleteMessage => DeleteMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::React => React { conversation, message: self.message(conversation, random)?, emoji }.into(),
            Kind::Unreact => Unreact { conversation, message: self.message(conversation, random)?, emoji }.into(),
            Kind::SetInfo => {
                let field = *random.pick(&[InfoField::Title, InfoField::Title, InfoField::Description]);
                SetInfo { conversation, field, text: Some(words) }.into()
            }
            Kind::SetTheme => {
                let theme = Theme { background_url: None, color: Some("#0a7E3c".to_owned()) };
                SetTheme { conversation, theme: random.chance(60).then_some(theme) }.into()
            }
            Kind::SetScope => SetScope {
                conversation,
                scope: *random.pick(&[Scope::Public, Scope::Public, Scope::Private, Scope::Organization]),
            }
            .into(),
            Kind::SetPolicy => SetPolicy { conversation, policy: draw_policy(random) }.into(),
            Kind::SetState => SetState { conversation, state: self.state(conversation, random) }.into(),
            Kind::FinalizeLead | Kind::SetLeadStage => return None,
            Kind::SetLocked => SetLocked { conversation, locked: random.chance(30) }.into(),
            Kind::AddMember => AddMember { conversation, account: other, role }.into(),
            Kind::InviteMember => InviteMember { conversation, account: other, role }.into(),
            Kind::AnswerRequest => AnswerRequest { conversation, account: other, approved: random.chance(70) }.into(),
            Kind::RemoveMember => RemoveMember { conversation, account: other }.into(),
            Kind::BanMember => BanMember { conversation, account: other }.into(),
            Kind::UnbanMember => UnbanMember { conversation, account: other }.into(),
            Kind::Leave => LeaveConversation { conversation }.into(),
            Kind::ChangeRole => ChangeRole { conversation, account: other, role }.into(),
            Kind::TransferOwnership => TransferOwnership { conversation, account: other }.into(),
            Kind::DefineRole => {
                let role = random.chance(80).then(|| draw_definition(random));
                DefineRole { conversation, name: role_name(random.pick::<&str>(&ROLE_NAMES)), role }.into()
            }
            Kind::SetPermission => {
                let permission = *random.pick(&of_members());
                let allowed = *random.pick(&[Some(true), Some(true), Some(false), None]);
                // Most of them expire while somebody still tries to use them.
                let until = random.chance(70).then(|| self.now.plus(Duration::from_millis(1 + random.below(60_000))));
                SetPermission { conversation, account: other, permission, allowed, until }.into()
            }
            Kind::SetMemberText => SetMemberText {
                conversation,
                field: MemberField::DisplayName,
                text: random.chance(80).then_some(words),
            }
            .into(),
            Kind::SetInvite => {
                let role = if random.chance(80) { Role::Member } else { role };
                let until = random.chance(30).then(|| self.now.plus(Duration::from_millis(1 + random.below(60_000))));
                let uses_max = random.chance(30).then_some(1);
                let terms = InviteTerms { role, until, uses_max, enabled: random.chance(90) };
                let terms = random.chance(90).then_some(terms);
                let owned = |row: Option<&ConversationRow>| row.is_some_and(|row| row.role == Role::Owner);
                let conversation = if random.chance(80) { self.shown_as(random, owned)? } else { conversation };
                SetInvite { conversation, invite: random.pick(&CODES).invite(), terms }.into()
            }
            Kind::RequestMembership => {
                let join = MembershipAction::Join(random.chance(70).then(|| *random.pick(&CODES)));
                let outside = |row: Option<&ConversationRow>| row.is_none_or(|row| row.status != MemberStatus::Active);
                let conversation = if random.chance(70) { self.shown_as(random, outside)? } else { conversation };
                let others = [MembershipAction::Accept, MembershipAction::Decline, MembershipAction::Leave];
                let action = if random.chance(57) { join } else { random.pick(&others).clone() };
                RequestMembership { conversation, action }.into()
            }
            Kind::PinMessage => PinMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::UnpinMessage => UnpinMessage { conversation, message: self.message(conversation, random)? }.into(),
            Kind::SetProfile => {
                let kind = random.chance(20).then_some(AccountKind::Personal);
                SetProfile { profile: Profile { kind, display_name: Some(words), ..Profile::default() }, account: None }
                    .into()
            }
            Kind::AddContact => {
                let contact = Contact {
                    account: Some(other.clone()),
                    nickname: Some(words),
                    favorite: random.chance(50),
                    phone: random.chance(50).then(|| "+4930123456".to_owned()),
                    ..Contact::new(ContactKind::Person)
                };
                AddContact { id: ContactId::of_account(&other), contact }.into()
            }
            Kind::RemoveContact => RemoveContact { id: ContactId::of_account(&other) }.into(),
            Kind::BlockAccount => BlockAccount { account: other, blocked: random.chance(40) }.into(),
            Kind::SetReachability => {
                let open = random.chance(60);
                let reachability = if open { Reachability::Everybody } else { *random.pick(Reachability::ALL) };
                SetReachability { reachability }.into()
            }
            Kind::SetConversationSetting => {
                let setting = match random.below(4) {
                    0 => SettingChange::MutedUntil(random.chance(50).then_some(self.now)),
                    1 => SettingChange::Pinned(random.chance(50)),
                    2 => SettingChange::Notifications(*random.pick(NotificationLevel::ALL)),
                    _ => SettingChange::Archived(random.chance(50)),
                };
                SetConversationSetting { conversation, setting }.into()
            }
            Kind::AnswerHeld => {
                let message = self.held(conversation, random)?;
                AnswerHeld { conversation, message, admitted: random.chance(60) }.into()
            }
            Kind::CreateThread => {
                let title = random.chance(20).then_some(words);
                CreateThread { conversation, message: self.message(conversation, random)?, title }.into()
            }
            Kind::SetThread => {
                let change = match random.below(4) {
                    0 => ThreadChange::Title(Some(words)),
                    1 => ThreadChange::Locked(random.chance(30)),
                    2 => ThreadChange::State(ConversationState::Closed),
                    _ => ThreadChange::State(ConversationState::Active),
                };
                SetThread { conversation, thread: self.thread(conversation, random)?, change }.into()
            }
        })
    }

    /// A kind with a list of members; only the operator may create one for notices.
    fn draw_kind(&self, random: &mut Random) -> ConversationKind {
        match random.below(16) {
            0..=7 if self.client.account.as_str() == OPERATOR => ConversationKind::System,
            0 => ConversationKind::System,
            1..=3 => ConversationKind::Channel,
            4..=6 => ConversationKind::Support,
            _ => ConversationKind::Group,
        }
    }

    /// A message as a party: a text, a proposal, or a response to the newest one.
    pub fn negotiates(
        &self,
        conversation: ConversationId,
        words: String,
        party: Party,
        random: &mut Random,
    ) -> Content {
        let is_proposal = |row: &&TimelineRow| matches!(row.content, Some(Content::Proposal(_)));
        let rows = self.client.screen.rows(conversation);
        let newest = rows.into_iter().rev().find(is_proposal);
        match (party, newest) {
            (Party::Client, Some(proposal)) if random.chance(80) => {
                words::response(words, &proposal.id, *random.pick(ResponseKind::ALL))
            }
            (Party::Owner | Party::Staff, _) if random.chance(60) => {
                words::visit(words, self.now, random.chance(50).then_some(Duration::from_secs(30)))
            }
            _ => said(words),
        }
    }

    /// The own party, if the conversation is about a resource and their screen shows it.
    pub fn party(&self, conversation: ConversationId) -> Option<Party> {
        let resource = self.client.screen.details.get(&conversation)?.resource.as_ref()?;
        Some(match &self.client.account {
            account if *account == resource.client => Party::Client,
            account if *account == resource.owner => Party::Owner,
            _ => Party::Staff,
        })
    }

    /// Mostly open, because nothing happens where nobody can write. Deletion is final, and rare.
    fn state(&self, conversation: ConversationId, random: &mut Random) -> ConversationState {
        let shown = self.client.screen.inbox.get(&conversation).map(|row| row.state);
        match (shown, random.below(20)) {
            (Some(ConversationState::Active) | None, 0) => ConversationState::Deleted,
            (Some(ConversationState::Active) | None, 1..=6) => ConversationState::Archived,
            (Some(ConversationState::Active) | None, 7..=10) => ConversationState::Closed,
            _ => ConversationState::Active,
        }
    }

    /// A conversation that their screen shows with this property; mostly the busiest one.
    fn shown_as(&self, random: &mut Random, is: fn(Option<&ConversationRow>) -> bool) -> Option<ConversationId> {
        let shown = |id: &&ConversationId| is(self.client.screen.inbox.get(*id));
        let shown: Vec<ConversationId> = self.conversations.iter().filter(shown).copied().collect();
        if random.chance(65) { shown.first().copied() } else { (!shown.is_empty()).then(|| *random.pick(&shown)) }
    }

    /// A message of a conversation, sometimes one of a thread of it.
    fn message(&self, conversation: ConversationId, random: &mut Random) -> Option<MessageId> {
        let thread = if random.chance(20) { self.thread(conversation, random) } else { None };
        let rows = self.client.screen.rows(thread.unwrap_or(conversation));
        (!rows.is_empty()).then(|| random.pick(&rows).id.clone())
    }

    /// A message that their screen shows as held, or another one.
    fn held(&self, conversation: ConversationId, random: &mut Random) -> Option<MessageId> {
        let late = self.client.screen.details.get(&conversation).map_or(&[][..], |detail| &detail.held);
        match late {
            [] => self.message(conversation, random),
            late => Some(random.pick(late).message.clone()),
        }
    }

    /// A thread that their screen shows on a message, of the conversation or of an open thread.
    fn thread(&self, conversation: ConversationId, random: &mut Random) -> Option<ConversationId> {
        let screen = &self.client.screen;
        let open = screen.threads.iter().filter(|(_, of)| **of == conversation).map(|(thread, _)| *thread);
        let rows = open.chain([conversation]).flat_map(|room| screen.rows(room));
        let shown: Vec<ConversationId> = rows.filter_map(|row| row.thread.as_ref().map(|thread| thread.id)).collect();
        (!shown.is_empty()).then(|| *random.pick(&shown))
    }

    /// Draws an input of their screen other than a command; none if there is nothing for it.
    pub fn look(&self, random: &mut Random) -> Option<Input> {
        if self.conversations.is_empty() {
            return None;
        }
        let conversation = *random.pick(self.conversations);
        let thread = self.thread(conversation, random);
        Some(match random.below(10) {
            6 | 7 => {
                let message = self.message(conversation, random)?;
                Input::OpenThread { conversation, thread: ConversationId::thread(&tenant(), conversation, &message) }
            }
            8 => Input::CloseConversation(thread?),
            9 => Input::LoadOlder(thread?),
            0 => Input::OpenConversation(conversation),
            1 => Input::CloseConversation(conversation),
            2 => Input::LoadOlder(conversation),
            3 => Input::Typing { conversation, on: random.chance(50) },
            _ => Input::MarkRead(conversation),
        })
    }
}

/// Permissions to grant, deny or give to roles, without those that only matter in resource conversations.
fn of_members() -> Vec<Permission> {
    let of_resources = [Permission::ProposalSend, Permission::ProposalRespond, Permission::ConversationClose];
    Permission::ALL.iter().copied().filter(|permission| !of_resources.contains(permission)).collect()
}

fn draw_role(random: &mut Random) -> Role {
    match random.chance(25) {
        true => Role::Custom(role_name(random.pick::<&str>(&ROLE_NAMES))),
        false => random.pick(&Role::BUILT_IN).clone(),
    }
}

fn role_name(name: &str) -> RoleName {
    RoleName::parse(name).expect("a constant name parses")
}

fn draw_definition(random: &mut Random) -> RoleDefinition {
    let mut permissions: Permissions = [Permission::MessageSend, Permission::MessageReact].into_iter().collect();
    for _ in 0..random.below(5) {
        permissions.insert(*random.pick(&of_members()));
    }
    RoleDefinition { rank: *random.pick(&[5, 20, 30, 60, 80, 99]), permissions }
}

fn draw_policy(random: &mut Random) -> Policy {
    match *random.pick(PolicyName::ALL) {
        // Little happens where few may send.
        PolicyName::Send if random.chance(60) => Policy::Send(SendPolicy::AllMembers),
        PolicyName::Send => Policy::Send(*random.pick(SendPolicy::ALL)),
        PolicyName::Join => Policy::Join(*random.pick(JoinPolicy::ALL)),
        PolicyName::JoinApproval => Policy::JoinApproval(random.chance(50)),
        PolicyName::AddMembers => Policy::AddMembers(*random.pick(WhoPolicy::ALL)),
        PolicyName::InfoEdit => Policy::InfoEdit(*random.pick(WhoPolicy::ALL)),
        PolicyName::Subrooms => Policy::Subrooms(*random.pick(SubroomPolicy::ALL)),
        PolicyName::SubroomDepthMax => Policy::SubroomDepthMax(*random.pick(&[0, 1, 8, 32])),
        PolicyName::RetentionDays => Policy::RetentionDays(*random.pick(&[0, 1, 36_500])),
        PolicyName::SlowModeSeconds => Policy::SlowModeSeconds(*random.pick(&[0, 0, 1, 4])),
        PolicyName::Reactions => Policy::Reactions(random.chance(60)),
        PolicyName::Stickers => Policy::Stickers(random.chance(60)),
        PolicyName::Attachments => Policy::Attachments(random.chance(60)),
        PolicyName::LateWrites => Policy::LateWrites(*random.pick(LateWrites::ALL)),
    }
}
