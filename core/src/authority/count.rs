//! How much one change may state. A message is a change: slow mode, the rates and the length of a page count
//! changes, so packing more into one must not gain anything.

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
        // The first members come all at once; the limit on members bounds them.
        DocumentId::Timeline(TimelineId { thread: None, .. }) if context.conversation().created.is_none() => Ok(()),
        _ if facts.len() > context.limits.change_facts_max as usize => {
            refuse(Code::TooManyOperations, format!("at most {} facts", context.limits.change_facts_max))
        }
        _ => Ok(()),
    }
}
