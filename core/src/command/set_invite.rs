//! Makes an invite link, changes one or takes one away.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{ConversationId, InviteId},
    model::{Invite, Role},
    time::WallTime,
};

/// Makes an invite link, changes one or takes one away. To rotate one is to
/// take it away and make another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetInvite {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, made from its code.
    #[n(1)]
    pub invite: InviteId,
    /// What it is then; none takes it away.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub terms: Option<InviteTerms>,
}

/// What an invite link does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct InviteTerms {
    /// What who comes in by it becomes.
    #[n(0)]
    pub role: Role,
    /// From when on it lets nobody in; none for never.
    #[n(1)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub until: Option<WallTime>,
    /// How many it lets in; none for any number.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub uses_max: Option<u32>,
    /// Whether it lets anybody in.
    #[n(3)]
    pub enabled: bool,
}

impl SetInvite {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let former = planning.stream.conversation().invites.get(&self.invite);
        let terms = |invite: &Invite| InviteTerms {
            role: invite.role.clone(),
            until: invite.until,
            uses_max: invite.uses_max,
            enabled: invite.enabled,
        };
        if former.map(terms) == self.terms {
            return Ok(None);
        }
        let by = planning.account().clone();
        let invite = self.terms.clone().map(|terms| {
            let InviteTerms { role, until, uses_max, enabled } = terms;
            Invite { role, until, uses_max, enabled, by, at: planning.at }
        });
        conversation_plan(self.conversation, vec![Fact::Invite(self.invite, invite)])
    }
}
