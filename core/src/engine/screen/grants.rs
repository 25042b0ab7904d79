//! Temporary grants that end while they are shown.

use core::time::Duration;

use crate::{
    engine::{Engine, timers::Timer},
    ids::{ConversationId, StreamId},
};

impl Engine {
    /// Draws the details whose grants have ended.
    pub(in crate::engine) fn expire_grants(&mut self) {
        let wall = self.ctx.wall();
        let ended = self.open.values().filter(|open| open.grants_end.is_some_and(|end| end <= wall));
        let ended: Vec<ConversationId> = ended.map(|open| open.conversation()).collect();
        for conversation in ended {
            if let Some(replica) = self.replica(&StreamId::Conversation(conversation)) {
                replica.touched.detail = true;
            }
        }
    }

    /// Sets the timer to when the first of them ends: at each input, since the wall clock may be set.
    pub(in crate::engine) fn set_grants_timer(&mut self) {
        let wall = self.ctx.wall().as_millis();
        let end = self.open.values().filter_map(|open| open.grants_end).min();
        let wait = end.map(|end| Duration::from_millis(end.as_millis().saturating_sub(wall)));
        let now = self.ctx.now.monotonic;
        self.ctx.timers.set(Timer::Grants, wait.map(|wait| now.plus(wait)));
    }
}
