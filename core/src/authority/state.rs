//! Step 3: the conversation's state.

use crate::{
    authority::{Context, Refusal, lead, refuse},
    code::Code,
    doc::Fact,
    model::{Conversation, ConversationKind, ConversationState, InfoField, MemberStatus, Party, Role},
};

/// Returns true for a client's message in a resource conversation, which reopens it.
fn reopens(context: &Context<'_>, facts: &[Fact]) -> bool {
    let is_message = matches!(facts, [Fact::Message(..)]) && context.document.thread().is_none();
    is_message && context.conversation().party(context.account()) == Some(Party::Client)
}

/// Checks the state of the conversation and, in a thread, that of the thread.
pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    match context.document.thread() {
        None => check_timeline(context, context.conversation(), facts),
        Some(_) => {
            // Reopening a thread reopens nothing else.
            check_timeline(context, context.conversation(), &[])?;
            check_timeline(context, context.timeline(), facts)
        }
    }
}

/// Checks that the state of a timeline, and its lock, allow `facts`, or anything at all if there are none.
pub(super) fn check_timeline(
    context: &Context<'_>,
    conversation: &Conversation,
    facts: &[Fact],
) -> Result<(), Refusal> {
    if conversation.created.is_none() {
        return refuse(Code::ConversationUnknown, "the conversation does not exist");
    }
    // A deleted conversation is gone from its members' devices, and soon from the server.
    if conversation.state() == ConversationState::Deleted {
        return refuse(Code::ConversationDeleted, "the conversation is deleted");
    }
    let is_leave = |fact: &Fact| matches!(fact, Fact::MemberStatus(account, to) if account == context.account() && to.status == MemberStatus::Left);
    let leaves = !facts.is_empty() && facts.iter().all(is_leave);
    if conversation.kind() == Some(ConversationKind::Unknown) && !leaves {
        return refuse(Code::KindUnknown, "a conversation of a newer version");
    }
    if context.session.administrator {
        return Ok(());
    }
    let only = |allowed: fn(&Fact) -> bool| !facts.is_empty() && facts.iter().all(allowed);
    let changes_state = |fact: &Fact| {
        matches!(fact, Fact::State(_) | Fact::Info(InfoField::ResourceTitle, _)) || lead::number(fact).is_some()
    };
    match conversation.state() {
        _ if leaves => return Ok(()),
        _ if reopens(context, facts) => {}
        ConversationState::Closed | ConversationState::Unknown if !only(changes_state) => {
            return refuse(Code::ConversationClosed, "the conversation is closed");
        }
        ConversationState::Archived if !only(changes_state) => {
            return refuse(Code::ConversationArchived, "the conversation is archived");
        }
        ConversationState::Active
        | ConversationState::Closed
        | ConversationState::Archived
        | ConversationState::Deleted
        | ConversationState::Unknown => {}
    }
    let below_moderator =
        context.power().is_some_and(|power| power.rank < context.conversation().rank_of(&Role::Moderator));
    if conversation.locked && below_moderator {
        return refuse(Code::ConversationLocked, "the conversation is locked");
    }
    Ok(())
}
