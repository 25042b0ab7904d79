//! The panel beside a timeline: metadata, policies, roles, members, invite links, pins, and what the own
//! account may do.

use core::cmp::Reverse;

use serde::Serialize;

use crate::{
    ids::{AccountId, ConversationId, InviteId, MessageId},
    model::{
        Content, ConversationKind, ConversationState, Grant, Invite, Lead, Link, MemberStatus, Parent, Party,
        Permission, Permissions, Policies, PresenceKind, Resource, Role, RoleDefinition, RoleName, Scope, Theme,
    },
    sorted::SortedMap,
    time::WallTime,
};

/// A conversation in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationDetail {
    /// The id of the conversation.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The resource that it is about, for a resource conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The newest lead, for a resource conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// The own party, for a resource conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// The message that a thread starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Its public name, for search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Its colors and wallpaper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Its visibility.
    pub scope: Scope,
    /// Its state.
    pub state: ConversationState,
    /// True if only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// The roles that a member can have, built-in and custom, by falling rank.
    pub roles: Vec<RoleRow>,
    /// When it was created.
    pub created_at: WallTime,
    /// The account that created it.
    pub created_by: AccountId,
    /// When its own document last changed, by the server's clock. Messages do not count.
    pub updated_at: WallTime,
    /// The account that it belongs to, if not its creator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The object in another service that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The number of its subscribers, as last reported by the server.
    pub subscriber_count: u32,
    /// The own role; none for a tenant administrator who is not a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The own membership status; none for a tenant administrator who is not a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
    /// What the own account may do, by role, policies, grants and denials; empty if not active, and everything
    /// for a tenant administrator.
    pub permissions: Permissions,
    /// All members, by rank and then name.
    pub members: Vec<MemberRow>,
    /// Invited, requesting and banned accounts, by name.
    pub candidates: Vec<MemberRow>,
    /// Accounts that left or were removed, the latest first; at most 200.
    pub former: Vec<MemberRow>,
    /// The invite links, newest first; empty for accounts that may not create any.
    pub invites: Vec<InviteRow>,
    /// Held messages, oldest first; empty for accounts that may not decide about them.
    pub held: Vec<HeldRow>,
    /// The pinned messages, newest pin first.
    pub pins: Vec<PinRow>,
}

/// A member in the panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberRow {
    /// The member's account.
    pub account: AccountId,
    /// The name to show: the one chosen here, or the profile's.
    pub name: String,
    /// Their color here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The role.
    pub role: Role,
    /// Their membership status.
    pub status: MemberStatus,
    /// Since when they have this status, by the clock of whoever set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_at: Option<WallTime>,
    /// Who set the status: the member if they left, or whoever removed or banned them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_by: Option<AccountId>,
    /// When they became a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<WallTime>,
    /// The account that added or invited them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<AccountId>,
    /// Grants and denials beside the role that have not expired.
    pub grants: Vec<GrantRow>,
    /// Their presence.
    pub presence: PresenceKind,
    /// True if they are below the own rank, so that whoever has the permission may act on them.
    pub below: bool,
}

/// One permission granted or denied to one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantRow {
    /// The permission it applies to.
    pub permission: Permission,
    /// The grant or denial.
    #[serde(flatten)]
    pub grant: Grant,
}

/// The list of a detail that a member is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Roster {
    /// All members.
    Members,
    /// Invited, requesting and banned accounts.
    Candidates,
    /// Accounts that left or were removed.
    Former,
}

/// A change of one account's row in a detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberChange {
    /// The member's account.
    pub account: AccountId,
    /// The new row; none if the account is in no list any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<PlacedMember>,
}

/// A row and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlacedMember {
    /// The list it is in.
    pub roster: Roster,
    /// Its index in the list, after the account's previous row is removed.
    pub place: usize,
    /// The row.
    pub member: MemberRow,
}

impl ConversationDetail {
    /// A list of members.
    pub fn roster(&self, roster: Roster) -> &Vec<MemberRow> {
        match roster {
            Roster::Members => &self.members,
            Roster::Candidates => &self.candidates,
            Roster::Former => &self.former,
        }
    }

    fn roster_mut(&mut self, roster: Roster) -> &mut Vec<MemberRow> {
        match roster {
            Roster::Members => &mut self.members,
            Roster::Candidates => &mut self.candidates,
            Roster::Former => &mut self.former,
        }
    }

    /// Removes an account's row; returns it with its list and index.
    pub fn remove_member(&mut self, account: &AccountId) -> Option<PlacedMember> {
        [Roster::Members, Roster::Candidates, Roster::Former].into_iter().find_map(|roster| {
            let rows = self.roster_mut(roster);
            let place = rows.iter().position(|row| row.account == *account)?;
            Some(PlacedMember { roster, place, member: rows.remove(place) })
        })
    }

    /// Applies a change of one member.
    pub fn change_member(&mut self, change: MemberChange) {
        self.remove_member(&change.account);
        if let Some(PlacedMember { roster, place, member }) = change.row {
            let rows = self.roster_mut(roster);
            rows.insert(place.min(rows.len()), member);
        }
    }
}

/// An invite link in the panel. Only its maker, and those they gave it to, know its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InviteRow {
    /// Its id.
    pub id: InviteId,
    /// Its settings.
    #[serde(flatten)]
    pub invite: Invite,
    /// The number of accounts that joined with it.
    pub uses: u32,
}

/// A held message of a removed member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldRow {
    /// The id of the message.
    pub message: MessageId,
    /// Its author.
    pub author: AccountId,
    /// When it was held.
    pub at: WallTime,
    /// The thread it was written in, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// Its content; none until the server has sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// A role that a member of a conversation can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleRow {
    /// The name of the role.
    pub name: Role,
    /// Its rank: members of a lower rank can be acted on.
    pub rank: u8,
    /// The permissions it carries.
    pub permissions: Permissions,
    /// True if the conversation defines it itself.
    pub custom: bool,
}

impl RoleRow {
    /// The roles to choose from: built-in ones except subscriber, and the conversation's own.
    pub fn of(own: &SortedMap<RoleName, RoleDefinition>) -> Vec<RoleRow> {
        let built_in = Role::BUILT_IN.into_iter().filter(|role| *role != Role::Subscriber).map(|name| {
            let (rank, permissions) = (name.built_in_rank(), name.built_in_permissions());
            let (rank, permissions) = (rank.unwrap_or_default(), permissions.unwrap_or_default());
            RoleRow { name, rank, permissions, custom: false }
        });
        let own = own.iter().map(|(name, &RoleDefinition { rank, permissions })| RoleRow {
            name: Role::Custom(name.clone()),
            rank,
            permissions,
            custom: true,
        });
        let mut rows: Vec<RoleRow> = built_in.chain(own).collect();
        rows.sort_by_key(|row| Reverse(row.rank));
        rows
    }
}

/// A pin in the panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinRow {
    /// The message.
    pub message: MessageId,
    /// The account that pinned it.
    pub by: AccountId,
    /// When it was pinned.
    pub at: WallTime,
    /// An excerpt of its content; none if it is not loaded or was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Content>,
}
