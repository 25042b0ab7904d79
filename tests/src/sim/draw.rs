//! Random settings of a run: the faults of a store, the skew of a clock, and which bounds are so low that a few
//! people reach them.

use std::time::Duration;

use tidings_core::{engine::Settings, limits::Limits};
use tidings_server::{bounds::Bounds, config::Config, rate::Allowance};

use super::{actions::WORDS, store::StoreFaults};
use crate::random::Random;

/// Draws the faults of a store from now on.
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

/// Draws settings that a world of a few conversations reaches: some as shipped, most of them low.
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

/// Draws a clock skew below a bound, in either direction, ms.
pub(super) fn draw_skew(random: &mut Random, bound_ms: u64) -> i64 {
    let skew_ms = i64::try_from(random.below(bound_ms)).expect("bounds are small");
    if random.chance(50) { skew_ms } else { -skew_ms }
}

/// A bound as shipped, or one of some low ones.
fn low<T: Copy>(random: &mut Random, shipped: T, low: &[T]) -> T {
    if random.chance(60) { shipped } else { *random.pick(low) }
}

/// Draws limits, which few people reach within a run. If somebody attacks, the conversation they attack has
/// edits and reactions side by side.
pub(super) fn draw_limits(random: &mut Random, is_attacked: bool) -> Limits {
    let shipped = Limits::DEFAULT;
    let mut low = |shipped: u32, some: &[u32]| low(random, shipped, some);
    // A change in these worlds has about a hundred bytes, or about a thousand with the longest texts.
    let message_characters_max = low(shipped.message_characters_max, &[12, 60, 600]);
    let change_bytes_max = if message_characters_max > 600 { 16 * 1024 } else { 4 * 1024 };
    let push_changes_max = low(shipped.push_changes_max, &[1, 2, 5]);
    let push_bytes_max = low(shipped.push_bytes_max, &[change_bytes_max]);
    let least_frame = push_bytes_max + push_changes_max * 128;
    let frame_bytes_max = low(shipped.frame_bytes_max, &[least_frame, least_frame + 500]);
    let page_bytes_soft = low(shipped.page_bytes_soft, &[4_000, 6_000, 30_000]);
    let document_changes_soft = low(shipped.document_changes_soft, &[40, 80]);
    let document_bytes_soft = low(shipped.document_bytes_soft, &[change_bytes_max, 2 * change_bytes_max]);
    let heads_max = low(shipped.heads_max, &[1, 2, 4]);
    let reactions_max = low(shipped.reactions_max, &[1]);
    Limits {
        message_characters_max,
        change_bytes_max,
        push_changes_max,
        push_bytes_max,
        frame_bytes_max,
        page_bytes_soft,
        page_bytes_max: page_bytes_soft + low(change_bytes_max, &[2 * change_bytes_max]),
        document_changes_soft,
        document_changes_max: document_changes_soft + low(20, &[2, 4]),
        document_bytes_soft,
        document_bytes_max: document_bytes_soft + low(8_000, &[1_000]),
        // The hostile client's conversation has a page of thirteen.
        page_changes_soft: 14,
        page_changes_max: low(60, &[20]),
        catch_up_entries_max: low(25, &[1, 4]),
        changes_burst: low(60, &[1, 5]),
        changes_per_second: low(shipped.changes_per_second, &[2]),
        change_bytes_burst: low(shipped.change_bytes_burst, &[2_048]),
        change_bytes_per_second: low(shipped.change_bytes_per_second, &[2_048]),
        heads_max: if is_attacked { shipped.heads_max } else { heads_max },
        members_max: low(shipped.members_max.min(document_changes_soft), &[3, 4]),
        pins_max: low(shipped.pins_max, &[1, 2]),
        reactions_max: if is_attacked { shipped.reactions_max } else { reactions_max },
        roles_max: low(shipped.roles_max, &[1]),
        invites_max: low(shipped.invites_max, &[1]),
        contacts_max: low(shipped.contacts_max, &[1, 2]),
        outbox_commands_max: low(shipped.outbox_commands_max, &[3, 12]),
        ..shipped
    }
}

