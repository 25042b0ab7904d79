//! Removes a member from a group.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::MemberStatus,
};

/// Removes a member from a group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RemoveMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl RemoveMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        planning.status(self.conversation, &self.account, MemberStatus::Removed)
    }
}
