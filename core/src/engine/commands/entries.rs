//! The entries of an outbox in their order, indexed by number, change, message and thread.

use core::cell::Cell;

use crate::{
    command::Command,
    engine::commands::{outbox::OutboxEntry, parked::Parked},
    ids::{ChangeHash, ConversationId, MessageId},
    sorted::{IntoValues, SortedMap, SortedSet},
};

/// First the chain, pushed in this order; then the parked entries.
#[derive(Debug, Default)]
pub(in crate::engine) struct Entries {
    in_order: SortedMap<u64, OutboxEntry>,
    /// The place after the last one ever used.
    end: u64,
    by_number: SortedMap<u64, u64>,
    by_change: SortedMap<ChangeHash, u64>,
    /// The places of messages of the conversation itself.
    messages: SortedSet<u64>,
    /// How many entries are about each message, besides the message itself.
    about: SortedMap<MessageId, usize>,
    /// How many messages are written in each thread.
    replies: SortedMap<ConversationId, usize>,
    /// How many were iterated over.
    looked_at: Cell<u64>,
}

impl Entries {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// All of them in their order. Each is counted as looked at.
    pub(in crate::engine) fn iter(&self) -> impl DoubleEndedIterator<Item = &OutboxEntry> {
        self.in_order.values().inspect(|_| self.looked_at.set(self.looked_at.get() + 1))
    }

    /// How many were looked at since the last call.
    pub(in crate::engine) fn drain_looked_at(&self) -> u64 {
        self.looked_at.take()
    }

    pub(in crate::engine) fn front(&self) -> Option<&OutboxEntry> {
        self.iter().next()
    }

    /// Counts that the front is written anew because the server refused it; what is behind it is too, but nobody
    /// has refused that yet. Returns how often it was before.
    pub(in crate::engine) fn count_rewrite(&mut self) -> u32 {
        let Some(front) = self.in_order.values_mut().next() else { return 0 };
        front.rewrites += 1;
        front.rewrites - 1
    }

    /// The server has what a change writes, or the message by another one. Returns whether that leaves something to
    /// compare: an offered message, whose words may be others.
    pub(in crate::engine) fn note_there(&mut self, hash: ChangeHash) -> bool {
        let entry = self.by_change.get(&hash).and_then(|place| self.in_order.get_mut(place));
        let Some(entry) = entry.filter(|entry| entry.is_offered && entry.stamp().is_some()) else { return false };
        entry.is_there = true;
        true
    }

    pub(in crate::engine) fn parked(&self) -> impl DoubleEndedIterator<Item = &OutboxEntry> {
        self.in_order.range_from(&self.first_parked()).map(|(_, entry)| entry)
    }

    pub(in crate::engine) fn parked_mut(&mut self) -> impl Iterator<Item = &mut Parked> {
        let first = self.first_parked();
        self.in_order.range_from_mut(&first).filter_map(|entry| entry.parked.as_mut())
    }

    fn first_parked(&self) -> u64 {
        let parked_entries = self.in_order.iter().rev().take_while(|(_, entry)| entry.parked.is_some());
        parked_entries.last().map_or(self.end, |(place, _)| *place)
    }

    /// The entry with a number is durable from now on.
    pub(in crate::engine) fn set_stored(&mut self, number: u64) -> Option<&OutboxEntry> {
        let entry = self.in_order.get_mut(self.by_number.get(&number)?)?;
        entry.stored = true;
        Some(entry)
    }

    pub(in crate::engine) fn of_change(&self, hash: ChangeHash) -> Option<&OutboxEntry> {
        self.in_order.get(self.by_change.get(&hash)?)
    }

    /// The last message of the conversation itself.
    pub(in crate::engine) fn last_message(&self) -> Option<&OutboxEntry> {
        self.in_order.get(self.messages.last()?)
    }

    /// How many messages are written in a thread.
    pub(in crate::engine) fn replies(&self, thread: ConversationId) -> usize {
        self.replies.get(&thread).copied().unwrap_or_default()
    }

    /// Whether an entry is about a message, besides the message itself.
    pub(in crate::engine) fn touches(&self, message: &MessageId) -> bool {
        self.about.contains_key(message)
    }

    pub(in crate::engine) fn push_back(&mut self, entry: OutboxEntry) {
        let place = self.end;
        self.end += 1;
        self.by_number.insert(entry.sequence, place);
        self.by_change.insert(entry.change.hash(), place);
        match &entry.command {
            Command::SendMessage(send) => match send.thread {
                Some(thread) => *self.replies.entry(thread).or_default() += 1,
                None => drop(self.messages.insert(place)),
            },
            command => {
                command.about().into_iter().for_each(|message| *self.about.entry(message.clone()).or_default() += 1);
            }
        }
        self.in_order.insert(place, entry);
    }

    pub(in crate::engine) fn pop_front(&mut self) -> Option<OutboxEntry> {
        let (place, _) = self.in_order.first_key_value()?;
        self.remove_at(*place)
    }

    pub(in crate::engine) fn remove(&mut self, hash: ChangeHash) -> Option<OutboxEntry> {
        self.remove_at(*self.by_change.get(&hash)?)
    }

    fn remove_at(&mut self, place: u64) -> Option<OutboxEntry> {
        let entry = self.in_order.remove(&place)?;
        self.by_number.remove(&entry.sequence);
        self.by_change.remove(&entry.change.hash());
        match &entry.command {
            Command::SendMessage(send) => match send.thread {
                Some(thread) => count_down(&mut self.replies, &thread),
                None => drop(self.messages.remove(&place)),
            },
            command => command.about().into_iter().for_each(|message| count_down(&mut self.about, message)),
        }
        Some(entry)
    }
}

fn count_down<K: Ord>(counts: &mut SortedMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl FromIterator<OutboxEntry> for Entries {
    fn from_iter<I: IntoIterator<Item = OutboxEntry>>(all: I) -> Self {
        let mut entries = Self::default();
        all.into_iter().for_each(|entry| entries.push_back(entry));
        entries
    }
}

impl IntoIterator for Entries {
    type Item = OutboxEntry;
    type IntoIter = IntoValues<u64, OutboxEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.in_order.into_values()
    }
}
