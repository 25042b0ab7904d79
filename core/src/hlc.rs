//! The hybrid logical clock behind message ids: close to wall time, never
//! before anything this device has seen. Holds no clock and no entropy.
//!
//! Source: Kulkarni et al., "Logical Physical Clocks", 2014, section 3.

use core::time::Duration;

use crate::{ids::Stamp, time::WallTime};

/// The state of one device's clock: the latest (time, counter) given or seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HybridClock {
    latest: (WallTime, u16),
}

impl HybridClock {
    /// A clock that continues after `stamp`, as stored.
    pub fn resume(stamp: Stamp) -> Self {
        Self { latest: (stamp.wall(), stamp.counter()) }
    }

    /// The next stamp: after everything given or seen, at `wall` if that is later.
    pub fn tick(&mut self, wall: WallTime, random: [u8; 8]) -> Stamp {
        self.latest = if wall > self.latest.0 { (wall, 0) } else { after(self.latest) };
        Stamp::new(self.latest.0, self.latest.1, random)
    }

    /// Records a stamp from elsewhere, so that later stamps sort after it. A stamp more than `ahead_max` ahead
    /// of `wall` is ignored: one broken clock must not drag the others along.
    pub fn observe(&mut self, stamp: Stamp, wall: WallTime, ahead_max: Duration) {
        if stamp.wall() <= wall.plus(ahead_max) {
            self.latest = self.latest.max((stamp.wall(), stamp.counter()));
        }
    }

    /// Moves back to `to` if the clock is more than `ahead_max` ahead of it: the device's clock was wrong, and
    /// no such stamp would be admitted. Returns true if it moved.
    pub fn set_back(&mut self, to: WallTime, ahead_max: Duration) -> bool {
        let is_beyond = self.latest.0 > to.plus(ahead_max);
        if is_beyond {
            self.latest = (to, 0);
        }
        is_beyond
    }

    /// The latest stamp without its random part, to store and resume from.
    pub fn latest(&self) -> Stamp {
        Stamp::new(self.latest.0, self.latest.1, [0; 8])
    }
}

fn after((wall, counter): (WallTime, u16)) -> (WallTime, u16) {
    match counter.checked_add(1) {
        Some(counter) => (wall, counter),
        None => (wall.plus(Duration::from_millis(1)), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AHEAD_MAX: Duration = Duration::from_secs(300);

    #[test]
    fn d5_stamps_rise_when_the_clock_stands_or_goes_back() {
        let mut clock = HybridClock::default();
        let walls = [5_000, 5_000, 4_000, 5_001];
        let stamps: Vec<Stamp> = walls.iter().map(|&wall| clock.tick(WallTime::from_millis(wall), [0; 8])).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
        assert_eq!(stamps[3].wall().as_millis(), 5_001);
    }

    #[test]
    fn d5_a_reply_sorts_behind_what_it_answers() {
        let mut ahead = HybridClock::default();
        let question = ahead.tick(WallTime::from_millis(60_000), [255; 8]);
        let mut behind = HybridClock::default();
        behind.observe(question, WallTime::from_millis(1_000), AHEAD_MAX);
        assert!(behind.tick(WallTime::from_millis(1_000), [0; 8]) > question);
    }

    #[test]
    fn d5_a_clock_far_ahead_is_ignored() {
        let broken = Stamp::new(WallTime::from_millis(10_000_000), 0, [0; 8]);
        let mut clock = HybridClock::default();
        clock.observe(broken, WallTime::from_millis(1_000), AHEAD_MAX);
        assert_eq!(clock.tick(WallTime::from_millis(1_000), [0; 8]).wall().as_millis(), 1_000);
    }

    #[test]
    fn e70_a_clock_that_ran_ahead_is_taken_back_and_no_other() {
        let to = WallTime::from_millis(1_000_000);
        let mut clock = HybridClock::resume(Stamp::new(to.plus(AHEAD_MAX), 3, [0; 8]));
        assert!(!clock.set_back(to, AHEAD_MAX));
        assert_eq!(clock.tick(to, [0; 8]).wall(), to.plus(AHEAD_MAX));
        clock.tick(to.plus(AHEAD_MAX + Duration::from_millis(1)), [0; 8]);
        assert!(clock.set_back(to, AHEAD_MAX));
        assert_eq!(clock.tick(to, [0; 8]).wall(), to);
    }

    #[test]
    fn a_full_counter_moves_the_time_on() {
        let mut clock = HybridClock::resume(Stamp::new(WallTime::from_millis(9), u16::MAX, [0; 8]));
        let stamp = clock.tick(WallTime::from_millis(1), [0; 8]);
        assert_eq!((stamp.wall().as_millis(), stamp.counter()), (10, 0));
    }
}
