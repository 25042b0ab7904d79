//! Asks the server for what only one who is not a member asks for.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning},
    ids::ConversationId,
    model::MembershipAction,
};

/// Joins a conversation, takes or declines an invitation. It becomes no change
/// of this device, which cannot read the conversation: the server writes what
/// follows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct RequestMembership {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// What is asked for.
    #[n(1)]
    pub action: MembershipAction,
}

impl RequestMembership {
    pub(super) fn plan(&self, _: &Planning<'_>) -> PlanResult {
        Err(Refusal::new(Code::Misuse, "a membership request is answered by the server"))
    }
}
