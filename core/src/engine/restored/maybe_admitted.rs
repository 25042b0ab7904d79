//! Messages that wait when a stream starts anew: the pages between what was held and the newest are left
//! out, and one of them may have been admitted there, by another change if this device's store was copied
//! or set back. The server is asked, so that nothing that waits was admitted before what is held.

use crate::{
    engine::{Engine, commands::outbox::OutboxEntry, streams::replica::Replica},
    ids::{ChangeHash, StreamId},
    journal::Position,
    limits::Limits,
    wire::{Fetched, WaitingChange},
};

impl Replica {
    /// The messages that wait, to be asked about.
    fn waiting_messages(&self) -> Vec<WaitingChange> {
        let messages = self.outbox.entries.iter().filter_map(OutboxEntry::waiting_change);
        messages.take(Limits::HELD_CHANGES_MAX).collect()
    }
}

impl Engine {
    /// What to ask about with a fetch of what came behind a position, where a new start is to be expected.
    pub(in crate::engine) fn ask_of_waiting(&mut self, stream: &StreamId, after: Position) -> Vec<WaitingChange> {
        let told = stream.conversation().and_then(|conversation| Some(self.inbox.get(&conversation)?.head));
        let behind = told.unwrap_or_default().number().saturating_sub(after.number());
        let is_far = behind > u64::from(self.ctx.limits.catch_up_entries_max);
        let Some(replica) = self.replica(stream) else { return Vec::new() };
        if !replica.may_be_admitted && !is_far {
            return Vec::new();
        }
        let asked = replica.waiting_messages();
        replica.asked.extend(asked.iter().map(|change| change.hash));
        asked
    }

    /// Takes out of the outbox what a new start tells to be there; whether that was asked.
    pub(in crate::engine) fn takes_what_is_there(&mut self, stream: &StreamId, fetched: &Fetched) -> bool {
        let Some(replica) = self.replica(stream) else { return true };
        let asked = core::mem::take(&mut replica.asked);
        replica.may_be_admitted = asked.is_empty() && !replica.waiting_messages().is_empty();
        if replica.may_be_admitted {
            return false;
        }
        let is_there = |hash: &ChangeHash| !fetched.lacks.contains(hash);
        for hash in asked.into_iter().filter(is_there) {
            self.take_told(stream, hash);
        }
        true
    }
}
