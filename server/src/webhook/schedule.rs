//! When a delivery that failed is tried again.

use std::time::{Duration, SystemTime};

use tidings_core::time::WallTime;

use super::config::WebhookConfig;
use crate::clock::Clock;

/// The factor between two pauses.
const FACTOR: u32 = 4;

/// The time of the next attempt after so many have failed, the last one now; none if it has failed for good.
pub(super) fn next_attempt(
    config: &WebhookConfig,
    clock: &dyn Clock,
    since: WallTime,
    failed: u32,
    retry_after: Option<Duration>,
) -> Option<WallTime> {
    let pause = FACTOR
        .checked_pow(failed.saturating_sub(1))
        .and_then(|factor| config.webhook_retry_first.checked_mul(factor))
        .unwrap_or(Duration::MAX)
        .min(config.webhook_retry_max);
    // Between three quarters and five quarters of it.
    let pause = pause / 4 * 3 + clock.jitter(pause / 2);
    let pause = pause.max(retry_after.unwrap_or_default().min(config.webhook_retry_max));
    let at = clock.wall_now().plus(pause);
    (at <= since.plus(config.webhook_retry_for)).then_some(at)
}

/// A `Retry-After`: seconds, or a date.
pub(super) fn retry_after(header: &str) -> Option<Duration> {
    let header = header.trim();
    match header.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::clock::SystemClock;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        config: WebhookConfig,
    }

    #[test]
    fn h6_pauses_grow_to_a_bound_and_end_after_days() {
        let config = Flags::parse_from(["test"]).config;
        let clock: &dyn Clock = &SystemClock;
        let started = clock.wall_now();
        let pause = |failed, after| {
            let at = next_attempt(&config, clock, clock.wall_now(), failed, after)?;
            Some(at.as_millis() - clock.wall_now().as_millis())
        };
        for (failed, seconds) in [(1, 5), (2, 20), (3, 80), (9, 43_200), (400, 43_200)] {
            let pause = pause(failed, None).unwrap();
            assert!((seconds * 740..=seconds * 1_260).contains(&pause), "{failed}: {pause}");
        }
        let asked = pause(1, Some(Duration::from_secs(600))).unwrap();
        assert!((599_000..=600_000).contains(&asked), "{asked}");
        let days_ago = started.minus(config.webhook_retry_for);
        assert_eq!(next_attempt(&config, clock, days_ago, 9, None), None);
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 120 "), Some(Duration::from_secs(120)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let wait = retry_after(&date).unwrap().as_secs();
        assert!((97..=100).contains(&wait), "{wait}");
        for text in ["", "soon", "-1", "Mon, 01 Jan 2001 00:00:00 GMT"] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }
}
