//! Stamps from a clock that was ahead: nothing that bears one is admitted, so it is replaced as soon
//! as the server's time is known.

use core::time::Duration;

use crate::{
    command::{Command, SendMessage},
    engine::{Engine, commands::outbox::OutboxEntry},
    hlc::HybridClock,
    ids::{MessageId, StreamId},
    sorted::SortedMap,
};

/// Stamps this close to the allowance may or may not be admitted: the clocks of two nodes, and this
/// device's estimate of them, may differ by as much.
const CLOSE: Duration = Duration::from_secs(120);

impl Engine {
    /// Stamps outbox entries of a stream anew that are ahead of the server's time. A message gets another
    /// id with that, which later entries and refused commands refer to from then on.
    ///
    /// Invariant: the server refused them, and everything admitted has arrived since. So nothing is
    /// stamped anew that may have been admitted.
    pub(in crate::engine) fn stamp_anew(&mut self, stream: &StreamId) {
        let (server_time, account) = (self.ctx.wall(), self.ctx.session.account.clone());
        let Some(replica) = self.replica(stream) else { return };
        if !core::mem::take(&mut replica.stamps_due) {
            return;
        }
        let mut entries: Vec<OutboxEntry> = core::mem::take(&mut replica.outbox.entries).into_iter().collect();
        self.ctx.set_clock_back(server_time);
        // The new stamps rise as the former ones did.
        let mut clock = HybridClock::default();
        let mut names: SortedMap<MessageId, MessageId> = SortedMap::new();
        let latest = server_time.plus(self.ctx.limits.clock_ahead_max().saturating_sub(CLOSE));
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.command.rename(&self.ctx.session.tenant, &names);
            if entry.at > server_time {
                // If the clock is still as wrong as it was, this is the exact time.
                entry.at = self.ctx.corrected(entry.at).min(server_time);
            }
            let Command::SendMessage(SendMessage { stamp, .. }) = &mut entry.command else { continue };
            let former = MessageId { stamp: *stamp, author: account.clone() };
            // The first one was refused. A copy of this device may have had another admitted: it keeps its id,
            // so that it is not said twice.
            let is_refused = stamp.wall() > latest || (index == 0 && stamp.wall() > server_time);
            let is_said = self.replica(stream).is_some_and(|replica| replica.confirmed.page_of(&former).is_some());
            if is_refused && !is_said {
                *stamp = clock.tick(entry.at, self.ctx.random.bytes());
                names.insert(former, MessageId { stamp: *stamp, author: account.clone() });
            }
            clock.observe(*stamp, server_time, Duration::ZERO);
        }
        if let Some(replica) = self.replica(stream) {
            replica.outbox.entries = entries.into_iter().collect();
        }
        self.refused.rename(&mut self.ctx, &names);
    }
}
