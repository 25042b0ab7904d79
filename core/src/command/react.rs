//! Puts an emoji on a message.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning},
    ids::{ConversationId, MessageId},
};

/// Puts an emoji on a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct React {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// On which message.
    #[n(1)]
    pub message: MessageId,
    /// The emoji.
    #[n(2)]
    pub emoji: String,
}

impl React {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        planning.reaction(&self.message, &self.emoji, true)
    }
}
