//! Invites somebody, who is in once they accept.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::{Member, MemberStatus, Role},
};

/// Invites somebody, who is in once they accept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct InviteMember {
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

impl InviteMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().members.get(&self.account).map(Member::status) {
            Some(MemberStatus::Active) => Err(Refusal::new(Code::MemberExists, "a member already")),
            Some(MemberStatus::Invited) => Ok(None),
            _ => planning.lets_in(self.conversation, &self.account, &self.role, MemberStatus::Invited),
        }
    }
}
