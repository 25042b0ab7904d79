//! Erases conversations whose deletion is long enough ago. A node that ends in the
//! middle of one leaves the rest to the next round, on whichever node.

use std::{sync::Arc, time::Duration};

use tidings_core::ids::{ConversationId, TenantId};

use crate::{
    drain::Phase,
    node::Node,
    store::{DeletedConversation, StoreError},
};

/// Looks for what is to be erased until the node goes down. What fails is logged,
/// and tried again at the next round.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(node.config.node.erase_interval.max(Duration::from_millis(10))).await;
        let before = node.clock.wall_now().minus(node.config.node.erase_after);
        let count_max = node.config.node.bounds.erased_conversations_max;
        let due = match node.store.deleted_conversations(before, count_max).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "it is not known what is to be erased");
                continue;
            }
        };
        for DeletedConversation { tenant, conversation } in &due {
            match erase(&node, tenant, *conversation).await {
                Ok(()) => tracing::info!(%tenant, %conversation, "a deleted conversation was erased"),
                Err(error) => tracing::warn!(%tenant, %conversation, %error, "a conversation was not erased yet"),
            }
        }
    }
}

/// Part by part, so that nobody else waits long for the store.
async fn erase(node: &Node, tenant: &TenantId, conversation: ConversationId) -> Result<(), StoreError> {
    while !node.store.erase(tenant, conversation, node.clock.wall_now()).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}
