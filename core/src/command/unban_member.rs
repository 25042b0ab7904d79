//! Lifts a ban: the account may be added again, or come back by itself.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::{Member, MemberStatus},
};

/// Lifts a ban.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct UnbanMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl UnbanMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        match planning.stream.conversation().members.get(&self.account).map(Member::status) {
            Some(MemberStatus::Banned) => planning.status(self.conversation, &self.account, MemberStatus::Removed),
            // Lifted already, by somebody else.
            Some(MemberStatus::Removed) => Ok(None),
            _ => Err(Refusal::new(Code::MemberUnknown, "the account is not banned")),
        }
    }
}
