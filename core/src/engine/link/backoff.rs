//! How long to wait before the next try: doubling, with full jitter, so that
//! a thousand clients do not come back at once.
//!
//! Source: Brooker, "Exponential Backoff And Jitter", 2015, "full jitter".

use core::time::Duration;

use crate::engine::random::Random;

const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(60);

/// The tries that failed in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure.
    pub(in crate::engine) fn next_delay(&mut self, random: &mut Random) -> Duration {
        let ceiling = FIRST.saturating_mul(1 << self.failures.min(16)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        let ceiling_ms = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        // Never at once: a server that refuses in a millisecond is not hammered.
        Duration::from_millis(ceiling_ms / 4 + random.below(ceiling_ms * 3 / 4 + 1))
    }

    /// A try succeeded.
    pub(in crate::engine) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e9_delays_grow_to_a_minute_and_start_again_after_success() {
        let mut random = Random::new([1; 32]);
        let mut backoff = Backoff::default();
        let delays: Vec<Duration> = (0..20).map(|_| backoff.next_delay(&mut random)).collect();
        assert!(delays[0] <= FIRST && delays.iter().all(|delay| *delay >= FIRST / 4 && *delay <= LAST));
        assert!(delays[12..].iter().any(|delay| *delay > LAST / 2));
        backoff.reset();
        assert!(backoff.next_delay(&mut random) <= FIRST);
    }
}
