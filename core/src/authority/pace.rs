//! The pace: slow mode. Asked last, and only where changes are admitted: what
//! can never be admitted does not wait, and what waits is nobody's mistake.

use core::time::Duration;

use crate::{
    authority::{Context, Refusal},
    code::Code,
    doc::Fact,
    ids::DocumentId,
    model::Role,
    time::WallTime,
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let seconds = conversation.policies.slow_mode_seconds;
    let says = |fact: &Fact| matches!(fact, Fact::Message(..));
    if seconds == 0 || context.session.administrator || !facts.iter().any(says) {
        return Ok(());
    }
    if context.power().is_some_and(|power| power.rank >= conversation.rank_of(&Role::Moderator)) {
        return Ok(());
    }
    let Some(last) = last_said(context) else { return Ok(()) };
    let next = last.plus(Duration::from_secs(u64::from(seconds)));
    if context.accepted_at >= next {
        return Ok(());
    }
    Err(Refusal::deferred(Code::SlowMode, format!("one message every {seconds} seconds"), next))
}

/// When the newest message of the account was admitted, as far as the page
/// that is written and the one before it tell.
fn last_said(context: &Context<'_>) -> Option<WallTime> {
    let conversation = context.stream.id().conversation()?;
    let (room, number) = context.document.room().zip(context.document.page())?;
    let page = |number| context.stream.document(&DocumentId::of_page(conversation, room, number));
    let pages = [page(number), number.checked_sub(1).and_then(page)];
    let admissions = pages.into_iter().flatten().flat_map(|page| page.admissions().iter());
    let own = admissions.filter(|(message, _)| message.author == context.session.account);
    own.map(|(_, admission)| admission.accepted_at).max()
}
