//! Grants that end while somebody looks at them.

use core::time::Duration;

use crate::{
    engine::Engine,
    ids::{ConversationId, StreamId},
    time::MonotonicTime,
};

impl Engine {
    /// What is granted or denied for a while leaves the view when it ends.
    pub(super) fn expire_grants(&mut self) {
        let wall = self.wall();
        let ended = self.open.iter().filter(|(_, open)| open.grant_ends_at.is_some_and(|end| end <= wall));
        let ended: Vec<ConversationId> = ended.map(|(_, open)| open.conversation).collect();
        for conversation in ended {
            if let Some(replica) = self.replica(&StreamId::Conversation(conversation)) {
                replica.touched.detail = true;
            }
        }
    }

    pub(super) fn grants_timer(&self) -> Option<MonotonicTime> {
        let wall = self.wall().as_millis();
        let end = self.open.values().filter_map(|open| open.grant_ends_at).min()?;
        Some(self.now.monotonic.plus(Duration::from_millis(end.as_millis().saturating_sub(wall))))
    }
}
