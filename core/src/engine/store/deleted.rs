//! Deleted conversations, and watched ones that may no longer be read: they leave the list, the screen and
//! the store, and own words that were not admitted become refused commands.

use crate::{
    code::Code,
    engine::{
        Engine, TimelineUpdate, Update,
        commands::outbox::OutboxEntry,
        store::record,
        streams::loading::{Slot, Work},
    },
    ids::{ConversationId, StreamId},
    model::ConversationState,
    storage::Write,
};

impl Engine {
    /// Whether the deletion of a conversation has been admitted.
    pub(in crate::engine) fn is_deleted(&self, stream: &StreamId) -> bool {
        match self.streams.get(stream) {
            Some(Slot::Loaded(replica)) => replica.confirmed.conversation().state() == ConversationState::Deleted,
            Some(Slot::Loading(_)) | None => false,
        }
    }

    /// Deletes everything of a deleted conversation on this device.
    ///
    /// Invariant: the deletion is the last entry of its journal, so nothing in the outbox was admitted
    /// after the known entries, or ever will be.
    pub(in crate::engine) fn delete_conversation(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        self.inbox.set_deleted(conversation);
        self.requests.memberships.end_granted(&mut self.ctx, conversation);
        self.requests.watched.end(&mut self.ctx, conversation);
        self.give_back_all(&stream, Code::ConversationDeleted, "the conversation was deleted");
        self.drop_loaded(&stream);
        for key in [record::inbox_key(conversation), record::rows_key(conversation)] {
            self.ctx.store.write(Write::Delete(key));
        }
        let timelines = self.open.timelines_of(conversation);
        for timeline in &timelines {
            self.ctx.store.write(Write::Delete(record::rows_key(*timeline)));
        }
        let was_listed = self.inbox.remove(&conversation);
        let was_shown = was_listed || self.open.get(&conversation).is_some_and(|open| open.detail().is_some());
        self.receipts.drop_one(conversation);
        self.empty_timelines(timelines);
        if was_shown {
            self.save_timelines_soon();
            self.ctx.update(Update::Gone(conversation));
        }
    }

    /// Deletes a stream that is on no list, and may no longer be read.
    pub(in crate::engine) fn delete_unlisted(&mut self, stream: &StreamId, code: Code, detail: &str) {
        self.give_back_all(stream, code, detail);
        self.drop_loaded(stream);
        self.empty_timelines(self.open.timelines_of_stream(stream));
        let shown = stream.conversation().filter(|conversation| self.open.contains_key(conversation));
        shown.into_iter().for_each(|conversation| self.ctx.update(Update::Gone(conversation)));
    }

    /// Removes a stream from memory and from the store.
    pub(in crate::engine) fn drop_loaded(&mut self, stream: &StreamId) {
        self.drop_stored(stream);
        self.ctx.store.write(Write::Delete(record::stream_head_key(stream)));
        self.stream_heads.remove(stream);
        self.streams.remove(stream);
        self.commands.count(stream, 0);
    }

    /// Refuses the commands in a stream's outbox, and fails those that wait for the stream.
    fn give_back_all(&mut self, stream: &StreamId, code: Code, detail: &str) {
        let mut entries: Vec<OutboxEntry> = Vec::new();
        let mut requests: Vec<u64> = self.commands.of_whole(stream).into_iter().map(|(request, _)| request).collect();
        match self.streams.get_mut(stream) {
            Some(Slot::Loaded(replica)) => entries.extend(core::mem::take(&mut replica.outbox.entries)),
            Some(Slot::Loading(works)) => {
                requests.extend(core::mem::take(works).into_iter().filter_map(|work| match work {
                    Work::Command { request, .. } => Some(request),
                    _ => None,
                }));
            }
            None => {}
        }
        let waiting = entries.into_iter().map(|entry| (entry.sequence, entry.command, entry.at));
        let unloaded = self
            .commands
            .drain_unloaded(stream)
            .into_iter()
            .map(|(sequence, entry)| (sequence, entry.command, entry.at));
        for (sequence, command, at) in waiting.chain(unloaded).collect::<Vec<_>>() {
            self.commands.stored(sequence);
            self.refuse(sequence, command, at, code, detail.to_owned());
        }
        for request in requests {
            self.fail(request, code, detail);
        }
    }

    fn empty_timelines(&mut self, timelines: Vec<ConversationId>) {
        timelines.into_iter().for_each(|timeline| self.empty_timeline(timeline));
    }

    fn empty_timeline(&mut self, timeline: ConversationId) {
        let Some(open) = self.open.get_mut(&timeline) else { return };
        let has_detail = open.empty().is_some();
        let is_thread = open.conversation() != timeline && has_detail;
        let conversation = timeline;
        let update =
            TimelineUpdate { conversation, restart: true, rows: Vec::new(), removed: Vec::new(), has_older: false };
        self.ctx.update(Update::Timeline(update));
        if is_thread {
            self.ctx.update(Update::Gone(timeline));
        }
    }
}
