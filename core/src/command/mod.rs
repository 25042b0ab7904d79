//! The typed intents of a person: the only source of local changes. Each
//! knows its stream and plans one change against the state of the moment, so
//! that it can be written anew when that state was not the last word. Stored
//! in the outbox as they are: their CBOR form is a stored format.

mod add_contact;
mod add_member;
mod answer_held;
mod answer_request;
mod ban_member;
mod block_account;
mod change_role;
mod create_conversation;
mod create_direct;
mod create_resource;
mod create_thread;
mod define_role;
mod delete_message;
mod edit_message;
mod invite_member;
mod leave;
mod pin_message;
mod react;
mod remove_contact;
mod remove_member;
mod rename;
mod request_membership;
mod send_message;
mod set_conversation_setting;
mod set_info;
mod set_invite;
mod set_locked;
mod set_member_text;
mod set_permission;
mod set_policy;
mod set_profile;
mod set_reachability;
mod set_scope;
mod set_state;
mod set_theme;
mod set_thread;
mod transfer_ownership;
mod unban_member;
mod unpin_message;
mod unreact;

use minicbor::{Decode, Encode};
use serde::Deserialize;

pub use self::{
    add_contact::AddContact,
    add_member::AddMember,
    answer_held::AnswerHeld,
    answer_request::AnswerRequest,
    ban_member::BanMember,
    block_account::BlockAccount,
    change_role::ChangeRole,
    create_conversation::CreateConversation,
    create_direct::CreateDirect,
    create_resource::CreateResource,
    create_thread::CreateThread,
    define_role::DefineRole,
    delete_message::DeleteMessage,
    edit_message::EditMessage,
    invite_member::InviteMember,
    leave::LeaveConversation,
    pin_message::PinMessage,
    react::React,
    remove_contact::RemoveContact,
    remove_member::RemoveMember,
    request_membership::RequestMembership,
    send_message::SendMessage,
    set_conversation_setting::{SetConversationSetting, SettingChange},
    set_info::SetInfo,
    set_invite::{InviteTerms, SetInvite},
    set_locked::SetLocked,
    set_member_text::SetMemberText,
    set_permission::SetPermission,
    set_policy::SetPolicy,
    set_profile::SetProfile,
    set_reachability::SetReachability,
    set_scope::SetScope,
    set_state::SetState,
    set_theme::SetTheme,
    set_thread::{SetThread, ThreadChange},
    transfer_ownership::TransferOwnership,
    unban_member::UnbanMember,
    unpin_message::UnpinMessage,
    unreact::Unreact,
};
use crate::{
    authority::{Refusal, Session, Stream},
    code::Code,
    doc::{Document, Fact, Key},
    ids::{AccountId, ConversationId, DocumentId, MessageId, PageNumber, StreamId, TenantId, TimelineId},
    limits::Limits,
    model::{Content, Held, HeldState, MemberStatus, Membership, Permission, Role},
    time::WallTime,
};

/// What a command is planned against.
pub struct Planning<'a> {
    /// Who commands.
    pub session: &'a Session,
    /// The state as the person sees it, pending changes included.
    pub stream: &'a Stream,
    /// When the person commanded it, by the device's clock.
    pub at: WallTime,
    /// The bounds of the deployment.
    pub limits: &'a Limits,
}

/// Stands for an id that the engine makes up.
pub(crate) fn made_up<Id: From<[u8; 16]>>() -> Id {
    [0; 16].into()
}

/// One change to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The document.
    pub document: DocumentId,
    /// What to state there.
    pub facts: Vec<Fact>,
}

/// A plan, or none when nothing is left to do.
pub type PlanResult = Result<Option<Plan>, Refusal>;

