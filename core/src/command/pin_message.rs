//! Pins a message for everybody.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
    model::Pin,
};

/// Pins a message for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinMessage {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which.
    #[n(1)]
    pub message: MessageId,
}

impl PinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().pins.contains_key(&self.message) {
            return Ok(None);
        }
        let pin = Pin { by: planning.account().clone(), at: planning.at };
        conversation_plan(self.conversation, vec![Fact::Pin(self.message.clone(), Some(pin))])
    }
}
