//! Catching up after a link opens: summaries of the conversations, the streams that lag behind them,
//! and the cursor.

use crate::{
    api::ConversationRow,
    engine::{
        Engine,
        screen::inbox::Draw,
        store::record::InboxRecord,
        streams::loading::{Slot, Work},
    },
    ids::{ConversationId, StreamId},
    journal::{Cursor, Head, Position},
    model::{ConversationKind, ConversationState, MemberStatus, Role},
    wire::ConversationSummary,
};

impl Engine {
    pub(in crate::engine) fn receive_summaries(&mut self, summaries: Vec<ConversationSummary>) {
        for summary in summaries {
            if summary.state == ConversationState::Deleted {
                self.receive_deleted(&summary);
                continue;
            }
            // On a link that has caught up it was read before the deletion.
            if self.link.is_online() && self.inbox.is_deleted(&summary.conversation) {
                continue;
            }
            if summary.status == MemberStatus::Active {
                self.stream_heads.told(&StreamId::Conversation(summary.conversation));
            }
            self.receive_summary(summary);
        }
    }

    /// A conversation was deleted. If the server's store was put back before that, its stream is asked for, and deleted
    /// with the refusal, which tells what the store lacks. Of one that is erased by now nobody can tell.
    fn receive_deleted(&mut self, summary: &ConversationSummary) {
        let stream = StreamId::Conversation(summary.conversation);
        if summary.position == Position::ZERO {
            return self.delete_conversation(summary.conversation);
        }
        let held = self.stream_heads.get(&stream).map_or(Position::ZERO, |head| head.position);
        if summary.position < held {
            self.make_former(&stream);
        }
        self.has_another_history(&stream, Head { position: summary.position, chain: summary.chain });
        match self.stream_heads.is_former(&stream) {
            true => self.with_stream(&stream, Work::Fetch),
            false => self.delete_conversation(summary.conversation),
        }
    }

