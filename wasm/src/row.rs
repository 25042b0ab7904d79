//! The rows that screens show. What the core knows and a screen does not need
//! is left out here, in one place. long because there are many rows.

use serde::Serialize;
use tidings_core::{model, view, wire};
use tsify::Tsify;

use crate::{
    command::{Link, Theme},
    id::texts,
    invite::InviteRow,
    late::LateRow,
    name::{
        Code, ConversationKind, ConversationState, MemberStatus, MessageKind, MessageState, NotificationLevel,
        Permission, PresenceKind, Role, Scope,
    },
    policy::Policies,
    resource::ResourceRow,
    time::millis,
};

/// A conversation in the list. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRow {
    /// Which.
    pub conversation: String,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// What to call it: the title, or the names of the others.
    pub name: String,
    /// Some of the others: the peer of a direct, a few of a group.
    pub others: Vec<String>,
    /// Whether it goes on.
    pub state: ConversationState,
    /// The own role.
    pub role: Role,
    /// Where the own account stands in it.
    pub status: MemberStatus,
    /// Its active members.
    pub member_count: u32,
    /// Its newest message.
    pub last_message: Option<LastMessageRow>,
    /// Messages of others behind the read position, counted to 9,999.
    pub unread: u32,
    /// Own commands in it that are not admitted yet.
    pub pending: u32,
    /// When something last happened in it.
    pub activity_at: f64,
    /// Silent until; the last date there is, for good.
    pub muted_until: Option<f64>,
    /// At the top since.
    pub pinned_at: Option<f64>,
    /// Out of the way since.
    pub archived_at: Option<f64>,
    /// Those who subscribe to it beside its members, when the server last told.
    pub subscriber_count: u32,
    /// What of it the own account wants to be notified of.
    pub notifications: NotificationLevel,
    /// Whether the other one of a direct is blocked.
    pub blocked: bool,
    /// The id of the resource that it is about, if it is about one.
    pub resource: Option<String>,
    /// Why some of what is pending waits, and until when; none while all of it is on its way.
    pub waits: Option<WaitRow>,
}

/// Why something is not sent yet, and until when.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct WaitRow {
    /// The server's reason, such as `slow_mode` or `rate_limited`.
    pub code: Code,
    /// Until when, by the server's clock, in milliseconds since 1970.
    pub until: f64,
}

impl From<view::Wait> for WaitRow {
    fn from(wait: view::Wait) -> Self {
        Self { code: wait.code.into(), until: millis(wait.until) }
    }
}

/// The newest message of a conversation.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct LastMessageRow {
    /// Which.
    pub message: String,
    /// Who wrote it.
    pub author: String,
    /// Its kind.
    pub kind: MessageKind,
    /// Its first characters; empty when deleted.
    pub preview: String,
    /// Whether it is deleted.
    pub deleted: bool,
    /// Its place in the journal.
    pub position: f64,
}

/// A message in a timeline. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct TimelineRow {
    /// Which.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// Its author's name.
    pub author_name: String,
    /// Whether the own account wrote it.
    pub own: bool,
    /// The text as it reads now; empty when deleted.
    pub text: String,
    /// Who took it back, if anybody.
    pub deleted_by: Option<String>,
    /// When it was edited last, if ever.
    pub edited_at: Option<f64>,
    /// What it answers.
    pub reply_to: Option<ReplyRow>,
    /// Whom it calls.
    pub mentions: Vec<String>,
    /// Who reacted with what.
    pub reactions: Vec<ReactionRow>,
    /// When its author wrote it, by their clock.
    pub created_at: f64,
    /// When it was admitted; none while pending.
    pub accepted_at: Option<f64>,
    /// Its place in the journal; none while pending.
    pub position: Option<f64>,
    /// How far it has come. Messages of others are sent.
    pub state: MessageState,
    /// How many others have read it; for own messages.
    pub read_by: u32,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Whether something about it (an edit, a reaction) is not admitted yet.
    pub unsynced: bool,
    /// The thread that starts from it.
    pub thread: Option<ThreadRow>,
    /// Why a pending one waits while others are sent, and until when.
    pub waits: Option<WaitRow>,
}

