//! Edits an own message.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, MessageId},
    model::{Content, Edit},
};

/// Edits an own message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct EditMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
    /// What it is to say, of the same kind as before.
    #[n(2)]
    pub content: Content,
}

impl EditMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        let edit = Edit { content: self.content.clone(), at: planning.at };
        plan(page.id().clone(), vec![Fact::Edit(self.message.clone(), edit)])
    }
}
