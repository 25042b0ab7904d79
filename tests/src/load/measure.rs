//! Times and their percentiles.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tidings_core::time::WallTime;

/// The wall clock.
pub fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Milliseconds, rounded to a thousandth.
pub fn millis(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1_000.0)
}

/// Rounds to a thousandth.
pub fn round(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// KiB, rounded to a hundredth.
pub fn kibibytes(bytes: u64) -> f64 {
    (bytes as f64 / 1024.0 * 100.0).round() / 100.0
}

/// The percentiles of some durations, ms.
pub fn percentiles(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
        times.get(index).copied().map_or(f64::NAN, millis)
    };
    json!({ "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "count": times.len() })
}

/// The median, ms.
pub fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().map_or(f64::NAN, millis)
}
