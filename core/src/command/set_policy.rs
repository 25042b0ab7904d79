//! Changes a policy of a conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::Policy,
};

/// Changes a policy of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetPolicy {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, and what it says now.
    #[n(1)]
    pub policy: Policy,
}

impl SetPolicy {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().policies.get(self.policy.name()) == self.policy {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Policy(self.policy)])
    }
}
