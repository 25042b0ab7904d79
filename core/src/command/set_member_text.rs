//! Changes the own name or color in one conversation.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::MemberField,
};

/// Changes the own name or color in one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetMemberText {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The field that is set.
    #[n(1)]
    pub field: MemberField,
    /// The new one; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub text: Option<String>,
}

impl SetMemberText {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let account = planning.account();
        let member = planning.stream.conversation().members.get(account);
        if member.and_then(|member| member.text(self.field)) == self.text.as_deref() {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::MemberText(account.clone(), self.field, self.text.clone())])
    }
}