/// A thread, as the message that it starts from shows it.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRow {
    /// Which.
    pub id: String,
    /// The messages written in it, pending ones and those taken back included.
    pub replies: u32,
    /// When the last of them was admitted.
    pub last_reply_at: Option<f64>,
    /// Who wrote in it, the latest first; a few of them.
    pub participants: Vec<String>,
}

/// What a message answers.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ReplyRow {
    /// Which message.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// Its author's name.
    pub author_name: String,
    /// Its first characters; empty when it is not at hand or deleted.
    pub preview: String,
}

/// Who reacted with one emoji.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ReactionRow {
    /// The emoji.
    pub emoji: String,
    /// Who.
    pub accounts: Vec<String>,
    /// Whether the own account is among them.
    pub own: bool,
}

/// A conversation in full. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ConversationDetail {
    /// Which.
    pub conversation: String,
    /// Its kind.
    pub kind: ConversationKind,
    /// What it is about, if it is about a resource.
    pub resource: Option<ResourceRow>,
    /// What a thread starts from.
    pub parent: Option<ParentRow>,
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
    /// The account that it belongs to, if not its creator.
    pub account: Option<String>,
    /// The object of another service that it is the back of.
    pub link: Option<Link>,
    /// Those who subscribe to it beside its members, as the server last told.
    pub subscriber_count: u32,
    /// The own role.
    pub role: Role,
    /// Where the own account stands in it.
    pub status: MemberStatus,
    /// What the own account may do, by role, policies, grants and denials; empty when not active.
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

/// What a thread starts from.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ParentRow {
    /// The conversation, or the thread of it, that the message is in.
    pub conversation: String,
    /// The message.
    pub message: String,
    /// How deep the thread is: 1 in a conversation, 2 in a thread of one …
    pub depth: u32,
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

/// A member of a conversation, or somebody who was invited, asked or is banned.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct MemberRow {
    /// Who.
    pub account: String,
    /// The name for people: the one they have here, or their profile's.
    pub name: String,
    /// Their color here, `#RRGGBB`.
    pub color: Option<String>,
    /// The role.
    pub role: Role,
    /// Where they stand.
    pub status: MemberStatus,
    /// Since when they stand there, by the clock of who said so: when they left, or were removed or banned.
    pub status_at: Option<f64>,
    /// Who said so: themselves if they left, whoever removed or banned them.
    pub status_by: Option<String>,
    /// When they became a member.
    pub joined_at: Option<f64>,
    /// Who added or invited them.
    pub invited_by: Option<String>,
    /// What is granted and denied beside the role, and has not expired.
    pub grants: Vec<GrantRow>,
    /// What they are doing.
    pub presence: PresenceKind,
    /// Whether they are below the own rank: whoever holds the permission for it may act on them.
    pub below: bool,
}

/// One permission granted or denied to one member. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct GrantRow {
    /// Which.
    pub permission: Permission,
    /// Whether it is granted; denied otherwise.
    pub allowed: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: f64,
    /// From when on it says nothing any more; none for never.
    pub until: Option<f64>,
}

/// A pinned message.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct PinRow {
    /// The message.
    pub message: String,
    /// Who pinned it.
    pub by: String,
    /// When.
    pub at: f64,
    /// Its first characters; empty when it is not at hand.
    pub preview: String,
}

