//! Times cross the boundary as numbers of milliseconds.

use tidings_core::time::{MonotonicTime, Now, WallTime};

use crate::failure::{Checked, Failure};

/// The last millisecond that a JavaScript `Date` can hold stands for the end of time.
const DATE_MILLIS_MAX: u64 = 8_640_000_000_000_000;

/// The milliseconds of a wall time, at most what a `Date` can hold.
pub fn millis(time: WallTime) -> f64 {
    time.as_millis().min(DATE_MILLIS_MAX) as f64
}

/// The wall time of milliseconds since 1970; what lies behind the last `Date` is the end of time.
///
/// # Errors
/// `value_invalid` for what is no time after 1970.
pub fn wall_time(millis: f64) -> Checked<WallTime> {
    if millis.is_nan() || millis < 0.0 {
        return Err(Failure::value("a time is a number of milliseconds since 1970"));
    }
    let millis = millis as u64;
    Ok(WallTime::from_millis(if millis >= DATE_MILLIS_MAX { u64::MAX } else { millis }))
}

/// Both clocks of the moment of a call; a fraction of a millisecond is cut off.
pub fn now(monotonic_ms: f64, wall_ms: f64) -> Now {
    // A cast saturates, and makes zero of what is no number.
    Now { monotonic: MonotonicTime::from_millis(monotonic_ms as u64), wall: WallTime::from_millis(wall_ms as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_time_is_the_last_date_and_back() {
        let end = WallTime::from_millis(u64::MAX);
        assert_eq!(millis(end), 8.64e15);
        assert_eq!(wall_time(millis(end)).unwrap(), end);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert!(wall_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(wall_time(1_700_000_000_000.5).unwrap().as_millis(), 1_700_000_000_000);
    }
}
