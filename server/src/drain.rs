//! Shutting down without losing anything: sessions stop reading, streams finish what they were pushed, then
//! sessions are notified and closed.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

/// Progress of the shutdown. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not shutting down.
    Running,
    /// Sessions read nothing more; what was pushed is being committed.
    Finishing,
    /// Sessions write what is queued for them, are notified, and end.
    Closing,
}

/// The current phase, for everything that reacts to it. Waiters are woken in the order in which they
/// began to wait.
#[derive(Debug)]
pub struct Drain {
    phase: Mutex<Phase>,
    moved: Notify,
}

impl Default for Drain {
    fn default() -> Self {
        Self { phase: Mutex::new(Phase::Running), moved: Notify::new() }
    }
}

impl Drain {
    /// Moves on to a phase.
    pub fn enter(&self, phase: Phase) {
        {
            let mut current = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
            *current = phase.max(*current);
        }
        self.moved.notify_waiters();
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the phase is reached.
    pub async fn reached(&self, phase: Phase) {
        loop {
            // Subscribe before reading the phase, so that a move in between still wakes this.
            let moved = self.moved.notified();
            if self.phase() >= phase {
                return;
            }
            moved.await;
        }
    }
}

/// A counter of live things, and a way to wait until none is left.
#[derive(Debug)]
pub struct Gauge {
    count: watch::Sender<usize>,
}

impl Default for Gauge {
    fn default() -> Self {
        Self { count: watch::Sender::new(0) }
    }
}

impl Gauge {
    /// Adds one, unless `max` are alive already.
    pub fn enter(&self, max: usize) -> bool {
        self.count.send_if_modified(|count| {
            let free = *count < max;
            *count += usize::from(free);
            free
        })
    }

    /// Takes one away.
    pub fn leave(&self) {
        self.count.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// The current count.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until the count is zero, or until the timeout. Returns true if it is zero.
    pub async fn emptied(&self, timeout: Duration) -> bool {
        let mut receiver = self.count.subscribe();
        tokio::time::timeout(timeout, receiver.wait_for(|count| *count == 0)).await.is_ok()
    }
}
