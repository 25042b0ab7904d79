//! Grants and proposals that end while somebody looks at them.

use core::time::Duration;

use crate::{
    engine::{Engine, timers::Timer},
    ids::{MessageId, StreamId},
};

impl Engine {
    /// What is granted or denied for a while leaves the view when it ends, and a proposal that nobody took
    /// or declined expires.
    pub(in crate::engine) fn end_what_is_over(&mut self) {
        let wall = self.ctx.wall();
        for timeline in self.open.drain_ended(wall) {
            self.ctx.count(|counts| counts.timelines += 1);
            let Some(open) = self.open.get(&timeline) else { continue };
            let detail = open.grants_end.is_some_and(|end| end <= wall);
            let messages: Vec<MessageId> = open.expired(wall).cloned().collect();
            let stream = StreamId::Conversation(open.conversation());
            if let Some(replica) = self.replica(&stream) {
                replica.touched.detail |= detail;
                replica.touched.messages.extend(messages);
            }
        }
    }

    /// Sets the timer to when the first of them ends: anew at each input, as the wall clock may be set.
    pub(in crate::engine) fn set_ends_timer(&mut self) {
        let wall = self.ctx.wall().as_millis();
        let wait = self.open.first_end().map(|end| Duration::from_millis(end.as_millis().saturating_sub(wall)));
        let now = self.ctx.now.monotonic;
        self.ctx.timers.set(Timer::Ends, wait.map(|wait| now.plus(wait)));
    }
}
