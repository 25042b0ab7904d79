//! Lets in who asked, or declines.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::{MemberStatus, Role},
};

/// Lets in who asked, or declines.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AnswerRequest {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// Whether they are let in.
    #[n(2)]
    pub approved: bool,
}

impl AnswerRequest {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let status = match self.approved {
            true => MemberStatus::Active,
            false => MemberStatus::Removed,
        };
        let Some(member) = planning.stream.conversation().members.get(&self.account) else {
            return Err(Refusal::new(Code::MemberUnknown, "the account has not asked"));
        };
        let is_answered = match member.status() {
            MemberStatus::Active | MemberStatus::Subscribed => self.approved,
            MemberStatus::Removed => !self.approved,
            _ => false,
        };
        match &member.role {
            // Somebody else answered the same.
            _ if is_answered => Ok(None),
            _ if member.status() != MemberStatus::Requested => {
                Err(Refusal::new(Code::MemberUnknown, "the account does not wait to be let in"))
            }
            Role::Subscriber if self.approved => {
                planning.status(self.conversation, &self.account, MemberStatus::Subscribed)
            }
            role if self.approved => planning.lets_in(self.conversation, &self.account, role, status),
            _ => planning.status(self.conversation, &self.account, status),
        }
    }
}
