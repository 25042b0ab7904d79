//! What a run draws: how a store fares, which bounds of a client are low, how
//! wrong a clock is.

use tidings_core::engine::Settings;

use super::store::StoreFaults;
use crate::random::Random;

/// How a store fares from now on.
pub(super) fn draw_faults(random: &mut Random) -> StoreFaults {
    StoreFaults {
        delay_ms_max: *random.pick(&[0, 5, 50, 500]),
        unavailable_per_mille: *random.pick(&[0, 20, 200, 1_000]),
        unanswered_per_mille: *random.pick(&[0, 50, 300]),
        full: random.chance(20),
        lost_percent: *random.pick(&[0, 20, 100]),
        notice_ms_max: *random.pick(&[0, 50, 3_000]),
    }
}

/// Bounds that a world of a few conversations crosses: some as they ship, most of them low.
pub(super) fn draw_settings(random: &mut Random) -> Settings {
    let shipped = Settings::default();
    let mut low = |shipped: usize, low: &[usize]| if random.chance(25) { shipped } else { *random.pick(low) };
    let tail_share = low(shipped.tail_share as usize, &[1, 7, 14]);
    Settings {
        prefetch_conversations: low(shipped.prefetch_conversations, &[0, 1, 2]),
        streams_max: low(shipped.streams_max, &[1, 2, 4]),
        rows_step: low(shipped.rows_step, &[1, 3, 10]),
        rows_stored: low(shipped.rows_stored, &[0, 1, 5]),
        tail_share: u32::try_from(tail_share).expect("a share is small"),
    }
}

/// A clock wrong by less than a bound, either way, ms.
pub(super) fn draw_skew(random: &mut Random, bound_ms: u64) -> i64 {
    let skew_ms = i64::try_from(random.below(bound_ms)).expect("bounds are small");
    if random.chance(50) { skew_ms } else { -skew_ms }
}
