//! Subscribers of a channel, who are in no document: their number, and requests of staff about them.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    ids::{AccountId, ConversationId},
    journal::Position,
    limits::frame_items,
    time::WallTime,
    wire::bounded,
};

/// Requests some of a channel's subscribers, and the progress of all. Answered by Subscribers, or by Refused
/// with this request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListSubscribers {
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The channel.
    #[n(1)]
    pub conversation: ConversationId,
    /// The account to continue after; none for the first page.
    #[n(2)]
    pub after: Option<AccountId>,
    /// Maximum number of rows; the server has a limit of its own.
    #[n(3)]
    pub count_max: u32,
    /// The position that a subscriber must have reached to count as delivered to or as having read.
    #[n(4)]
    pub position: Position,
}

/// Some of a channel's subscribers, by account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(rename = "SubscriberPage"))]
pub struct Subscribers {
    /// The request it answers.
    #[n(0)]
    #[serde(skip)]
    pub request: u64,
    /// The channel.
    #[n(1)]
    #[serde(skip)]
    pub conversation: ConversationId,
    /// The number of subscribers.
    #[n(2)]
    pub count: u32,
    /// The number delivered to.
    #[n(3)]
    pub delivered: u32,
    /// The number that have read.
    #[n(4)]
    pub read: u32,
    /// Some of them; none after the last.
    #[cbor(n(5), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")]
    pub subscribers: Vec<Subscriber>,
}

/// A subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// The account it is about.
    #[n(0)]
    pub account: AccountId,
    /// Since when.
    #[n(1)]
    pub joined_at: WallTime,
}

/// The number of a channel's subscribers, sent to everybody who reads it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SubscriberCount {
    /// The channel.
    #[n(0)]
    pub conversation: ConversationId,
    /// The number of subscribers.
    #[n(1)]
    pub count: u32,
}