macro_rules! commands {
    ($($(#[$meta:meta])* $index:literal $name:ident($struct:ident) = $text:literal,)+) => {
        /// A typed intent of a person.
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify))]
        pub enum Command { $($(#[$meta])* #[n($index)] #[serde(rename = $text)] $name(#[n(0)] $struct),)+ }

        impl Command {
            /// The stable name of the command.
            pub fn name(&self) -> &'static str {
                match self { $(Command::$name(_) => $text,)+ }
            }

            /// What to write, against the state of the moment.
            ///
            /// # Errors
            /// The refusal, when it can be told before asking the authority.
            pub fn plan(&self, planning: &Planning<'_>) -> PlanResult {
                match self { $(Command::$name(command) => command.plan(planning),)+ }
            }
        }

        $(impl From<$struct> for Command {
            fn from(command: $struct) -> Self {
                Command::$name(command)
            }
        })+
    };
}

commands! {
    /// Opens the direct with somebody.
    0 CreateDirect(CreateDirect) = "create_direct",
    /// Creates a conversation with a roster.
    1 CreateConversation(CreateConversation) = "create_conversation",
    /// Sends a message.
    2 SendMessage(SendMessage) = "send_message",
    /// Edits an own message.
    3 EditMessage(EditMessage) = "edit_message",
    /// Takes a message back.
    4 DeleteMessage(DeleteMessage) = "delete_message",
    /// Puts an emoji on a message.
    5 React(React) = "react",
    /// Takes an emoji off a message.
    6 Unreact(Unreact) = "unreact",
    /// Changes a text that describes a conversation.
    7 SetInfo(SetInfo) = "set_info",
    /// Changes how a conversation looks.
    8 SetTheme(SetTheme) = "set_theme",
    /// Adds a member, or brings one back.
    9 AddMember(AddMember) = "add_member",
    /// Removes a member.
    10 RemoveMember(RemoveMember) = "remove_member",
    /// Bans a member.
    11 BanMember(BanMember) = "ban_member",
    /// Leaves.
    12 Leave(LeaveConversation) = "leave",
    /// Changes a member's role.
    13 ChangeRole(ChangeRole) = "change_role",
    /// Pins a message.
    14 PinMessage(PinMessage) = "pin_message",
    /// Unpins a message.
    15 UnpinMessage(UnpinMessage) = "unpin_message",
    /// Changes the own profile.
    16 SetProfile(SetProfile) = "set_profile",
    /// Adds or changes a contact.
    17 AddContact(AddContact) = "add_contact",
    /// Removes a contact.
    18 RemoveContact(RemoveContact) = "remove_contact",
    /// Mutes, pins or archives a conversation for oneself.
    19 SetConversationSetting(SetConversationSetting) = "set_conversation_setting",
    /// Changes who may know of a conversation.
    20 SetScope(SetScope) = "set_scope",
    /// Changes a policy.
    21 SetPolicy(SetPolicy) = "set_policy",
    /// Archives, closes, reopens or deletes.
    22 SetState(SetState) = "set_state",
    /// Locks or unlocks.
    23 SetLocked(SetLocked) = "set_locked",
    /// Invites somebody.
    24 InviteMember(InviteMember) = "invite_member",
    /// Lets in who asked, or declines.
    25 AnswerRequest(AnswerRequest) = "answer_request",
    /// Lifts a ban.
    26 UnbanMember(UnbanMember) = "unban_member",
    /// Grants or denies a member one permission.
    27 SetPermission(SetPermission) = "set_permission",
    /// Defines, changes or removes a role.
    28 DefineRole(DefineRole) = "define_role",
    /// Makes another member the owner.
    29 TransferOwnership(TransferOwnership) = "transfer_ownership",
    /// Changes the own name or color in a conversation.
    30 SetMemberText(SetMemberText) = "set_member_text",
    /// Makes an invite link, changes one or takes one away.
    31 SetInvite(SetInvite) = "set_invite",
    /// Joins, takes or declines an invitation.
    32 RequestMembership(RequestMembership) = "request_membership",
    /// Opens a thread from a message.
    33 CreateThread(CreateThread) = "create_thread",
    /// Names, locks, closes or reopens a thread.
    34 SetThread(SetThread) = "set_thread",
    /// Lets a message in that is held, or discards it.
    35 AnswerHeld(AnswerHeld) = "answer_held",
    /// Blocks an account, or no longer.
    36 BlockAccount(BlockAccount) = "block_account",
    /// Asks the owner of a resource about it.
    37 CreateResource(CreateResource) = "create_resource",
    /// Says who may reach the own account.
    38 SetReachability(SetReachability) = "set_reachability",
}

impl Command {
    /// The stream that takes the change.
    pub fn stream(&self, tenant: &TenantId, account: &AccountId) -> StreamId {
        let conversation = match self {
            Command::CreateDirect(CreateDirect { peer }) => ConversationId::direct(tenant, account, peer),
            Command::CreateResource(command) => command.conversation(tenant, account),
            Command::CreateConversation(CreateConversation { conversation, .. })
            | Command::SendMessage(SendMessage { conversation, .. })
            | Command::EditMessage(EditMessage { conversation, .. })
            | Command::DeleteMessage(DeleteMessage { conversation, .. })
            | Command::React(React { conversation, .. })
            | Command::Unreact(Unreact { conversation, .. })
            | Command::SetInfo(SetInfo { conversation, .. })
            | Command::SetTheme(SetTheme { conversation, .. })
            | Command::SetScope(SetScope { conversation, .. })
            | Command::SetPolicy(SetPolicy { conversation, .. })
            | Command::SetState(SetState { conversation, .. })
            | Command::SetLocked(SetLocked { conversation, .. })
            | Command::InviteMember(InviteMember { conversation, .. })
            | Command::AnswerRequest(AnswerRequest { conversation, .. })
            | Command::UnbanMember(UnbanMember { conversation, .. })
            | Command::SetPermission(SetPermission { conversation, .. })
            | Command::DefineRole(DefineRole { conversation, .. })
            | Command::TransferOwnership(TransferOwnership { conversation, .. })
            | Command::SetMemberText(SetMemberText { conversation, .. })
            | Command::SetInvite(SetInvite { conversation, .. })
            | Command::RequestMembership(RequestMembership { conversation, .. })
            | Command::AnswerHeld(AnswerHeld { conversation, .. })
            | Command::CreateThread(CreateThread { conversation, .. })
            | Command::SetThread(SetThread { conversation, .. })
            | Command::AddMember(AddMember { conversation, .. })
            | Command::RemoveMember(RemoveMember { conversation, .. })
            | Command::BanMember(BanMember { conversation, .. })
            | Command::Leave(LeaveConversation { conversation })
            | Command::ChangeRole(ChangeRole { conversation, .. })
            | Command::PinMessage(PinMessage { conversation, .. })
            | Command::UnpinMessage(UnpinMessage { conversation, .. }) => *conversation,
            Command::SetProfile(SetProfile { account: Some(other), .. }) => return StreamId::Account(other.clone()),
            Command::SetProfile(SetProfile { account: None, .. })
            | Command::AddContact(_)
            | Command::RemoveContact(_)
            | Command::BlockAccount(_)
            | Command::SetReachability(_)
            | Command::SetConversationSetting(_) => return StreamId::Account(account.clone()),
        };
        StreamId::Conversation(conversation)
    }

    /// The words a person wrote with it, if it carries any: what must not be
    /// lost when it is refused.
    pub fn words(&self) -> Option<&str> {
        match self {
            Command::SendMessage(SendMessage { content, .. }) | Command::EditMessage(EditMessage { content, .. }) => {
                content.text()
            }
            Command::SetInfo(command) => command.text.as_deref(),
            Command::SetMemberText(command) => command.text.as_deref(),
            Command::CreateConversation(command) => command.title.as_deref(),
            Command::CreateThread(command) => command.title.as_deref(),
            Command::SetThread(SetThread { change: ThreadChange::Title(title), .. }) => title.as_deref(),
            _ => None,
        }
    }

    /// What the message it writes or edits is to say.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Command::SendMessage(SendMessage { content, .. }) | Command::EditMessage(EditMessage { content, .. }) => {
                Some(content)
            }
            _ => None,
        }
    }

    /// Whether a person wrote something with it.
    pub fn is_written(&self) -> bool {
        self.content().is_some() || self.words().is_some()
    }

    /// The thread that it is given in, or opens; none when it is given in the
    /// conversation itself, or about a message.
    pub fn thread(&self, tenant: &TenantId) -> Option<ConversationId> {
        match self {
            Command::SendMessage(command) => command.thread,
            Command::CreateThread(command) => Some(command.thread(tenant)),
            Command::SetThread(command) => Some(command.thread),
            _ => None,
        }
    }

    /// The message it writes or is about.
    pub fn message(&self, account: &AccountId) -> Option<MessageId> {
        match self {
            Command::SendMessage(command) => Some(command.message(account)),
            command => command.about().cloned(),
        }
    }

    /// The message it is about, which is there already.
    pub fn about(&self) -> Option<&MessageId> {
        match self {
            Command::EditMessage(EditMessage { message, .. })
            | Command::DeleteMessage(DeleteMessage { message, .. })
            | Command::React(React { message, .. })
            | Command::Unreact(Unreact { message, .. })
            | Command::CreateThread(CreateThread { message, .. })
            | Command::PinMessage(PinMessage { message, .. })
            | Command::UnpinMessage(UnpinMessage { message, .. }) => Some(message),
            _ => None,
        }
    }

    /// The same command with other words; none if it carries none that stand alone.
    pub fn with_words(&self, words: String) -> Option<Command> {
        match self.clone() {
            Command::SendMessage(command @ SendMessage { content: Content::Text(_), .. }) => {
                Some(SendMessage { content: words.into(), ..command }.into())
            }
            Command::EditMessage(command @ EditMessage { content: Content::Text(_), .. }) => {
                Some(EditMessage { content: words.into(), ..command }.into())
            }
            Command::SetInfo(command) => Some(SetInfo { text: Some(words), ..command }.into()),
            Command::SetMemberText(command) => Some(SetMemberText { text: Some(words), ..command }.into()),
            Command::CreateConversation(command) => Some(CreateConversation { title: Some(words), ..command }.into()),
            Command::CreateThread(command) => Some(CreateThread { title: Some(words), ..command }.into()),
            Command::SetThread(command @ SetThread { change: ThreadChange::Title(_), .. }) => {
                Some(SetThread { change: ThreadChange::Title(Some(words)), ..command }.into())
            }
            _ => None,
        }
    }
}

