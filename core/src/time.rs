//! Two times, never mixed: monotonic for timers, wall for display, the hybrid
//! clock and `accepted_at`. Both are passed in; nothing here reads a clock.

use core::time::Duration;

use minicbor::{Decode, Encode};

/// Milliseconds since 1970, UTC, as some clock told them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct WallTime(#[n(0)] u64);

impl WallTime {
    /// The time this many milliseconds after 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970, the unit of Automerge's change time.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// This time moved forward, at most to the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// This time moved back, at most to 1970.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Milliseconds since some fixed moment of this process; never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MonotonicTime(u64);

impl MonotonicTime {
    /// The time this many milliseconds after the fixed moment.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the fixed moment.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This time moved forward, at most to the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Both times of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For timers.
    pub monotonic: MonotonicTime,
    /// For people.
    pub wall: WallTime,
}
