//! A node's wall time and randomness, passed to whatever needs them. Timers are tokio's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use tidings_core::time::WallTime;

/// A node's wall clock and its source of chance.
pub trait Clock: Send + Sync + 'static {
    /// The wall time now.
    fn wall_now(&self) -> WallTime;

    /// A number from zero up to, but not including, `bound`, which is not zero.
    fn random_below(&self, bound: u64) -> u64;
}

impl dyn Clock {
    /// A delay between one and five seconds, so that those who were deferred
    /// together do not come back together.
    pub fn retry_delay(&self) -> Duration {
        Duration::from_millis(1_000 + self.random_below(4_000))
    }

    /// A delay between half a minute and a minute, for faults that an operator has to repair first.
    pub fn mend_delay(&self) -> Duration {
        Duration::from_millis(30_000 + self.random_below(30_000))
    }

    /// A random pause up to `bound`, so that colliding attempts do not collide again.
    pub fn jitter(&self, bound: Duration) -> Duration {
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.random_below(micros + 1))
    }
}

/// This machine's clock and random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_now(&self) -> WallTime {
        wall_now()
    }

    fn random_below(&self, bound: u64) -> u64 {
        rand::rng().random_range(0..bound)
    }
}

/// The wall time now, by this machine's clock.
pub fn wall_now() -> WallTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
