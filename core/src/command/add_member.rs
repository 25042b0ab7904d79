//! Adds a member to a group, or brings one back.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::{MemberStatus, Role},
};

/// Adds a member, or brings one back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AddMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// As what.
    #[n(2)]
    pub role: Role,
}

impl AddMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().active_member(&self.account) {
            Some(member) if member.role == self.role => return Ok(None),
            // To add is not to change a role: who asked for another one is told that nothing came of it.
            Some(member) => {
                return Err(Refusal::new(Code::MemberExists, format!("a member already, as {}", member.role)));
            }
            None => {}
        }
        planning.lets_in(self.conversation, &self.account, &self.role, MemberStatus::Active)
    }
}
