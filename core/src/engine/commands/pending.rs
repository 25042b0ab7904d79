//! Where commands are that the server has not answered: in the outboxes of streams that are not
//! in memory, on their way to the store, or waiting for what they are written in.

use crate::{
    command::Command,
    engine::{
        Update,
        commands::outbox::OutboxEntry,
        context::Context,
        store::record::{self, OutboxRecord},
    },
    ids::{ConversationId, MessageId, StreamId},
    sorted::SortedMap,
};

/// Invariant: a stored command is either parked or in the outbox of a stream in memory.
#[derive(Debug, Default)]
pub(in crate::engine) struct PendingCommands {
    /// Stored outbox entries of streams that are not in memory.
    parked: SortedMap<StreamId, Vec<(u64, OutboxRecord)>>,
    /// How many wait in each stream in memory that has any.
    counts: SortedMap<StreamId, usize>,
    /// Where the outbox entries are that are not durable yet, by their numbers.
    unstored: SortedMap<u64, StreamId>,
    /// Requests of commands whose outbox entry is not durable yet.
    requests: SortedMap<u64, u64>,
    /// Messages taken back before they were sent, by the number under which the
    /// store is asked to delete them.
    taken_back: SortedMap<u64, MessageId>,
    /// Those that wait for a conversation to be fetched.
    for_whole: SortedMap<StreamId, Vec<(u64, Command)>>,
    /// Those that wait for a thread to be brought in.
    for_thread: SortedMap<ConversationId, Vec<(u64, Command)>>,
    /// How many the screen was shown, with membership requests.
    unsynced_shown: Option<u32>,
}

impl PendingCommands {
    /// Keeps a stored entry until its stream is in memory.
    pub(in crate::engine) fn park(&mut self, sequence: u64, entry: OutboxRecord) {
        self.parked.entry(entry.document.stream()).or_default().push((sequence, entry));
    }

    pub(in crate::engine) fn parked(&self, stream: &StreamId) -> impl Iterator<Item = &OutboxRecord> {
        self.parked.get(stream).into_iter().flatten().map(|(_, entry)| entry)
    }

    pub(in crate::engine) fn parked_streams(&self) -> Vec<StreamId> {
        self.parked.keys().cloned().collect()
    }

    pub(in crate::engine) fn unpark(&mut self, stream: &StreamId) -> Vec<(u64, OutboxRecord)> {
        self.parked.remove(stream).unwrap_or_default()
    }

    /// Stores an entry of a stream in memory, which is not sent before.
    pub(in crate::engine) fn store(&mut self, ctx: &mut Context, stream: &StreamId, entry: &OutboxEntry) {
        ctx.store.write(record::put(record::outbox_key(entry.sequence), &entry.record()));
        ctx.store.wait_for(entry.sequence);
        self.unstored.insert(entry.sequence, stream.clone());
    }

    /// An entry waits for the store no more: answers the stream that it is in.
    pub(in crate::engine) fn stored(&mut self, sequence: u64) -> Option<StreamId> {
        self.unstored.remove(&sequence)
    }

    /// A request is answered when the store has what has a number.
    pub(in crate::engine) fn await_stored(&mut self, sequence: u64, request: u64) {
        self.requests.insert(sequence, request);
    }

    pub(in crate::engine) fn is_awaited(&self, sequence: u64) -> bool {
        self.requests.contains_key(&sequence)
    }

    /// The request that is to be answered now.
    pub(in crate::engine) fn request_of(&mut self, sequence: u64) -> Option<u64> {
        self.requests.remove(&sequence)
    }

    /// An entry that is to be written anew has another number.
    pub(in crate::engine) fn renumber(&mut self, former: u64, sequence: u64) {
        self.unstored.remove(&former);
        if let Some(request) = self.requests.remove(&former) {
            self.requests.insert(sequence, request);
        }
    }

    /// A message is taken back when the store has deleted it.
    pub(in crate::engine) fn take_back(&mut self, ctx: &mut Context, request: u64, message: MessageId) {
        let sequence = ctx.new_sequence();
        ctx.store.wait_for(sequence);
        self.requests.insert(sequence, request);
        self.taken_back.insert(sequence, message);
    }

    pub(in crate::engine) fn taken_back(&mut self, sequence: u64) -> Option<MessageId> {
        self.taken_back.remove(&sequence)
    }

    pub(in crate::engine) fn await_whole(&mut self, stream: &StreamId, request: u64, command: Command) {
        self.for_whole.entry(stream.clone()).or_default().push((request, command));
    }

    pub(in crate::engine) fn awaits_whole(&self, stream: &StreamId) -> bool {
        self.for_whole.contains_key(stream)
    }

    /// Those that waited for a conversation.
    pub(in crate::engine) fn of_whole(&mut self, stream: &StreamId) -> Vec<(u64, Command)> {
        self.for_whole.remove(stream).unwrap_or_default()
    }

    /// The requests of all that waited for conversations.
    pub(in crate::engine) fn take_awaiting_whole(&mut self) -> Vec<u64> {
        let waiting = core::mem::take(&mut self.for_whole).into_values().flatten();
        waiting.map(|(request, _)| request).collect()
    }

    pub(in crate::engine) fn await_thread(&mut self, thread: ConversationId, request: u64, command: Command) {
        self.for_thread.entry(thread).or_default().push((request, command));
    }

    /// Those that waited for a thread.
    pub(in crate::engine) fn of_thread(&mut self, thread: ConversationId) -> Vec<(u64, Command)> {
        self.for_thread.remove(&thread).unwrap_or_default()
    }

    pub(in crate::engine) fn awaited_threads(&self) -> Vec<ConversationId> {
        self.for_thread.keys().copied().collect()
    }

    /// Takes note of how many wait in a stream in memory.
    pub(in crate::engine) fn count(&mut self, stream: &StreamId, count: usize) {
        match count {
            0 => self.counts.remove(stream),
            count => self.counts.insert(stream.clone(), count),
        };
    }

    /// Shows how many are not admitted yet, where that is another number than before.
    pub(in crate::engine) fn show_unsynced(&mut self, ctx: &mut Context, unsynced: u32) {
        if self.unsynced_shown.replace(unsynced) != Some(unsynced) {
            ctx.update(Update::Unsynced(unsynced));
        }
    }

    /// Those that are not admitted yet, as of the end of the last input.
    pub(in crate::engine) fn unsynced(&self) -> usize {
        self.counts.values().sum::<usize>() + self.parked.values().map(Vec::len).sum::<usize>()
    }
}
