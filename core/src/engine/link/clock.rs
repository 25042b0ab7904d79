//! The server's clock, as far as the device can follow it.

use crate::{engine::Now, time::WallTime};

/// A smaller difference is ignored, ms.
const DIFFERENCE_MIN_MS: u64 = 60_000;

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
        let offset = millis(time.as_millis()).saturating_sub(millis(now.wall.as_millis()));
        self.offset_ms = if offset.unsigned_abs() < DIFFERENCE_MIN_MS { 0 } else { offset };
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

    /// A wall time of the device by the server's clock.
    pub(in crate::engine) fn corrected(&self, wall: WallTime) -> WallTime {
        WallTime::from_millis(wall.as_millis().saturating_add_signed(self.offset_ms))
    }
}

fn lead_ms(now: Now) -> i64 {
    millis(now.wall.as_millis()).saturating_sub(millis(now.monotonic.as_millis()))
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
