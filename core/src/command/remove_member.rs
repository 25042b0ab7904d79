//! Removes a member from a group.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::MemberStatus,
};

/// Removes a member from a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RemoveMember {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whom.
    #[n(1)]
    pub account: AccountId,
}

impl RemoveMember {
    pub(super) fn stream(&self, _: &TenantId, _: &AccountId) -> StreamId {
        StreamId::Conversation(self.conversation)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let member = planning.stream.conversation().members.get(&self.account);
        if member.is_some_and(|member| member.status == MemberStatus::Removed) {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::MemberStatus(self.account.clone(), MemberStatus::Removed)])
    }
}
