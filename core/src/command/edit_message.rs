//! Edits an own message.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
    model::Edit,
};

/// Edits an own message.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EditMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
    /// The new words, 1 to 4,000 characters.
    #[n(2)]
    pub text: String,
}

impl EditMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        let edit = Edit { text: self.text.clone(), at: planning.at };
        plan(page.id().clone(), vec![Fact::Edit(self.message.clone(), edit)])
    }
}

impl core::fmt::Debug for EditMessage {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "EditMessage({}, {} bytes)", self.message, self.text.len())
    }
}
