//! Changes a text that describes a conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::InfoField,
};

/// Changes name, title, description or picture of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetInfo {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which text.
    #[n(1)]
    pub field: InfoField,
    /// The new one; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub text: Option<String>,
}

impl SetInfo {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().text(self.field) == self.text.as_deref() {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Info(self.field, self.text.clone())])
    }
}
