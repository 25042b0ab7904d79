//! Grants and proposals that end while somebody looks at them.

use core::time::Duration;

use crate::{
    engine::{Engine, timers::Timer},
    ids::{ConversationId, MessageId, StreamId},
};

impl Engine {
    /// What is granted or denied for a while leaves the view when it ends, and a proposal that nobody took
    /// or declined expires.
    pub(in crate::engine) fn end_what_is_over(&mut self) {
        let wall = self.ctx.wall();
        let is_over = |end: Option<_>| end.is_some_and(|end| end <= wall);
        let ended = self
            .open
            .values()
            .filter(|open| is_over(open.grants_end) || is_over(open.first_expiry().map(|(end, _)| *end)));
        let ended: Vec<(ConversationId, bool, Vec<MessageId>)> = ended
            .map(|open| (open.conversation(), is_over(open.grants_end), open.expired(wall).cloned().collect()))
            .collect();
        for (conversation, detail, messages) in ended {
            if let Some(replica) = self.replica(&StreamId::Conversation(conversation)) {
                replica.touched.detail |= detail;
                replica.touched.messages.extend(messages);
            }
        }
    }

    /// Sets the timer to when the first of them ends: anew at each input, as the wall clock may be set.
    pub(in crate::engine) fn set_ends_timer(&mut self) {
        let wall = self.ctx.wall().as_millis();
        let ends = self
            .open
            .values()
            .flat_map(|open| open.grants_end.into_iter().chain(open.first_expiry().map(|(end, _)| *end)));
        let wait = ends.min().map(|end| Duration::from_millis(end.as_millis().saturating_sub(wall)));
        let now = self.ctx.now.monotonic;
        self.ctx.timers.set(Timer::Ends, wait.map(|wait| now.plus(wait)));
    }
}
