//! Changes the title of a conversation; none removes it.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
};

/// Changes the title of a conversation; none removes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetTitle {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// The new one, 1 to 200 characters.
    #[n(1)]
    pub title: Option<String>,
}

impl SetTitle {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().title == self.title {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Title(self.title.clone())])
    }
}
