//! Entries that this node's sessions may not have been sent: of another node, because the store was unavailable
//! when they should have been read; of this one, because the store did not answer whether it took them. They are
//! read again, with a backoff, until it answers.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
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
pub(crate) struct Undelivered {
    streams_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    streams: BTreeMap<StreamKey, Run>,
    delay: Duration,
    retry_at: Instant,
}

impl Undelivered {
    /// Starts empty, with room for `streams_max` streams.
    pub(super) fn new(streams_max: usize) -> Self {
        let waiting = Waiting { streams: BTreeMap::new(), delay: RETRY_DELAY, retry_at: Instant::now() };
        Self { streams_max, waiting: Mutex::new(waiting) }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a run to what is waiting of its stream. Returns false if nothing is.
    pub(super) fn merge(&self, key: &StreamKey, run: Run) -> bool {
        let mut waiting = self.waiting();
        let Some(waiting) = waiting.streams.get_mut(key) else { return false };
        *waiting = waiting.merge(run);
        true
    }

    /// Remembers a run that is to be read later, as far as there is room.
    pub(super) fn remember(&self, key: StreamKey, run: Run) {
        let mut waiting = self.waiting();
        if waiting.streams.is_empty() {
            waiting.retry_at = Instant::now() + waiting.delay;
        }
        let is_full = waiting.streams.len() >= self.streams_max;
        match waiting.streams.entry(key) {
            Entry::Vacant(room) if is_full => {
                let stream = &room.key().stream;
                tracing::warn!(%stream, "too many streams wait for the store: sessions hear of this one when they look");
            }
            Entry::Vacant(room) => drop(room.insert(run)),
            Entry::Occupied(mut waiting) => *waiting.get_mut() = waiting.get().merge(run),
        }
    }

    /// Takes everything to be read now, if it is due. Return it with `put_off`, as far as it was not read.
    pub(super) fn drain_due(&self) -> BTreeMap<StreamKey, Run> {
        let mut waiting = self.waiting();
        if Instant::now() < waiting.retry_at { BTreeMap::new() } else { std::mem::take(&mut waiting.streams) }
    }

    /// Takes back what the store did not answer. The next attempt is soon if it answered anything, and later
    /// each time if not.
    pub(super) fn put_off(&self, streams: BTreeMap<StreamKey, Run>, answered: bool) {
        {
            let mut waiting = self.waiting();
            let longer = (waiting.delay * 2).min(RETRY_DELAY_MAX);
            waiting.delay = if streams.is_empty() || answered { RETRY_DELAY } else { longer };
            waiting.retry_at = Instant::now() + waiting.delay;
        }
        streams.into_iter().for_each(|(key, run)| self.remember(key, run));
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
        let undelivered = Undelivered::new(3);
        assert!(!undelivered.merge(&key(1), run(3, 4)), "nothing waits");
        undelivered.remember(key(1), run(3, 4));
        assert!(undelivered.merge(&key(1), run(6, 9)));
        assert!(undelivered.merge(&key(1), run(2, 3)));
        assert!(!undelivered.merge(&key(2), run(0, 1)));
        assert_eq!(undelivered.drain_due(), BTreeMap::new(), "not yet");
        tokio::time::advance(RETRY_DELAY).await;
        assert_eq!(undelivered.drain_due(), BTreeMap::from([(key(1), run(2, 9))]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_asked_more_and_more_rarely() {
        let undelivered = Undelivered::new(3);
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
        let undelivered = Undelivered::new(3);
        (0..4).for_each(|number| undelivered.remember(key(number), run(0, 1)));
        undelivered.remember(key(0), run(1, 2));
        tokio::time::advance(RETRY_DELAY).await;
        let due = undelivered.drain_due();
        assert_eq!(due, BTreeMap::from([(key(0), run(0, 2)), (key(1), run(0, 1)), (key(2), run(0, 1))]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_others_are_read_waits_with_those_that_were_not() {
        let undelivered = Undelivered::new(3);
        undelivered.remember(key(1), run(2, 4));
        tokio::time::advance(RETRY_DELAY).await;
        let due = undelivered.drain_due();
        undelivered.remember(key(1), run(4, 5));
        undelivered.remember(key(2), run(0, 1));
        undelivered.put_off(due, true);
        tokio::time::advance(RETRY_DELAY).await;
        assert_eq!(undelivered.drain_due(), BTreeMap::from([(key(1), run(2, 5)), (key(2), run(0, 1))]));
    }
}
