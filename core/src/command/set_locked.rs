//! Locks or unlocks a conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
};

/// Locks a conversation to all but moderators and above, or unlocks it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetLocked {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whether it is locked then.
    #[n(1)]
    pub locked: bool,
}

impl SetLocked {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().locked == self.locked {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Locked(self.locked)])
    }
}
