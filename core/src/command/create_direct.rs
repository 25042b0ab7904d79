//! Opens the direct with somebody: both sides derive the same conversation,
//! so whoever comes second finds nothing left to do.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::{ConversationKind, Created, MemberStatus, Role},
};

/// Opens the direct with somebody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct CreateDirect {
    /// The other one.
    #[n(0)]
    pub peer: AccountId,
}

impl CreateDirect {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        if self.peer == *planning.account() {
            return Err(Refusal::new(Code::ValueInvalid, "a direct has two different members"));
        }
        if planning.stream.conversation().created.is_some() {
            return Ok(None);
        }
        let account = planning.account().clone();
        let conversation = ConversationId::direct(planning.stream.tenant(), &account, &self.peer);
        let created = Created::new(ConversationKind::Direct, account.clone(), planning.at);
        let mut facts = vec![Fact::Created(created)];
        for member in [account, self.peer.clone()] {
            facts.push(Fact::MemberRole(member.clone(), Role::Member));
            facts.push(planning.moved(&member, MemberStatus::Active));
        }
        conversation_plan(conversation, facts)
    }
}
