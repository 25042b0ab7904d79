//! Changes a member's role.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::Role,
};

/// Changes a member's role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct ChangeRole {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// To what.
    #[n(2)]
    pub role: Role,
}

impl ChangeRole {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().active_member(&self.account) {
            None => Err(Refusal::new(Code::MemberUnknown, "not a member")),
            Some(member) if member.role == self.role => Ok(None),
            Some(_) => {
                conversation_plan(self.conversation, vec![Fact::MemberRole(self.account.clone(), self.role.clone())])
            }
        }
    }
}
