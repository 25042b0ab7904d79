//! Takes a message back, one's own or, with the permission, anybody's.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, Key},
    ids::{ConversationId, MessageId},
    model::Deletion,
};

/// Takes a message back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct DeleteMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl DeleteMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        if page.get(&Key::Deleted(self.message.clone())).is_some() {
            return Ok(None);
        }
        let deletion = Deletion { by: planning.account().clone(), at: planning.at };
        plan(page.id().clone(), vec![Fact::Deleted(self.message.clone(), deletion)])
    }
}
