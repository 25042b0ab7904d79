//! The rows of lists and timelines. What the core knows and a screen does not need
//! is left out here, in one place.

use serde::Serialize;
use tidings_core::{
    code::Code,
    model::{ConversationKind, ConversationState, MemberStatus, NotificationLevel, Role},
    view::{self, MessageState, Wait},
    wire,
};
use tsify::Tsify;

use crate::{content::Content, id::texts, time::millis};

/// A conversation in the list. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRow {
    /// The id of the conversation.
    pub conversation: String,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// What to call it: the title, or the names of the others; empty if there is neither.
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
    pub waits: Option<Wait>,
}

/// The newest message of a conversation.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct LastMessageRow {
    /// The id of the message.
    pub message: String,
    /// Who wrote it.
    pub author: String,
    /// What it says, cut short; none when deleted.
    pub preview: Option<Content>,
    /// Its place in the journal.
    pub position: f64,
}

/// A message in a timeline. Times are in milliseconds since 1970.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct TimelineRow {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// Its author's name.
    pub author_name: String,
    /// Whether the own account wrote it.
    pub own: bool,
    /// What it says now; none when deleted.
    pub content: Option<Content>,
    /// Who took it back, if anybody.
    pub deleted_by: Option<String>,
    /// When it was edited last, if ever.
    pub edited_at: Option<f64>,
    /// What it answers.
    pub reply_to: Option<ReplyRow>,
    /// The accounts it mentions.
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
    pub waits: Option<Wait>,
}

/// A thread, as the message that it starts from shows it.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRow {
    /// Its id.
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
    /// What it says, cut short; none when it is not at hand or deleted.
    pub preview: Option<Content>,
}

/// Who reacted with one emoji.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ReactionRow {
    /// The emoji.
    pub emoji: String,
    /// Those who put it there.
    pub accounts: Vec<String>,
    /// Whether the own account is among them.
    pub own: bool,
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
    /// The name of the command, such as `send_message`.
    pub command: String,
    /// The words written with it.
    pub words: Option<String>,
    /// What the message it writes or edits was to say.
    pub content: Option<Content>,
    /// The message it writes or is about.
    pub message: Option<String>,
    /// The reason.
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
            kind,
            title,
            name,
            others: texts(others),
            state,
            role,
            status,
            member_count,
            last_message: last_message.map(LastMessageRow::from),
            unread,
            pending,
            activity_at: millis(activity_at),
            muted_until: muted_until.map(millis),
            pinned_at: pinned_at.map(millis),
            archived_at: archived_at.map(millis),
            subscriber_count,
            notifications,
            blocked,
            resource,
            waits,
        }
    }
}

impl From<wire::LastMessage> for LastMessageRow {
    fn from(last: wire::LastMessage) -> Self {
        let wire::LastMessage { message, preview, position } = last;
        Self {
            message: message.to_string(),
            author: message.author.to_string(),
            preview: preview.map(Content::from),
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
            content,
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
            content: content.map(Content::from),
            deleted_by: deleted_by.map(|account| account.to_string()),
            edited_at: edited_at.map(millis),
            reply_to: reply_to.map(ReplyRow::from),
            mentions: texts(mentions),
            reactions: reactions.into_iter().map(ReactionRow::from).collect(),
            created_at: millis(created_at),
            accepted_at: accepted_at.map(millis),
            position: position.map(|position| position.number() as f64),
            state,
            read_by,
            pinned,
            unsynced,
            thread: thread.map(ThreadRow::from),
            waits,
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
        Self { id: id.to_string(), author: id.author.to_string(), author_name, preview: preview.map(Content::from) }
    }
}

impl From<view::ReactionRow> for ReactionRow {
    fn from(row: view::ReactionRow) -> Self {
        let view::ReactionRow { emoji, accounts, own } = row;
        Self { emoji, accounts: texts(accounts), own }
    }
}

impl From<view::RefusedRow> for RefusedRow {
    fn from(row: view::RefusedRow) -> Self {
        let view::RefusedRow { id, conversation, thread, command, words, content, message, code, detail, created_at } =
            row;
        Self {
            id: id as f64,
            conversation: conversation.map(|conversation| conversation.to_string()),
            thread: thread.map(|thread| thread.to_string()),
            command: command.to_owned(),
            words,
            content: content.map(Content::from),
            message: message.map(|message| message.to_string()),
            code,
            retryable: code.is_retryable(),
            detail,
            created_at: millis(created_at),
        }
    }
}
