//! What the panel beside a timeline shows: metadata, policies, roles, members,
//! invite links, pins, and what the own account may do.

use serde::Serialize;

use crate::{
    ids::{AccountId, ConversationId, InviteId, MessageId},
    model::{
        Content, ConversationKind, ConversationState, Grant, Invite, Link, MemberStatus, Parent, Permission,
        Permissions, Policies, PresenceKind, Resource, Role, RoleDefinition, RoleName, Scope, Theme,
    },
    time::WallTime,
};

/// A conversation in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationDetail {
    /// The id of the conversation.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// What it is about, if it is about a resource.
    pub resource: Option<Resource>,
    /// What a thread starts from.
    pub parent: Option<Parent>,
    /// Its name for search.
    pub name: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// How it looks.
    pub theme: Option<Theme>,
    /// Who may know of it.
    pub scope: Scope,
    /// Its state.
    pub state: ConversationState,
    /// Whether only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// Its own roles, by name.
    pub roles: Vec<(RoleName, RoleDefinition)>,
    /// When it was created.
    pub created_at: WallTime,
    /// Who created it.
    pub created_by: AccountId,
    /// When its own document last changed, not its messages, as the server admitted it.
    pub updated_at: WallTime,
    /// The account that it belongs to, if not its creator.
    pub account: Option<AccountId>,
    /// The object of another service that it is the back of.
    pub link: Option<Link>,
    /// Those who subscribe to it beside its members, as the server last told.
    pub subscriber_count: u32,
    /// The own role; none for an administrator of the tenant who is no member.
    pub role: Option<Role>,
    /// Where the account stands in it; none for an administrator of the tenant who is no member.
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
    pub late: Vec<LateRow>,
    /// The pinned messages, newest pin first.
    pub pins: Vec<PinRow>,
}

/// A member in the panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct MemberRow {
    /// The member's account.
    pub account: AccountId,
    /// The name for people: the one they have here, or their profile's.
    pub name: String,
    /// Their color here.
    pub color: Option<String>,
    /// The role.
    pub role: Role,
    /// Where they stand.
    pub status: MemberStatus,
    /// Since when they stand there, by the clock of who said so: when they left, or were removed or banned.
    pub status_at: Option<WallTime>,
    /// Who said so: themselves if they left, whoever removed or banned them.
    pub status_by: Option<AccountId>,
    /// When they became a member.
    pub joined_at: Option<WallTime>,
    /// Who added or invited them.
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
pub struct MemberChange {
    /// The member's account.
    pub account: AccountId,
    /// The row; none for who is in no list any more.
    pub row: Option<PlacedMember>,
}

/// A row with where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRow {
    /// Which, and whose.
    pub message: MessageId,
    /// Since when it is held.
    pub at: WallTime,
    /// The thread it was written in, if it was one.
    pub thread: Option<ConversationId>,
    /// What it says; none until the server has told.
    pub content: Option<Content>,
}

/// A pin in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRow {
    /// The message.
    pub message: MessageId,
    /// Who pinned it.
    pub by: AccountId,
    /// When it was pinned.
    pub at: WallTime,
    /// What it says, cut short; nothing when it is not at hand or deleted.
    pub preview: Option<Content>,
}