    fn receive_summary(&mut self, summary: ConversationSummary) {
        let conversation = summary.conversation;
        let stream = StreamId::Conversation(conversation);
        let held = self.stream_heads.contains_key(&stream);
        if summary.status == MemberStatus::Active {
            self.compare_summary(&stream, &summary);
        }
        let read = self.inbox.unread_from(conversation);
        if self.is_counted_otherwise(&summary) {
            self.with_stream(&stream, Work::Recount(Box::new(summary.clone())));
        }
        if let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) {
            replica.set_status(summary.status);
            if replica.recount(&summary, &self.ctx.session.account, read) {
                self.stream_heads.change(&stream);
            }
            if replica.confirmed.position() == Position::ZERO && replica.outbox.is_empty() {
                replica.whole = false;
                self.stream_heads.change(&stream);
            }
        }
        let status = summary.status;
        self.update_row(summary, held);
        self.inbox.store(conversation);
        self.end_granted(conversation);
        // An account that is invited, or has asked to join, cannot read it yet.
        if status == MemberStatus::Active && (held || self.link.is_online()) {
            self.catch_up_conversation(conversation);
        }
    }

    /// Whether the server counts other messages as unread in what is held of a conversation, and not loaded. Where this
    /// device has read further than the server knows, its own count is the better one.
    fn is_counted_otherwise(&self, summary: &ConversationSummary) -> bool {
        let stream = StreamId::Conversation(summary.conversation);
        let is_of_now = self.stream_heads.get(&stream).is_some_and(|head| head.position == summary.position);
        let row = self.inbox.get(&summary.conversation).map(|record| &record.row);
        let differs = row.is_some_and(|row| row.is_known() && row.unread != summary.unread);
        let is_better = summary.unread_from() >= self.inbox.unread_from(summary.conversation);
        is_of_now
            && differs
            && is_better
            && summary.status == MemberStatus::Active
            && self.streams.loaded(&stream).is_none()
    }

    /// Takes over the count of a summary that came before the stream was loaded.
    pub(in crate::engine) fn recount(&mut self, stream: &StreamId, summary: &ConversationSummary) {
        let (me, read) = (self.ctx.session.account.clone(), self.inbox.unread_from(summary.conversation));
        if let Some(replica) = self.replica(stream)
            && replica.recount(summary, &me, read)
        {
            replica.touched.row = true;
            self.stream_heads.change(stream);
        }
    }

    /// A summary that is older than the local replica, or of another history, means that the server's
    /// store was restored, unless the server read it before entries that it sent first.
    fn compare_summary(&mut self, stream: &StreamId, summary: &ConversationSummary) {
        let position = self.stream_heads.get(stream).map_or(Position::ZERO, |head| head.position);
        if summary.position < position {
            match self.link.is_online() && self.streams.loaded(stream).is_some() {
                true => self.fetch_stream(stream),
                // A summary at the start of a session was read after everything that was sent before it.
                false => self.make_former(stream),
            }
        }
        self.has_another_history(stream, Head { position: summary.position, chain: summary.chain });
    }

    fn update_row(&mut self, summary: ConversationSummary, held: bool) {
        let conversation = summary.conversation;
        let former = self.inbox.get(&conversation);
        let is_former = self.stream_heads.is_former(&StreamId::Conversation(conversation));
        let read = former.filter(|_| !is_former).map(|record| record.receipt).unwrap_or_default();
        let receipt = read.merge(summary.receipt);
        let receipt_unsent = former.is_some_and(|record| record.receipt_unsent) && receipt != summary.receipt;
        let draw = match self.inbox.get_mut(&conversation) {
            // The local replica is newer, and has pending messages: keep its row, update only status and counts.
            Some(record) if held && record.row.is_known() => {
                let ConversationRow { status, role, subscriber_count, .. } = &record.row;
                let sent = (summary.status, &summary.role, summary.subscriber_count);
                let draw = if (*status, role, *subscriber_count) == sent { Draw::Changed } else { Draw::Any };
                record.receipt = receipt;
                record.row.status = summary.status;
                record.row.role = summary.role;
                record.row.subscriber_count = summary.subscriber_count;
                record.receipt_unsent = receipt_unsent;
                record.joined = summary.joined;
                (record.journal_head, record.chain) = (summary.position, Some(summary.chain));
                draw
            }
            _ => {
                let mut row = ConversationRow::from_summary(&summary);
                self.accounts.complete(&mut row);
                let (journal_head, joined, chain) = (summary.position, summary.joined, Some(summary.chain));
                self.inbox
                    .insert(conversation, InboxRecord { row, receipt, receipt_unsent, journal_head, joined, chain });
                Draw::Any
            }
        };
        self.inbox.draw(conversation, draw);
    }

    pub(in crate::engine) fn caught_up(&mut self, cursor: Cursor) {
        self.link.set_cursor(Some(cursor));
        self.ctx.store_meta();
        self.stream_heads.caught_up();
        if self.link.is_online() {
            return;
        }
        self.link.set_online(&mut self.ctx);
        self.receipts.send_again(&mut self.ctx, &self.inbox);
        self.drop_unreported_rows();
        let loaded: Vec<StreamId> = self.streams.keys().cloned().collect();
        for stream in loaded {
            self.catch_up_stream(&stream);
        }
        for stream in self.stream_heads.untold().clone() {
            self.verify_stream(&stream);
        }
        self.prefetch();
        self.open.conversations().copied().collect::<Vec<_>>().into_iter().for_each(|shown| self.watch(shown));
        let open: Vec<(ConversationId, bool)> =
            self.open.iter().map(|(conversation, open)| (*conversation, open.wants_older())).collect();
        for (timeline, wants_older) in open {
            self.announce(timeline);
            if self.open.is_thread(timeline) {
                // It could not be fetched without a link.
                self.show_timeline(timeline);
            }
            if wants_older {
                self.load_older(timeline);
            }
        }
    }

    /// Fetches the newest conversations that are not on this device, and the entries that others lack. Of those
    /// that the account is out of, what a former incarnation may have lost is asked for.
    fn prefetch(&mut self) {
        let mut rows: Vec<&ConversationRow> =
            self.inbox.values().map(|record| &record.row).filter(|row| row.status == MemberStatus::Active).collect();
        rows.sort_unstable_by_key(|row| core::cmp::Reverse(row.activity_at));
        let (newest, older) = rows.split_at(rows.len().min(self.ctx.settings.prefetch_conversations));
        let is_wanted =
            |row: &&&ConversationRow| self.is_lagging(row.conversation) || self.open.contains_key(&row.conversation);
        let lagging = older.iter().filter(is_wanted).map(|row| row.conversation);
        let is_ended = |conversation: &ConversationId| {
            self.inbox.get(conversation).is_some_and(|record| record.row.status != MemberStatus::Active)
        };
        let owed = self.stream_heads.owed().filter(is_ended);
        let newest = newest.iter().map(|row| row.conversation);
        let wanted: Vec<ConversationId> = newest.chain(lagging).chain(owed).collect();
        for conversation in wanted {
            self.catch_up_conversation(conversation);
        }
    }

    fn catch_up_conversation(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        if !self.stream_heads.contains_key(&stream) || self.is_lagging(conversation) {
            self.load_stream(&stream);
            self.catch_up_stream(&stream);
        }
    }

    /// Whether the server has more of a conversation than this device, or another history of it.
    fn is_lagging(&self, conversation: ConversationId) -> bool {
        let held = self.stream_heads.get(&StreamId::Conversation(conversation));
        let row = self.inbox.get(&conversation);
        let is_former = self.stream_heads.is_former(&StreamId::Conversation(conversation));
        is_former || held.zip(row).is_some_and(|(held, row)| held.position < row.journal_head)
    }

    /// Fetches what a loaded stream lacks, if it lacks anything.
    pub(in crate::engine) fn catch_up_stream(&mut self, stream: &StreamId) {
        if !self.link.is_online() {
            return;
        }
        let journal_head =
            stream.conversation().and_then(|conversation| Some(self.inbox.get(&conversation)?.journal_head));
        let Some(replica) = self.replica(stream) else { return };
        let position = replica.confirmed.position();
        // No summary has the head of the own account's stream, or of a conversation without a row: fetch
        // each time.
        let is_lagging = journal_head.is_none_or(|head| head > position);
        if is_lagging || !replica.whole || replica.rewrite_due || replica.former.is_some() {
            self.fetch_stream(stream);
        }
    }

    /// Asks about a stream that moved, but of whose entries the server told nothing from before that: its store may
    /// have been put back to before that, in silence. A member asks for what follows. Where the server does not know
    /// the conversation, and others would begin it again, they wait to be told of it, or to be out of it, because their
    /// words are given back where nobody has begun it again. Whoever is out is refused what follows, and asks about
    /// what they wrote.
    fn verify_stream(&mut self, stream: &StreamId) {
        let Some(record) = stream.conversation().and_then(|id| self.inbox.get(&id)) else {
            self.stream_heads.told(stream);
            return;
        };
        let is_active = record.row.status == MemberStatus::Active;
        let is_begun_by_others = match record.row.kind {
            ConversationKind::Direct | ConversationKind::Resource => false,
            _ => record.row.role != Role::Owner,
        };
        if !is_begun_by_others || !is_active {
            self.with_stream(stream, Work::Fetch);
        } else if !self.stream_heads.is_former(stream) {
            self.with_stream(stream, Work::Compare);
        }
    }
}