impl Planning<'_> {
    fn account(&self) -> &AccountId {
        &self.session.account
    }

    /// Puts an emoji of the own account on a message, or takes it off.
    fn reaction(&self, message: &MessageId, emoji: &str, on: bool) -> PlanResult {
        let page = self.page_of(message)?;
        let account = self.account().clone();
        let key = Key::Reaction(message.clone(), emoji.to_owned(), account.clone());
        if page.get(&key).is_some() == on {
            return Ok(None);
        }
        plan(page.id().clone(), vec![Fact::Reaction(message.clone(), emoji.to_owned(), account, on)])
    }

    /// What moving a member to a status states.
    fn moved(&self, account: &AccountId, status: MemberStatus) -> Fact {
        let former = self.stream.conversation().members.get(account).and_then(|member| member.membership.as_ref());
        Fact::MemberStatus(account.clone(), Membership::next(former, status, self.account(), self.at))
    }

    /// Moves a member to where they are not yet.
    fn status(&self, conversation: ConversationId, account: &AccountId, status: MemberStatus) -> PlanResult {
        let member = self.stream.conversation().members.get(account);
        if member.is_some_and(|member| member.status() == status) {
            return Ok(None);
        }
        conversation_plan(conversation, vec![self.moved(account, status)])
    }

    /// Lets somebody in, or invites them, in a role; what was granted to them
    /// before ends.
    fn lets_in(
        &self,
        conversation: ConversationId,
        account: &AccountId,
        role: &Role,
        status: MemberStatus,
    ) -> PlanResult {
        let member = self.stream.conversation().members.get(account);
        let mut facts = vec![Fact::MemberRole(account.clone(), role.clone()), self.moved(account, status)];
        let granted = member.into_iter().flat_map(|member| &member.grants).filter(|(_, grant)| grant.allowed);
        facts.extend(granted.map(|(permission, _)| Fact::MemberGrant(account.clone(), *permission, None)));
        if status == MemberStatus::Active {
            let rest = (self.limits.change_facts_max as usize).saturating_sub(facts.len());
            facts.extend(self.admits_held(account).take(rest));
        }
        conversation_plan(conversation, facts)
    }

    /// Admits what is held of an account, the oldest first, if that is for this one to decide.
    fn admits_held(&self, author: &AccountId) -> impl Iterator<Item = Fact> {
        let state = self.stream.conversation();
        let decides = self.session.administrator
            || state
                .active_member(self.account())
                .is_some_and(|member| state.permissions_at(member, self.at).holds(Permission::MemberApprove));
        let is_held = move |(message, held): &(&MessageId, &Held)| {
            decides && message.author == *author && held.state == HeldState::Held
        };
        let held = state.held.iter().filter(is_held);
        held.map(|(message, held)| self.decided(message, held, HeldState::Admitted))
    }

    /// What this account decides about a message that is held.
    fn decided(&self, message: &MessageId, held: &Held, state: HeldState) -> Fact {
        Fact::Held(message.clone(), Held { state, thread: held.thread, by: self.account().clone(), at: self.at })
    }

    /// The page that takes new messages, of the conversation or of one of its threads.
    fn open_page(&self, timeline: TimelineId) -> PageNumber {
        self.stream.open_page(timeline, self.limits)
    }

    /// What a message is in: a thread if its page is loaded and is one's.
    fn timeline_of(&self, conversation: ConversationId, message: &MessageId) -> TimelineId {
        let timeline = self.stream.page_of(message).and_then(|page| page.id().timeline());
        timeline.unwrap_or(TimelineId::of(conversation))
    }

    /// The loaded page that holds a message.
    fn page_of(&self, message: &MessageId) -> Result<&Document, Refusal> {
        self.stream
            .page_of(message)
            .ok_or_else(|| Refusal::new(Code::MessageUnknown, "no such message on the pages held"))
    }
}

fn plan(document: DocumentId, facts: Vec<Fact>) -> PlanResult {
    Ok(Some(Plan { document, facts }))
}

fn conversation_plan(conversation: ConversationId, facts: Vec<Fact>) -> PlanResult {
    plan(TimelineId::of(conversation).document(), facts)
}

#[cfg(test)]
mod tests;
