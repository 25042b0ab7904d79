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

/// How many conversations a node knows to be no channels.
const OTHERS_MAX: usize = 10_000;

/// The channels to whose readers a count is to be told.
#[derive(Debug, Default)]
pub struct CountsMoved(Mutex<Moved>);

#[derive(Debug, Default)]
struct Moved {
    noted: BTreeSet<(TenantId, ConversationId)>,
    /// Asked about before, and nobody subscribes to them: what a conversation is, it is for ever.
    others: BTreeSet<(TenantId, ConversationId)>,
}

impl CountsMoved {
    /// Somebody came to subscribe to a channel, or no longer does; or is a member
    /// elsewhere, of what nobody can subscribe to.
    pub(super) fn note(&self, tenant: &TenantId, conversation: ConversationId) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = (tenant.clone(), conversation);
        if !moved.others.contains(&noted) {
            moved.noted.insert(noted);
        }
    }

    fn take(&self) -> BTreeSet<(TenantId, ConversationId)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).noted)
    }

    /// Nobody can subscribe to it.
    fn leave_out(&self, tenant: &TenantId, conversation: ConversationId) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moved.others.len() >= OTHERS_MAX {
            moved.others.clear();
        }
        moved.others.insert((tenant.clone(), conversation));
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
    let Some(count) = node.store.subscriber_count(tenant, conversation).await? else {
        node.counts_moved.leave_out(tenant, conversation);
        return Ok(());
    };
    let members = node.store.active_members(tenant, conversation).await?;
    let frame = [Frame::new(&ServerFrame::SubscriberCount(SubscriberCount { conversation, count }))];
    node.sessions.send(tenant, &members, &frame, &HashSet::new());
    node.sessions.send_beside_members(tenant, conversation, &frame, &HashSet::new());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v62_what_is_no_channel_is_asked_about_once() {
        let tenant = TenantId::parse("acme").unwrap();
        let [channel, group] = [1, 2].map(|number| ConversationId::from_bytes([number; 16]));
        let moved = CountsMoved::default();
        let note = || {
            moved.note(&tenant, channel);
            moved.note(&tenant, group);
            moved.take().into_iter().map(|(_, conversation)| conversation).collect::<Vec<_>>()
        };
        assert_eq!(note(), [channel, group]);
        moved.leave_out(&tenant, group);
        assert_eq!(note(), [channel]);
    }
}