/// A refused command, until the person retries or discards it.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RefusedRow {
    /// Names it for retry and discard.
    pub id: f64,
    /// Where it was to be; none for one about the account itself.
    pub conversation: Option<String>,
    /// The thread of that conversation, if it was to be in one.
    pub thread: Option<String>,
    /// The name of the command, such as `send_text`.
    pub command: String,
    /// The words written with it.
    pub words: Option<String>,
    /// The message it writes or is about.
    pub message: Option<String>,
    /// Why.
    pub code: Code,
    /// Whether the same command may succeed later.
    pub retryable: bool,
    /// More about it, for people who debug.
    pub detail: String,
    /// When it was written.
    pub created_at: f64,
}

impl From<view::InboxRow> for ConversationRow {
    fn from(row: view::InboxRow) -> Self {
        let view::InboxRow {
            conversation,
            kind,
            title,
            name,
            others,
            state,
            role,
            status,
            member_count,
            last_message,
            unread,
            pending,
            activity_at,
            muted_until,
            pinned_at,
            archived_at,
            subscriber_count,
            notifications,
            blocked,
            resource,
            waits,
        } = row;
        Self {
            conversation: conversation.to_string(),
            kind: kind.into(),
            title,
            name,
            others: texts(others),
            state: state.into(),
            role: role.into(),
            status: status.into(),
            member_count,
            last_message: last_message.map(LastMessageRow::from),
            unread,
            pending,
            activity_at: millis(activity_at),
            muted_until: muted_until.map(millis),
            pinned_at: pinned_at.map(millis),
            archived_at: archived_at.map(millis),
            subscriber_count,
            notifications: notifications.into(),
            blocked,
            resource,
            waits: waits.map(WaitRow::from),
        }
    }
}

impl From<wire::LastMessage> for LastMessageRow {
    fn from(last: wire::LastMessage) -> Self {
        let wire::LastMessage { message, kind, preview, deleted, position } = last;
        Self {
            message: message.to_string(),
            author: message.author.to_string(),
            kind: kind.into(),
            preview,
            deleted,
            position: position.number() as f64,
        }
    }
}

impl From<view::TimelineRow> for TimelineRow {
    fn from(row: view::TimelineRow) -> Self {
        let view::TimelineRow {
            id,
            author_name,
            own,
            text,
            deleted_by,
            edited_at,
            reply_to,
            mentions,
            reactions,
            created_at,
            accepted_at,
            position,
            state,
            read_by,
            pinned,
            unsynced,
            thread,
            waits,
        } = row;
        Self {
            id: id.to_string(),
            author: id.author.to_string(),
            author_name,
            own,
            text,
            deleted_by: deleted_by.map(|account| account.to_string()),
            edited_at: edited_at.map(millis),
            reply_to: reply_to.map(ReplyRow::from),
            mentions: texts(mentions),
            reactions: reactions.into_iter().map(ReactionRow::from).collect(),
            created_at: millis(created_at),
            accepted_at: accepted_at.map(millis),
            position: position.map(|position| position.number() as f64),
            state: state.into(),
            read_by,
            pinned,
            unsynced,
            thread: thread.map(ThreadRow::from),
            waits: waits.map(WaitRow::from),
        }
    }
}

impl From<view::ThreadRow> for ThreadRow {
    fn from(row: view::ThreadRow) -> Self {
        let view::ThreadRow { id, replies, last_reply_at, participants } = row;
        let last_reply_at = last_reply_at.map(millis);
        Self { id: id.to_string(), replies, last_reply_at, participants: texts(participants) }
    }
}

impl From<view::ReplyRow> for ReplyRow {
    fn from(row: view::ReplyRow) -> Self {
        let view::ReplyRow { id, author_name, preview } = row;
        Self { id: id.to_string(), author: id.author.to_string(), author_name, preview }
    }
}

