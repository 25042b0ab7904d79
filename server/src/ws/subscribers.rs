//! Answers what staff ask about the subscribers of a channel: from their rows,
//! a page at a time.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::StreamId,
    model::MemberStatus,
    wire::{ListSubscribers, Refused, ServerFrame, Subscriber, Subscribers},
};

use super::outgoing::Frame;
use crate::{auth::Identity, node::Node, store::StoreError, stream::fanout};

/// Subscribers of one answer.
const SUBSCRIBERS_MAX: u32 = 500;

/// The frame that answers: Subscribers, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &ListSubscribers) -> Arc<Frame> {
    let (code, detail, retry_at) = match subscribers(node, identity, list).await {
        Ok(Ok(subscribers)) => return Frame::new(&ServerFrame::Subscribers(subscribers)),
        Ok(Err(code)) => (code, "only staff are told of subscribers", None),
        Err(error) => {
            tracing::warn!(%error, conversation = %list.conversation, "the store failed a list of subscribers");
            let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
            (fanout::store_code(&error), "the store cannot answer", Some(retry_at))
        }
    };
    node.metrics.fetches_refused.of(code).count();
    let stream = StreamId::Conversation(list.conversation);
    let detail = detail.to_owned();
    Frame::new(&ServerFrame::Refused(Refused { request: list.request, stream, index: 0, code, detail, retry_at }))
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
