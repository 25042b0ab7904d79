//! The lines of an archive: one JSON object each, of the conversations of one tenant, in an order in which they
//! can be written again. What is read from another system's export is turned into the same lines. Fields have the
//! names that they have in the API. A message comes with everything that was said about it.

use serde::{Deserialize, Serialize};
use tidings_core::{
    ids::{AccountId, ConversationId, InviteId, MessageId, TenantId},
    model::{
        Content, ConversationKind, ConversationState, LeadStage, Link, MemberStatus, Permission, Permissions, Policies,
        Policy, Profile, Role, Scope, Theme,
    },
    time::WallTime,
};

use crate::external_id::ExternalId;

/// The version of the format. A program reads archives of this version only.
pub const VERSION: u32 = 1;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Archive(Opening),
    /// An account with its profile.
    Account(Account),
    /// A conversation. Its messages follow, then those of its threads, then its receipts.
    Conversation(Box<Conversation>),
    /// A thread, after the message that it starts from. Its messages follow.
    Thread(Thread),
    /// A message.
    Message(Box<Message>),
    /// How far the members of a conversation have come.
    Receipts(Receipts),
    /// The last line of a complete archive.
    End(End),
}

/// The first line of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// The version of the format.
    pub version: u32,
    /// The tenant that was exported.
    pub tenant: TenantId,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// What it says of itself.
    pub profile: Profile,
    /// What the operator's own systems call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
}

/// A conversation as it is at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The account that created it.
    pub created_by: AccountId,
    /// When it was created.
    pub created_at: WallTime,
    /// The resource that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// Its newest lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// The account that it belongs to, if not its creator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The object in another service that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// What the operator's own systems call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Its public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Its look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Its visibility.
    pub scope: Scope,
    /// Its state.
    pub state: ConversationState,
    /// True if only moderators and above may write.
    #[serde(default)]
    pub locked: bool,
    /// Its policies, all of them.
    #[serde(default, deserialize_with = "read_policies")]
    pub policies: Option<Policies>,
    /// The roles that it defines itself.
    #[serde(default)]
    pub roles: Vec<OwnRole>,
    /// Everybody who is or was a member, or is to become one, by account.
    pub members: Vec<Member>,
    /// Its invite links, without their codes.
    #[serde(default)]
    pub invites: Vec<Invite>,
}

/// What a resource conversation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its id in the operator's system.
    pub id: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The account that asks about it.
    pub client: AccountId,
    /// The client's name then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The account that owns it.
    pub owner: AccountId,
    /// The owner's name then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
}

/// The newest lead of a resource conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// Its number.
    pub number: u32,
    /// Its stage.
    pub stage: LeadStage,
    /// The client's intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The channel by which the client wants to be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_channel: Option<String>,
    /// Why it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure_reason: Option<String>,
}

/// A role of a conversation's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRole {
    /// Its name.
    pub name: Role,
    /// Its rank.
    pub rank: u8,
    /// Its permissions.
    pub permissions: Permissions,
}

/// A member, former ones included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The account.
    pub account: AccountId,
    /// The role.
    pub role: Role,
    /// The status.
    pub status: MemberStatus,
    /// Since when.
    pub status_at: WallTime,
    /// Who set the status.
    pub status_by: AccountId,
    /// When the account became a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<WallTime>,
    /// Who added or invited the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<AccountId>,
    /// The name that the member goes by here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The member's color here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// What is granted or denied beside the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

/// A permission that is granted to a member, or denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The permission.
    pub permission: Permission,
    /// True if granted.
    pub allowed: bool,
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: WallTime,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
}

/// An invite link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// Its id, made from its code: who has the link can use it after an import, too.
    pub id: InviteId,
    /// The role of who joins with it.
    pub role: Role,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
    /// How many may join with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// True if it can be used.
    pub enabled: bool,
    /// Who made it.
    pub by: AccountId,
    /// When.
    pub at: WallTime,
}

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// The conversation whose stream it is in.
    pub conversation: ConversationId,
    /// Its id.
    pub thread: ConversationId,
    /// Its state.
    pub state: ConversationState,
    /// True if only moderators and above may write.
    #[serde(default)]
    pub locked: bool,
}

/// A message with all that was said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The conversation.
    pub conversation: ConversationId,
    /// The thread of it that the message is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// Its id, which says when it was written and by whom.
    pub id: MessageId,
    /// When it was written: what its id says, for readers.
    pub created_at: WallTime,
    /// When it was accepted by the server that it was exported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<WallTime>,
    /// Its place in the journal that it was exported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What it says; none if it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The accounts that it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<AccountId>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<WallTime>,
    /// Its deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Act>,
    /// Its reactions, by emoji.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Its pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Act>,
    /// The thread that starts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opens>,
}

/// Who did something to a message, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: WallTime,
}

/// The reactions with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who reacted.
    pub accounts: Vec<AccountId>,
}

/// The beginning of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opens {
    /// The thread.
    pub thread: ConversationId,
    /// Who opened it.
    pub created_by: AccountId,
    /// When.
    pub created_at: WallTime,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// How far members have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    /// The conversation.
    pub conversation: ConversationId,
    /// One for each member who has received something.
    pub receipts: Vec<Receipt>,
}

/// How far a member has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The member.
    pub account: AccountId,
    /// What was delivered.
    pub delivered: Through,
    /// What was read.
    pub read: Through,
}

/// How far somebody has come in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// Not at all.
    #[default]
    Nothing,
    /// Up to a message of the conversation itself.
    Message(MessageId),
    /// To its end, threads included.
    All,
}

/// The last line of an archive, with the lines of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct End {
    /// The accounts.
    pub accounts: u64,
    /// The conversations.
    pub conversations: u64,
    /// The threads.
    pub threads: u64,
    /// The messages.
    pub messages: u64,
}

impl End {
    /// Counts a line.
    pub fn count(&mut self, line: &Line) {
        match line {
            Line::Account(_) => self.accounts += 1,
            Line::Conversation(_) => self.conversations += 1,
            Line::Thread(_) => self.threads += 1,
            Line::Message(_) => self.messages += 1,
            Line::Archive(_) | Line::Receipts(_) | Line::End(_) => {}
        }
    }
}

impl Message {
    /// A message of which nothing more is said than its content.
    pub fn new(conversation: ConversationId, id: MessageId, content: impl Into<Content>) -> Self {
        Self {
            conversation,
            thread: None,
            created_at: id.created_at(),
            id,
            accepted_at: None,
            position: None,
            content: Some(content.into()),
            reply_to: None,
            mentions: Vec::new(),
            edited_at: None,
            deleted: None,
            reactions: Vec::new(),
            pinned: None,
            opens: None,
        }
    }
}

fn read_policies<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Policies>, D::Error> {
    let Some(values) = Option::<serde_json::Map<String, serde_json::Value>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let mut policies = Policies::default();
    for (name, value) in values {
        let one = serde_json::Value::Object([(name, value)].into_iter().collect());
        policies.set(serde_json::from_value::<Policy>(one).map_err(serde::de::Error::custom)?);
    }
    Ok(Some(policies))
}