impl From<view::ReactionRow> for ReactionRow {
    fn from(row: view::ReactionRow) -> Self {
        let view::ReactionRow { emoji, accounts, own } = row;
        Self { emoji, accounts: texts(accounts), own }
    }
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
            kind: kind.into(),
            resource: resource.map(ResourceRow::from),
            parent: parent.map(|model::Parent { conversation, message, depth, .. }| ParentRow {
                conversation: conversation.to_string(),
                message: message.to_string(),
                depth,
            }),
            name,
            title,
            description,
            avatar_url,
            theme: theme.map(Theme::from),
            scope: scope.into(),
            state: state.into(),
            locked,
            policies: policies.into(),
            roles: role_rows(roles),
            created_at: millis(created_at),
            created_by: created_by.to_string(),
            account: account.map(|account| account.to_string()),
            link: link.map(Link::from),
            subscriber_count,
            role: role.into(),
            status: status.into(),
            permissions: names(permissions),
            members: members.into_iter().map(MemberRow::from).collect(),
            candidates: candidates.into_iter().map(MemberRow::from).collect(),
            former: former.into_iter().map(MemberRow::from).collect(),
            invites: invites.into_iter().map(InviteRow::from).collect(),
            late: late.into_iter().map(LateRow::from).collect(),
            pins: pins.into_iter().map(PinRow::from).collect(),
        }
    }
}

fn names(permissions: model::Permissions) -> Vec<Permission> {
    permissions.iter().map(Permission::from).collect()
}

/// The roles of a roster, which subscribers are not in, and the conversation's own.
fn role_rows(own: Vec<(model::RoleName, model::RoleDefinition)>) -> Vec<RoleRow> {
    let built_in = model::Role::BUILT_IN.into_iter().filter(|role| *role != model::Role::Subscriber);
    let built_in = built_in.map(|role| {
        let rank = role.built_in_rank().unwrap_or_default();
        RoleRow {
            permissions: names(role.built_in_permissions().unwrap_or_default()),
            rank,
            name: role.into(),
            custom: false,
        }
    });
    let own = own.into_iter().map(|(name, model::RoleDefinition { rank, permissions })| RoleRow {
        name: model::Role::Custom(name).into(),
        rank,
        permissions: names(permissions),
        custom: true,
    });
    let mut rows: Vec<RoleRow> = built_in.chain(own).collect();
    rows.sort_by_key(|row| core::cmp::Reverse(row.rank));
    rows
}

impl From<view::MemberRow> for MemberRow {
    fn from(row: view::MemberRow) -> Self {
        let view::MemberRow {
            account,
            name,
            color,
            role,
            status,
            status_at,
            status_by,
            joined_at,
            invited_by,
            grants,
            presence,
            below,
        } = row;
        Self {
            account: account.to_string(),
            name,
            color,
            role: role.into(),
            status: status.into(),
            status_at: status_at.map(millis),
            status_by: status_by.map(|account| account.to_string()),
            joined_at: joined_at.map(millis),
            invited_by: invited_by.map(|account| account.to_string()),
            grants: grants.into_iter().map(GrantRow::from).collect(),
            presence: presence.into(),
            below,
        }
    }
}

impl From<(model::Permission, model::Grant)> for GrantRow {
    fn from((permission, grant): (model::Permission, model::Grant)) -> Self {
        let model::Grant { allowed, by, at, until } = grant;
        Self { permission: permission.into(), allowed, by: by.to_string(), at: millis(at), until: until.map(millis) }
    }
}

impl From<view::PinRow> for PinRow {
    fn from(row: view::PinRow) -> Self {
        let view::PinRow { message, by, at, preview } = row;
        Self { message: message.to_string(), by: by.to_string(), at: millis(at), preview }
    }
}

impl From<view::RefusedRow> for RefusedRow {
    fn from(row: view::RefusedRow) -> Self {
        let view::RefusedRow { id, conversation, thread, command, words, message, code, detail, created_at } = row;
        Self {
            id: id as f64,
            conversation: conversation.map(|conversation| conversation.to_string()),
            thread: thread.map(|thread| thread.to_string()),
            command: command.to_owned(),
            words,
            message: message.map(|message| message.to_string()),
            code: code.into(),
            retryable: code.is_retryable(),
            detail,
            created_at: millis(created_at),
        }
    }
}
