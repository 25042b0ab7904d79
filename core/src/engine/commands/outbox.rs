//! The commands of one stream that the authority has not answered yet, in the
//! order in which they were given, each with the change it became.

use crate::{
    api::Wait,
    authority::Stream,
    command::Command,
    doc::Change,
    engine::{
        commands::{entries::Entries, parked::Parked},
        restored::own::{Own, Written},
        store::record::OutboxRecord,
    },
    ids::{AccountId, ChangeHash, DocumentId, MessageId, Stamp},
    journal::Entry,
    limits::Limits,
    sorted::SortedSet,
    time::{MonotonicTime, WallTime},
    wire::{Accepted, PushedChange, WaitingChange},
};

/// How often a command is written anew before it is refused after all: a disagreement between
/// client and server must end.
pub(in crate::engine) const REWRITES_MAX: u32 = 8;

/// A command with its change.
#[derive(Debug, Clone)]
pub(in crate::engine) struct OutboxEntry {
    /// Its id, and its order among all commands.
    pub(in crate::engine) sequence: u64,
    pub(in crate::engine) command: Command,
    pub(in crate::engine) at: WallTime,
    pub(in crate::engine) document: DocumentId,
    pub(in crate::engine) change: Change,
    pub(in crate::engine) rewrites: u32,
    /// Whether it is of a former incarnation and was commanded again: what was said later of the same thing stands.
    pub(in crate::engine) is_offered: bool,
    /// Whether the server has said since that the message is there, by another change: it is not written again.
    pub(in crate::engine) is_there: bool,
    /// Whether it is durable here: only then may it be sent, or a crash could
    /// give the same number to another change.
    pub(in crate::engine) stored: bool,
    /// Set while it is parked.
    pub(in crate::engine) parked: Option<Parked>,
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

    /// Its change, to be asked about.
    pub(in crate::engine) fn waiting_change(&self) -> WaitingChange {
        WaitingChange { hash: self.change.hash(), message: self.stamp(), accepted_at: None }
    }

    /// What an offered message says, if it is there by another change: an edit, as the words may be others.
    pub(in crate::engine) fn words_over(&self, author: &AccountId, confirmed: &Stream) -> Option<Own> {
        let Command::SendMessage(send) = &self.command else { return None };
        let own =
            || Own { change: self.waiting_change(), at: self.at, written: Written::Message(send.clone(), self.at) };
        self.is_offered.then(own)?.words_over(author, confirmed)
    }

    pub(in crate::engine) fn record(&self) -> OutboxRecord {
        OutboxRecord {
            command: self.command.clone(),
            at: self.at,
            document: self.document.clone(),
            change: self.change.bytes().to_vec(),
            rewrites: self.rewrites,
            is_parked: self.parked.is_some(),
            is_offered: self.is_offered,
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
    /// How many of them are still in the outbox.
    pub(in crate::engine) waiting: usize,
    /// Its answer, when that came before the entries in front of it.
    pub(in crate::engine) accepted: Option<Accepted>,
}

/// The outbox of one stream.
#[derive(Debug, Default)]
pub(in crate::engine) struct Outbox {
    pub(in crate::engine) entries: Entries,
    pub(in crate::engine) in_flight: Option<InFlight>,
    /// Pushes are deferred by the server until then.
    pub(in crate::engine) retry_at: Option<MonotonicTime>,
    /// The server's reason for that, and its time.
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
        for entry in self.entries.iter().take_while(|entry| entry.stored && entry.parked.is_none()) {
            bytes += entry.change.bytes().len();
            let full = changes.len() >= limits.push_changes_max as usize || bytes > limits.push_bytes_max as usize;
            if full && !changes.is_empty() {
                break;
            }
            changes.push(PushedChange { document: entry.document.clone(), change: entry.change.bytes().to_vec() });
        }
        (!changes.is_empty()).then_some(changes)
    }

    /// Why the outbox waits, if it does.
    pub(in crate::engine) fn wait(&self) -> Option<Wait> {
        // A deferred change may have been admitted by another push.
        let deferred = self.deferred.filter(|_| !self.entries.is_empty());
        deferred.or_else(|| self.entries.parked().find_map(|entry| Some(entry.parked?.wait)))
    }

    /// Why a message is parked, if it is.
    pub(in crate::engine) fn wait_of(&self, message: &MessageId, account: &AccountId) -> Option<Wait> {
        let is_it = |entry: &&OutboxEntry| matches!(&entry.command, Command::SendMessage(send) if send.message(account) == *message);
        self.entries.parked().find(is_it)?.parked.map(|parked| parked.wait)
    }

    pub(in crate::engine) fn start_push(&mut self, request: u64, count: usize) {
        self.retry_at = None;
        self.deferred = None;
        let changes: Vec<ChangeHash> = self.entries.iter().take(count).map(|entry| entry.change.hash()).collect();
        self.in_flight = Some(InFlight { request, waiting: changes.len(), changes, accepted: None });
    }

    /// Whether a push is on its way that nothing was answered to.
    pub(in crate::engine) fn awaits_answer(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|pushed| pushed.accepted.is_none())
    }

