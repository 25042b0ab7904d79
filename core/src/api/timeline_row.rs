//! A row of a conversation's timeline. Rows are in journal order: admitted ones by position, then own pending
//! ones by id.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    api::Wait,
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::{
        Content,
        content::{ProposalAnswer, ProposalStatus},
    },
    named::named,
    time::WallTime,
};

named! {
    /// Progress of a message.
    MessageState {
        /// Written on this device, not admitted yet.
        Pending = "pending",
        /// Admitted and durable.
        Sent = "sent",
        /// Received by a device of another member.
        Delivered = "delivered",
        /// Read by another member.
        Read = "read",
        /// Refused; its content is kept.
        Refused = "refused",
    }
}

/// A message in a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TimelineRow {
    /// Its id.
    #[n(0)]
    pub id: MessageId,
    /// The account that wrote it.
    #[n(1)]
    pub author: AccountId,
    /// Its author's name.
    #[n(2)]
    pub author_name: String,
    /// True if the own account wrote it.
    #[n(3)]
    pub own: bool,
    /// Its current content; none if deleted.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The account that deleted it, if it is deleted.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<AccountId>,
    /// When it was last edited, if ever.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<WallTime>,
    /// The message it replies to.
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyRow>,
    /// The accounts it mentions.
    #[n(8)]
    pub mentions: Vec<AccountId>,
    /// Its reactions, by emoji.
    #[n(9)]
    pub reactions: Vec<ReactionRow>,
    /// When its author wrote it, by their clock.
    #[n(10)]
    pub created_at: WallTime,
    /// When it was admitted; none while pending.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<WallTime>,
    /// Its place in the journal; none while pending.
    #[n(12)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Progress of the message. Messages of others are `sent`.
    #[n(13)]
    pub state: MessageState,
    /// The number of others who have read it; for own messages.
    #[n(14)]
    pub read_by: u32,
    /// True if it is pinned.
    #[n(15)]
    pub pinned: bool,
    /// True if an edit or a reaction of it is not admitted yet.
    #[n(16)]
    pub unsynced: bool,
    /// The thread that starts from it.
    #[n(17)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadRow>,
    /// Why a pending message waits while others are sent, and until when.
    #[n(18)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Wait>,
    /// The state of the proposal, if it is one.
    #[n(19)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalRow>,
}

/// The state of a proposal, counting responses that are not admitted yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalRow {
    /// Its status by the server's time; the row is updated when the proposal expires.
    #[n(0)]
    pub status: ProposalStatus,
    /// The response that determined the status.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<MessageId>,
}

/// A thread, as shown on the message that it starts from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ThreadRow {
    /// Its id.
    #[n(0)]
    pub id: ConversationId,
    /// The number of messages in it, including pending and deleted ones.
    #[n(1)]
    pub replies: u32,
    /// When the last of them was admitted.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<WallTime>,
    /// Some of the accounts that wrote in it, the latest first.
    #[n(3)]
    pub participants: Vec<AccountId>,
}

/// The message that another one replies to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReplyRow {
    /// The id of the message.
    #[n(0)]
    pub id: MessageId,
    /// The account that wrote it.
    #[n(1)]
    pub author: AccountId,
    /// Its author's name.
    #[n(2)]
    pub author_name: String,
    /// An excerpt of its content; none if it is not loaded or was deleted.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Content>,
}

/// The reactions with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReactionRow {
    /// The emoji.
    #[n(0)]
    pub emoji: String,
    /// The accounts that reacted.
    #[n(1)]
    pub accounts: Vec<AccountId>,
    /// True if the own account is among them.
    #[n(2)]
    pub own: bool,
}

impl ProposalRow {
    /// What became of a message by the answer to it, at the server's time; none if it is no proposal, of which no
    /// answer is asked for.
    pub fn of(
        content: Option<&Content>,
        answer: impl FnOnce() -> Option<ProposalAnswer>,
        now: WallTime,
    ) -> Option<Self> {
        let Some(Content::Proposal(proposal)) = content else { return None };
        let answer = answer();
        let status = proposal.status(answer.as_ref(), now);
        Some(Self { status, response: answer.map(|answer| answer.response) })
    }
}

impl TimelineRow {
    /// When it changes by itself: a proposal without a final response expires.
    pub fn expires_at(&self) -> Option<WallTime> {
        let status = self.proposal.as_ref()?.status;
        match &self.content {
            Some(Content::Proposal(proposal)) if !status.is_settled() && status != ProposalStatus::Expired => {
                proposal.expires_at
            }
            _ => None,
        }
    }

    /// The text of its content; empty if it is deleted or has none.
    pub fn text(&self) -> &str {
        self.content.as_ref().and_then(Content::text).unwrap_or_default()
    }

    /// Its sort key: admitted rows by position, then pending ones by id.
    pub fn order(&self) -> (Position, &MessageId) {
        (self.position.unwrap_or(Position::new(u64::MAX)), &self.id)
    }
}
