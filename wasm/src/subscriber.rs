//! The subscribers of a channel, as TypeScript sees them.

use serde::Serialize;
use tidings_core::wire;
use tsify::Tsify;

use crate::time::millis;

/// Some of a channel's subscribers, by account, and how far all of them have come.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct SubscriberPage {
    /// How many there are.
    pub count: u32,
    /// To how many of them the message was delivered.
    pub delivered: u32,
    /// How many of them have read it.
    pub read: u32,
    /// Some of them; none behind the last.
    pub subscribers: Vec<Subscriber>,
}

/// Somebody who subscribes to a channel.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// The subscriber's account.
    pub account: String,
    /// Since when, in milliseconds since 1970.
    pub joined_at: f64,
}

impl From<wire::Subscribers> for SubscriberPage {
    fn from(page: wire::Subscribers) -> Self {
        let wire::Subscribers { request: _, conversation: _, count, delivered, read, subscribers } = page;
        let subscribers = subscribers.into_iter().map(|wire::Subscriber { account, joined_at }| Subscriber {
            account: account.to_string(),
            joined_at: millis(joined_at),
        });
        Self { count, delivered, read, subscribers: subscribers.collect() }
    }
}
