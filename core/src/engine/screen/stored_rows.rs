//! The rows of timelines, stored for the first paint of the next session.

use core::time::Duration;

use crate::{
    api::TimelineRow,
    engine::{
        Engine, TimelineUpdate, Update,
        store::{record, transactions::ReadPurpose},
        timers::Timer,
    },
    ids::{ConversationId, StreamId},
    storage::{Record, Write},
};

/// Rows that changed are stored together after this long.
const ROWS_STORED_AFTER: Duration = Duration::from_secs(1);

impl Engine {
    pub(in crate::engine) fn save_timelines_soon(&mut self) {
        self.ctx.timers.start(Timer::Rows, self.ctx.now.monotonic.plus(ROWS_STORED_AFTER));
    }

    /// Stores the newest rows of the list and of the timelines that changed.
    pub(in crate::engine) fn save_timelines(&mut self) {
        self.ctx.timers.stop(Timer::Rows);
        if self.inbox.drain_stale() {
            self.save_first_rows();
        }
        for conversation in self.open.drain_stale() {
            self.save_timeline(conversation);
        }
    }

    pub(super) fn save_timeline(&mut self, conversation: ConversationId) {
        let Some(open) = self.open.get(&conversation).filter(|open| open.live) else { return };
        if !self.inbox.contains_key(&open.conversation()) {
            return;
        }
        let looked_at = open.newest().inspect(|_| self.ctx.count(|counts| counts.stored += 1));
        let mut newest: Vec<&TimelineRow> = looked_at.take(self.ctx.settings.rows_stored).collect();
        newest.reverse();
        self.ctx.store.write(record::put(record::rows_key(conversation), &newest));
    }

    /// Reads the rows of a timeline whose documents are not in memory: on their own, so that they
    /// are shown before a document is loaded.
    pub(in crate::engine) fn read_rows(&mut self, stream: &StreamId, timeline: ConversationId) {
        if self.stream_heads.contains_key(stream) && !self.streams.contains_key(stream) {
            self.ctx.read(ReadPurpose::Rows(timeline), vec![record::rows_key(timeline)]);
        }
    }

    /// Shows stored rows. Damaged ones are stored again once the documents have been shown.
    pub(in crate::engine) fn rows_read(&mut self, conversation: ConversationId, records: &[Record]) {
        let key = record::rows_key(conversation);
        let Some((_, value)) = records.iter().find(|(stored, _)| *stored == key) else { return };
        // Let go of while it was read.
        let stream = self.open.get(&conversation).map(|open| StreamId::Conversation(open.conversation()));
        if stream.is_some_and(|stream| !self.stream_heads.contains_key(&stream)) {
            return;
        }
        match record::read::<Vec<TimelineRow>>(&key, value) {
            Some(rows) => self.show_stored_rows(conversation, rows),
            None => {
                self.ctx.report_damage();
                self.ctx.store.write(Write::Delete(key));
            }
        }
    }

    fn show_stored_rows(&mut self, conversation: ConversationId, rows: Vec<TimelineRow>) {
        let Some(open) = self.open.get_mut(&conversation).filter(|open| !open.live) else { return };
        open.clear();
        rows.iter().for_each(|row| open.put(row));
        let update = TimelineUpdate { conversation, restart: true, rows, removed: Vec::new(), has_older: true };
        self.ctx.update(Update::Timeline(update));
    }
}
