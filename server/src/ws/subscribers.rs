//! Answers staff requests about the subscribers of a channel: from their rows, a page at a time.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    model::{ConversationState, MemberStatus},
    wire::{ListSubscribers, ServerFrame, Subscriber, Subscribers},
};

use super::question;
use crate::{auth::Identity, live::Frame, node::Node, store::StoreError};

/// Maximum number of subscribers in an answer.
const SUBSCRIBERS_MAX: u32 = 500;

/// The answer: Subscribers, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &ListSubscribers) -> Arc<Frame> {
    let answer = subscribers(node, identity, list).await;
    let why = |code| (code, "only staff are told of subscribers");
    let answer = answer.map(|answer| answer.map(ServerFrame::Subscribers).map_err(why));
    question::frame(node, list.request, StreamId::Conversation(list.conversation), answer)
}

async fn subscribers(
    node: &Node,
    identity: &Identity,
    list: &ListSubscribers,
) -> Result<Result<Subscribers, Code>, StoreError> {
    let ListSubscribers { request, conversation, after, count_max, position } = list;
    let (tenant, store) = (&identity.tenant, &node.store);
    if !identity.administrator {
        match store.member(tenant, *conversation, &identity.account).await? {
            Some(member) if member.is_subscriber() => return Ok(Err(Code::PermissionDenied)),
            Some(member) if member.status == MemberStatus::Active => {}
            _ => return Ok(Err(Code::NotAMember)),
        }
    }
    if store.conversation_state(tenant, *conversation).await? == Some(ConversationState::Deleted) {
        return Ok(Err(Code::NotAMember));
    }
    let counts = store.subscriber_counts(tenant, *conversation, *position).await?;
    let count_max = (*count_max).min(SUBSCRIBERS_MAX);
    let page = store.subscribers(tenant, *conversation, after.as_ref(), count_max).await?;
    Ok(Ok(Subscribers {
        request: *request,
        conversation: *conversation,
        count: counts.subscribers,
        delivered: counts.delivered,
        read: counts.read,
        subscribers: page.into_iter().map(|(account, joined_at)| Subscriber { account, joined_at }).collect(),
    }))
}
