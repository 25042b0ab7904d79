//! How much one change states. A message is a change: slow mode, the rates and
//! the length of a page count changes, and nobody gets more said by saying it
//! in one.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::{DocumentId, TimelineId},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    match context.document {
        DocumentId::Page(..) if facts.len() > 1 => {
            refuse(Code::OperationIllegal, "a change of a page states one thing")
        }
        // The first members come all at once; how many they are is the roster's to bound.
        DocumentId::Timeline(TimelineId { thread: None, .. }) if context.conversation().created.is_none() => Ok(()),
        _ if facts.len() > context.limits.change_facts_max as usize => {
            refuse(Code::TooManyOperations, format!("at most {} facts", context.limits.change_facts_max))
        }
        _ => Ok(()),
    }
}
