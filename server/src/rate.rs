//! A token bucket: so many at once, then so many a second. Time is passed in.

use std::time::Duration;

use tidings_core::time::MonotonicTime;

/// The rate of one session for one kind of thing.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    updated: MonotonicTime,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(burst: u32, per_second: u32, now: MonotonicTime) -> Self {
        let capacity = f64::from(burst.max(1));
        Self { capacity, per_second: f64::from(per_second.max(1)), tokens: capacity, updated: now }
    }

    /// Takes `count` tokens. More than the bucket holds are given to a full bucket, since waiting
    /// would never be enough.
    ///
    /// # Errors
    /// How long to wait until they are there.
    pub fn take(&mut self, count: usize, now: MonotonicTime) -> Result<(), Duration> {
        let elapsed = now.as_millis().saturating_sub(self.updated.as_millis()) as f64 / 1_000.0;
        self.updated = self.updated.max(now);
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.capacity);
        let wanted = (count as f64).min(self.capacity);
        if self.tokens >= wanted {
            self.tokens -= wanted;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((wanted - self.tokens) / self.per_second))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> MonotonicTime {
        MonotonicTime::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let mut bucket = TokenBucket::new(500, 20, at(0));
        assert_eq!(bucket.take(500, at(0)), Ok(()));
        assert_eq!(bucket.take(1, at(0)), Err(Duration::from_millis(50)));
        assert_eq!(bucket.take(1, at(50)), Ok(()));
        assert_eq!(bucket.take(40, at(1_050)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(40, at(2_050)), Ok(()));
    }

    #[test]
    fn more_than_the_bucket_holds_passes_when_it_is_full() {
        let mut bucket = TokenBucket::new(10, 10, at(0));
        assert_eq!(bucket.take(25, at(0)), Ok(()));
        assert!(bucket.take(25, at(500)).is_err());
        assert_eq!(bucket.take(25, at(1_000)), Ok(()));
    }

    #[test]
    fn time_that_stands_or_goes_back_adds_nothing() {
        let mut bucket = TokenBucket::new(1, 1, at(5_000));
        assert_eq!(bucket.take(1, at(5_000)), Ok(()));
        assert!(bucket.take(1, at(1_000)).is_err());
        assert!(bucket.take(1, at(5_000)).is_err());
    }
}
