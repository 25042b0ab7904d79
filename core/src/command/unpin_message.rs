//! Unpins a message.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
};

/// Unpins a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct UnpinMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl UnpinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let timeline = planning.timeline_of(self.conversation, &self.message);
        if planning.stream.timeline(timeline).is_none_or(|timeline| !timeline.pins.contains_key(&self.message)) {
            return Ok(None);
        }
        plan(timeline.document(), vec![Fact::Pin(self.message.clone(), None)])
    }
}
