//! Leaves a group.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::MemberStatus,
};

/// Leaves a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeaveConversation {
    /// Which.
    #[n(0)]
    pub conversation: ConversationId,
}

impl LeaveConversation {
    pub(super) fn stream(&self, _: &TenantId, _: &AccountId) -> StreamId {
        StreamId::Conversation(self.conversation)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let member = planning.stream.conversation().members.get(planning.account());
        if member.is_some_and(|member| member.status != MemberStatus::Active) {
            return Ok(None);
        }
        let left = Fact::MemberStatus(planning.account().clone(), MemberStatus::Left);
        conversation_plan(self.conversation, vec![left])
    }
}
