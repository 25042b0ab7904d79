//! The commands as an app writes them. Ids that a command makes up are left to
//! the engine.

use serde::Deserialize;
use tidings_core::{
    code::Code,
    command::{self as core, InviteTerms, SettingChange, ThreadChange},
    ids::{AccountId, ContactId, ConversationId, MessageId, Stamp},
    model::{
        self, ContactKind, ConversationState, InfoField, Link, MemberField, Permission, Policy, Profile, Reachability,
        Role, RoleDefinition, RoleName, Scope, Theme, Wish,
    },
};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::{
    content::NewContent,
    failure::{Checked, Failure},
    id,
    time::wall_time,
};

/// A typed intent of a person.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Opens the direct with somebody.
    CreateDirect { peer: String },
    /// Asks the owner of a resource about it; one conversation for each client.
    CreateResource {
        /// The resource's id, of the operator's.
        resource: String,
        owner: String,
        #[tsify(optional)]
        title: Option<String>,
        #[tsify(optional)]
        owner_name: Option<String>,
        #[tsify(optional)]
        client_name: Option<String>,
    },
    /// Creates a conversation with a roster, owned by the own account.
    CreateConversation {
        #[tsify(type = "Exclude<ConversationKind, \"direct\" | \"thread\" | \"resource\">")]
        kind: String,
        #[tsify(optional)]
        title: Option<String>,
        #[tsify(optional)]
        name: Option<String>,
        #[tsify(optional)]
        scope: Option<Scope>,
        #[serde(default)]
        policies: Vec<Policy>,
        #[serde(default)]
        members: Vec<String>,
        /// The account that it belongs to, if not the own one; for an administrator of the tenant to say.
        #[tsify(optional)]
        account: Option<String>,
        /// The object of another service that it is the back of; for an administrator of the tenant to say.
        #[tsify(optional)]
        link: Option<Link>,
    },
    /// Sends a message.
    SendMessage {
        conversation: String,
        content: NewContent,
        #[tsify(optional)]
        reply_to: Option<String>,
        #[serde(default)]
        mentions: Vec<String>,
        /// The thread of the conversation that it is written in.
        #[tsify(optional)]
        thread: Option<String>,
    },
    /// Opens the thread of a message; if it was opened before, nothing is left to do.
    CreateThread {
        conversation: String,
        message: String,
        #[tsify(optional)]
        title: Option<String>,
    },
    /// Names, locks, closes or reopens a thread.
    SetThread { conversation: String, thread: String, change: ThreadChange },
    /// Edits an own message.
    EditMessage { conversation: String, message: String, content: NewContent },
    /// Takes a message back.
    DeleteMessage { conversation: String, message: String },
    /// Puts an emoji on a message.
    React { conversation: String, message: String, emoji: String },
    /// Takes an emoji off a message.
    Unreact { conversation: String, message: String, emoji: String },
    /// Changes a text that describes a conversation; none removes it.
    SetInfo {
        conversation: String,
        field: InfoField,
        #[tsify(optional)]
        text: Option<String>,
    },
    /// Changes how a conversation looks; none goes back to the app's own look.
    SetTheme {
        conversation: String,
        #[tsify(optional)]
        theme: Option<Theme>,
    },
    /// Changes who may know of a conversation.
    SetScope { conversation: String, scope: Scope },
    /// Changes a policy.
    SetPolicy { conversation: String, policy: Policy },
    /// Archives, closes, reopens or deletes.
    SetState { conversation: String, state: ConversationState },
    /// Locks or unlocks.
    SetLocked { conversation: String, locked: bool },
    /// Defines or changes one of the conversation's own roles; none removes it.
    DefineRole {
        conversation: String,
        #[tsify(type = "Role")]
        name: RoleName,
        #[tsify(optional)]
        role: Option<RoleDefinition>,
    },
    /// Adds a member, or brings one back.
    AddMember { conversation: String, account: String, role: Role },
    /// Removes a member.
    RemoveMember { conversation: String, account: String },
    /// Bans a member.
    BanMember { conversation: String, account: String },
    /// Lifts a ban.
    UnbanMember { conversation: String, account: String },
    /// Invites somebody.
    InviteMember { conversation: String, account: String, role: Role },
    /// Lets in who asked, or declines.
    AnswerRequest { conversation: String, account: String, approved: bool },
    /// Makes an invite link, or changes it; without terms it is taken away.
    SetInvite {
        conversation: String,
        invite: String,
        #[tsify(optional)]
        terms: Option<InviteTerms>,
    },
    /// Asks to come in, or answers an invitation, as one who is not a member.
    Ask { conversation: String, wish: Wish },
    /// Lets a message in that is held, or discards it.
    AnswerLate { conversation: String, message: String, admitted: bool },
    /// Leaves.
    Leave { conversation: String },
    /// Changes a member's role.
    ChangeRole { conversation: String, account: String, role: Role },
    /// Makes another member the owner.
    TransferOwnership { conversation: String, account: String },
    /// Grants or denies a member one permission; without a word, as the role says.
    SetPermission {
        conversation: String,
        account: String,
        permission: Permission,
        #[tsify(optional)]
        allowed: Option<bool>,
        /// From when on it is as the role says, in milliseconds since 1970; none for never.
        #[tsify(optional)]
        until: Option<f64>,
    },
    /// Changes the own name or color in a conversation; none removes it.
    SetMemberText {
        conversation: String,
        field: MemberField,
        #[tsify(optional)]
        text: Option<String>,
    },
    /// Pins a message.
    PinMessage { conversation: String, message: String },
    /// Unpins a message.
    UnpinMessage { conversation: String, message: String },
    /// Changes the own profile, or that of another account: a field without a value is removed.
    SetProfile {
        profile: Profile,
        /// Whose it is, if not the own one; for an administrator of the tenant to say.
        #[tsify(optional)]
        account: Option<String>,
    },
    /// Adds or changes a contact.
    AddContact { contact: NewContact },
    /// Removes a contact.
    RemoveContact { id: String },
    /// Blocks an account, or no longer.
    BlockAccount { account: String, blocked: bool },
    /// Says who may invite the own account, add it, or begin a direct with it.
    SetReachability { reachability: Reachability },
    /// Mutes, pins or archives a conversation for oneself, or says what of it to be notified of.
    SetConversationSetting { conversation: String, setting: SettingChange },
}

