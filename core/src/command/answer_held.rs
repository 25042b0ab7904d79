//! Lets a message in that is held, or not.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, conversation_plan},
    ids::{ConversationId, MessageId},
    model::HeldState,
};

/// Lets a message of one who was removed in, or discards it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AnswerHeld {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, of those that are held.
    #[n(1)]
    pub message: MessageId,
    /// Whether it is let in.
    #[n(2)]
    pub admitted: bool,
}

impl AnswerHeld {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let state = if self.admitted { HeldState::Admitted } else { HeldState::Discarded };
        let Some(held) = planning.stream.conversation().held.get(&self.message) else {
            return Err(Refusal::new(Code::MessageUnknown, "no such message is held"));
        };
        if held.state == state {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![planning.decided(&self.message, held, state)])
    }
}
