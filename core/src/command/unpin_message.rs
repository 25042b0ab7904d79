//! Unpins a message.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
};

/// Unpins a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UnpinMessage {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which.
    #[n(1)]
    pub message: MessageId,
}

impl UnpinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if !planning.stream.conversation().pins.contains_key(&self.message) {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Pin(self.message.clone(), None)])
    }
}
