//! A row of the conversation list. Its CBOR form is stored, so that the list can be shown at startup before any
//! document is loaded.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    api::Wait,
    doc::Home,
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::{Content, ConversationKind, ConversationState, MemberStatus, NotificationLevel, Role},
    time::WallTime,
    wire::{ConversationSummary, LastMessage},
};

/// Unread messages are counted up to this.
pub const UNREAD_MAX: u32 = 9_999;

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationRow {
    /// The id of the conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// Its kind.
    #[n(1)]
    pub kind: ConversationKind,
    /// Its title, if it has one.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The name to show: the title, or the names of the others; empty if there is neither.
    #[n(3)]
    pub name: String,
    /// Some of the others, by account: the peer of a direct, a few of a group.
    #[n(4)]
    pub others: Vec<AccountId>,
    /// Its state.
    #[n(5)]
    pub state: ConversationState,
    /// The own role.
    #[n(6)]
    pub role: Role,
    /// The own membership status.
    #[n(7)]
    pub status: MemberStatus,
    /// Its active members.
    #[n(8)]
    pub member_count: u32,
    /// Its newest message.
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<LastMessageRow>,
    /// Unread messages of others, counted to 9,999.
    #[n(10)]
    pub unread: u32,
    /// Own commands in it that are not admitted yet.
    #[n(11)]
    pub pending: u32,
    /// Time of the latest activity, which orders the list.
    #[n(12)]
    pub activity_at: WallTime,
    /// Until when notifications are muted.
    #[n(13)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<WallTime>,
    /// Since when it is pinned to the top of the list.
    #[n(14)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<WallTime>,
    /// Since when it is archived.
    #[n(15)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<WallTime>,
    /// The number of its subscribers, as last reported by the server.
    #[n(16)]
    pub subscriber_count: u32,
    /// The notification level that the account chose.
    #[n(17)]
    pub notifications: NotificationLevel,
    /// True if the other member of a direct conversation is blocked.
    #[n(18)]
    pub blocked: bool,
    /// The id of the resource that it is about.
    #[n(19)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Why some pending commands wait, and until when; none while all are on their way.
    #[n(20)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Wait>,
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastMessageRow {
    /// The id of the message.
    #[n(0)]
    pub message: MessageId,
    /// Its author.
    #[n(1)]
    pub author: AccountId,
    /// An excerpt of its content; none if deleted.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Content>,
    /// Its place in the journal.
    #[n(3)]
    pub position: Position,
}

impl From<LastMessage> for LastMessageRow {
    fn from(LastMessage { message, preview, position }: LastMessage) -> Self {
        Self { author: message.author.clone(), message, preview, position }
    }
}

impl ConversationRow {
    /// Returns true if the version that wrote it knew its kind of content.
    pub fn is_known(&self) -> bool {
        self.kind != ConversationKind::Unknown
            && self.state != ConversationState::Unknown
            && !matches!(self.last_message, Some(LastMessageRow { preview: Some(Content::Unknown(_)), .. }))
    }

    /// The row of a conversation of which only the summary is loaded.
    pub fn from_summary(summary: &ConversationSummary) -> ConversationRow {
        let activity_at = summary.last_message.as_ref().map_or(summary.created_at, |last| last.message.created_at());
        ConversationRow {
            conversation: summary.conversation,
            kind: summary.kind,
            title: summary.title.clone(),
            name: String::new(),
            others: summary.others.clone(),
            state: summary.state,
            role: summary.role.clone(),
            status: summary.status,
            member_count: summary.member_count,
            last_message: summary.last_message.clone().map(LastMessageRow::from),
            unread: summary.unread,
            pending: 0,
            activity_at,
            muted_until: None,
            pinned_at: None,
            archived_at: None,
            subscriber_count: summary.subscriber_count,
            notifications: NotificationLevel::All,
            blocked: false,
            resource: summary.resource.clone(),
            waits: None,
        }
    }

    /// Applies the account's own settings.
    pub fn set(&mut self, home: &Home) {
        let setting = home.settings.get(&self.conversation).copied().unwrap_or_default();
        self.muted_until = setting.muted_until;
        self.pinned_at = setting.pinned_at;
        self.archived_at = setting.archived_at;
        self.notifications = home.notifications(self.conversation);
        let is_blocked = |other| home.blocked.contains_key(other);
        self.blocked = self.kind == ConversationKind::Direct && self.others.iter().any(is_blocked);
    }

    /// Sets the name: the title, or the others' names.
    pub fn set_name(&mut self, name_of: impl Fn(&AccountId) -> String) {
        self.name = match &self.title {
            Some(title) => title.clone(),
            None => self.others.iter().map(name_of).collect::<Vec<_>>().join(", "),
        };
    }
}
