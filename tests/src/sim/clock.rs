//! A node's time and randomness: tokio's virtual time with the skew that the world sets, and a
//! seeded generator.
//!
//! Devices' clocks jumped from the first world on, and yet no world found that a device whose clock had once
//! been ahead could not send any more. Messages refused with `clock_ahead` counted as answered, like any that
//! were refused and kept; and in the healed world, whose clocks were right again, nobody said anything, while
//! the stamps that such a device had stored were still wrong. So in some worlds clocks now stay wrong, those
//! devices speak once everything else is healed, and no refusal for a clock may remain at rest.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use tidings_core::time::WallTime;
use tidings_server::clock::Clock;
use tokio::time::Instant;

use crate::random::Random;

/// 2026-01-01, the beginning of every world.
pub const BEGIN_MS: u64 = 1_767_225_600_000;

/// The wall time at a moment of the world, by a clock with this skew.
pub fn wall(time_ms: u64, skew_ms: i64) -> WallTime {
    WallTime::from_millis((BEGIN_MS + time_ms).saturating_add_signed(skew_ms))
}

/// A node's clock and random generator.
#[derive(Debug)]
pub struct NodeClock {
    /// The moment at which the node started, in its runtime's time and in the world's.
    born: (Instant, u64),
    skew_ms: AtomicI64,
    random: Mutex<Random>,
}

impl NodeClock {
    /// The clock of a node that starts now, at this time of the world; call it inside the node's runtime.
    pub fn new(time_ms: u64, skew_ms: i64, seed: u64) -> Self {
        let random = Mutex::new(Random::new(seed));
        Self { born: (Instant::now(), time_ms), skew_ms: AtomicI64::new(skew_ms), random }
    }

    /// The world's time; call it inside the node's runtime.
    pub fn time_ms(&self) -> u64 {
        let (born, born_ms) = self.born;
        born_ms + u64::try_from((Instant::now() - born).as_millis()).unwrap_or(u64::MAX)
    }

    /// The runtime's moment for a time of the world.
    pub fn instant(&self, time_ms: u64) -> Instant {
        let (born, born_ms) = self.born;
        born + core::time::Duration::from_millis(time_ms.saturating_sub(born_ms))
    }

    /// Sets the skew of the wall clock.
    pub fn set_skew(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    /// Draws from the generator.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for NodeClock {
    fn wall_now(&self) -> WallTime {
        wall(self.time_ms(), self.skew_ms.load(Ordering::Relaxed))
    }

    fn random_below(&self, bound: u64) -> u64 {
        self.draw(|random| random.below(bound))
    }
}