/// Draws the internal bounds of a node and its store. Pieces have a generator of their own in worlds that are
/// restored, so that everything else of those seeds stays as it was.
pub(super) fn draw_bounds(random: &mut Random, is_restored: bool) -> Bounds {
    let shipped = Bounds::default();
    let mut pieces = Random::new(!random.clone().number());
    let mut count = |shipped: usize, some: &[usize]| low(random, shipped, some);
    let pushes_waiting_max = count(shipped.pushes_waiting_max, &[1, 2]);
    let batch_pushes_max = count(shipped.batch_pushes_max, &[1, 2]);
    let batch_changes_max = count(shipped.batch_changes_max, &[1, 3]);
    let batch_bytes_max = count(shipped.batch_bytes_max, &[1, 500]);
    let stream_bytes_max = count(shipped.stream_bytes_max, &[0, 20_000]);
    let streams_looked_at_max = count(shipped.streams_looked_at_max, &[1]);
    let commits_waiting_max = count(shipped.commits_waiting_max, &[1]);
    let streams_undelivered_max = count(shipped.streams_undelivered_max, &[0, 1]);
    let receipts_waiting_max = count(shipped.receipts_waiting_max, &[1, 2]);
    let receipts_at_once_max = count(shipped.receipts_at_once_max, &[1, 2]);
    let frame_entries_max = count(shipped.frame_entries_max, &[1, 2, 5]);
    let frame_entries_bytes = count(shipped.frame_entries_bytes, &[1, 500]);
    let piece_bytes_some = [500, 2_000];
    let piece_bytes_max = match is_restored {
        false => count(shipped.piece_bytes_max, &piece_bytes_some),
        true => low(&mut pieces, shipped.piece_bytes_max, &piece_bytes_some),
    };
    let frame_items_max = count(shipped.frame_items_max, &[1, 2]);
    let write_batch_max = count(shipped.write_batch_max, &[1, 2]);
    let sent_streams_max = count(shipped.sent_streams_max, &[0, 1]);
    let parts_max = count(shipped.parts_max, &[0, 1]);
    let online_max = count(shipped.online_max, &[0, 1]);
    let suspended_max = count(shipped.suspended_max, &[1, 2]);
    let mut rows = |shipped: u32, some: &[u32]| low(random, shipped, some);
    Bounds {
        pushes_waiting_max,
        batch_pushes_max,
        batch_changes_max,
        batch_bytes_max,
        stream_bytes_max,
        streams_looked_at_max,
        commits_waiting_max,
        streams_undelivered_max,
        receipts_waiting_max,
        receipts_at_once_max,
        frame_entries_max,
        frame_entries_bytes,
        piece_bytes_max,
        frame_items_max,
        write_batch_max,
        sent_streams_max,
        parts_max,
        online_max,
        suspended_max,
        entries_read_max: rows(shipped.entries_read_max, &[1, 2, 7]),
        receipt_members_max: rows(shipped.receipt_members_max, &[1, 2, 3]),
        snapshot_documents_max: rows(shipped.snapshot_documents_max, &[1, 2]),
        erased_conversations_max: rows(shipped.erased_conversations_max, &[1]),
        erased_rows_max: rows(shipped.erased_rows_max, &[1, 2, 5]),
        erased_documents_max: rows(shipped.erased_documents_max, &[1, 2]),
        catch_up_bytes_max: low(random, shipped.catch_up_bytes_max, &[0, 1_000, 5_000]),
    }
}

/// Time after which some worlds erase what was deleted: longer than a turn, after which all entries have
/// been read.
pub(super) const ERASED_AFTER: Duration = Duration::from_secs(150);

/// Draws the operator's configuration of a node, and the shares of an account.
pub(super) fn draw_config(random: &mut Random, config: &mut Config, is_restored: bool) {
    // A copy of a database in which something was erased does not tell what that was.
    if !is_restored {
        config.node.erase_after = low(random, config.node.erase_after, &[ERASED_AFTER]);
        config.node.erase_interval = Duration::from_secs(2);
    }
    config.node.bounds = draw_bounds(random, is_restored);
    config.node.cache_bytes_max = low(random, config.node.cache_bytes_max, &[0, 100_000]);
    config.node.streams_max = low(random, config.node.streams_max, &[1, 2]);
    config.node.stream_idle =
        low(random, config.node.stream_idle, &[Duration::from_millis(50), Duration::from_secs(3)]);
    config.node.commit_streams_max = low(random, config.node.commit_streams_max, &[1, 2]);
    config.node.session_frames_max = low(random, config.node.session_frames_max, &[8, 16]);
    config.shares.streams = low(random, config.shares.streams, &[1, 2]);
    let shares = &mut config.shares;
    for rate in [&mut shares.membership_requests, &mut shares.held_lists, &mut shares.receipts, &mut shares.presence] {
        *rate = low(random, *rate, &[Allowance::per_second(3, 1)]);
    }
    // One request of a device may lead to three.
    for rate in [&mut shares.fetches, &mut shares.searches] {
        *rate = low(random, *rate, &[Allowance::per_second(4, 4)]);
    }
    config.node.snapshot_interval = low(random, config.node.snapshot_interval, &[Duration::from_millis(200)]);
}

/// Draws an unused text; some are as long as a message may be, or a character longer.
pub(super) fn draw_words(random: &mut Random, number: u32, limits: &Limits) -> String {
    let mut words = format!("{WORDS}{number}");
    if random.chance(8) {
        let most = usize::try_from(limits.message_characters_max).expect("messages are short");
        let length = most + usize::from(random.chance(30));
        words.extend(core::iter::repeat_n('ß', length.saturating_sub(words.chars().count())));
    }
    words
}
