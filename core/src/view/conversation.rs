//! What the panel beside a timeline shows: metadata, members, pins, and what
//! the own account may do.

use crate::{
    ids::{AccountId, ConversationId, MessageId},
    model::{ConversationKind, ConversationState, MemberStatus, Permission, PresenceKind, Role},
    time::WallTime,
};

/// A conversation in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationDetail {
    /// Which.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its state.
    pub state: ConversationState,
    /// Whether only moderators and above may write.
    pub locked: bool,
    /// When it was created.
    pub created_at: WallTime,
    /// Who created it.
    pub created_by: AccountId,
    /// The own role.
    pub role: Role,
    /// Where the account stands in it.
    pub status: MemberStatus,
    /// What the own account may do; empty when not active.
    pub permissions: Vec<Permission>,
    /// Everybody who is a member, by rank and then name.
    pub members: Vec<MemberRow>,
    /// The pinned messages, newest pin first.
    pub pins: Vec<PinRow>,
}

/// A member in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub account: AccountId,
    /// The name for people.
    pub name: String,
    /// The role.
    pub role: Role,
    /// What they are doing.
    pub presence: PresenceKind,
    /// Whether the own account may change their role or remove them.
    pub manageable: bool,
}

/// A pin in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRow {
    /// The message.
    pub message: MessageId,
    /// Who pinned it.
    pub by: AccountId,
    /// When.
    pub at: WallTime,
    /// Its first characters; empty when it is not at hand.
    pub preview: String,
}
