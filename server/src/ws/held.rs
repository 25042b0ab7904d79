//! Answers requests for held messages by those who may decide about them.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::{StreamId, TimelineId},
    model::{Conversation, ConversationState, MemberStatus, Permission},
    wire::{HeldMessages, ListHeld, ServerFrame},
};

use super::question;
use crate::{auth::Identity, live::Frame, node::Node, store::StoreError, stream::load::load};

/// The answer: HeldMessages, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &ListHeld) -> Arc<Frame> {
    let answer = held_messages(node, identity, list).await;
    let why = |code| (code, "only those who decide about held messages read them");
    let answer = answer.map(|answer| answer.map(ServerFrame::HeldMessages).map_err(why));
    question::frame(node, list.request, StreamId::Conversation(list.conversation), answer)
}

async fn held_messages(
    node: &Node,
    identity: &Identity,
    list: &ListHeld,
) -> Result<Result<HeldMessages, Code>, StoreError> {
    let ListHeld { request, conversation } = *list;
    let (tenant, store) = (&identity.tenant, node.store.as_ref());
    if !identity.administrator {
        // The row first: nothing is loaded for an account that is not a member.
        match store.member(tenant, conversation, &identity.account).await? {
            Some(member) if member.is_subscriber() => return Ok(Err(Code::PermissionDenied)),
            Some(member) if member.status == MemberStatus::Active => {}
            _ => return Ok(Err(Code::NotAMember)),
        }
        // Grants and custom roles are only in the conversation's document.
        let (document, _) = load(store, tenant, &TimelineId::of(conversation).document()).await?;
        let conversation = Conversation::read(&document);
        let Some(member) = conversation.active_member(&identity.account) else { return Ok(Err(Code::NotAMember)) };
        if !conversation.permissions_at(member, node.clock.wall_now()).holds(Permission::MemberApprove) {
            return Ok(Err(Code::PermissionDenied));
        }
    }
    if store.conversation_state(tenant, conversation).await? == Some(ConversationState::Deleted) {
        return Ok(Err(Code::NotAMember));
    }
    let messages = store.held_messages(tenant, conversation).await?;
    Ok(Ok(HeldMessages { request, conversation, messages }))
}
