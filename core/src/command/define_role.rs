//! Defines, changes or removes one of a conversation's own roles.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::{RoleDefinition, RoleName},
};

/// Defines, changes or removes one of a conversation's own roles.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct DefineRole {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What it is called.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(type = "Role"))]
    pub name: RoleName,
    /// What it is; none removes it.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub role: Option<RoleDefinition>,
}

impl DefineRole {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if planning.stream.conversation().roles.get(&self.name) == self.role.as_ref() {
            return Ok(None);
        }
        conversation_plan(self.conversation, vec![Fact::RoleDefinition(self.name.clone(), self.role)])
    }
}
