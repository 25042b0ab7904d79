//! Subscribers of a channel, whom no document lists: how many there are, and what staff ask about them.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    ids::{AccountId, ConversationId},
    journal::Position,
    limits::frame_items,
    time::WallTime,
    wire::bounded,
};

/// Asks for some of a channel's subscribers, and how far all of them have come.
/// Answered by Subscribers, or Refused with its request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListSubscribers {
    /// Names it in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The channel.
    #[n(1)]
    pub conversation: ConversationId,
    /// Those behind this account; none for the first.
    #[n(2)]
    pub after: Option<AccountId>,
    /// At most so many. The server has a bound of its own.
    #[n(3)]
    pub count_max: u32,
    /// Up to where somebody counts as delivered to, and as having read.
    #[n(4)]
    pub position: Position,
}

/// Some of a channel's subscribers, by account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(rename = "SubscriberPage"))]
pub struct Subscribers {
    /// What it answers.
    #[n(0)]
    #[serde(skip)]
    pub request: u64,
    /// The channel.
    #[n(1)]
    #[serde(skip)]
    pub conversation: ConversationId,
    /// How many there are.
    #[n(2)]
    pub count: u32,
    /// How many of them were delivered to.
    #[n(3)]
    pub delivered: u32,
    /// How many of them have read.
    #[n(4)]
    pub read: u32,
    /// Some of them; none behind the last.
    #[cbor(n(5), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")]
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

/// How many subscribe to a channel, told to all who read it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SubscriberCount {
    /// The channel.
    #[n(0)]
    pub conversation: ConversationId,
    /// Those who subscribe.
    #[n(1)]
    pub count: u32,
}
