//! Entries from the server, into their replica and the store.

use crate::{
    engine::{
        Engine,
        store::record::{self},
        streams::{fault::ReceiveEntryError, loading::Work, replica::Received},
    },
    ids::StreamId,
    journal::{Entry, Position},
    wire::Entries,
};

/// Why an entry was not applied.
pub(in crate::engine) enum Misfit {
    /// Entries before it are missing.
    Gap,
    /// It is not what an authority admits, or does not apply.
    Refused(ReceiveEntryError),
}

impl Engine {
    pub(in crate::engine) fn route_entries(&mut self, frame: Entries) {
        self.stream_heads.moved(&frame.stream);
        let last = frame.entries.last().map_or(Position::ZERO, |entry| entry.position);
        let conversation = frame.stream.conversation();
        if let Some((conversation, record)) = conversation.and_then(|id| Some((id, self.inbox.get_mut(&id)?))) {
            if last > record.journal_head {
                (record.journal_head, record.chain) = (last, None);
            }
            self.inbox.store(conversation);
        }
        if self.ctx.session.administrator
            && self.is_unlisted(&frame.stream)
            && !self.streams.contains_key(&frame.stream)
        {
            // They were sent before the stream was dropped.
            return;
        }
        self.with_stream(&frame.stream, Work::Entries(frame.entries));
    }

    pub(in crate::engine) fn receive_entries(&mut self, stream: &StreamId, entries: &[Entry]) {
        match self.apply_entries(stream, entries) {
            Ok(()) => self.after_entries(stream),
            Err((_, Misfit::Gap)) => self.fetch_stream(stream),
            Err((entry, Misfit::Refused(error))) => {
                self.report_refused(stream, entry, &error);
                self.start_over(stream);
            }
        }
    }

    /// Applies and stores entries, up to the first that does not fit.
    pub(in crate::engine) fn apply_entries<'e>(
        &mut self,
        stream: &StreamId,
        entries: &'e [Entry],
    ) -> Result<(), (&'e Entry, Misfit)> {
        // An entry can be verified only when all entries before it are applied.
        let run = if self.ctx.verify { 1 } else { entries.len().max(1) };
        entries.chunks(run).try_for_each(|entries| self.apply_run(stream, entries))
    }

    fn apply_run<'e>(&mut self, stream: &StreamId, entries: &'e [Entry]) -> Result<(), (&'e Entry, Misfit)> {
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
            self.stream_heads.change(stream);
            if let Some(answered) = answered {
                self.delete_entry(answered.sequence);
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

    /// Own stamps come after those of others.
    fn observe_stamps(&mut self, entry: &Entry) {
        let stream = entry.document.stream();
        let Some(replica) = self.streams.loaded(&stream) else { return };
        let newest = replica.confirmed.document(&entry.document).and_then(|document| document.admissions().newest());
        if let Some((_, newest)) = newest {
            self.ctx.observe_stamp(newest.stamp);
        }
    }

    pub(in crate::engine) fn after_entries(&mut self, stream: &StreamId) {
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
                    return self.delete_conversation(*conversation);
                }
                self.read_decisions(*conversation);
                self.drop_written_again(*conversation);
                self.hurry_parked(stream);
                self.note_delivered(*conversation);
            }
            StreamId::Account(_) => self.read_account(stream),
        }
    }
}
