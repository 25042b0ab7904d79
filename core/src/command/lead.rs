//! Commands about the lead of a resource conversation, and what changing the state of the conversation
//! states of it.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::planning::{PlanResult, Planning, conversation_fact, conversation_plan},
    doc::Fact,
    ids::ConversationId,
    model::{ConversationState, Lead, LeadOpened, LeadOutcome, LeadStage},
};

/// Closes a resource conversation with its lead, which was won or lost.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct FinalizeLead {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// How the lead ended.
    #[n(1)]
    pub outcome: LeadOutcome,
    /// Why, ≤ 500 characters.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub reason: Option<String>,
}

impl FinalizeLead {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let lead = lead(planning)?;
        let stage = LeadStage::closed(self.outcome);
        let mut facts = Vec::new();
        if planning.stream.conversation().state() != ConversationState::Closed {
            facts.push(Fact::State(ConversationState::Closed));
        }
        if lead.stage != stage {
            facts.push(Fact::LeadStage(lead.number, stage));
        }
        if lead.closure_reason != self.reason {
            facts.push(Fact::LeadClosureReason(lead.number, self.reason.clone()));
        }
        if facts.is_empty() { Ok(None) } else { conversation_plan(self.conversation, facts) }
    }
}

/// Moves the lead of a resource conversation to a stage that does not close it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetLeadStage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The new stage.
    #[n(1)]
    pub stage: LeadStage,
}

impl SetLeadStage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let lead = lead(planning)?;
        let is_so = lead.stage == self.stage;
        conversation_fact(self.conversation, is_so, Fact::LeadStage(lead.number, self.stage.clone()))
    }
}

fn lead<'a>(planning: &Planning<'a>) -> Result<&'a Lead, Refusal> {
    let lead = planning.stream.conversation().lead();
    lead.ok_or_else(|| Refusal::new(Code::WrongKind, "only a resource conversation has leads"))
}

/// What it takes to bring a resource conversation, and its newest lead with it, to a state. How a lead
/// ends is for [`FinalizeLead`] to say.
pub(super) fn with_state(planning: &Planning<'_>, lead: &Lead, state: ConversationState) -> Vec<Fact> {
    let mut facts = vec![Fact::State(state)];
    match state {
        ConversationState::Archived => facts.push(Fact::LeadArchived(lead.number, true)),
        ConversationState::Active if lead.stage.is_closed() => {
            let (by, at) = (planning.account().clone(), planning.at);
            let opened = LeadOpened { by, at, intent: None, contact_channel: None };
            facts.push(Fact::LeadOpened(lead.number.saturating_add(1), opened));
        }
        ConversationState::Active if lead.is_archived => facts.push(Fact::LeadArchived(lead.number, false)),
        ConversationState::Active
        | ConversationState::Closed
        | ConversationState::Deleted
        | ConversationState::Unknown => {}
    }
    facts
}
