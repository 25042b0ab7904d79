//! A conversation as the authority and the views see it: the state of its
//! document in plain values. Reading it from the document is `doc`'s.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, MessageId},
    model::{Member, MemberStatus, Policies, Role},
    named::named,
    time::WallTime,
};

named! {
    /// What a conversation is, fixed at creation.
    ConversationKind {
        /// Exactly two accounts.
        Direct = "direct",
        /// A roster of up to a thousand.
        Group = "group",
    }
}

named! {
    /// Whether a conversation still goes on.
    ConversationState {
        /// It goes on.
        Active = "active",
        /// Readable only.
        Archived = "archived",
        /// Ended.
        Closed = "closed",
        /// Readable by nobody.
        Deleted = "deleted",
    }
}

/// How a conversation came to be: written once, by its first change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Created {
    /// Its kind.
    #[n(0)]
    pub kind: ConversationKind,
    /// Who created it.
    #[n(1)]
    pub by: AccountId,
    /// When, by the creator's clock.
    #[n(2)]
    pub at: WallTime,
}

/// A pinned message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pin {
    /// Who pinned it.
    #[n(0)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(1)]
    pub at: WallTime,
}

/// The state of a conversation document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// How it came to be; none before its first change.
    pub created: Option<Created>,
    /// Title for people.
    pub title: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Whether it goes on.
    pub state: Option<ConversationState>,
    /// Only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// Everybody who is or was a member.
    pub members: BTreeMap<AccountId, Member>,
    /// Its pins.
    pub pins: BTreeMap<MessageId, Pin>,
}

impl Conversation {
    /// Its kind; none before its first change.
    pub fn kind(&self) -> Option<ConversationKind> {
        self.created.as_ref().map(|created| created.kind)
    }

    /// Its state; active unless something else is written.
    pub fn state(&self) -> ConversationState {
        self.state.unwrap_or(ConversationState::Active)
    }

    /// The member, if active.
    pub fn active_member(&self, account: &AccountId) -> Option<&Member> {
        self.members.get(account).filter(|member| member.status == MemberStatus::Active)
    }

    /// The active members, by account.
    pub fn active_members(&self) -> impl Iterator<Item = (&AccountId, &Member)> {
        self.members.iter().filter(|(_, member)| member.status == MemberStatus::Active)
    }

    /// The active owners but this one.
    pub fn owners_beside(&self, account: &AccountId) -> usize {
        self.active_members().filter(|(other, member)| *other != account && member.role == Role::Owner).count()
    }
}
