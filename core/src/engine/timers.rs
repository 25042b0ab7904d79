//! The reasons to be called again, each with its time, in one table.
//!
//! Source: quinn-rs/quinn, `quinn-proto/src/connection/timer.rs`.

use crate::time::MonotonicTime;

/// A reason to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The first reads failed.
    Start,
    /// A transaction failed.
    Store,
    /// There is no link.
    Reconnect,
    /// Nothing was heard on the link.
    Heartbeat,
    /// The server deferred a push or a fetch.
    Deferred,
    /// The server deferred a membership request.
    Memberships,
    /// Somebody is typing.
    Typing,
    /// A grant or a proposal on the screen ends.
    Ends,
    /// Own receipts moved.
    Receipts,
    /// Rows stored for the first paint are stale.
    Rows,
}

const TIMERS: usize = Timer::Rows as usize + 1;

/// The time of each reason, for those that have one.
#[derive(Debug, Default)]
pub(super) struct Timers {
    times: [Option<MonotonicTime>; TIMERS],
    /// The time that was asked for last.
    pub(super) wake_at: Option<MonotonicTime>,
}

impl Timers {
    pub(super) fn get(&self, timer: Timer) -> Option<MonotonicTime> {
        self.times[timer as usize]
    }

    /// Sets a timer, or stops it where there is no time.
    pub(super) fn set(&mut self, timer: Timer, at: impl Into<Option<MonotonicTime>>) {
        self.times[timer as usize] = at.into();
    }

    /// Sets a timer that is not running.
    pub(super) fn start(&mut self, timer: Timer, at: MonotonicTime) {
        self.times[timer as usize].get_or_insert(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.times[timer as usize] = None;
    }

    /// Stops a timer that is due, and returns whether it was.
    pub(super) fn expire(&mut self, timer: Timer, now: MonotonicTime) -> bool {
        self.times[timer as usize].take_if(|at| *at <= now).is_some()
    }

    /// The next time to wake at, unless it has been asked for already and is still to come.
    pub(super) fn arm(&mut self, now: MonotonicTime) -> Option<MonotonicTime> {
        let next = self.times.iter().flatten().min().copied();
        if next == self.wake_at && self.wake_at.is_none_or(|at| at > now) {
            return None;
        }
        self.wake_at = next;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_asked_for_and_again_when_it_is_another_or_has_passed() {
        let at = MonotonicTime::from_millis;
        let mut timers = Timers::default();
        assert_eq!(timers.arm(at(1)), None);
        timers.set(Timer::Typing, at(9));
        timers.set(Timer::Store, at(5));
        assert_eq!(timers.arm(at(1)), Some(at(5)));
        assert_eq!(timers.arm(at(2)), None, "it was asked for");
        timers.start(Timer::Store, at(7));
        assert_eq!(timers.get(Timer::Store), Some(at(5)), "it runs already");
        assert!(!timers.expire(Timer::Store, at(4)));
        assert!(timers.expire(Timer::Store, at(5)));
        assert!(!timers.expire(Timer::Store, at(5)), "once");
        assert_eq!(timers.arm(at(5)), Some(at(9)));
        assert_eq!(timers.arm(at(9)), Some(at(9)), "nobody has looked at it");
        timers.stop(Timer::Typing);
        assert_eq!(timers.arm(at(9)), None);
        timers.set(Timer::Typing, at(9));
        assert_eq!(timers.arm(at(8)), Some(at(9)), "it was stopped in between");
    }
}
