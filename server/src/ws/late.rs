//! Answers what those who decide about held messages ask: their words.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::{DocumentId, StreamId},
    model::{Conversation, Permission},
    wire::{LateMessages, ListLate, Refused, ServerFrame},
};

use super::outgoing::Frame;
use crate::{
    auth::Identity,
    node::Node,
    store::StoreError,
    stream::{fanout, load::load},
};

/// The frame that answers: LateMessages, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, list: &ListLate) -> Arc<Frame> {
    let (code, detail, retry_at) = match late_messages(node, identity, list).await {
        Ok(Ok(messages)) => return Frame::new(&ServerFrame::LateMessages(messages)),
        Ok(Err(code)) => (code, "only those who decide about held messages read them", None),
        Err(error) => {
            tracing::warn!(%error, conversation = %list.conversation, "the store failed a list of held messages");
            let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
            (fanout::store_code(&error), "the store cannot answer", Some(retry_at))
        }
    };
    node.metrics.fetches_refused.of(code).count();
    let stream = StreamId::Conversation(list.conversation);
    let detail = detail.to_owned();
    Frame::new(&ServerFrame::Refused(Refused { request: list.request, stream, index: 0, code, detail, retry_at }))
}

async fn late_messages(
    node: &Node,
    identity: &Identity,
    list: &ListLate,
) -> Result<Result<LateMessages, Code>, StoreError> {
    let ListLate { request, conversation } = *list;
    let (tenant, store) = (&identity.tenant, node.store.as_ref());
    if !identity.administrator {
        // Grants and roles of a conversation's own are in its document alone.
        let (document, _) = load(store, tenant, &DocumentId::Conversation(conversation)).await?;
        let conversation = Conversation::read(&document);
        let Some(member) = conversation.active_member(&identity.account) else { return Ok(Err(Code::NotAMember)) };
        if !conversation.permissions_at(member, node.clock.wall_now()).holds(Permission::MemberApprove) {
            return Ok(Err(Code::PermissionDenied));
        }
    }
    let messages = store.late_messages(tenant, conversation).await?;
    Ok(Ok(LateMessages { request, conversation, messages }))
}
