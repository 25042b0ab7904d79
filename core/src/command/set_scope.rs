//! Changes who may know of a conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::Scope,
};

/// Changes who may know of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetScope {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Who may.
    #[n(1)]
    pub scope: Scope,
}

impl SetScope {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().scope() == self.scope {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Scope(self.scope)])
    }
}
