//! The server's answers to pushes: changes that were accepted, and the first one that was refused.

use crate::{
    api::Wait,
    code::Code,
    command::Command,
    engine::{Engine, commands::outbox::REWRITES_MAX, streams::received_entries::Misfit},
    ids::{ChangeHash, StreamId},
    journal::{Entry, Position},
    sorted::SortedSet,
    wire::{Accepted, Refused},
};

impl Engine {
    pub(in crate::engine) fn receive_accepted(&mut self, stream: &StreamId, accepted: &Accepted) {
        let me = self.ctx.session.account.clone();
        let administrators: SortedSet<Position> = accepted.administrators.iter().copied().collect();
        self.link.device_accepted();
        self.stream_heads.moved(stream);
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
            // One whose entry has arrived is answered already.
            let Some(answered) = replica.outbox.entries.of_change(hash) else { continue };
            // A former member cannot fetch the entries that would be missing before it.
            if *position <= held || is_former || (revoked && *position != held.next()) {
                self.remove_admitted(stream, hash);
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
        match self.apply_entries(stream, &entries) {
            Ok(()) => {
                if let Some(replica) = self.replica(stream) {
                    replica.outbox.end_push(accepted);
                }
                self.rewrite_if_due(stream);
                self.after_entries(stream);
            }
            // The entries before it are fetched. The answer is handled again after them.
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

    /// The answer to a push that arrived before the entries in front of it.
    pub(in crate::engine) fn drain_answer(&mut self, stream: &StreamId) -> Option<Accepted> {
        self.replica(stream)?.outbox.in_flight.as_mut()?.accepted.take()
    }

    /// Accepted changes are in the journal, even if the entries before them can no longer be fetched.
    pub(in crate::engine) fn remove_accepted(&mut self, stream: &StreamId) {
        let Some(accepted) = self.drain_answer(stream) else { return };
        let Some(replica) = self.replica(stream) else { return };
        let Some(pushed) = replica.outbox.in_flight.take() else { return };
        for hash in pushed.changes.into_iter().take(accepted.positions.len()) {
            self.remove_admitted(stream, hash);
        }
    }

    /// Removes a change from the outbox that is in the journal, without its entry.
    pub(in crate::engine) fn remove_admitted(&mut self, stream: &StreamId, hash: ChangeHash) {
        let me = self.ctx.session.account.clone();
        let Some(replica) = self.replica(stream) else { return };
        if let Some(answered) = replica.remove_answered(hash, &me) {
            self.delete_entry(answered.sequence);
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
        let again_at = refused.retry_at.map(|retry_at| self.ctx.deferred(retry_at));
        let Some(replica) = self.replica(stream) else { return };
        if replica.fetches_with(refused.request) {
            return self.fetch_refused(stream, refused);
        }
        let Some(pushed) = replica.outbox.in_flight.take_if(|in_flight| in_flight.request == refused.request) else {
            return self.part_refused(stream, refused);
        };
        if pushed.accepted.is_some() {
            // What was admitted of it is still in the outbox: the rest is pushed again after the fetch.
            return replica.outbox.await_accepted(pushed);
        }
        let change = pushed.changes.get(refused.index as usize);
        if replica.outbox.entries.front().map(|front| front.change.hash()).as_ref() != change {
            // It has left the outbox since, as a fetch answered that the journal holds it: the rest is pushed again.
            return self.rewrite_if_due(stream);
        }
        let Some(retry_at) = refused.retry_at else { return self.push_refused(stream, refused) };
        let wait = Wait { code: refused.code, until: retry_at };
        if refused.code == Code::SlowMode {
            return self.park_first(stream, wait);
        }
        replica.outbox.retry_at = again_at;
        replica.outbox.deferred = Some(wait);
        replica.touched.row = true;
        self.rewrite_if_due(stream);
    }

    /// A thread or an older page was refused.
    fn part_refused(&mut self, stream: &StreamId, refused: &Refused) {
        let is_thread = self.thread_refused(stream, refused);
        if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
            return self.delete_conversation(conversation);
        }
        if is_thread {
            return;
        }
        let mut lacks_rows = false;
        for timeline in self.open.timelines_of_stream(stream) {
            if let Some(open) = self.open.get_mut(&timeline) {
                open.stop_loading_older();
                lacks_rows |= open.has_lost_rows();
            }
        }
        if let Some(retry_at) = refused.retry_at.filter(|_| lacks_rows) {
            let again_at = self.ctx.deferred(retry_at);
            if let Some(replica) = self.replica(stream) {
                replica.older_at = Some(again_at);
            }
        }
    }

    /// The first change of a push was refused: it is written anew where that may help, and refused
    /// for good otherwise.
    fn push_refused(&mut self, stream: &StreamId, refused: &Refused) {
        let device = self.ctx.session.device;
        let Some(replica) = self.replica(stream) else { return };
        let rewrites = replica.outbox.entries.count_rewrite();
        let Some(front) = replica.outbox.entries.front() else { return };
        let sequence = front.sequence;
        let can_rewrite = rewrites < REWRITES_MAX;
        if refused.code == Code::ActorConflict && can_rewrite {
            return self.switch_device(refused.code);
        }
        if refused.code == Code::ClockAhead && can_rewrite {
            // The device's clock is wrong. The outbox is written anew by the server's time, once that
            // and everything new has arrived.
            replica.rewrite_due = true;
            replica.stamps_due = true;
            self.ctx.ping();
            return self.fetch_stream(stream);
        }
        if refused.code == Code::AlreadyWritten && matches!(front.command, Command::SendMessage(_)) {
            // A message's id is unique to it: the message was admitted before, by another change. Words that are
            // offered may be others, which is seen once it is here.
            let hash = front.change.hash();
            replica.rewrite_due = true;
            if !replica.outbox.entries.note_there(hash) {
                replica.outbox.entries.pop_front();
                self.delete_entry(sequence);
            }
            return self.fetch_stream(stream);
        }
        if refused.code == Code::ConversationExists && matches!(front.command, Command::CreateConversation(_)) {
            // Its id is random: it was created before, by another change of this device or, of a store that was put
            // back, by another device of the account. The rest is written on that.
            replica.outbox.entries.pop_front();
            (replica.whole, replica.rewrite_due) = (false, true);
            self.delete_entry(sequence);
            return self.fetch_stream(stream);
        }
        let is_former = refused.code == Code::WrongActor && front.change.device() != device;
        // The device holds entries of it, so it existed: the server's store was restored to before that.
        let is_lost =
            refused.code == Code::ConversationUnknown && rewrites == 0 && replica.confirmed.position() > Position::ZERO;
        if (refused.code.is_outdated() || is_former || is_lost) && can_rewrite {
            // The state it was written against is outdated, or it was written under a former device id
            // and not admitted: fetch everything new, then write it anew.
            replica.rewrite_due = true;
            let is_adrift = matches!(refused.code, Code::DependencyMissing | Code::WrongSequence);
            if is_lost || (is_adrift && rewrites > 0) {
                // Written on everything new it still does not follow: the local stream differs from the server's.
                self.make_former(stream);
            }
            return self.fetch_stream(stream);
        }
        if let (Code::ConversationDeleted, Some(conversation)) = (refused.code, stream.conversation()) {
            return self.delete_conversation(conversation);
        }
        if let Some(front) = replica.outbox.entries.pop_front() {
            self.refuse(front.sequence, front.command, front.at, refused.code, refused.detail.clone());
            self.rewrite(stream);
        }
    }
}
