//! The commands of one stream that the authority has not answered yet, in the
//! order in which they were given, each with the change it became.

use crate::{
    api::Wait,
    command::Command,
    doc::Change,
    engine::{
        commands::{entries::Entries, parked::Aside},
        store::record::OutboxRecord,
    },
    ids::{AccountId, ChangeHash, DocumentId, MessageId, Stamp},
    journal::Entry,
    limits::Limits,
    sorted::SortedSet,
    time::{MonotonicTime, WallTime},
    wire::{Accepted, PushedChange, WaitingChange},
};

/// How often a command is written anew before it is refused after all: a
/// server and a client that disagree must not do so for ever.
pub(in crate::engine) const REWRITES_MAX: u32 = 8;

/// A command with its change.
#[derive(Debug, Clone)]
pub(in crate::engine) struct OutboxEntry {
    /// Names it, and orders it among all.
    pub(in crate::engine) sequence: u64,
    pub(in crate::engine) command: Command,
    pub(in crate::engine) at: WallTime,
    pub(in crate::engine) document: DocumentId,
    pub(in crate::engine) change: Change,
    pub(in crate::engine) rewrites: u32,
    /// Whether it is durable here: only then may it be sent, or a crash could
    /// give the same number to another change.
    pub(in crate::engine) stored: bool,
    /// What it waits for, beside the others and on top of them.
    pub(in crate::engine) aside: Option<Aside>,
}

impl OutboxEntry {
    /// Whether its change is an entry of the journal, byte for byte.
    fn became(&self, entry: &Entry) -> bool {
        self.document == entry.document && self.change.bytes() == entry.change.as_slice()
    }

    /// The stamp of the message that it writes.
    pub(in crate::engine) fn stamp(&self) -> Option<Stamp> {
        match &self.command {
            Command::SendMessage(send) => Some(send.stamp),
            _ => None,
        }
    }

    /// The change of a message, to be asked about.
    pub(in crate::engine) fn waiting_change(&self) -> Option<WaitingChange> {
        Some(WaitingChange { hash: self.change.hash(), message: Some(self.stamp()?), accepted_at: None })
    }

    pub(in crate::engine) fn record(&self) -> OutboxRecord {
        OutboxRecord {
            command: self.command.clone(),
            at: self.at,
            document: self.document.clone(),
            change: self.change.bytes().to_vec(),
            rewrites: self.rewrites,
            is_aside: self.aside.is_some(),
        }
    }
}

/// A push under way.
#[derive(Debug, Clone)]
pub(in crate::engine) struct InFlight {
    pub(in crate::engine) request: u64,
    /// Its changes. One of them may leave the outbox before the push is
    /// answered: when the entry comes that it has become.
    pub(in crate::engine) changes: Vec<ChangeHash>,
    /// How many of them are in the outbox yet.
    pub(in crate::engine) waiting: usize,
    /// Its answer, when that came before the entries in front of it.
    pub(in crate::engine) accepted: Option<Accepted>,
}

/// The outbox of one stream.
#[derive(Debug, Default)]
pub(in crate::engine) struct Outbox {
    /// Those that are to be pushed in their order, then those that are aside.
    pub(in crate::engine) entries: Entries,
    pub(in crate::engine) in_flight: Option<InFlight>,
    /// Deferred by the server until then.
    pub(in crate::engine) retry_at: Option<MonotonicTime>,
    /// Why, and until when by its own clock.
    pub(in crate::engine) deferred: Option<Wait>,
}

impl Outbox {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The changes of the next push, if there is one to be sent now.
    pub(in crate::engine) fn next_push(&self, now: MonotonicTime, limits: &Limits) -> Option<Vec<PushedChange>> {
        if self.in_flight.is_some() || self.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        let mut bytes = 0;
        let mut changes = Vec::new();
        for entry in self.entries.iter().take_while(|entry| entry.stored && entry.aside.is_none()) {
            bytes += entry.change.bytes().len();
            let full = changes.len() >= limits.push_changes_max as usize || bytes > limits.push_bytes_max as usize;
            if full && !changes.is_empty() {
                break;
            }
            changes.push(PushedChange { document: entry.document.clone(), change: entry.change.bytes().to_vec() });
        }
        (!changes.is_empty()).then_some(changes)
    }

    /// What the first of it waits for, if it is not on its way.
    pub(in crate::engine) fn wait(&self) -> Option<Wait> {
        // What was deferred may have been admitted before, in another way.
        let deferred = self.deferred.filter(|_| !self.entries.is_empty());
        deferred.or_else(|| self.entries.asides().find_map(|entry| Some(entry.aside?.wait)))
    }

    /// What a message waits for while others are sent.
    pub(in crate::engine) fn wait_of(&self, message: &MessageId, account: &AccountId) -> Option<Wait> {
        let is_it = |entry: &&OutboxEntry| matches!(&entry.command, Command::SendMessage(send) if send.message(account) == *message);
        self.entries.asides().find(is_it)?.aside.map(|aside| aside.wait)
    }

    /// Takes note of a push that was sent.
    pub(in crate::engine) fn start_push(&mut self, request: u64, count: usize) {
        self.retry_at = None;
        self.deferred = None;
        let changes: Vec<ChangeHash> = self.entries.iter().take(count).map(|entry| entry.change.hash()).collect();
        self.in_flight = Some(InFlight { request, waiting: changes.len(), changes, accepted: None });
    }

    /// Whether the push under way was answered before the entries in front of it came.
    pub(in crate::engine) fn has_answer(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|in_flight| in_flight.accepted.is_some())
    }

    /// The change in the outbox that an entry of the journal is, byte for byte.
    pub(in crate::engine) fn written(&self, entry: &Entry) -> Option<Change> {
        self.entries.iter().find(|waiting| waiting.became(entry)).map(|waiting| waiting.change.clone())
    }

    /// Whether it holds nothing but what these entries of the journal are, in their order.
    pub(in crate::engine) fn is_all_of(&self, entries: &[Entry]) -> bool {
        self.len() == entries.len() && self.entries.iter().zip(entries).all(|(waiting, entry)| waiting.became(entry))
    }

    /// Takes out the messages with these stamps, wherever they stand.
    pub(in crate::engine) fn take_messages(&mut self, stamps: &SortedSet<Stamp>) -> Vec<OutboxEntry> {
        let is_one = |entry: &&OutboxEntry| entry.stamp().is_some_and(|stamp| stamps.contains(&stamp));
        let changes: Vec<ChangeHash> = self.entries.iter().filter(is_one).map(|entry| entry.change.hash()).collect();
        changes.into_iter().filter_map(|hash| self.take(hash)).collect()
    }

    /// Takes out the entry of a change, wherever it stands.
    pub(in crate::engine) fn take(&mut self, hash: ChangeHash) -> Option<OutboxEntry> {
        let taken = self.entries.take(hash)?;
        if let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| in_flight.changes.contains(&hash)) {
            in_flight.waiting -= 1;
            if in_flight.waiting == 0 {
                self.in_flight = None;
            }
        }
        Some(taken)
    }
}
