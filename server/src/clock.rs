//! The one place that asks what time it is. Everything else is given it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use tidings_core::time::WallTime;

/// The wall time now, by this machine's clock.
pub fn wall_now() -> WallTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// A delay between one and five seconds, so that those who were deferred
/// together do not come back together.
pub fn retry_delay() -> Duration {
    Duration::from_millis(rand::rng().random_range(1_000..5_000))
}

/// A delay between half a minute and a whole one: for what an operator has to
/// mend first.
pub fn mend_delay() -> Duration {
    Duration::from_millis(rand::rng().random_range(30_000..60_000))
}

/// A pause up to a bound, so that those who collided do not collide again.
pub fn jitter(bound: Duration) -> Duration {
    rand::rng().random_range(Duration::ZERO..=bound)
}
