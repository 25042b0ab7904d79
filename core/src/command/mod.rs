//! The typed intents of a person: the only source of local changes. Each
//! knows its stream and plans one change against the state of the moment, so
//! that it can be written anew when that state was not the last word. Stored
//! in the outbox as they are: their CBOR form is a stored format.

mod account;
mod conversation;
mod lead;
mod member;
mod membership;
mod message;
mod planning;
mod thread;

use minicbor::{Decode, Encode};
use serde::Deserialize;

pub use self::{
    account::{
        AddContact, BlockAccount, RemoveContact, SetConversationSetting, SetProfile, SetReachability, SettingChange,
    },
    conversation::{
        CreateConversation, CreateDirect, CreateResource, SetInfo, SetLocked, SetPolicy, SetScope, SetState, SetTheme,
    },
    lead::{FinalizeLead, SetLeadStage},
    member::{
        AddMember, BanMember, ChangeRole, DefineRole, LeaveConversation, RemoveMember, SetMemberText, SetPermission,
        TransferOwnership, UnbanMember,
    },
    membership::{AnswerRequest, InviteMember, InviteTerms, RequestMembership, SetInvite},
    message::{AnswerHeld, DeleteMessage, EditMessage, PinMessage, React, SendMessage, UnpinMessage, Unreact},
    planning::{Plan, PlanResult, Planning},
    thread::{CreateThread, SetThread, ThreadChange},
};
use crate::{
    ids::{AccountId, ConversationId, MessageId, StreamId, TenantId},
    model::Content,
    sorted::SortedMap,
};

/// Stands for an id that the engine makes up.
pub(crate) fn made_up<Id: From<[u8; 16]>>() -> Id {
    [0; 16].into()
}

/// The table of commands. Each row says which stream takes the command: that of the `conversation` it names, the
/// `home` of who commands, or one that it `derives`; and in which field it names the message it is `about`.
macro_rules! commands {
    ($(
        $(#[$meta:meta])*
        $index:literal $name:ident($struct:ident) = $text:literal
        $(in $conversation:ident)? $(at $home:ident)? $(derives $stream:ident)? $(about $message:ident)?,
    )+) => {
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

            /// The stream that takes the change.
            pub fn stream(&self, tenant: &TenantId, account: &AccountId) -> StreamId {
                match self {
                    $($(Command::$name(command) => StreamId::Conversation(command.$conversation),)?)+
                    $($(Command::$name(_) => $home(account),)?)+
                    $($(Command::$name(command) => command.$stream(tenant, account),)?)+
                }
            }

            /// The message it is about, which is there already.
            pub fn about(&self) -> Option<&MessageId> {
                match self {
                    $($(Command::$name(command) => Some(&command.$message),)?)+
                    _ => None,
                }
            }

            fn about_mut(&mut self) -> Option<&mut MessageId> {
                match self {
                    $($(Command::$name(command) => Some(&mut command.$message),)?)+
                    _ => None,
                }
            }
        }

        $(impl From<$struct> for Command {
            fn from(command: $struct) -> Self {
                Command::$name(command)
            }
        })+
    };
}

fn home(account: &AccountId) -> StreamId {
    StreamId::Account(account.clone())
}

