//! Grants or denies a member one permission, for good or for a while.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::{Grant, Permission},
    time::WallTime,
};

/// Grants or denies a member one permission, beside their role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetPermission {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it applies to.
    #[n(1)]
    pub account: AccountId,
    /// The permission it applies to.
    #[n(2)]
    pub permission: Permission,
    /// Whether they hold it; none goes back to what the role says.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub allowed: Option<bool>,
    /// From when on it goes back by itself; none for never.
    #[n(4)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub until: Option<WallTime>,
}

impl SetPermission {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let Some(member) = planning.stream.conversation().active_member(&self.account) else {
            return Err(Refusal::new(Code::MemberUnknown, "not a member"));
        };
        let former = member.grants.get(&self.permission);
        if former.map(|grant| grant.allowed) == self.allowed && former.and_then(|grant| grant.until) == self.until {
            return Ok(None);
        }
        let by = planning.account().clone();
        let grant = self.allowed.map(|allowed| Grant { allowed, by, at: planning.at, until: self.until });
        conversation_plan(self.conversation, vec![Fact::MemberGrant(self.account.clone(), self.permission, grant)])
    }
}
