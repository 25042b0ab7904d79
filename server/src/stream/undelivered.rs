//! Entries of other nodes that this node's sessions were not sent, because the store was unavailable when they
//! should have been read. They are read again, with a backoff, until it answers.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use tidings_core::journal::Position;
use tokio::time::Instant;

use super::key::StreamKey;

/// Pause before asking an unavailable store again, at first and at most.
const RETRY_DELAY: Duration = Duration::from_millis(500);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);

/// Entries of one stream: those after a position, up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) after: Position,
    pub(super) last: Position,
}

impl Run {
    fn merge(self, other: Run) -> Run {
        Run { after: self.after.min(other.after), last: self.last.max(other.last) }
    }
}

/// Undelivered runs, one per stream.
#[derive(Debug)]
pub(super) struct Undelivered {
    streams: BTreeMap<StreamKey, Run>,
    streams_max: usize,
    delay: Duration,
    retry_at: Instant,
}

impl Undelivered {
    /// Starts empty, with room for `streams_max` streams.
    pub(super) fn new(streams_max: usize) -> Self {
        Self { streams: BTreeMap::new(), streams_max, delay: RETRY_DELAY, retry_at: Instant::now() }
    }

    /// Adds a run to what is waiting of its stream. Returns false if nothing is.
    pub(super) fn merge(&mut self, key: &StreamKey, run: Run) -> bool {
        let Some(waiting) = self.streams.get_mut(key) else { return false };
        *waiting = waiting.merge(run);
        true
    }

    /// Remembers a run that could not be read. Returns false if there is no room.
    pub(super) fn remember(&mut self, key: StreamKey, run: Run) -> bool {
        if self.streams.is_empty() {
            self.retry_at = Instant::now() + self.delay;
        }
        let is_full = self.streams.len() >= self.streams_max;
        match self.streams.entry(key) {
            Entry::Occupied(mut waiting) => *waiting.get_mut() = waiting.get().merge(run),
            Entry::Vacant(_) if is_full => return false,
            Entry::Vacant(room) => drop(room.insert(run)),
        }
        true
    }

    /// Takes everything to be read now, if it is due. Return it with `put_off`, as far as it was not read.
    pub(super) fn drain_due(&mut self) -> BTreeMap<StreamKey, Run> {
        if Instant::now() < self.retry_at { BTreeMap::new() } else { std::mem::take(&mut self.streams) }
    }

    /// Takes back what the store did not answer. The next attempt is soon if it answered anything, and later
    /// each time if not.
    pub(super) fn put_off(&mut self, streams: BTreeMap<StreamKey, Run>, answered: bool) {
        let longer = (self.delay * 2).min(RETRY_DELAY_MAX);
        self.delay = if streams.is_empty() || answered { RETRY_DELAY } else { longer };
        self.retry_at = Instant::now() + self.delay;
        self.streams = streams;
    }
}

#[cfg(test)]
mod tests {
    use tidings_core::ids::{ConversationId, StreamId, TenantId};

    use super::*;

    fn key(number: u32) -> StreamKey {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let stream = StreamId::Conversation(ConversationId::from_bytes(bytes));
        StreamKey { tenant: TenantId::parse("acme").unwrap(), stream }
    }

    fn run(after: u64, last: u64) -> Run {
        Run { after: Position::new(after), last: Position::new(last) }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_later_waits_with_what_waits_of_its_stream() {
        let mut undelivered = Undelivered::new(3);
        assert!(!undelivered.merge(&key(1), run(3, 4)), "nothing waits");
        assert!(undelivered.remember(key(1), run(3, 4)));
        assert!(undelivered.merge(&key(1), run(6, 9)));
        assert!(undelivered.merge(&key(1), run(2, 3)));
        assert!(!undelivered.merge(&key(2), run(0, 1)));
        assert_eq!(undelivered.drain_due(), BTreeMap::new(), "not yet");
        tokio::time::advance(RETRY_DELAY).await;
        assert_eq!(undelivered.drain_due(), BTreeMap::from([(key(1), run(2, 9))]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_asked_more_and_more_rarely() {
        let mut undelivered = Undelivered::new(3);
        undelivered.remember(key(1), run(0, 1));
        let mut asked = 0;
        for _ in 0..600 {
            tokio::time::advance(Duration::from_secs(1)).await;
            let due = undelivered.drain_due();
            if !due.is_empty() {
                asked += 1;
                undelivered.put_off(due, false);
            }
        }
        assert!((20..30).contains(&asked), "{asked} times in ten minutes");
        tokio::time::advance(RETRY_DELAY_MAX).await;
        let due = undelivered.drain_due();
        undelivered.put_off(due, true);
        tokio::time::advance(RETRY_DELAY).await;
        assert_eq!(undelivered.drain_due().len(), 1, "soon, after it answered");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_streams_are_remembered_than_there_is_room_for() {
        let mut undelivered = Undelivered::new(3);
        assert!((0..3).all(|number| undelivered.remember(key(number), run(0, 1))));
        assert!(!undelivered.remember(key(3), run(0, 1)));
        assert!(undelivered.remember(key(0), run(1, 2)), "one that is there takes no room");
    }
}
