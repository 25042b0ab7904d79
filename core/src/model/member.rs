//! An account's participation in a conversation. History is kept: leaving is
//! a status, not a deletion.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    ids::AccountId,
    model::{Permission, Role},
    named::named,
    sorted::SortedMap,
    time::WallTime,
};

named! {
    /// Where a member stands.
    MemberStatus {
        /// Takes part.
        Active = "active",
        /// Was invited, and has not answered.
        Invited = "invited",
        /// Asked to be let in, and waits.
        Requested = "requested",
        /// Left by themselves, declined an invitation or took a request back.
        Left = "left",
        /// Was removed, or declined.
        Removed = "removed",
        /// Was banned, and cannot come back before being unbanned.
        Banned = "banned",
        /// Was let in as a subscriber of a channel: not on this list any more,
        /// but a row of the server, which alone says whether they still are.
        Subscribed = "subscribed",
    }
}

named! {
    /// A text of a member's own entry in a conversation.
    closed MemberField {
        /// What they call themselves there, ≤ 120 characters.
        DisplayName = "display_name",
        /// Their color there, `#RRGGBB`.
        Color = "color",
    }
}

/// The status of a member, since when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Membership {
    /// Their status.
    #[n(0)]
    pub status: MemberStatus,
    /// Who said so.
    #[n(1)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(2)]
    pub at: WallTime,
    /// When they last became active; none if they never were.
    #[n(3)]
    pub joined_at: Option<WallTime>,
    /// Who added or invited them the last time.
    #[n(4)]
    pub invited_by: Option<AccountId>,
}

/// One permission granted or denied to one member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// Whether it is granted; denied otherwise.
    #[n(0)]
    pub allowed: bool,
    /// Who said so.
    #[n(1)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(2)]
    pub at: WallTime,
    /// From when on it says nothing any more; none for never.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
}

/// One entry of a conversation's roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The role, also of one who is gone.
    pub role: Role,
    /// Their status and since when; none if only a role was stated, which makes
    /// nobody a member.
    pub membership: Option<Membership>,
    /// What is granted and denied beside the role.
    pub grants: SortedMap<Permission, Grant>,
    /// What they say of themselves here.
    pub texts: SortedMap<MemberField, String>,
}

impl Membership {
    /// The membership of somebody who is moved to a status: the one thing that
    /// may be written then.
    pub fn next(former: Option<&Membership>, status: MemberStatus, by: &AccountId, at: WallTime) -> Membership {
        let is_brought = former.is_none_or(|former| former.status != MemberStatus::Invited)
            && matches!(status, MemberStatus::Active | MemberStatus::Invited);
        Membership {
            status,
            by: by.clone(),
            at,
            joined_at: match status {
                MemberStatus::Active => Some(at),
                _ => former.and_then(|former| former.joined_at),
            },
            invited_by: match is_brought {
                true => Some(by.clone()),
                false => former.and_then(|former| former.invited_by.clone()),
            },
        }
    }
}

impl Grant {
    /// Whether it still says something.
    pub fn holds_at(&self, time: WallTime) -> bool {
        self.until.is_none_or(|until| time < until)
    }
}

impl Default for Member {
    fn default() -> Self {
        Self { role: Role::Guest, membership: None, grants: SortedMap::new(), texts: SortedMap::new() }
    }
}

impl Member {
    /// A subscriber as a member, which no document lists.
    pub fn subscriber(account: &AccountId) -> Self {
        let membership = Membership::next(None, MemberStatus::Active, account, WallTime::from_millis(0));
        Self { role: Role::Subscriber, membership: Some(membership), ..Self::default() }
    }

    /// Where they stand; who has no membership has left.
    pub fn status(&self) -> MemberStatus {
        self.membership.as_ref().map_or(MemberStatus::Left, |membership| membership.status)
    }

    /// A text of their own entry, if it is written.
    pub fn text(&self, field: MemberField) -> Option<&str> {
        self.texts.get(&field).map(String::as_str)
    }

    /// Whether this version knows their role, and where they stand.
    pub fn is_known(&self) -> bool {
        self.role != Role::Unknown && self.status() != MemberStatus::Unknown
    }

    /// Whether they take part.
    pub fn is_active(&self) -> bool {
        self.status() == MemberStatus::Active
    }
}
