//! An account's participation in a conversation. History is kept: leaving is a status, not a deletion.

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
    /// The status of a member.
    MemberStatus {
        /// Takes part.
        Active = "active",
        /// Was invited, and has not answered.
        Invited = "invited",
        /// Asked to join, and waits.
        Requested = "requested",
        /// Left, declined an invitation, or withdrew a request.
        Left = "left",
        /// Was removed, or their request was declined.
        Removed = "removed",
        /// Was banned, and cannot return until unbanned.
        Banned = "banned",
        /// Joined as a subscriber of a channel: from then on a row of the server, which alone knows whether
        /// they still are.
        Subscribed = "subscribed",
    }
}

named! {
    /// A text of a member's own entry in a conversation.
    closed MemberField {
        /// Their name there, ≤ 120 characters.
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
    /// The account that set the status.
    #[n(1)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(2)]
    pub at: WallTime,
    /// When they last became active; none if never.
    #[n(3)]
    pub joined_at: Option<WallTime>,
    /// The account that last added or invited them.
    #[n(4)]
    pub invited_by: Option<AccountId>,
}

/// One permission granted or denied to one member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// True if granted, false if denied.
    #[n(0)]
    pub allowed: bool,
    /// The account that granted or denied it.
    #[n(1)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(2)]
    pub at: WallTime,
    /// When it expires; none for never.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
}

/// A member's entry in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The role, kept for former members too.
    pub role: Role,
    /// Their status and since when; none if only a role was stated, which makes nobody a member.
    pub membership: Option<Membership>,
    /// Grants and denials beside the role.
    pub grants: SortedMap<Permission, Grant>,
    /// Their own texts in this conversation.
    pub texts: SortedMap<MemberField, String>,
}

impl Membership {
    /// The membership after a change of status: the only value that may be written then.
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
    /// Returns true if it has not expired.
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
    /// A subscriber as a member; no document lists them.
    pub fn subscriber(account: &AccountId) -> Self {
        Self::told(account, Role::Subscriber, MemberStatus::Active)
    }

    /// A member of whom only role and status are known.
    pub fn told(account: &AccountId, role: Role, status: MemberStatus) -> Self {
        let membership = Membership::next(None, status, account, WallTime::from_millis(0));
        Self { role, membership: Some(membership), ..Self::default() }
    }

    /// Their status; left, if they have no membership.
    pub fn status(&self) -> MemberStatus {
        self.membership.as_ref().map_or(MemberStatus::Left, |membership| membership.status)
    }

    /// A text of their own entry, if it is written.
    pub fn text(&self, field: MemberField) -> Option<&str> {
        self.texts.get(&field).map(String::as_str)
    }

    /// Returns true if this version knows their role and status.
    pub fn is_known(&self) -> bool {
        self.role != Role::Unknown && self.status() != MemberStatus::Unknown
    }

    /// Returns true if they are active.
    pub fn is_active(&self) -> bool {
        self.status() == MemberStatus::Active
    }
}
