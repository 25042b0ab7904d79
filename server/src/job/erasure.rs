//! Erases conversations that were deleted long enough ago. If a node ends halfway, the next round on any node
//! does the rest.

use std::{sync::Arc, time::Duration};

use tidings_core::ids::{ConversationId, TenantId};

use crate::{
    drain::Phase,
    environment::Environment,
    store::{DeletedConversation, StoreError},
};

/// Looks for conversations to erase until the node shuts down. Failures are logged and tried again in the
/// next round.
pub(crate) async fn run(env: Arc<Environment>) {
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.erase_interval.max(Duration::from_millis(10))).await;
        let before = env.clock.wall_now().minus(env.config.node.erase_after);
        let count_max = env.config.node.bounds.erased_conversations_max;
        let due = match env.store.deleted_conversations(before, count_max).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "it is not known what is to be erased");
                continue;
            }
        };
        for DeletedConversation { tenant, conversation } in &due {
            match erase(&env, tenant, *conversation).await {
                Ok(()) => tracing::info!(%tenant, %conversation, "a deleted conversation was erased"),
                Err(error) => tracing::warn!(%tenant, %conversation, %error, "a conversation was not erased yet"),
            }
        }
    }
}

/// Erases step by step, so that nobody waits long for the store.
async fn erase(env: &Environment, tenant: &TenantId, conversation: ConversationId) -> Result<(), StoreError> {
    while !env.store.erase(tenant, conversation, env.clock.wall_now()).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}
