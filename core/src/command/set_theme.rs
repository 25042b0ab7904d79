//! Changes how a conversation looks.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::Theme,
};

/// Changes how a conversation looks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetTheme {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The new look; none for the app's own.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub theme: Option<Theme>,
}

impl SetTheme {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().theme == self.theme {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::Theme(self.theme.clone())])
    }
}
