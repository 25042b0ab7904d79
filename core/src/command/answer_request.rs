//! Lets in who asked, or declines.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::{MemberStatus, Role},
};

/// Lets in who asked, or declines.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnswerRequest {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whom.
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
        match planning.stream.conversation().members.get(&self.account) {
            Some(member) if member.status() != MemberStatus::Requested => Ok(None),
            Some(member) if self.approved && member.role == Role::Subscriber => {
                planning.status(self.conversation, &self.account, MemberStatus::Subscribed)
            }
            member if self.approved => {
                let role = member.map_or(Role::Member, |member| member.role.clone());
                planning.lets_in(self.conversation, &self.account, &role, status)
            }
            _ => planning.status(self.conversation, &self.account, status),
        }
    }
}
