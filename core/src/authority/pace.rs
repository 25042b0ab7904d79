//! The pace: slow mode, and how much an account may write in a day into a document without pages. Checked last,
//! and only where changes are admitted: a change that can never be admitted does not wait, and one that waits
//! is nobody's mistake.

use core::time::Duration;

use crate::{
    authority::{Context, Refusal, said},
    code::Code,
    doc::{Change, Fact, cost, payer},
    ids::DocumentId,
    model::Role,
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let seconds = conversation.policies.slow_mode_seconds;
    if seconds == 0 || context.session.administrator || !said::says(context.document, facts) {
        return Ok(());
    }
    if context.power().is_some_and(|power| power.rank >= conversation.rank_of(&Role::Moderator)) {
        return Ok(());
    }
    let position = context.stream.position().next();
    let Some(last) = context.stream.said.last(context.document, context.account(), position) else { return Ok(()) };
    let next = last.plus(Duration::from_secs(u64::from(seconds)));
    if context.accepted_at >= next {
        return Ok(());
    }
    Err(Refusal::deferred(Code::SlowMode, format!("one message every {seconds} seconds"), next))
}

/// Checks that the remaining share of the paying account covers a change.
pub(super) fn check_share(context: &Context<'_>, change: &Change) -> Result<(), Refusal> {
    let document = context.stream.document(context.document).expect("shape found it");
    let payer = match payer(context.document, context.account(), change) {
        Some(payer) if !context.session.administrator => payer,
        Some(_) | None => return Ok(()),
    };
    let units = match context.document {
        // A phone book may be imported at once.
        DocumentId::Home(_) => context.limits.share_units.max(context.limits.contacts_max),
        _ => context.limits.share_units,
    };
    let payable_at = document.shares().payable_at(&payer, cost(change.bytes().len()), units);
    if payable_at <= context.accepted_at {
        return Ok(());
    }
    Err(Refusal::deferred(Code::RateLimited, "more than one account may write here in a day", payable_at))
}
