//! Bans an account from a group: it cannot be added before it is unbanned.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning},
    ids::{AccountId, ConversationId},
    model::MemberStatus,
};

/// Bans an account from a group: it cannot be added before it is unbanned.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct BanMember {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
}

impl BanMember {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        planning.status(self.conversation, &self.account, MemberStatus::Banned)
    }
}
