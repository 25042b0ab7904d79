//! Messages of a removed member, written before they knew: held if the policy says so, until somebody admits or
//! discards them. The document states that a message is held and what was decided; its content is in no
//! document before that.

use core::time::Duration;

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::{AccountId, MessageId},
    model::{Conversation, HELD_MAX, Held, HeldState, LateWrites, Member, MemberStatus},
    time::WallTime,
};

/// Time after it was held at which its author may ask again for the outcome.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Checks that an account may submit a message to be held; `now` is the server's time.
///
/// # Errors
/// The reason why not; or the outcome, if it was submitted before.
pub(super) fn may_hold(
    conversation: &Conversation,
    account: &AccountId,
    message: &MessageId,
    now: WallTime,
) -> Result<(), Refusal> {
    if message.author != *account {
        return refuse(Code::NotTheAuthor, "another account's message");
    }
    if let Some(outcome) = held_outcome(conversation, message) {
        return Err(outcome);
    }
    if conversation.held.contains_key(message) {
        let detail = "nobody has decided about it yet";
        return Err(Refusal::deferred(Code::MessageHeld, detail, now.plus(ASK_AGAIN)));
    }
    match conversation.members.get(account).map(Member::status) {
        Some(MemberStatus::Removed) => {}
        Some(MemberStatus::Active) => return refuse(Code::MemberExists, "a member writes it"),
        Some(MemberStatus::Left) => return refuse(Code::MemberLeft, "the account has left"),
        Some(MemberStatus::Banned) => return refuse(Code::MemberBanned, "the account was banned"),
        _ => return refuse(Code::NotAMember, "the account is not a member"),
    }
    if conversation.policies.late_writes != LateWrites::Hold {
        return refuse(Code::MemberRemoved, "the account was removed");
    }
    if conversation.held.values().filter(|held| held.state == HeldState::Held).count() >= HELD_MAX {
        return refuse(Code::MemberRemoved, format!("{HELD_MAX} messages are held already"));
    }
    Ok(())
}

/// What was decided about a message that was held.
pub(crate) fn held_outcome(conversation: &Conversation, message: &MessageId) -> Option<Refusal> {
    match conversation.held.get(message)?.state {
        HeldState::Held => None,
        HeldState::Admitted => Some(Refusal::new(Code::HeldAdmitted, "it was let in")),
        HeldState::Discarded | HeldState::Unknown => Some(Refusal::new(Code::HeldDiscarded, "it was not let in")),
    }
}

/// Checks what the system states about a submitted message.
pub(super) fn check_held(context: &Context<'_>, message: &MessageId, held: &Held) -> Result<(), Refusal> {
    may_hold(context.conversation(), &message.author, message, context.accepted_at)?;
    match held.state {
        HeldState::Held => Ok(()),
        _ => refuse(Code::PermissionDenied, "the system decides about no message"),
    }
}

/// Checks what somebody decides about held messages.
pub(super) fn check_decisions(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    for fact in facts {
        let Fact::Held(message, stated) = fact else { continue };
        match context.conversation().held.get(message) {
            None => return refuse(Code::MessageUnknown, "no such message is held"),
            Some(held) if held.state != HeldState::Held => return refuse(Code::Stale, "somebody has decided"),
            Some(held) if held.thread != stated.thread => return refuse(Code::ValueInvalid, "held of another thread"),
            Some(_) if stated.state == HeldState::Held => return refuse(Code::ValueInvalid, "it is held already"),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Checks that what the system writes on a page is a held message that was admitted.
pub(super) fn check_admitted(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let [Fact::Message(message, _)] = facts else {
        return refuse(Code::PermissionDenied, "the system writes messages that were let in, one by one");
    };
    let held = context.conversation().held.get(message);
    match held.filter(|held| held.state == HeldState::Admitted && held.thread == context.document.thread()) {
        Some(_) => Ok(()),
        None => refuse(Code::PermissionDenied, "nobody let this message in"),
    }
}
