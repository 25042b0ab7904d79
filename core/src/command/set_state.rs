//! Archives, closes, reopens or deletes a conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::ConversationState,
};

/// Archives, closes, reopens or deletes a conversation for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetState {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What it is then.
    #[n(1)]
    pub state: ConversationState,
}

impl SetState {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().state() == self.state {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::State(self.state)])
    }
}
