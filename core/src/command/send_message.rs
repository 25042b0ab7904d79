//! Sends a message into the open page.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, made_up, plan},
    doc::Fact,
    ids::{AccountId, ConversationId, MessageId, Stamp, TimelineId},
    model::{Content, MessageBody},
};

/// Sends a message. Its id is given once and kept through every rewriting.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message's stamp, from the device's hybrid clock.
    #[n(1)]
    #[serde(skip, default = "made_up")]
    pub stamp: Stamp,
    /// What it says.
    #[n(2)]
    pub content: Content,
    /// The message it answers.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub reply_to: Option<MessageId>,
    /// The accounts it mentions.
    #[n(4)]
    #[serde(default)]
    pub mentions: Vec<AccountId>,
    /// The thread of the conversation that it is written in.
    #[n(5)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub thread: Option<ConversationId>,
}

impl SendMessage {
    /// A message that the engine is to stamp.
    pub fn new(conversation: ConversationId, content: impl Into<Content>) -> Self {
        Self {
            conversation,
            stamp: Stamp::from_bytes([0; 16]),
            content: content.into(),
            reply_to: None,
            mentions: Vec::new(),
            thread: None,
        }
    }

    /// What it is written in: the conversation, or one of its threads.
    pub fn timeline(&self) -> TimelineId {
        TimelineId { conversation: self.conversation, thread: self.thread }
    }

    /// The id of the message.
    pub fn message(&self, account: &AccountId) -> MessageId {
        MessageId { stamp: self.stamp, author: account.clone() }
    }

    /// What the message says.
    pub fn body(&self) -> MessageBody {
        MessageBody {
            content: self.content.clone(),
            reply_to: self.reply_to.clone(),
            mentions: (!self.mentions.is_empty()).then(|| self.mentions.clone()),
        }
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let message = self.message(planning.account());
        if planning.stream.page_of(&message).is_some() {
            return Ok(None);
        }
        let page = self.timeline().page(planning.open_page(self.timeline()));
        plan(page, vec![Fact::Message(message, self.body())])
    }
}
