//! What the panel beside a timeline shows: a conversation in full, with its members.

use serde::Serialize;
use tidings_core::{
    model::{
        self, ConversationKind, ConversationState, Link, MemberStatus, Parent, Permission, Policies, Resource, Role,
        Scope, Theme,
    },
    view::{self, InviteRow, MemberRow},
};
use tsify::Tsify;

use crate::{content::Content, late::LateRow, time::millis};

/// A conversation in full. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ConversationDetail {
    /// The id of the conversation.
    pub conversation: String,
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
    /// Whether it goes on.
    pub state: ConversationState,
    /// Whether only moderators and above may write.
    pub locked: bool,
    /// Its policies.
    pub policies: Policies,
    /// The roles that a member can have, built-in and its own, by falling rank.
    pub roles: Vec<RoleRow>,
    /// When it was created.
    pub created_at: f64,
    /// Who created it.
    pub created_by: String,
    /// When its title, members, policies or the like last changed, but not its messages, by the server's clock.
    pub updated_at: f64,
    /// The account that it belongs to, if not its creator.
    pub account: Option<String>,
    /// The object of another service that it is the back of.
    pub link: Option<Link>,
    /// Those who subscribe to it beside its members, as the server last told.
    pub subscriber_count: u32,
    /// The own role; none for an administrator of the tenant who is no member.
    pub role: Option<Role>,
    /// Where the own account stands in it; none for an administrator of the tenant who is no member.
    pub status: Option<MemberStatus>,
    /// What the own account may do, by role, policies, grants and denials; empty when not active,
    /// and everything for an administrator of the tenant.
    pub permissions: Vec<Permission>,
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

/// A role that a member of a conversation can have.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct RoleRow {
    /// What it is called.
    pub name: Role,
    /// Its rank: members of a lower one can be acted on.
    pub rank: u8,
    /// What it carries.
    pub permissions: Vec<Permission>,
    /// Whether the conversation defines it itself.
    pub custom: bool,
}

/// A pinned message.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct PinRow {
    /// The message.
    pub message: String,
    /// Who pinned it.
    pub by: String,
    /// When it was pinned, in milliseconds since 1970.
    pub at: f64,
    /// What it says, cut short; none when it is not at hand or deleted.
    pub preview: Option<Content>,
}

impl From<view::ConversationDetail> for ConversationDetail {
    fn from(detail: view::ConversationDetail) -> Self {
        let view::ConversationDetail {
            conversation,
            kind,
            resource,
            parent,
            name,
            title,
            description,
            avatar_url,
            theme,
            scope,
            state,
            locked,
            policies,
            roles,
            created_at,
            created_by,
            updated_at,
            account,
            link,
            subscriber_count,
            role,
            status,
            permissions,
            members,
            candidates,
            former,
            invites,
            late,
            pins,
        } = detail;
        Self {
            conversation: conversation.to_string(),
            kind,
            resource,
            parent,
            name,
            title,
            description,
            avatar_url,
            theme,
            scope,
            state,
            locked,
            policies,
            roles: role_rows(roles),
            created_at: millis(created_at),
            created_by: created_by.to_string(),
            updated_at: millis(updated_at),
            account: account.map(|account| account.to_string()),
            link,
            subscriber_count,
            role,
            status,
            permissions: names(permissions),
            members,
            candidates,
            former,
            invites,
            late: late.into_iter().map(LateRow::from).collect(),
            pins: pins.into_iter().map(PinRow::from).collect(),
        }
    }
}

fn names(permissions: model::Permissions) -> Vec<Permission> {
    permissions.iter().collect()
}

/// The roles of a roster, which subscribers are not in, and the conversation's own.
fn role_rows(own: Vec<(model::RoleName, model::RoleDefinition)>) -> Vec<RoleRow> {
    let built_in = model::Role::BUILT_IN.into_iter().filter(|role| *role != model::Role::Subscriber);
    let built_in = built_in.map(|role| {
        let rank = role.built_in_rank().unwrap_or_default();
        RoleRow { permissions: names(role.built_in_permissions().unwrap_or_default()), rank, name: role, custom: false }
    });
    let own = own.into_iter().map(|(name, model::RoleDefinition { rank, permissions })| RoleRow {
        name: Role::Custom(name),
        rank,
        permissions: names(permissions),
        custom: true,
    });
    let mut rows: Vec<RoleRow> = built_in.chain(own).collect();
    rows.sort_by_key(|row| core::cmp::Reverse(row.rank));
    rows
}

impl From<view::PinRow> for PinRow {
    fn from(row: view::PinRow) -> Self {
        let view::PinRow { message, by, at, preview } = row;
        Self { message: message.to_string(), by: by.to_string(), at: millis(at), preview: preview.map(Content::from) }
    }
}
