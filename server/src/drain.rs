//! Going down without losing anything: sessions stop reading, streams finish
//! what they were pushed, then sessions are told and closed.

use std::time::Duration;

use tokio::sync::watch;

/// How far the server is with going down; only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It is not.
    Running,
    /// Sessions read nothing more; what was pushed is being committed.
    Finishing,
    /// Sessions write what waits for them, are told, and end.
    Closing,
}

/// The phase, for everybody who must react to it.
#[derive(Debug)]
pub struct Drain {
    phase: watch::Sender<Phase>,
}

impl Default for Drain {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Running) }
    }
}

impl Drain {
    /// Moves on to a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.send_modify(|current| *current = (*current).max(phase));
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until the phase is reached.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives in self, so the wait cannot fail.
        let _ = self.phase.subscribe().wait_for(|current| *current >= phase).await;
    }
}

/// How many of something are alive, and a way to wait until none is.
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

    /// How many are alive.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until none is alive, at most for a time; tells whether none is.
    pub async fn emptied(&self, timeout: Duration) -> bool {
        let mut receiver = self.count.subscribe();
        tokio::time::timeout(timeout, receiver.wait_for(|count| *count == 0)).await.is_ok()
    }
}
