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
        let wall = self.ctx.wall();
        let ended = self.grants_end.iter().filter(|(_, end)| **end <= wall);
        let ended: Vec<ConversationId> =
            ended.filter_map(|(room, _)| Some(self.open.get(room)?.conversation)).collect();
        for conversation in ended {
            if let Some(replica) = self.replica(&StreamId::Conversation(conversation)) {
                replica.touched.detail = true;
            }
        }
    }

    pub(super) fn grants_timer(&self) -> Option<MonotonicTime> {
        let wall = self.ctx.wall().as_millis();
        let end = self.grants_end.values().min()?;
        Some(self.ctx.now.monotonic.plus(Duration::from_millis(end.as_millis().saturating_sub(wall))))
    }
}
