//! Makes another member the owner, and oneself an admin.

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

/// Makes another member the owner, and oneself an admin.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct TransferOwnership {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Who is the owner then.
    #[n(1)]
    pub account: AccountId,
}

impl TransferOwnership {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().active_member(&self.account) {
            None => Err(Refusal::new(Code::MemberUnknown, "not a member")),
            Some(member) if member.role == Role::Owner => Ok(None),
            Some(_) => {
                let owner = Fact::MemberRole(self.account.clone(), Role::Owner);
                let admin = Fact::MemberRole(planning.account().clone(), Role::Admin);
                conversation_plan(self.conversation, vec![owner, admin])
            }
        }
    }
}
