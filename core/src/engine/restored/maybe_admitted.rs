//! Messages in the outbox of a stream that is restarted: the pages between the former state and the newest
//! are left out, and a message may have been admitted on one of them, by another change if this device's
//! store was copied or restored. The server is asked, so that no message is sent that was admitted before.

use crate::{
    engine::{Engine, commands::outbox::OutboxEntry, streams::replica::Replica},
    ids::{ChangeHash, StreamId},
    journal::Position,
    limits::Limits,
    wire::{Fetched, WaitingChange},
};

impl Replica {
    /// The messages in the outbox, to be asked about.
    fn waiting_messages(&self) -> Vec<WaitingChange> {
        let messages = self.outbox.entries.iter().filter(|entry| entry.stamp().is_some());
        messages.map(OutboxEntry::waiting_change).take(Limits::HELD_CHANGES_MAX).collect()
    }
}

impl Engine {
    /// The messages to ask about with a fetch after a position, if it may be answered with a restart.
    pub(in crate::engine) fn ask_of_waiting(&mut self, stream: &StreamId, after: Position) -> Vec<WaitingChange> {
        let server_head =
            stream.conversation().and_then(|conversation| Some(self.inbox.get(&conversation)?.journal_head));
        let missing = server_head.unwrap_or_default().number().saturating_sub(after.number());
        let is_far = missing > u64::from(self.ctx.limits.catch_up_entries_max);
        let Some(replica) = self.replica(stream) else { return Vec::new() };
        if !replica.may_be_admitted && !is_far {
            return Vec::new();
        }
        let asked = replica.waiting_messages();
        replica.asked.extend(asked.iter().map(|change| change.hash));
        asked
    }

    /// Removes messages from the outbox that a restart has; offered ones are compared with it. Returns false if the
    /// server has to be asked first.
    pub(in crate::engine) fn remove_asked(&mut self, stream: &StreamId, fetched: &Fetched) -> bool {
        let Some(replica) = self.replica(stream) else { return true };
        let asked = core::mem::take(&mut replica.asked);
        replica.may_be_admitted = asked.is_empty() && !replica.waiting_messages().is_empty();
        if replica.may_be_admitted {
            return false;
        }
        let is_there = |hash: &ChangeHash| !fetched.lacks.contains(hash);
        for hash in asked.into_iter().filter(is_there) {
            let Some(replica) = self.replica(stream) else { return true };
            match replica.outbox.entries.note_there(hash) {
                true => replica.rewrite_due = true,
                false => self.remove_admitted(stream, hash),
            }
        }
        true
    }
}
