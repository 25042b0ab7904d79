//! Timelines that a screen opens, scrolls back and closes: of conversations and of threads.

use crate::{
    engine::{
        Engine,
        screen::{older::Older, open::OpenConversation},
        streams::loading::Work,
    },
    ids::{ConversationId, MessageId, StreamId, TimelineId},
    model::PresenceKind,
};

impl Engine {
    pub(in crate::engine) fn open_conversation(&mut self, conversation: ConversationId) {
        if self.open_timeline(conversation, conversation) {
            self.announce(conversation);
            self.watch(conversation);
        }
    }

    /// Opens a thread, whether or not it exists yet.
    pub(in crate::engine) fn open_thread(&mut self, conversation: ConversationId, thread: ConversationId) {
        if self.open_timeline(conversation, thread) {
            self.watch(conversation);
        }
    }

    /// False if it was open already.
    fn open_timeline(&mut self, conversation: ConversationId, timeline: ConversationId) -> bool {
        if self.open.contains_key(&timeline) {
            return false;
        }
        let stream = StreamId::Conversation(conversation);
        self.open.insert(timeline, OpenConversation::of(conversation));
        self.read_rows(&stream, timeline);
        self.with_stream(&stream, Work::Show(timeline));
        true
    }

    pub(in crate::engine) fn close_conversation(&mut self, conversation: ConversationId) {
        if self.open.get(&conversation).is_some_and(|open| open.is_stale) {
            self.save_timeline(conversation);
        }
        self.requests.held.closed(conversation);
        let closed = self.open.remove(&conversation).map(|open| open.conversation());
        if let Some(parent) = closed.filter(|parent| *parent != conversation) {
            self.streams.unload_thread(&mut self.ctx, parent, conversation);
            return self.end_watch(parent);
        }
        self.send_presence(conversation, PresenceKind::Offline);
        self.presence.close(&mut self.ctx, conversation);
        self.end_watch(conversation);
    }

    /// Shows a timeline again from its newest rows.
    pub(in crate::engine) fn show_timeline(&mut self, conversation: ConversationId) {
        let Some((open, replica)) = self.drawing().shown(conversation) else { return };
        let stream = StreamId::Conversation(open.conversation());
        // A timeline that was scrolled back stays as long as it was.
        let had = open.rows.values().filter(|row| row.position.is_some()).count() + open.lost_rows;
        let count = had.max(self.ctx.settings.rows_step);
        let end = replica.confirmed.position().next();
        let older = Older::than(replica, replica.timeline(conversation), end, count);
        let lowest = replica.lowest_page(replica.timeline(conversation));
        let whole = replica.whole;
        if whole && !replica.has_timeline(conversation) {
            // Rows that a store gave stay until then.
            if let Some(open) = self.open.get_mut(&conversation).filter(|open| open.live) {
                open.lost_rows = had;
            }
            return self.streams.load_thread(&mut self.ctx, &stream, conversation);
        }
        let (floor, shown) = (older.floor(count, lowest, end), older.messages.len());
        let has_older = older.has_more || lowest > 1;
        let Some(open) = self.open.get_mut(&conversation) else { return };
        open.floor = floor;
        open.live = whole;
        open.has_older = has_older;
        open.lost_rows = if has_older { count.saturating_sub(shown) } else { 0 };
        if let Some(replica) = self.replica(&stream) {
            replica.touched.all = true;
            replica.touched.detail = true;
            if stream.conversation() != Some(conversation) {
                replica.show_thread(conversation);
            }
        }
        if shown < count && lowest > 1 {
            self.load_older(conversation);
        }
    }

    pub(in crate::engine) fn load_older(&mut self, conversation: ConversationId) {
        if let Some(open) = self.open.get(&conversation).filter(|open| !open.loading_older) {
            let stream = StreamId::Conversation(open.conversation());
            self.with_stream(&stream, Work::LoadOlder(conversation));
        }
    }

    /// Shows one step more from the loaded pages, or all that it showed before its documents came anew. If they
    /// have no more, the next older page is loaded first.
    pub(in crate::engine) fn extend_timeline(&mut self, conversation: ConversationId) {
        let Some((open, replica)) = self.drawing().shown(conversation) else { return };
        let stream = StreamId::Conversation(open.conversation());
        let count = self.ctx.settings.rows_step.max(open.lost_rows);
        let older = Older::than(replica, replica.timeline(conversation), open.floor, count);
        let lowest = replica.lowest_page(replica.timeline(conversation));
        let Some(open) = self.open.get_mut(&conversation) else { return };
        if older.messages.is_empty() && lowest > 1 {
            if !open.loading_older {
                open.loading_older = true;
                open.wants_older = true;
                let page = TimelineId::within(open.conversation(), conversation).page(lowest - 1);
                self.streams.read_page(&mut self.ctx, &page);
            }
            return;
        }
        open.loading_older = false;
        open.wants_older = false;
        open.floor = older.floor(count, lowest, open.floor);
        open.has_older = older.has_more || lowest > 1;
        open.lost_rows = if open.has_older { open.lost_rows.saturating_sub(older.messages.len()) } else { 0 };
        let lacks_more = open.has_lost_rows();
        if let Some(replica) = self.replica(&stream) {
            // The panel shows the words of pinned messages, which may be among these.
            let timeline = replica.view().timeline(replica.timeline(conversation));
            let is_pinned = |message: &MessageId| timeline.is_some_and(|timeline| timeline.pins.contains_key(message));
            let has_pinned = older.messages.iter().any(|(_, message)| is_pinned(message));
            replica.touched.detail |= has_pinned;
            replica.touched.messages.extend(older.messages.into_iter().map(|(_, message)| message));
            replica.touched.extended.insert(conversation);
        }
        if lacks_more {
            self.load_older(conversation);
        }
    }
}
