//! What the server sends: summaries, entries, answers to pushes and fetches,
//! and the cursor behind all of it. long because each answer moves the same replica.

use core::time::Duration;

use crate::{
    api::{ConversationRow, Wait},
    code::Code,
    command::Command,
    engine::{
        Engine,
        commands::outbox::REWRITES_MAX,
        screen::{inbox::Draw, open::OpenConversation},
        store::record::{self, InboxRecord},
        streams::{
            fault::{ReceiveEntryError, RestoreFetchedError},
            loading::{Slot, Work},
            replica::Received,
        },
    },
    ids::{ChangeHash, ConversationId, DocumentId, StreamId},
    journal::{Cursor, Entry, Head, Position},
    model::{ConversationState, MemberStatus},
    sorted::SortedSet,
    storage::Write,
    time::{MonotonicTime, WallTime},
    wire::{Accepted, ClientFrame, ConversationSummary, Entries, Fetch, FetchScope, Fetched, Refused},
};

/// How long the server can put off a push or a fetch. It says until when, by its
/// clock, which this device knows only as well as its own: one that was set
/// back since must not wait for as long as that.
const DEFERRAL_MIN: Duration = Duration::from_millis(100);
const DEFERRAL_MAX: Duration = Duration::from_secs(120);

/// Why an entry was not taken in.
enum Misfit {
    /// Entries before it are missing.
    Gap,
    /// It is not what an authority admits, or does not apply.
    Refused(ReceiveEntryError),
}

impl Engine {
    pub(in crate::engine) fn receive_summaries(&mut self, summaries: Vec<ConversationSummary>) {
        for summary in summaries {
            let conversation = summary.conversation;
            if summary.state == ConversationState::Deleted {
                self.forget_deleted(conversation);
                continue;
            }
            let stream = StreamId::Conversation(conversation);
            let mut row = ConversationRow::from_summary(&summary);
            self.accounts.complete(&mut row);
            let former = self.inbox.get(&conversation);
            let receipt = former.map(|record| record.receipt).unwrap_or_default().merge(summary.receipt);
            let receipt_unsent = former.is_some_and(|record| record.receipt_unsent) && receipt != summary.receipt;
            let held = self.heads.contains_key(&stream);
            let position = self.heads.get(&stream).map_or(Position::ZERO, |head| head.position);
            if summary.status == MemberStatus::Active && summary.position < position {
                match self.link.is_online() && matches!(self.streams.get(&stream), Some(Slot::Loaded(_))) {
                    // It may have been read before what was told since.
                    true => self.fetch_stream(&stream),
                    // What was read at the session's start is behind what was told before it.
                    false => self.make_former(&stream),
                }
            }
            if summary.status == MemberStatus::Active {
                self.has_another_history(&stream, Head { position: summary.position, chain: summary.chain });
            }
            if let Some(Slot::Loaded(replica)) = self.streams.get_mut(&stream) {
                replica.revoked = Some(summary.status).filter(|status| *status != MemberStatus::Active);
                replica.touched.row = true;
                replica.touched.detail = true;
                if replica.confirmed.position() == Position::ZERO && replica.outbox.is_empty() {
                    replica.whole = false;
                    self.heads.change(&stream);
                }
            }
            match self.inbox.get_mut(&conversation) {
                // What is held tells better, and includes what is pending.
                Some(record) if held && record.row.is_known() => {
                    let ConversationRow { status, role, subscriber_count, .. } = &record.row;
                    let told = (summary.status, &summary.role, summary.subscriber_count);
                    let draw = if (*status, role, *subscriber_count) == told { Draw::Changed } else { Draw::Any };
                    record.receipt = receipt;
                    record.row.status = summary.status;
                    record.row.role = summary.role;
                    record.row.subscriber_count = summary.subscriber_count;
                    record.receipt_unsent = receipt_unsent;
                    record.joined = summary.joined;
                    (record.head, record.chain) = (summary.position, Some(summary.chain));
                    self.inbox.draw(conversation, draw);
                }
                _ => {
                    self.inbox.insert(
                        conversation,
                        InboxRecord {
                            row,
                            receipt,
                            receipt_unsent,
                            head: summary.position,
                            joined: summary.joined,
                            chain: Some(summary.chain),
                        },
                    );
                    self.inbox.draw(conversation, Draw::Any);
                }
            }
            self.inbox.store(conversation);
            self.end_granted(conversation);
            // Who was invited, or asked, cannot read it yet.
            if summary.status == MemberStatus::Active && (held || self.link.is_online()) {
                self.catch_up_conversation(conversation);
            }
        }
    }

