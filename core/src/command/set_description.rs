//! Changes the description of a conversation; none removes it.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
};

/// Changes the description of a conversation; none removes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetDescription {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// The new one, 1 to 2,000 characters.
    #[n(1)]
    pub description: Option<String>,
}

impl SetDescription {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().description == self.description {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Description(self.description.clone())])
    }
}
