//! Pins a message for everybody.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
    model::Pin,
};

/// Pins a message for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct PinMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl PinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let timeline = planning.timeline_of(self.conversation, &self.message);
        if planning.stream.timeline(timeline).is_some_and(|timeline| timeline.pins.contains_key(&self.message)) {
            return Ok(None);
        }
        let page = planning.page_of(&self.message)?.id().page().unwrap_or_default();
        let pin = Pin { by: planning.account().clone(), at: planning.at, page };
        plan(timeline.document(), vec![Fact::Pin(self.message.clone(), Some(pin))])
    }
}
