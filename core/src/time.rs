//! Two times, never mixed: monotonic for timers, wall for display, the hybrid
//! clock and `accepted_at`. Both are passed in; nothing here reads a clock.

use core::time::Duration;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The last millisecond that a JavaScript `Date` can hold; represents the end of time in JSON.
const DATE_MILLIS_MAX: u64 = 8_640_000_000_000_000;

/// Milliseconds since 1970, UTC, by some clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "number"))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64))]
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

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.min(DATE_MILLIS_MAX))
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = f64::deserialize(deserializer)?;
        if millis.is_nan() || millis < 0.0 {
            return Err(D::Error::custom("a time is a number of milliseconds since 1970"));
        }
        let millis = millis as u64;
        Ok(Self(if millis >= DATE_MILLIS_MAX { u64::MAX } else { millis }))
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

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer, value};

    use super::*;

    fn read(millis: f64) -> Option<u64> {
        let deserializer: value::F64Deserializer<value::Error> = millis.into_deserializer();
        WallTime::deserialize(deserializer).ok().map(WallTime::as_millis)
    }

    #[test]
    fn the_last_date_is_the_end_of_time() {
        assert_eq!(read(8.64e15), Some(u64::MAX));
        assert_eq!(read(8.64e15 - 1.0), Some(8_639_999_999_999_999));
        assert_eq!(read(1_700_000_000_000.5), Some(1_700_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