    pub(in crate::engine) fn route_entries(&mut self, frame: Entries) {
        let last = frame.entries.last().map_or(Position::ZERO, |entry| entry.position);
        let conversation = frame.stream.conversation();
        if let Some((conversation, record)) = conversation.and_then(|id| Some((id, self.inbox.get_mut(&id)?))) {
            if last > record.head {
                (record.head, record.chain) = (last, None);
            }
            self.inbox.store(conversation);
        }
        if self.ctx.session.administrator
            && self.is_unlisted(&frame.stream)
            && !self.streams.contains_key(&frame.stream)
        {
            // On their way here when it was let go of.
            return;
        }
        self.with_stream(&frame.stream, Work::Entries(frame.entries));
    }

    pub(in crate::engine) fn receive_entries(&mut self, stream: &StreamId, entries: &[Entry]) {
        match self.take_entries(stream, entries) {
            Ok(()) => self.after_entries(stream),
            Err((_, Misfit::Gap)) => self.fetch_stream(stream),
            Err((entry, Misfit::Refused(error))) => {
                self.report_refused(stream, entry, &error);
                self.start_over(stream);
            }
        }
    }

    /// Entries into their replica and the store, up to the first that does not fit.
    fn take_entries<'e>(&mut self, stream: &StreamId, entries: &'e [Entry]) -> Result<(), (&'e Entry, Misfit)> {
        // What is judged again must stand on all that is before it.
        let run = if self.ctx.verify { 1 } else { entries.len().max(1) };
        entries.chunks(run).try_for_each(|entries| self.take_run(stream, entries))
    }

    fn take_run<'e>(&mut self, stream: &StreamId, entries: &'e [Entry]) -> Result<(), (&'e Entry, Misfit)> {
        let me = self.ctx.session.account.clone();
        let limits = self.ctx.verify.then(|| self.ctx.limits.clone());
        let Some(replica) = self.replica(stream) else { return Ok(()) };
        let judged = limits.zip(entries.first());
        let refusal = judged.and_then(|(limits, entry)| Some((entry, replica.verify(entry, &limits)?)));
        let (received, end) = replica.receive(entries, &me);
        let left = entries.get(received.len());
        if let Some((entry, refusal)) = refusal.filter(|_| !received.is_empty()) {
            self.report_admitted(stream, entry, refusal);
        }
        for (entry, received) in entries.iter().zip(received) {
            let Received::New(answered) = received else { continue };
            self.ctx.store.write(record::put(record::tail_key(stream, entry.position), entry));
            self.heads.change(stream);
            if let Some(answered) = answered {
                self.forget_entry(answered.sequence);
            }
            if entry.account != me {
                self.observe_stamps(entry);
            }
        }
        match (end, left) {
            (Err(error), Some(entry)) => Err((entry, Misfit::Refused(error))),
            (Ok(()), Some(entry)) => Err((entry, Misfit::Gap)),
            (_, None) => Ok(()),
        }
    }

    /// What comes from others moves the own clock behind it.
    fn observe_stamps(&mut self, entry: &Entry) {
        let wall = self.ctx.wall();
        let stream = entry.document.stream();
        let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { return };
        let newest = replica.confirmed.document(&entry.document).and_then(|document| document.admissions().newest());
        if let Some((_, newest)) = newest {
            self.ctx.clock.observe(newest.stamp, wall, self.ctx.limits.clock_ahead_max());
        }
    }

    fn after_entries(&mut self, stream: &StreamId) {
        if self.has_left_history(stream) {
            return self.fetch_stream(stream);
        }
        let entries_max = self.ctx.limits.page_changes_soft / self.ctx.settings.tail_share;
        match self.replica(stream).map(|replica| replica.compact(entries_max)) {
            Some(Ok(writes)) => writes.into_iter().for_each(|write| self.ctx.store.write(write)),
            Some(Err(error)) => {
                self.report_unusable(stream, error);
                return self.start_over(stream);
            }
            None => {}
        }
        match stream {
            StreamId::Conversation(conversation) => {
                if self.is_deleted(stream) {
                    return self.forget_deleted(*conversation);
                }
                self.hurry_asides(stream);
                self.note_delivered(*conversation);
            }
            StreamId::Account(_) => self.read_account(stream),
        }
    }

    pub(in crate::engine) fn caught_up(&mut self, cursor: Cursor) {
        self.link.set_cursor(Some(cursor));
        self.ctx.dirty_meta = true;
        if self.link.is_online() {
            return;
        }
        self.now_online();
        self.receipts.send_again(&mut self.ctx, &self.inbox);
        self.drop_unreported_rows();
        let loaded: Vec<StreamId> = self.streams.keys().cloned().collect();
        for stream in loaded {
            self.catch_up_stream(&stream);
        }
        self.prefetch();
        self.open.conversations().copied().collect::<Vec<_>>().into_iter().for_each(|shown| self.watch(shown));
        let open: Vec<(ConversationId, bool)> =
            self.open.iter().map(|(conversation, open)| (*conversation, open.wants_older())).collect();
        for (timeline, wants_older) in open {
            self.announce(timeline);
            if self.open.is_thread(timeline) {
                // It may have been out of reach.
                self.show_timeline(timeline);
            }
            if wants_older {
                self.load_older(timeline);
            }
        }
    }

    /// Fetches the newest conversations that are not held yet, and what others
    /// lack that are held.
    fn prefetch(&mut self) {
        let mut rows: Vec<&ConversationRow> =
            self.inbox.values().map(|record| &record.row).filter(|row| row.status == MemberStatus::Active).collect();
        rows.sort_unstable_by_key(|row| core::cmp::Reverse(row.activity_at));
        let (newest, older) = rows.split_at(rows.len().min(self.ctx.settings.prefetch_conversations));
        let is_wanted =
            |row: &&&ConversationRow| self.is_behind(row.conversation) || self.open.contains_key(&row.conversation);
        let behind = older.iter().filter(is_wanted);
        let wanted: Vec<ConversationId> = newest.iter().chain(behind).map(|row| row.conversation).collect();
        for conversation in wanted {
            self.catch_up_conversation(conversation);
        }
    }

    fn catch_up_conversation(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        if !self.heads.contains_key(&stream) || self.is_behind(conversation) {
            self.load_stream(&stream);
            self.catch_up_stream(&stream);
        }
    }

    /// Whether the server told of more than is held of a conversation.
    fn is_behind(&self, conversation: ConversationId) -> bool {
        let held = self.heads.get(&StreamId::Conversation(conversation));
        let told = self.inbox.get(&conversation);
        let is_former = self.heads.is_former(&StreamId::Conversation(conversation));
        is_former || held.zip(told).is_some_and(|(held, told)| held.position < told.head)
    }

    /// Fetches what a loaded stream lacks, if it lacks anything.
    pub(in crate::engine) fn catch_up_stream(&mut self, stream: &StreamId) {
        if !self.link.is_online() {
            return;
        }
        let told = stream.conversation().and_then(|conversation| Some(self.inbox.get(&conversation)?.head));
        let Some(replica) = self.replica(stream) else { return };
        let position = replica.confirmed.position();
        // Nothing tells how far the own account's stream has come, or a conversation
        // of which nothing but entries came: ask each time.
        let behind = told.is_none_or(|head| head > position);
        if behind || !replica.whole || replica.rewrite_due || replica.former.is_some() {
            self.fetch_stream(stream);
        }
    }

    pub(in crate::engine) fn fetch_stream(&mut self, stream: &StreamId) {
        let request = self.ctx.new_request();
        if !self.link.is_online() {
            return;
        }
        let Some(replica) = self.replica(stream) else { return };
        if replica.fetch.is_some() {
            return;
        }
        let Some((scope, held)) = self.fetch_scope(stream) else { return };
        let Some(replica) = self.replica(stream) else { return };
        replica.fetch = Some(request);
        let chain = match scope {
            FetchScope::After(position) | FetchScope::Watch(position) if position > Position::ZERO => {
                Some(replica.confirmed.head().chain)
            }
            _ => None,
        };
        if matches!(scope, FetchScope::Watch(_)) {
            stream.conversation().into_iter().for_each(|conversation| self.requests.watched.add(conversation));
        }
        self.ctx.send(&ClientFrame::Fetch(Fetch { request, stream: stream.clone(), scope, held, chain }));
    }

    pub(in crate::engine) fn receive_fetched(&mut self, stream: &StreamId, fetched: &Fetched) {
        let Some(replica) = self.replica(stream) else { return };
        if replica.fetch != Some(fetched.request) {
            return self.receive_page(stream, fetched);
        }
        replica.fetch = None;
        if self.asks_on(stream, fetched) {
            return self.fetch_stream(stream);
        }
        let Some(replica) = self.replica(stream) else { return };
        if replica.former.is_none() && fetched.head < replica.confirmed.position() {
            // The server was put back without saying so.
            self.make_former(stream);
            return self.fetch_stream(stream);
        }
        if fetched.restart {
            if replica.former.is_none() && !self.takes_what_is_there(stream, fetched) {
                return self.fetch_stream(stream);
            }
            let admitted = match self.restart_former(stream, fetched) {
                Ok(admitted) => admitted,
                Err(RestoreFetchedError::Another) => return self.start_over(stream),
                Err(error) => {
                    // The server's state does not load: what is held stays.
                    self.report_documents(fetched, &error);
                    return self.link_failed(Some(Code::SnapshotInvalid), None);
                }
            };
            self.save_restart(stream, fetched);
            for entry in admitted {
                self.forget_entry(entry.sequence);
            }
        } else {
            replica.whole = true;
            replica.may_be_admitted = false;
            // What was fetched does not fit either: asking again at once would
            // ask for ever.
            if let Err((entry, misfit)) = self.take_entries(stream, &fetched.entries) {
                match misfit {
                    Misfit::Gap => self.report_gap(stream, entry),
                    Misfit::Refused(error) => self.report_refused(stream, entry, &error),
                }
                self.make_former(stream);
                return self.link_failed(Some(Code::Internal), None);
            }
            if self.has_another_history(stream, fetched.at()) {
                return self.fetch_stream(stream);
            }
        }
        self.after_fetch(stream, fetched);
    }

    fn after_fetch(&mut self, stream: &StreamId, fetched: &Fetched) {
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.replica(stream) else { return };
        if fetched.restart {
            replica.count_behind(fetched.unread, &me);
        }
        self.receive_receipts(stream, &fetched.receipts);
        self.heads.change(stream);
        if let Some(accepted) = self.held_answer(stream) {
            self.receive_accepted(stream, &accepted);
        }
        if self.replica(stream).is_some_and(|replica| replica.rewrite_due) {
            self.rewrite(stream);
        }
        self.after_entries(stream);
        for (request, command) in self.commands.of_whole(stream) {
            self.execute(stream, request, command);
        }
        let is_live = |timeline: &ConversationId| self.open.get(timeline).is_some_and(OpenConversation::is_live);
        let timelines = self.open.timelines_of_stream(stream);
        for timeline in
            timelines.into_iter().filter(|timeline| fetched.restart || !is_live(timeline)).collect::<Vec<_>>()
        {
            self.show_timeline(timeline);
        }
        stream.conversation().into_iter().for_each(|conversation| self.watch(conversation));
    }

    fn save_restart(&mut self, stream: &StreamId, fetched: &Fetched) {
        self.ctx.store.write(Write::DeletePrefix(record::documents_prefix(stream)));
        self.ctx.store.write(Write::DeletePrefix(record::tail_prefix(stream)));
        let Some(Slot::Loaded(replica)) = self.streams.get(stream) else { return };
        for document in replica.confirmed.documents() {
            self.ctx.store.write(record::put_fetched(document, fetched));
        }
    }

    fn receive_page(&mut self, stream: &StreamId, fetched: &Fetched) {
        for timeline in fetched.documents.iter().filter_map(|snapshot| snapshot.document.timeline()) {
            if let Some(open) = self.open.get_mut(&timeline.id()) {
                open.set_loading_older(false);
            }
        }
        let Some(replica) = self.replica(stream) else { return };
        let pages = match replica.restore_fetched(fetched) {
            Ok(pages) => pages,
            Err(error) => {
                self.report_documents(fetched, &error);
                return self.link_failed(Some(Code::SnapshotInvalid), None);
            }
        };
        let is_opened = pages
            .documents()
            .any(|document| matches!(document.id(), DocumentId::Timeline(timeline) if timeline.thread.is_some()));
        let of_thread = if is_opened { pages.documents().cloned().collect() } else { Vec::new() };
        self.receive_threads(stream, fetched, of_thread);
        for page in pages.documents().filter(|page| !is_opened && page.id().page().is_some()) {
            self.ctx.store.write(record::put_fetched(page, fetched));
            self.take_page(stream, page.clone(), fetched.head);
        }
    }

    /// What is held does not fit what the server sends: all of it is fetched anew, as
    /// from a store that was put back, so that nothing the account wrote is lost.
    fn start_over(&mut self, stream: &StreamId) {
        self.make_former(stream);
        self.fetch_stream(stream);
    }

    pub(in crate::engine) fn receive_accepted(&mut self, stream: &StreamId, accepted: &Accepted) {
        let me = self.ctx.session.account.clone();
        let administrators: SortedSet<Position> = accepted.administrators.iter().copied().collect();
        self.device_accepted();
        let in_flight = self.replica(stream).and_then(|replica| replica.outbox.in_flight.clone());
        let pushed = in_flight.filter(|in_flight| in_flight.request == accepted.request);
        let pushed = pushed.map(|in_flight| in_flight.changes).unwrap_or_default();
        let Some(replica) = self.replica(stream) else { return };
        let (mut held, revoked) = (replica.confirmed.position(), replica.revoked.is_some());
        let is_former = replica.former.is_some();
        let mut entries = Vec::with_capacity(pushed.len());
        for (hash, (position, accepted_at)) in
            pushed.into_iter().zip(accepted.positions.iter().zip(&accepted.accepted_at))
        {
            let Some(replica) = self.replica(stream) else { return };
            // One whose entry has come is answered already.
            let Some(answered) = replica.outbox.entries.of_change(hash) else { continue };
            // Whoever is gone cannot fetch what would be missing before it.
            if *position <= held || is_former || (revoked && *position != held.next()) {
                self.take_told(stream, hash);
                continue;
            }
            held = *position;
            entries.push(Entry {
                position: *position,
                document: answered.document.clone(),
                account: me.clone(),
                administrator: administrators.contains(position),
                accepted_at: *accepted_at,
                change: answered.change.bytes().to_vec(),
                deletes: None,
            });
        }
        match self.take_entries(stream, &entries) {
            Ok(()) => self.after_entries(stream),
            // The entries before it come by fetch: then it is looked at again.
            Err((_, Misfit::Gap)) => {
                if let Some(in_flight) = self.replica(stream).and_then(|replica| replica.outbox.in_flight.as_mut()) {
                    in_flight.accepted = Some(accepted.clone());
                }
                self.fetch_stream(stream);
            }
            Err((entry, Misfit::Refused(error))) => {
                self.report_refused(stream, entry, &error);
                self.start_over(stream);
            }
        }
    }

    /// The answer to a push that came before the entries in front of it.
    fn held_answer(&mut self, stream: &StreamId) -> Option<Accepted> {
        self.replica(stream)?.outbox.in_flight.as_mut()?.accepted.take()
    }

    /// What was accepted behind entries that nobody tells any more is in the journal all the same.
    fn take_accepted(&mut self, stream: &StreamId) {
        let Some(accepted) = self.held_answer(stream) else { return };
        let Some(replica) = self.replica(stream) else { return };
        let Some(pushed) = replica.outbox.in_flight.take() else { return };
        for hash in pushed.changes.into_iter().take(accepted.positions.len()) {
            self.take_told(stream, hash);
        }
    }

    /// Takes out of the outbox what is in the journal, and was told in another way or not at all.
    pub(in crate::engine) fn take_told(&mut self, stream: &StreamId, hash: ChangeHash) {
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.replica(stream) else { return };
        if let Some(answered) = replica.take_answered(hash, &me) {
            self.forget_entry(answered.sequence);
            if let Some(thread) = answered.document.thread() {
                self.streams.load_thread(&mut self.ctx, stream, thread);
            }
        }
        self.redraw_answered(stream);
    }

    fn redraw_answered(&mut self, stream: &StreamId) {
        if let Some(replica) = self.replica(stream) {
            replica.drop_idle_view();
            replica.touched.row = true;
            replica.touched.all = true;
        }
    }

    pub(in crate::engine) fn receive_refused(&mut self, stream: &StreamId, refused: &Refused) {
        let (now, device) = (self.ctx.now, self.ctx.session.device);
        let wall = self.ctx.wall();
        let Some(replica) = self.replica(stream) else { return };
        if replica.fetch == Some(refused.request) {
            return self.fetch_refused(stream, refused);
        }
        if replica.outbox.in_flight.as_ref().is_none_or(|in_flight| in_flight.request != refused.request) {
            let is_thread = self.thread_refused(stream, refused);
            if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
                return self.forget_deleted(conversation);
            }
            if is_thread {
                return;
            }
            // An older page that was asked for: the next scroll asks again.
            for timeline in self.open.timelines_of_stream(stream) {
                if let Some(open) = self.open.get_mut(&timeline) {
                    open.stop_loading_older();
                }
            }
            return;
        }
        let is_held = replica.outbox.has_answer();
        replica.outbox.in_flight = None;
        if is_held {
            // What was admitted of it is in the outbox yet: it is pushed again, behind the fetch.
            return;
        }
        if let Some(retry_at) = refused.retry_at {
            let wait = Wait { code: refused.code, until: retry_at };
            if refused.code == Code::SlowMode {
                return self.defer_aside(stream, wait);
            }
            replica.outbox.retry_at = Some(now.monotonic.plus(deferral(retry_at, wall)));
            replica.outbox.deferred = Some(wait);
            replica.touched.row = true;
            return;
        }
        let Some(front) = replica.outbox.entries.front() else { return };
        if refused.code == Code::ActorConflict && front.rewrites < REWRITES_MAX {
            return self.take_new_device(refused.code);
        }
        if refused.code == Code::ClockAhead && front.rewrites < REWRITES_MAX {
            // This device's clock was wrong: by the server's, which is asked for, it is
            // written anew when everything new is here.
            replica.rewrite_due = true;
            replica.stamps_due = true;
            self.ping();
            return self.fetch_stream(stream);
        }
        if refused.code == Code::AlreadyWritten && matches!(front.command, Command::SendMessage(_)) {
            // Its id is its own: it was admitted before, in another change.
            let sequence = front.sequence;
            replica.outbox.entries.pop_front();
            replica.rewrite_due = true;
            self.forget_entry(sequence);
            return self.fetch_stream(stream);
        }
        let front_rewrites = front.rewrites;
        let is_former = refused.code == Code::WrongActor && front.change.device() != device;
        // Whoever holds it was told of it: the server's store was put back to before that.
        let is_lost = refused.code == Code::ConversationUnknown
            && front_rewrites == 0
            && replica.confirmed.position() > Position::ZERO;
        if (refused.code.is_outdated() || is_former || is_lost) && front_rewrites < REWRITES_MAX {
            // What it was written against is behind, or it was written under a former
            // id and not admitted: first everything new, then again.
            replica.rewrite_due = true;
            let is_adrift = matches!(refused.code, Code::DependencyMissing | Code::WrongSequence);
            if is_lost || (is_adrift && front_rewrites > 0) {
                // Written on all that there is, it still does not follow: what is held is not what the server has.
                self.make_former(stream);
            }
            return self.fetch_stream(stream);
        }
        if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
            return self.forget_deleted(conversation);
        }
        if let Some(front) = replica.outbox.entries.pop_front() {
            self.refuse(front.sequence, front.command, front.at, refused.code, refused.detail.clone());
            self.rewrite(stream);
        }
    }

    /// A fetch that was deferred is sent again; one that is not allowed ends
    /// what waited for it.
    fn fetch_refused(&mut self, stream: &StreamId, refused: &Refused) {
        let Some(replica) = self.replica(stream) else { return };
        replica.fetch = None;
        stream
            .conversation()
            .into_iter()
            .for_each(|conversation| self.requests.watched.end(&mut self.ctx, conversation));
        if let Some(retry_at) = refused.retry_at {
            return self.streams.fetch_later(&self.ctx, stream, retry_at);
        }
        if refused.code == Code::HistoryDiffers && self.loaded_head(stream).is_some() {
            self.meet_another_history(stream);
            return self.fetch_stream(stream);
        }
        if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
            if self.deleted_since(stream, refused) {
                self.forget_deleted(conversation);
            }
            return;
        }
        if self.is_unlisted(stream) {
            self.take_accepted(stream);
            return self.forget_unlisted(stream, refused.code, &refused.detail);
        }
        if self.was_put_back(stream, refused) {
            return;
        }
        self.take_accepted(stream);
        let Some(replica) = self.replica(stream) else { return };
        if replica.rewrite_due {
            self.rewrite(stream);
        }
        for (request, _) in self.commands.of_whole(stream) {
            self.fail(request, refused.code, &refused.detail);
        }
    }

    /// Sends deferred fetches again, and has deferred pushes looked at.
    pub(in crate::engine) fn retry_fetches(&mut self) {
        let now = self.ctx.now.monotonic;
        let is_due = |at: Option<MonotonicTime>| at.is_some_and(|at| at <= now);
        for stream in self.streams.deferred() {
            let Some(replica) = self.streams.quietly(&stream) else { continue };
            let (fetch, push) = (is_due(replica.fetch_at), is_due(replica.outbox.retry_at));
            if let Some(replica) = self.replica(&stream).filter(|_| fetch || push) {
                replica.fetch_at = replica.fetch_at.filter(|_| !fetch);
            }
            if fetch {
                self.fetch_stream(&stream);
            }
            self.load_deferred(&stream);
        }
    }

    pub(in crate::engine) fn receive_revoked(
        &mut self,
        stream: &StreamId,
        conversation: ConversationId,
        status: MemberStatus,
    ) {
        self.requests.memberships.end_granted(&mut self.ctx, conversation);
        let record = self.inbox.get_mut(&conversation).filter(|record| record.row.status != status);
        if let Some(record) = record {
            record.row.status = status;
            self.inbox.store(conversation);
            self.inbox.draw(conversation, Draw::Any);
        }
        let Some(replica) = self.replica(stream) else { return };
        // What is pending may have been admitted before: the server answers
        // it, and after its first refusal the rest is refused here.
        replica.revoked = Some(status);
        replica.touched.detail = true;
        self.watch(conversation);
    }
}

/// How long to wait until a server's time, by what this device takes for it.
pub(in crate::engine) fn deferral(retry_at: WallTime, wall: WallTime) -> Duration {
    let wait = Duration::from_millis(retry_at.as_millis().saturating_sub(wall.as_millis()));
    wait.clamp(DEFERRAL_MIN, DEFERRAL_MAX)
}
