//! Times as other services write them: RFC 3339, in UTC, to the millisecond.

use std::fmt;

use serde::{Serialize, Serializer};
use tidings_core::time::WallTime;

/// A time, printed as `2024-01-15T18:45:00.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rfc3339(pub(crate) WallTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (days, of_day) = (millis / 86_400_000, millis % 86_400_000);
        let (year, month, day) = civil(days.min(DAYS_MAX));
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Rfc3339 {
    /// Reads a time with its offset, of 1970 or later, to the millisecond.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_millisecond()).ok().map(WallTime::from_millis).map(Self)
    }
}

/// The last day that has a year of four digits.
const DAYS_MAX: u64 = 2_932_896;

/// The date so many days after 1970-01-01.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_dates() {
        for (millis, printed) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_705_344_300_123, "2024-01-15T18:45:00.123Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (253_402_207_199_999, "9999-12-30T21:59:59.999Z"),
        ] {
            assert_eq!(Rfc3339(WallTime::from_millis(millis)).to_string(), printed);
            assert_eq!(Rfc3339::parse(printed), Some(Rfc3339(WallTime::from_millis(millis))));
        }
        assert_eq!(Rfc3339(WallTime::from_millis(253_402_300_799_999)).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_time_is_read_with_its_offset() {
        let half_past_one = Some(Rfc3339(WallTime::from_millis(1_776_259_800_000)));
        for text in ["2026-04-15T13:30:00Z", "2026-04-15T15:30:00+02:00", "2026-04-15T07:30:00.000-06:00"] {
            assert_eq!(Rfc3339::parse(text), half_past_one, "{text}");
        }
        for text in ["", "tomorrow", "2026-04-15", "2026-04-15T13:30:00", "1969-12-31T23:59:59Z"] {
            assert_eq!(Rfc3339::parse(text), None, "{text}");
        }
    }
}
