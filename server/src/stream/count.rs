//! How many subscribe to a channel, told to all who read it: at most once in an interval,
//! however many came and went meanwhile. Each node tells its own sessions.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tidings_core::{
    ids::{ConversationId, TenantId},
    wire::{ServerFrame, SubscriberCount},
};

use crate::{drain::Phase, node::Node, store::StoreError, ws::Frame};

/// How often at most the readers of a channel are told.
const INTERVAL: Duration = Duration::from_secs(2);

/// The channels to whose readers a count is to be told.
#[derive(Debug, Default)]
pub struct CountsMoved(Mutex<BTreeSet<(TenantId, ConversationId)>>);

impl CountsMoved {
    /// Somebody came to subscribe to a channel, or no longer does.
    pub(super) fn note(&self, tenant: &TenantId, channel: ConversationId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((tenant.clone(), channel));
    }

    fn take(&self) -> BTreeSet<(TenantId, ConversationId)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells counts until the node goes down.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(INTERVAL).await;
        for (tenant, channel) in node.counts_moved.take() {
            if let Err(error) = tell(&node, &tenant, channel).await {
                tracing::warn!(%tenant, %channel, %error, "a count of subscribers was not told yet");
                node.counts_moved.note(&tenant, channel);
            }
        }
    }
}

async fn tell(node: &Node, tenant: &TenantId, conversation: ConversationId) -> Result<(), StoreError> {
    let Some(count) = node.store.subscriber_count(tenant, conversation).await? else { return Ok(()) };
    let members = node.store.active_members(tenant, conversation).await?;
    let frame = [Frame::new(&ServerFrame::SubscriberCount(SubscriberCount { conversation, count }))];
    node.sessions.send(tenant, &members, &frame, &HashSet::new());
    node.sessions.send_subscribers(tenant, conversation, &frame, &HashSet::new());
    Ok(())
}
