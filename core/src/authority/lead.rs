//! The lead of a resource conversation, whose state goes with that of the conversation (A104, A105): it is
//! closed as won or lost where the conversation is closed, and archived where that is archived.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::{ConversationKind, ConversationState, Lead, LeadNumber, Party},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let states_lead = facts.iter().any(|fact| number(fact).is_some());
    let is_resource = context.conversation().kind() == Some(ConversationKind::Resource);
    if !is_resource || context.document.thread().is_some() {
        return match states_lead {
            true => refuse(Code::WrongKind, "only a resource conversation has leads"),
            false => Ok(()),
        };
    }
    let state = facts.iter().find_map(|fact| match fact {
        Fact::State(state) => Some(*state),
        _ => None,
    });
    if !states_lead && state.is_none() || state == Some(ConversationState::Deleted) {
        return Ok(());
    }
    let is_client = context.conversation().party(context.account()) == Some(Party::Client);
    if is_client && !context.session.administrator {
        return refuse(Code::PermissionDenied, "the owner and their staff say what becomes of a lead");
    }
    let lead = lead_after(context, facts)?;
    check_fit(state.unwrap_or(context.conversation().state()), &lead)
}

/// The number of the lead that a fact concerns.
pub(super) fn number(fact: &Fact) -> Option<LeadNumber> {
    match fact {
        Fact::LeadOpened(number, _)
        | Fact::LeadStage(number, _)
        | Fact::LeadArchived(number, _)
        | Fact::LeadClosureReason(number, _) => Some(*number),
        _ => None,
    }
}

/// The newest lead after the facts, which must not concern any other.
fn lead_after(context: &Context<'_>, facts: &[Fact]) -> Result<Lead, Refusal> {
    let former = context.conversation().lead();
    let opened = facts.iter().find_map(|fact| match fact {
        Fact::LeadOpened(number, opened) => Some((*number, opened)),
        _ => None,
    });
    let invalid = |detail: &str| Err(Refusal::new(Code::LeadInvalid, detail));
    let mut lead = match (opened, former) {
        (Some((_, opened)), _) if opened.by != *context.account() => {
            return Err(Refusal::new(Code::NotTheAuthor, "opened in another account's name"));
        }
        (Some(_), Some(former)) if !former.stage.is_closed() => return invalid("the former lead is open"),
        (Some((number, opened)), former) if number == former.map_or(0, |lead| lead.number).saturating_add(1) => {
            Lead::begun(number, opened.clone())
        }
        (Some(_), _) => return invalid("leads are numbered one after another"),
        (None, Some(former)) => former.clone(),
        (None, None) => return invalid("the conversation has no lead"),
    };
    for fact in facts {
        if number(fact).is_some_and(|number| number != lead.number) {
            return invalid("only the newest lead changes");
        }
        match fact {
            Fact::LeadStage(_, stage) => lead.stage = stage.clone(),
            Fact::LeadArchived(_, archived) => lead.is_archived = *archived,
            _ => {}
        }
    }
    Ok(lead)
}

fn check_fit(state: ConversationState, lead: &Lead) -> Result<(), Refusal> {
    let detail = match (state, lead.stage.is_closed(), lead.is_archived) {
        (ConversationState::Closed, true, _)
        | (ConversationState::Archived, false, true)
        | (ConversationState::Active, false, false) => return Ok(()),
        (ConversationState::Closed, false, _) => "a conversation is closed with its lead, as won or lost",
        (_, true, _) => "a lead is closed with its conversation",
        _ => "a lead is archived with its conversation",
    };
    refuse(Code::LeadInvalid, detail)
}
