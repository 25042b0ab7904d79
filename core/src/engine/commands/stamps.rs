//! Times that this device gave while its clock was ahead: nothing that bears one
//! is admitted, so it is given another as soon as the server has told the time.

use core::time::Duration;

use crate::{
    command::{Command, SendMessage},
    engine::{Engine, commands::outbox::OutboxEntry},
    hlc::HybridClock,
    ids::{MessageId, StreamId},
    sorted::SortedMap,
    time::WallTime,
};

/// Closer to the allowance than this nobody knows whether a time is admitted: two
/// clocks of a server, and this device's idea of them, may be so far apart.
const CLOSE: Duration = Duration::from_secs(120);

impl Engine {
    /// The server tells its time. A hybrid clock that no stamp would be admitted
    /// of goes back to it.
    pub(in crate::engine) fn server_time_told(&mut self, time: WallTime) {
        self.ctx.server_clock.told(time, self.ctx.now);
        let (wall, ahead_max) = (self.ctx.wall(), self.ctx.limits.clock_ahead_max());
        self.ctx.dirty_meta |= self.ctx.clock.take_back(wall, ahead_max);
    }

    /// Gives what waits in a stream, and lies ahead of the server's time, another
    /// time; a message with it another id, which what waits behind it and what was
    /// refused then name it by.
    ///
    /// Invariant: the server refused it, and all that was admitted has come back
    /// since. So nothing is stamped anew that may have been admitted.
    pub(in crate::engine) fn stamp_anew(&mut self, stream: &StreamId) {
        let (server_time, account) = (self.ctx.wall(), self.ctx.session.account.clone());
        let Some(replica) = self.replica(stream) else { return };
        if !core::mem::take(&mut replica.stamps_due) {
            return;
        }
        let mut entries: Vec<OutboxEntry> = core::mem::take(&mut replica.outbox.entries).into_iter().collect();
        self.ctx.dirty_meta = true;
        self.ctx.clock.take_back(server_time, Duration::ZERO);
        // The new stamps rise as the former ones did.
        let mut clock = HybridClock::default();
        let mut names: SortedMap<MessageId, MessageId> = SortedMap::new();
        let latest = server_time.plus(self.ctx.limits.clock_ahead_max().saturating_sub(CLOSE));
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.command.rename(&self.ctx.session.tenant, &names);
            if entry.at > server_time {
                // Of a clock that still is as wrong as it was, this is the very moment.
                entry.at = self.ctx.server_clock.corrected(entry.at).min(server_time);
            }
            let Command::SendMessage(SendMessage { stamp, .. }) = &mut entry.command else { continue };
            let former = MessageId { stamp: *stamp, author: account.clone() };
            // The first one was refused. A copy of this device may have written another:
            // by its id it is known not to be said twice.
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
