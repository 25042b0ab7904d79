//! Conversations and threads whose creation was refused or reverted: they are gone from the screen
//! and the store, except for the refused commands.

use crate::{
    engine::{Engine, Update, screen::inbox::Draw, store::record, streams::loading::Slot},
    ids::{ConversationId, StreamId},
    journal::Position,
    storage::Write,
};

impl Engine {
    /// Drops a conversation that is on the list and nowhere else.
    pub(in crate::engine) fn drop_uncreated(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { return };
        let is_empty = replica.whole && replica.confirmed.position() == Position::ZERO && replica.outbox.is_empty();
        let is_on_server = self.inbox.get(&conversation).is_none_or(|record| record.journal_head > Position::ZERO);
        if !is_empty || is_on_server {
            return;
        }
        self.drop_stored(&stream);
        self.ctx.store.write(Write::Delete(record::stream_head_key(&stream)));
        self.ctx.store.write(Write::Delete(record::inbox_key(conversation)));
        self.stream_heads.remove(&stream);
        self.inbox.remove(&conversation);
        self.save_timelines_soon();
        for timeline in self.open.timelines_of_stream(&stream).into_iter().filter(|timeline| *timeline != conversation)
        {
            self.notify_gone(timeline);
        }
        if let Some(open) = self.open.get_mut(&conversation) {
            open.remove_detail();
        }
        self.ctx.update(Update::Gone(conversation));
    }

    /// Drops the detail of a conversation that stays on the list, but of which nothing is held: its creation was refused
    /// here, and the server lets the account read nothing of the one that is there.
    pub(in crate::engine) fn drop_detail_of_nothing(&mut self, conversation: ConversationId) {
        let Some(replica) = self.streams.loaded(&StreamId::Conversation(conversation)) else { return };
        let holds_nothing = replica.confirmed.position() == Position::ZERO && replica.outbox.is_empty();
        if holds_nothing && self.notify_gone(conversation) {
            self.inbox.draw(conversation, Draw::Any);
        }
    }

    /// Drops the detail of a thread if there is no such thread, or if this device is no longer sent
    /// anything of it. A thread that is merely not loaded keeps its detail.
    pub(in crate::engine) fn drop_thread_detail(&mut self, thread: ConversationId) {
        let Some((open, replica)) = self.drawing().shown(thread) else { return };
        let is_unknown = replica.view().thread(thread).is_none();
        let is_lost = replica.revoked.is_some() && !replica.loading.contains_key(&thread);
        if open.conversation() != thread && replica.whole && (is_unknown || is_lost) {
            self.notify_gone(thread);
        }
    }

    /// Returns whether a detail was shown.
    fn notify_gone(&mut self, timeline: ConversationId) -> bool {
        let had_detail = self.open.get_mut(&timeline).and_then(|open| open.remove_detail()).is_some();
        if had_detail {
            self.ctx.update(Update::Gone(timeline));
        }
        had_detail
    }
}