commands! {
    /// Opens the direct with somebody.
    0 CreateDirect(CreateDirect) = "create_direct" derives stream,
    /// Creates a conversation with a roster.
    1 CreateConversation(CreateConversation) = "create_conversation" in conversation,
    /// Sends a message.
    2 SendMessage(SendMessage) = "send_message" in conversation,
    /// Edits an own message.
    3 EditMessage(EditMessage) = "edit_message" in conversation about message,
    /// Takes a message back.
    4 DeleteMessage(DeleteMessage) = "delete_message" in conversation about message,
    /// Puts an emoji on a message.
    5 React(React) = "react" in conversation about message,
    /// Takes an emoji off a message.
    6 Unreact(Unreact) = "unreact" in conversation about message,
    /// Changes a text that describes a conversation.
    7 SetInfo(SetInfo) = "set_info" in conversation,
    /// Changes how a conversation looks.
    8 SetTheme(SetTheme) = "set_theme" in conversation,
    /// Adds a member, or brings one back.
    9 AddMember(AddMember) = "add_member" in conversation,
    /// Removes a member.
    10 RemoveMember(RemoveMember) = "remove_member" in conversation,
    /// Bans a member.
    11 BanMember(BanMember) = "ban_member" in conversation,
    /// Leaves.
    12 Leave(LeaveConversation) = "leave" in conversation,
    /// Changes a member's role.
    13 ChangeRole(ChangeRole) = "change_role" in conversation,
    /// Pins a message.
    14 PinMessage(PinMessage) = "pin_message" in conversation about message,
    /// Unpins a message.
    15 UnpinMessage(UnpinMessage) = "unpin_message" in conversation about message,
    /// Changes the own profile.
    16 SetProfile(SetProfile) = "set_profile" derives stream,
    /// Adds or changes a contact.
    17 AddContact(AddContact) = "add_contact" at home,
    /// Removes a contact.
    18 RemoveContact(RemoveContact) = "remove_contact" at home,
    /// Mutes, pins or archives a conversation for oneself.
    19 SetConversationSetting(SetConversationSetting) = "set_conversation_setting" at home,
    /// Changes who may know of a conversation.
    20 SetScope(SetScope) = "set_scope" in conversation,
    /// Changes a policy.
    21 SetPolicy(SetPolicy) = "set_policy" in conversation,
    /// Archives, closes, reopens or deletes.
    22 SetState(SetState) = "set_state" in conversation,
    /// Locks or unlocks.
    23 SetLocked(SetLocked) = "set_locked" in conversation,
    /// Invites somebody.
    24 InviteMember(InviteMember) = "invite_member" in conversation,
    /// Lets in who asked, or declines.
    25 AnswerRequest(AnswerRequest) = "answer_request" in conversation,
    /// Lifts a ban.
    26 UnbanMember(UnbanMember) = "unban_member" in conversation,
    /// Grants or denies a member one permission.
    27 SetPermission(SetPermission) = "set_permission" in conversation,
    /// Defines, changes or removes a role.
    28 DefineRole(DefineRole) = "define_role" in conversation,
    /// Makes another member the owner.
    29 TransferOwnership(TransferOwnership) = "transfer_ownership" in conversation,
    /// Changes the own name or color in a conversation.
    30 SetMemberText(SetMemberText) = "set_member_text" in conversation,
    /// Makes an invite link, changes one or takes one away.
    31 SetInvite(SetInvite) = "set_invite" in conversation,
    /// Joins, takes or declines an invitation.
    32 RequestMembership(RequestMembership) = "request_membership" in conversation,
    /// Opens a thread from a message.
    33 CreateThread(CreateThread) = "create_thread" in conversation about message,
    /// Names, locks, closes or reopens a thread.
    34 SetThread(SetThread) = "set_thread" in conversation,
    /// Lets a message in that is held, or discards it.
    35 AnswerHeld(AnswerHeld) = "answer_held" in conversation,
    /// Blocks an account, or no longer.
    36 BlockAccount(BlockAccount) = "block_account" at home,
    /// Asks the owner of a resource about it.
    37 CreateResource(CreateResource) = "create_resource" derives stream,
    /// Says who may reach the own account.
    38 SetReachability(SetReachability) = "set_reachability" at home,
    /// Closes a resource conversation with its lead.
    39 FinalizeLead(FinalizeLead) = "finalize_lead" in conversation,
    /// Moves the lead of a resource conversation to another stage.
    40 SetLeadStage(SetLeadStage) = "set_lead_stage" in conversation,
}

impl Command {
    /// The words a person wrote with it, if it carries any: what must not be
    /// lost when it is refused.
    pub fn words(&self) -> Option<&str> {
        match self {
            Command::SetInfo(command) => command.text.as_deref(),
            Command::SetMemberText(command) => command.text.as_deref(),
            Command::CreateConversation(command) => command.title.as_deref(),
            Command::CreateThread(command) => command.title.as_deref(),
            Command::SetThread(SetThread { change: ThreadChange::Title(title), .. }) => title.as_deref(),
            Command::FinalizeLead(command) => command.reason.as_deref(),
            _ => self.content()?.text(),
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

    /// The same command with other words; none if it carries none that stand alone.
    pub fn with_words(&self, words: String) -> Option<Command> {
        let mut command = self.clone();
        match &mut command {
            Command::SendMessage(SendMessage { content: content @ Content::Text(_), .. })
            | Command::EditMessage(EditMessage { content: content @ Content::Text(_), .. }) => *content = words.into(),
            Command::SetInfo(SetInfo { text, .. }) | Command::SetMemberText(SetMemberText { text, .. }) => {
                *text = Some(words);
            }
            Command::FinalizeLead(FinalizeLead { reason, .. }) => *reason = Some(words),
            Command::CreateConversation(CreateConversation { title, .. })
            | Command::CreateThread(CreateThread { title, .. })
            | Command::SetThread(SetThread { change: ThreadChange::Title(title), .. }) => *title = Some(words),
            _ => return None,
        }
        Some(command)
    }

    /// Has it name messages, and the threads that start from them, by their new
    /// ids. Tells whether it named any.
    pub fn rename(&mut self, tenant: &TenantId, names: &SortedMap<MessageId, MessageId>) -> bool {
        let message_of = |id: &mut MessageId| {
            let new = names.get(id);
            new.is_some_and(|new| core::mem::replace(id, new.clone()) != *new)
        };
        let thread_of = |conversation: ConversationId, id: &mut ConversationId| {
            let thread = |message| ConversationId::thread(tenant, conversation, message);
            let new = names.iter().find(|(former, _)| thread(former) == *id).map(|(_, new)| thread(new));
            new.is_some_and(|new| core::mem::replace(id, new) != new)
        };
        match self {
            Command::SendMessage(SendMessage { conversation, reply_to, thread, .. }) => {
                let replies = reply_to.as_mut().is_some_and(message_of);
                thread.as_mut().is_some_and(|thread| thread_of(*conversation, thread)) || replies
            }
            Command::SetThread(SetThread { conversation, thread, .. }) => thread_of(*conversation, thread),
            command => command.about_mut().is_some_and(message_of),
        }
    }
}

#[cfg(test)]
mod tests;
