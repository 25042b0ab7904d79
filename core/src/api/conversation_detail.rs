//! What the panel beside a timeline shows: metadata, policies, roles, members,
//! invite links, pins, and what the own account may do.

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
    /// What it is about, if it is about a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The lead that it is about now, if it is about a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// The own party, if it is about a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// What a thread starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Its name for search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// How it looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Who may know of it.
    pub scope: Scope,
    /// Its state.
    pub state: ConversationState,
    /// Whether only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// The roles that a member can have, built-in and its own, by falling rank.
    pub roles: Vec<RoleRow>,
    /// When it was created.
    pub created_at: WallTime,
    /// Who created it.
    pub created_by: AccountId,
    /// When its own document last changed, not its messages, as the server admitted it.
    pub updated_at: WallTime,
    /// The account that it belongs to, if not its creator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The object of another service that it is the back of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Those who subscribe to it beside its members, as the server last told.
    pub subscriber_count: u32,
    /// The own role; none for an administrator of the tenant who is no member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where the account stands in it; none for an administrator of the tenant who is no member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MemberStatus>,
    /// What the own account may do, by role, policies, grants and denials; empty when not active,
    /// and everything for an administrator of the tenant.
    pub permissions: Permissions,
    /// Everybody who is a member, by rank and then name.
    pub members: Vec<MemberRow>,
    /// Who was invited, asked or is banned, by name.
    pub candidates: Vec<MemberRow>,
    /// Who has left or was removed, the latest first; at most 200 of them.
    pub former: Vec<MemberRow>,
    /// The invite links, newest first; empty for whoever may not make any.
    pub invites: Vec<InviteRow>,
    /// Messages that are held, oldest first; empty for whoever does not decide about them.
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
    /// The name for people: the one they have here, or their profile's.
    pub name: String,
    /// Their color here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The role.
    pub role: Role,
    /// Where they stand.
    pub status: MemberStatus,
    /// Since when they stand there, by the clock of who said so: when they left, or were removed or banned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_at: Option<WallTime>,
    /// Who said so: themselves if they left, whoever removed or banned them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_by: Option<AccountId>,
    /// When they became a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<WallTime>,
    /// Who added or invited them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<AccountId>,
    /// What is granted and denied beside the role, and has not expired.
    pub grants: Vec<GrantRow>,
    /// What they are doing.
    pub presence: PresenceKind,
    /// Whether they are below the own rank: whoever holds the permission for it may act on them.
    pub below: bool,
}

/// One permission granted or denied to one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantRow {
    /// The permission it applies to.
    pub permission: Permission,
    /// What is said of it.
    #[serde(flatten)]
    pub grant: Grant,
}

/// Which of the lists of a detail a member is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Roster {
    /// Everybody who is a member.
    Members,
    /// Who was invited, asked or is banned.
    Candidates,
    /// Who has left or was removed.
    Former,
}

/// Somebody whose row in a detail is another one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberChange {
    /// The member's account.
    pub account: AccountId,
    /// The row; none for who is in no list any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<PlacedMember>,
}

/// A row with where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlacedMember {
    /// Its list.
    pub roster: Roster,
    /// Its place in the list once the account's former row is taken out.
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

    /// Takes an account's row out, with its list and its place.
    pub fn remove_member(&mut self, account: &AccountId) -> Option<PlacedMember> {
        [Roster::Members, Roster::Candidates, Roster::Former].into_iter().find_map(|roster| {
            let rows = self.roster_mut(roster);
            let place = rows.iter().position(|row| row.account == *account)?;
            Some(PlacedMember { roster, place, member: rows.remove(place) })
        })
    }

    /// Takes in what was told of one member.
    pub fn change_member(&mut self, change: MemberChange) {
        self.remove_member(&change.account);
        if let Some(PlacedMember { roster, place, member }) = change.row {
            let rows = self.roster_mut(roster);
            rows.insert(place.min(rows.len()), member);
        }
    }
}

/// An invite link in the panel. Its code is known to whoever made it, and to whom they gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct InviteRow {
    /// Its id.
    pub id: InviteId,
    /// What it is.
    #[serde(flatten)]
    pub invite: Invite,
    /// How many came in by it.
    pub uses: u32,
}

/// A message of one who was removed, that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldRow {
    /// The id of the message.
    pub message: MessageId,
    /// Its author.
    pub author: AccountId,
    /// Since when it is held.
    pub at: WallTime,
    /// The thread it was written in, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// What it says; none until the server has told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// A role that a member of a conversation can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleRow {
    /// What it is called.
    pub name: Role,
    /// Its rank: members of a lower one can be acted on.
    pub rank: u8,
    /// What it carries.
    pub permissions: Permissions,
    /// Whether the conversation defines it itself.
    pub custom: bool,
}

impl RoleRow {
    /// The roles of a roster, which subscribers are not in, and the conversation's own.
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
    /// Who pinned it.
    pub by: AccountId,
    /// When it was pinned.
    pub at: WallTime,
    /// What it says, cut short; nothing when it is not at hand or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Content>,
}
