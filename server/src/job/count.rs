//! Sends the number of subscribers of a channel to all its readers, at most once per interval however many came
//! and went. Each node notifies its own sessions.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tidings_core::{
    ids::{ConversationId, TenantId},
    wire::{ServerFrame, SubscriberCount},
};

use crate::{
    drain::Phase,
    live::{Frame, Live},
    store::StoreError,
};

/// Minimum time between two counts sent to the readers of a channel.
const INTERVAL: Duration = Duration::from_secs(2);

/// Sends counts until the node shuts down.
pub(crate) async fn run(live: Arc<Live>) {
    while live.env.drain.phase() == Phase::Running {
        tokio::time::sleep(INTERVAL).await;
        for (tenant, channel) in live.counts_moved.take() {
            if let Err(error) = send_count(&live, &tenant, channel).await {
                tracing::warn!(%tenant, %channel, %error, "a count of subscribers was not sent yet");
                live.counts_moved.note(&tenant, channel);
            }
        }
    }
}

async fn send_count(live: &Live, tenant: &TenantId, conversation: ConversationId) -> Result<(), StoreError> {
    let Some(count) = live.env.store.subscriber_count(tenant, conversation).await? else {
        live.counts_moved.leave_out(tenant, conversation);
        return Ok(());
    };
    let members = live.env.store.active_members(tenant, conversation).await?;
    let frame = [Frame::new(&ServerFrame::SubscriberCount(SubscriberCount { conversation, count }))];
    live.sessions.send(tenant, &members, &frame, &HashSet::new());
    live.sessions.send_beside_members(tenant, conversation, &frame, &HashSet::new());
    Ok(())
}
