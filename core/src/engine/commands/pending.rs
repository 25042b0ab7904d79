//! Commands that the server has not answered and that are in no loaded outbox, or not stored yet:
//! those of unloaded streams, and those that wait for the store, a conversation or a thread.

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

/// Invariant: a stored command is either here or in the outbox of a stream in memory.
#[derive(Debug, Default)]
pub(in crate::engine) struct PendingCommands {
    /// Stored outbox entries of streams that are not in memory.
    unloaded: SortedMap<StreamId, Vec<(u64, OutboxRecord)>>,
    /// The length of each outbox in memory that is not empty.
    counts: SortedMap<StreamId, usize>,
    /// The streams of outbox entries that are not durable yet, by number.
    unstored: SortedMap<u64, StreamId>,
    /// The requests to answer once an outbox entry is durable, by its number.
    requests: SortedMap<u64, u64>,
    /// Messages reverted before they were sent, by the number of the transaction that deletes them.
    reverted: SortedMap<u64, MessageId>,
    /// Commands that wait for a conversation to be fetched.
    for_whole: SortedMap<StreamId, Vec<(u64, Command)>>,
    /// Commands that wait for a thread to be loaded.
    for_thread: SortedMap<ConversationId, Vec<(u64, Command)>>,
    /// The number last sent to the screen, with membership requests.
    unsynced_shown: Option<u32>,
}

impl PendingCommands {
    pub(in crate::engine) fn add_unloaded(&mut self, sequence: u64, entry: OutboxRecord) {
        self.unloaded.entry(entry.document.stream()).or_default().push((sequence, entry));
    }

    pub(in crate::engine) fn unloaded(&self, stream: &StreamId) -> impl Iterator<Item = &OutboxRecord> {
        self.unloaded.get(stream).into_iter().flatten().map(|(_, entry)| entry)
    }

    pub(in crate::engine) fn unloaded_streams(&self) -> Vec<StreamId> {
        self.unloaded.keys().cloned().collect()
    }

    pub(in crate::engine) fn drain_unloaded(&mut self, stream: &StreamId) -> Vec<(u64, OutboxRecord)> {
        self.unloaded.remove(stream).unwrap_or_default()
    }

    /// Stores an entry of a loaded stream. It is not sent until it is durable.
    pub(in crate::engine) fn store(&mut self, ctx: &mut Context, stream: &StreamId, entry: &OutboxEntry) {
        ctx.store.write(record::put(record::outbox_key(entry.sequence), &entry.record()));
        ctx.store.wait_for(entry.sequence);
        self.unstored.insert(entry.sequence, stream.clone());
    }

    /// An entry is durable. Returns its stream.
    pub(in crate::engine) fn stored(&mut self, sequence: u64) -> Option<StreamId> {
        self.unstored.remove(&sequence)
    }

    /// A request is answered when the entry with a number is durable.
    pub(in crate::engine) fn await_stored(&mut self, sequence: u64, request: u64) {
        self.requests.insert(sequence, request);
    }

    pub(in crate::engine) fn is_awaited(&self, sequence: u64) -> bool {
        self.requests.contains_key(&sequence)
    }

    /// Removes the request of an entry, to be answered.
    pub(in crate::engine) fn request_of(&mut self, sequence: u64) -> Option<u64> {
        self.requests.remove(&sequence)
    }

    /// An entry that will be written anew gets another number.
    pub(in crate::engine) fn renumber(&mut self, former: u64, sequence: u64) {
        self.unstored.remove(&former);
        if let Some(request) = self.requests.remove(&former) {
            self.requests.insert(sequence, request);
        }
    }

    /// The revert of a message is complete when the store has deleted it.
    pub(in crate::engine) fn await_reverted(&mut self, ctx: &mut Context, request: u64, message: MessageId) {
        let sequence = ctx.new_sequence();
        ctx.store.wait_for(sequence);
        self.requests.insert(sequence, request);
        self.reverted.insert(sequence, message);
    }

    pub(in crate::engine) fn reverted(&mut self, sequence: u64) -> Option<MessageId> {
        self.reverted.remove(&sequence)
    }

    pub(in crate::engine) fn await_whole(&mut self, stream: &StreamId, request: u64, command: Command) {
        self.for_whole.entry(stream.clone()).or_default().push((request, command));
    }

    pub(in crate::engine) fn awaits_whole(&self, stream: &StreamId) -> bool {
        self.for_whole.contains_key(stream)
    }

    /// Removes the commands that waited for a conversation.
    pub(in crate::engine) fn of_whole(&mut self, stream: &StreamId) -> Vec<(u64, Command)> {
        self.for_whole.remove(stream).unwrap_or_default()
    }

    /// The requests of all that waited for conversations.
    pub(in crate::engine) fn drain_awaiting_whole(&mut self) -> Vec<u64> {
        let waiting = core::mem::take(&mut self.for_whole).into_values().flatten();
        waiting.map(|(request, _)| request).collect()
    }

    pub(in crate::engine) fn await_thread(&mut self, thread: ConversationId, request: u64, command: Command) {
        self.for_thread.entry(thread).or_default().push((request, command));
    }

    /// Removes the commands that waited for a thread.
    pub(in crate::engine) fn of_thread(&mut self, thread: ConversationId) -> Vec<(u64, Command)> {
        self.for_thread.remove(&thread).unwrap_or_default()
    }

    pub(in crate::engine) fn awaited_threads(&self) -> Vec<ConversationId> {
        self.for_thread.keys().copied().collect()
    }

    pub(in crate::engine) fn count(&mut self, stream: &StreamId, count: usize) {
        match count {
            0 => self.counts.remove(stream),
            count => self.counts.insert(stream.clone(), count),
        };
    }

    /// Sends the number of unsynced commands to the screen, if it changed.
    pub(in crate::engine) fn show_unsynced(&mut self, ctx: &mut Context, unsynced: u32) {
        if self.unsynced_shown.replace(unsynced) != Some(unsynced) {
            ctx.update(Update::Unsynced(unsynced));
        }
    }

    /// The number of commands not admitted yet, as of the end of the last input.
    pub(in crate::engine) fn unsynced(&self) -> usize {
        self.counts.values().sum::<usize>() + self.unloaded.values().map(Vec::len).sum::<usize>()
    }
}
