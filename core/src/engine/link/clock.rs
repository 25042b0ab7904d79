//! The server's clock, as far as the device can follow it.

use core::time::Duration;

use crate::{engine::Now, time::WallTime};

/// A smaller difference is ignored where people see or state a time, ms.
const DIFFERENCE_MIN_MS: u64 = 60_000;

/// Bounds for how long the server can defer something. If the device's clock was set back since the server
/// told its time, the wait would be too long.
const DEFERRAL_MIN: Duration = Duration::from_millis(100);
const DEFERRAL_MAX: Duration = Duration::from_secs(120);

/// The server's clock: its last time, continued by the device's own clock.
#[derive(Debug, Default)]
pub(in crate::engine) struct ServerClock {
    /// The server's wall clock less the device's, ms.
    offset_ms: i64,
    /// How far the device's wall clock was ahead of its monotonic one when the server was last asked, ms.
    lead_ms: Option<i64>,
}

impl ServerClock {
    pub(in crate::engine) fn set(&mut self, time: WallTime, now: Now) {
        self.offset_ms = millis(time.as_millis()).saturating_sub(millis(now.wall.as_millis()));
        self.lead_ms = Some(lead_ms(now));
    }

    /// Whether the device's wall clock was set, or its monotonic one slept, since
    /// the server was asked; true once, as it is asked again then.
    pub(in crate::engine) fn must_ask(&mut self, now: Now) -> bool {
        let lead = lead_ms(now);
        let jumped = self.lead_ms.is_some_and(|before| lead.abs_diff(before) >= DIFFERENCE_MIN_MS);
        if jumped {
            self.lead_ms = Some(lead);
        }
        jumped
    }

    /// A wall time of the device by the server's clock, when the two are far apart.
    pub(in crate::engine) fn corrected(&self, wall: WallTime) -> WallTime {
        match self.offset_ms.unsigned_abs() < DIFFERENCE_MIN_MS {
            true => wall,
            false => self.exact(wall),
        }
    }

    /// How long to wait for a time of the server's clock until which it defers something.
    pub(in crate::engine) fn deferral(&self, until: WallTime, now: Now) -> Duration {
        let wait_ms = until.as_millis().saturating_sub(self.exact(now.wall).as_millis());
        Duration::from_millis(wait_ms).clamp(DEFERRAL_MIN, DEFERRAL_MAX)
    }

    fn exact(&self, wall: WallTime) -> WallTime {
        WallTime::from_millis(wall.as_millis().saturating_add_signed(self.offset_ms))
    }
}

fn lead_ms(now: Now) -> i64 {
    millis(now.wall.as_millis()).saturating_sub(millis(now.monotonic.as_millis()))
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