/// A contact to be added, or changed if its id is given.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
pub struct NewContact {
    /// Which contact is changed; none adds one.
    #[tsify(optional)]
    pub id: Option<String>,
    /// What it is; a person unless said otherwise.
    #[tsify(optional)]
    pub kind: Option<ContactKind>,
    /// The linked account.
    #[tsify(optional)]
    pub account: Option<String>,
    /// The own name for it, at most 120 characters.
    #[tsify(optional)]
    pub nickname: Option<String>,
    /// Whether it is a favorite.
    #[serde(default)]
    pub favorite: bool,
    /// Its phone number: `+`, and 7 to 15 digits; what is written between them for the eye is left out.
    #[tsify(optional)]
    pub phone: Option<String>,
    /// Its e-mail address.
    #[tsify(optional)]
    pub email: Option<String>,
}

/// Stands for an id that the engine makes up.
const MADE_UP: [u8; 16] = [0; 16];

impl TryFrom<Command> for core::Command {
    type Error = Failure;

    fn try_from(command: Command) -> Checked<Self> {
        Ok(match command {
            Command::CreateDirect { peer } => core::CreateDirect { peer: id::account(&peer)? }.into(),
            Command::CreateResource { resource, owner, title, owner_name, client_name } => {
                let owner = id::account(&owner)?;
                core::CreateResource { resource, title, owner, owner_name, client_name }.into()
            }
            Command::CreateConversation { kind, title, name, scope, policies, members, account, link } => {
                let kind = model::ConversationKind::parse(&kind)
                    .ok_or_else(|| Failure::new(Code::KindUnknown, "no kind of conversation"))?;
                core::CreateConversation {
                    conversation: ConversationId::from_bytes(MADE_UP),
                    kind,
                    title,
                    name,
                    scope,
                    policies,
                    members: id::accounts(&members)?,
                    account: account.as_deref().map(id::account).transpose()?,
                    link,
                }
                .into()
            }
            Command::SendMessage { conversation, content, reply_to, mentions, thread } => core::SendMessage {
                conversation: id::conversation(&conversation)?,
                stamp: Stamp::from_bytes(MADE_UP),
                content: content.try_into()?,
                reply_to: reply_to.as_deref().map(id::message).transpose()?,
                mentions: id::accounts(&mentions)?,
                thread: thread.as_deref().map(id::conversation).transpose()?,
            }
            .into(),
            Command::CreateThread { conversation, message, title } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::CreateThread { conversation, message, title }.into()
            }
            Command::SetThread { conversation, thread, change } => core::SetThread {
                conversation: id::conversation(&conversation)?,
                thread: id::conversation(&thread)?,
                change,
            }
            .into(),
            Command::EditMessage { conversation, message, content } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::EditMessage { conversation, message, content: content.try_into()? }.into()
            }
            Command::DeleteMessage { conversation, message } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::DeleteMessage { conversation, message }.into()
            }
            Command::React { conversation, message, emoji } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::React { conversation, message, emoji }.into()
            }
            Command::Unreact { conversation, message, emoji } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::Unreact { conversation, message, emoji }.into()
            }
            Command::SetInfo { conversation, field, text } => {
                core::SetInfo { conversation: id::conversation(&conversation)?, field, text }.into()
            }
            Command::SetTheme { conversation, theme } => {
                core::SetTheme { conversation: id::conversation(&conversation)?, theme }.into()
            }
            Command::SetScope { conversation, scope } => {
                core::SetScope { conversation: id::conversation(&conversation)?, scope }.into()
            }
            Command::SetPolicy { conversation, policy } => {
                core::SetPolicy { conversation: id::conversation(&conversation)?, policy }.into()
            }
            Command::SetState { conversation, state } => {
                core::SetState { conversation: id::conversation(&conversation)?, state }.into()
            }
            Command::SetLocked { conversation, locked } => {
                core::SetLocked { conversation: id::conversation(&conversation)?, locked }.into()
            }
            Command::DefineRole { conversation, name, role } => {
                let conversation = id::conversation(&conversation)?;
                core::DefineRole { conversation, name, role }.into()
            }
            Command::AddMember { conversation, account, role } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::AddMember { conversation, account, role }.into()
            }
            Command::RemoveMember { conversation, account } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::RemoveMember { conversation, account }.into()
            }
            Command::BanMember { conversation, account } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::BanMember { conversation, account }.into()
            }
            Command::UnbanMember { conversation, account } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::UnbanMember { conversation, account }.into()
            }
            Command::InviteMember { conversation, account, role } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::InviteMember { conversation, account, role }.into()
            }
            Command::AnswerRequest { conversation, account, approved } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::AnswerRequest { conversation, account, approved }.into()
            }
            Command::SetInvite { conversation, invite, terms } => {
                let (conversation, invite) = (id::conversation(&conversation)?, id::invite(&invite)?);
                core::SetInvite { conversation, invite, terms }.into()
            }
            Command::Ask { conversation, wish } => {
                core::AskFor { conversation: id::conversation(&conversation)?, wish }.into()
            }
            Command::AnswerLate { conversation, message, admitted } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::AnswerLate { conversation, message, admitted }.into()
            }
            Command::Leave { conversation } => {
                core::LeaveConversation { conversation: id::conversation(&conversation)? }.into()
            }
            Command::ChangeRole { conversation, account, role } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::ChangeRole { conversation, account, role }.into()
            }
            Command::TransferOwnership { conversation, account } => {
                let (conversation, account) = seat(&conversation, &account)?;
                core::TransferOwnership { conversation, account }.into()
            }
            Command::SetPermission { conversation, account, permission, allowed, until } => {
                let (conversation, account) = seat(&conversation, &account)?;
                let until = until.map(wall_time).transpose()?;
                core::SetPermission { conversation, account, permission, allowed, until }.into()
            }
            Command::SetMemberText { conversation, field, text } => {
                core::SetMemberText { conversation: id::conversation(&conversation)?, field, text }.into()
            }
            Command::PinMessage { conversation, message } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::PinMessage { conversation, message }.into()
            }
            Command::UnpinMessage { conversation, message } => {
                let (conversation, message) = place(&conversation, &message)?;
                core::UnpinMessage { conversation, message }.into()
            }
            Command::SetProfile { profile, account } => {
                let account = account.as_deref().map(id::account).transpose()?;
                // The times are the server's, whatever an app says.
                let profile = Profile { created_at: None, updated_at: None, ..profile };
                core::SetProfile { profile, account }.into()
            }
            Command::AddContact { contact } => core::AddContact::try_from(contact)?.into(),
            Command::BlockAccount { account, blocked } => {
                core::BlockAccount { account: id::account(&account)?, blocked }.into()
            }
            Command::SetReachability { reachability } => core::SetReachability { reachability }.into(),
            Command::RemoveContact { id } => core::RemoveContact { id: id::contact(&id)? }.into(),
            Command::SetConversationSetting { conversation, setting } => {
                core::SetConversationSetting { conversation: id::conversation(&conversation)?, setting }.into()
            }
        })
    }
}

