//! Step 3: the conversation's state.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::{ConversationState, MemberStatus, Role},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let conversation = context.conversation();
    if conversation.created.is_none() {
        return refuse(Code::ConversationUnknown, "the conversation does not exist");
    }
    if context.session.administrator {
        return Ok(());
    }
    let only = |allowed: fn(&Fact) -> bool| facts.iter().all(allowed);
    let changes_state = |fact: &Fact| matches!(fact, Fact::State(_));
    let leaves = facts
        .iter()
        .all(|fact| matches!(fact, Fact::MemberStatus(account, to) if account == context.account() && to.status == MemberStatus::Left));
    match conversation.state() {
        ConversationState::Deleted => return refuse(Code::ConversationDeleted, "the conversation is deleted"),
        _ if leaves => return Ok(()),
        ConversationState::Closed if !only(changes_state) => {
            return refuse(Code::ConversationClosed, "the conversation is closed");
        }
        ConversationState::Archived if !only(changes_state) => {
            return refuse(Code::ConversationArchived, "the conversation is archived");
        }
        ConversationState::Active | ConversationState::Closed | ConversationState::Archived => {}
    }
    let below_moderator = context.power().is_some_and(|power| power.rank < conversation.rank_of(&Role::Moderator));
    if conversation.locked && below_moderator {
        return refuse(Code::ConversationLocked, "the conversation is locked");
    }
    Ok(())
}
