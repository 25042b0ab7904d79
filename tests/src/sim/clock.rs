//! What a node takes for the time, and for chance: tokio's virtual time, wrong
//! by as much as the world says, and a seeded generator.
//!
//! Clocks of devices jumped from the first world on, and yet none found that a
//! device was mute whose clock had once been ahead. Words that were refused with
//! `clock_ahead` counted as answered, like any that were refused and kept; and
//! nobody said anything in the healed world, whose clocks were all right again,
//! while the stamps that a mute device had stored were not. So clocks now stay
//! wrong in some worlds, those devices speak when all else is healed, and no
//! refusal for a clock is left at rest.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use tidings_core::time::WallTime;
use tidings_server::clock::Clock;
use tokio::time::Instant;

use crate::random::Random;

/// 2026-01-01, when worlds begin.
pub const BEGIN_MS: u64 = 1_767_225_600_000;

/// The wall time of a moment of the world, by a clock that is wrong by so much.
pub fn wall(time_ms: u64, skew_ms: i64) -> WallTime {
    WallTime::from_millis((BEGIN_MS + time_ms).saturating_add_signed(skew_ms))
}

/// A node's clock and chance.
#[derive(Debug)]
pub struct NodeClock {
    /// The moment at which the node started, by its runtime and by the world.
    born: (Instant, u64),
    skew_ms: AtomicI64,
    random: Mutex<Random>,
}

impl NodeClock {
    /// The clock of a node that starts now, at this time of the world; to be
    /// called in its runtime.
    pub fn new(time_ms: u64, skew_ms: i64, seed: u64) -> Self {
        let random = Mutex::new(Random::new(seed));
        Self { born: (Instant::now(), time_ms), skew_ms: AtomicI64::new(skew_ms), random }
    }

    /// The time of the world; to be called in the node's runtime.
    pub fn time_ms(&self) -> u64 {
        let (born, born_ms) = self.born;
        born_ms + u64::try_from((Instant::now() - born).as_millis()).unwrap_or(u64::MAX)
    }

    /// The runtime's moment of a time of the world.
    pub fn instant(&self, time_ms: u64) -> Instant {
        let (born, born_ms) = self.born;
        born + core::time::Duration::from_millis(time_ms.saturating_sub(born_ms))
    }

    /// Makes the wall clock wrong by so much.
    pub fn set_skew(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    /// Draws.
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