fn place(conversation: &str, message: &str) -> Checked<(ConversationId, MessageId)> {
    Ok((id::conversation(conversation)?, id::message(message)?))
}

fn seat(conversation: &str, account: &str) -> Checked<(ConversationId, AccountId)> {
    Ok((id::conversation(conversation)?, id::account(account)?))
}

impl TryFrom<NewContact> for core::AddContact {
    type Error = Failure;

    fn try_from(contact: NewContact) -> Checked<Self> {
        let NewContact { id, kind, account, nickname, favorite, phone, email } = contact;
        let account = account.as_deref().map(id::account).transpose()?;
        let id = match (id, &account) {
            (Some(id), _) => id::contact(&id)?,
            (None, Some(account)) => ContactId::of_account(account),
            (None, None) => ContactId::from_bytes(MADE_UP),
        };
        let kind = kind.unwrap_or(ContactKind::Person);
        Ok(Self { id, contact: model::Contact { kind, account, nickname, favorite, phone, email } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVERSATION: &str = "00000000000000000000000004";

    #[test]
    fn a_command_with_a_bad_id_is_refused_before_the_engine() {
        let commands = [
            Command::CreateDirect { peer: "no spaces".into() },
            Command::Leave { conversation: "short".into() },
            Command::DeleteMessage { conversation: CONVERSATION.into(), message: "x.ada".into() },
            Command::RemoveContact { id: String::new() },
        ];
        for command in commands {
            let failure = core::Command::try_from(command).unwrap_err();
            assert_eq!(failure.code, Code::IdInvalid, "{failure:?}");
        }
    }

    #[test]
    fn a_contact_of_an_account_has_the_derived_id() {
        let contact = |id: Option<&str>, account: Option<&str>| {
            let account = account.map(str::to_owned);
            let id = id.map(str::to_owned);
            let contact =
                NewContact { id, kind: None, account, nickname: None, favorite: false, phone: None, email: None };
            core::AddContact::try_from(contact).unwrap().id
        };
        let derived = ContactId::of_account(&id::account("bob").unwrap());
        assert_eq!(contact(None, Some("bob")), derived);
        assert_eq!(contact(Some(CONVERSATION), Some("bob")).to_string(), CONVERSATION);
    }
}
