//! The updates that the screen is sent at the end of an input: rows of open timelines, rows of the
//! list, and the number of unsynced commands. What did not change is not sent.

use crate::{
    api::TimelineRow,
    command::Command,
    engine::{
        Engine, TimelineUpdate, Update,
        screen::{drawing::Drawing, inbox::Draw, open::OpenConversation, touched::Touched},
        streams::replica::Replica,
    },
    ids::{ConversationId, MessageId, StreamId, TimelineId},
    journal::Position,
    sorted::SortedSet,
};

impl Engine {
    pub(in crate::engine) fn flush_screen(&mut self) {
        self.flush_accounts();
        self.flush_names();
        let changed = self.streams.drain_changed();
        for stream in &changed {
            self.ctx.count(|counts| counts.streams += 1);
            self.count_waiting(stream);
            if let (Some(conversation), Some(replica)) = (stream.conversation(), self.streams.quietly(stream)) {
                let touched = core::mem::take(&mut replica.touched);
                self.flush_conversation(conversation, touched);
            }
        }
        self.flush_inbox();
        self.drop_unlisted(changed);
        let unsynced = self.unsynced();
        self.commands.show_unsynced(&mut self.ctx, unsynced);
    }

    /// Accounts come first: every row that names one is drawn after them.
    fn flush_accounts(&mut self) {
        let accounts = self.streams.changed().filter(|stream| matches!(stream, StreamId::Account(_)));
        for stream in accounts.cloned().collect::<Vec<_>>() {
            let Some(replica) = self.streams.quietly(&stream) else { continue };
            let touched = core::mem::take(&mut replica.touched);
            if touched.row || touched.all || touched.detail {
                self.read_account(&stream);
            }
        }
    }

    fn flush_conversation(&mut self, conversation: ConversationId, mut touched: Touched) {
        if touched.row || touched.all || touched.detail || !touched.members.is_empty() {
            self.inbox.draw(conversation, Draw::Changed);
        }
        for timeline in self.open.timelines_of(conversation) {
            self.ctx.count(|counts| counts.timelines += 1);
            if let Some(open) = self.open.get(&timeline).filter(|_| !touched.named.is_empty()) {
                let naming = open.rows_naming(&touched.named).inspect(|_| self.ctx.count(|counts| counts.names += 1));
                touched.messages.extend(naming.cloned().collect::<Vec<_>>());
            }
            if touched.all || !touched.messages.is_empty() || touched.extended.contains(&timeline) {
                self.flush_timeline(timeline, &touched);
            }
            if touched.all || touched.detail {
                self.flush_detail(timeline);
            } else if touched.invites || !touched.members.is_empty() {
                self.flush_members(timeline, &touched);
            }
            self.open.note_end(timeline, self.ctx.wall());
        }
        if touched.all {
            self.drop_uncreated(conversation);
            self.drop_detail_of_nothing(conversation);
        }
    }

    fn flush_timeline(&mut self, conversation: ConversationId, touched: &Touched) {
        let drawing = self.drawing();
        let Some((open, replica)) = drawing.shown(conversation) else { return };
        let is_here = replica.whole && replica.has_timeline(conversation);
        if !open.live && !is_here {
            return;
        }
        let (rows, removed) = drawing.changed_rows(open, replica, conversation, touched);
        let Some(open) = self.open.get_mut(&conversation) else { return };
        let restart = !open.live;
        open.live = true;
        let is_sent = restart || touched.all || touched.extended.contains(&conversation);
        if rows.is_empty() && removed.is_empty() && !is_sent {
            return;
        }
        open.is_stale = true;
        rows.iter().for_each(|row| open.put(row));
        removed.iter().for_each(|id| open.remove(id));
        let update = TimelineUpdate { conversation, restart: false, rows, removed, has_older: open.has_older };
        self.ctx.update(Update::Timeline(update));
        self.save_timelines_soon();
    }

    fn flush_inbox(&mut self) {
        let mut rows = Vec::new();
        for (conversation, draw) in self.inbox.drain_drawn() {
            let former = self.inbox.get(&conversation).map(|record| record.row.clone());
            let drawn = self.drawing().conversation_row(conversation);
            let Some(mut row) = drawn.or_else(|| former.clone()) else { continue };
            self.accounts.complete(&mut row);
            if draw == Draw::Any || former.as_ref() != Some(&row) {
                self.inbox.set_row(conversation, row.clone());
                self.end_granted(conversation);
                rows.push(row);
            }
        }
        if !rows.is_empty() {
            self.ctx.update(Update::Conversations(rows));
            self.save_timelines_soon();
        }
    }
}

impl Drawing<'_> {
    /// Rows of a timeline that differ from the ones last sent, and messages that are no longer shown.
    fn changed_rows(
        self,
        open: &OpenConversation,
        replica: &Replica,
        conversation: ConversationId,
        touched: &Touched,
    ) -> (Vec<TimelineRow>, Vec<MessageId>) {
        let timeline = replica.timeline(conversation);
        let ids: SortedSet<MessageId> = if touched.all {
            open.rows.keys().cloned().chain(self.shown_messages(replica, timeline, open.floor)).collect()
        } else {
            // A reply shows the words of the message that it answers.
            let answers = touched.messages.iter().flat_map(|message| open.replies_to(message));
            touched.messages.iter().chain(answers).cloned().collect()
        };
        let mut rows = Vec::new();
        let mut removed = Vec::new();
        self.ctx.count(|counts| counts.rows += ids.len() as u64);
        for id in ids {
            match self.timeline_row(replica, timeline, &id, open.floor) {
                Some(row) if open.rows.get(&id).is_none_or(|shown| **shown != row) => rows.push(row),
                Some(_) => {}
                None if open.rows.contains_key(&id) => removed.push(id),
                None => {}
            }
        }
        rows.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        (rows, removed)
    }

    /// Messages admitted from the floor on, and own pending ones.
    fn shown_messages(self, replica: &Replica, timeline: TimelineId, floor: Position) -> Vec<MessageId> {
        let pages = replica.confirmed.documents().filter(|document| document.id().timeline() == Some(timeline));
        let admitted = pages.flat_map(|page| page.admissions().since(floor)).map(|(_, id)| id.clone());
        let pending = replica.outbox.entries.iter().filter_map(|entry| match &entry.command {
            Command::SendMessage(command) if command.timeline() == timeline => Some(command.message(self.me())),
            _ => None,
        });
        admitted.chain(pending).collect()
    }
}