    /// Ends a push that was accepted whole, once what it added is here. Of one that was not, the refusal follows.
    pub(in crate::engine) fn end_push(&mut self, accepted: &Accepted) {
        let is_whole = |pushed: &mut InFlight| {
            pushed.request == accepted.request && pushed.changes.len() == accepted.positions.len()
        };
        self.in_flight.take_if(is_whole);
    }

    /// Keeps only the accepted changes of a push, whose entries are still to come.
    pub(in crate::engine) fn await_accepted(&mut self, mut pushed: InFlight) {
        pushed.changes.truncate(pushed.accepted.as_ref().map_or(0, |accepted| accepted.positions.len()));
        pushed.waiting = pushed.changes.iter().filter(|change| self.entries.of_change(**change).is_some()).count();
        self.in_flight = Some(pushed).filter(|pushed| pushed.waiting > 0);
    }

    /// The change in the outbox that equals an entry of the journal, byte for byte.
    pub(in crate::engine) fn written(&self, entry: &Entry) -> Option<Change> {
        self.entries.iter().find(|waiting| waiting.became(entry)).map(|waiting| waiting.change.clone())
    }

    /// Whether it consists of exactly these entries of the journal, in their order.
    pub(in crate::engine) fn is_all_of(&self, entries: &[Entry]) -> bool {
        self.len() == entries.len() && self.entries.iter().zip(entries).all(|(waiting, entry)| waiting.became(entry))
    }

    /// Removes what the server has, parked or not: messages with these stamps, and other changes with these hashes.
    pub(in crate::engine) fn remove_admitted(&mut self, admitted: &[WaitingChange]) -> Vec<OutboxEntry> {
        let stamps: SortedSet<Stamp> = admitted.iter().filter_map(|change| change.message).collect();
        let hashes: SortedSet<ChangeHash> = admitted.iter().map(|change| change.hash).collect();
        let is_one = |entry: &&OutboxEntry| match entry.stamp() {
            Some(stamp) => stamps.contains(&stamp),
            None => hashes.contains(&entry.change.hash()),
        };
        let changes: Vec<ChangeHash> = self.entries.iter().filter(is_one).map(|entry| entry.change.hash()).collect();
        changes.into_iter().filter_map(|hash| self.remove(hash)).collect()
    }

    /// Removes the entry of a change, parked or not.
    pub(in crate::engine) fn remove(&mut self, hash: ChangeHash) -> Option<OutboxEntry> {
        let removed = self.entries.remove(hash)?;
        if let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| in_flight.changes.contains(&hash)) {
            in_flight.waiting -= 1;
            if in_flight.waiting == 0 {
                self.in_flight = None;
            }
        }
        Some(removed)
    }
}
