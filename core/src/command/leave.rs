//! Leaves a group.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning},
    ids::ConversationId,
    model::{Member, MemberStatus},
};

/// Leaves a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct LeaveConversation {
    /// The id of the conversation.
    #[n(0)]
    pub conversation: ConversationId,
}

impl LeaveConversation {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let account = planning.account();
        match planning.stream.conversation().members.get(account).map(Member::status) {
            Some(MemberStatus::Removed | MemberStatus::Banned) => Ok(None),
            _ => planning.status(self.conversation, account, MemberStatus::Left),
        }
    }
}
