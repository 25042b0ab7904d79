//! Bans an account from a group: it cannot be added before it is unbanned.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId, StreamId, TenantId},
    model::MemberStatus,
};

/// Bans an account from a group: it cannot be added before it is unbanned.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BanMember {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whom.
    #[n(1)]
    pub account: AccountId,
}

impl BanMember {
    pub(super) fn stream(&self, _: &TenantId, _: &AccountId) -> StreamId {
        StreamId::Conversation(self.conversation)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let member = planning.stream.conversation().members.get(&self.account);
        if member.is_some_and(|member| member.status == MemberStatus::Banned) {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::MemberStatus(self.account.clone(), MemberStatus::Banned)])
    }
}
