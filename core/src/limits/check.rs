//! Checks limits against one another, and against what clients accept, so that no setting makes
//! conversations unusable.

use core::ops::RangeInclusive;

use super::{Limits, frame_items};

/// Overhead in bytes of each change in a Push.
const PUSHED_BYTES: u64 = 128;

/// A limit that contradicts another one, or that no client accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not from {} to {}: {reason}", .allowed.start(), .allowed.end())]
pub struct LimitError {
    /// The name of the limit, as in [`Limits`].
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// The allowed values.
    pub allowed: RangeInclusive<u64>,
    /// The reason for the bounds.
    pub reason: &'static str,
}

impl LimitError {
    /// Checks one limit.
    ///
    /// # Errors
    /// When it is outside of the bounds.
    pub fn check(
        name: &'static str,
        value: impl Into<u64>,
        allowed: RangeInclusive<u64>,
        reason: &'static str,
    ) -> Result<(), LimitError> {
        let value = value.into();
        if allowed.contains(&value) { Ok(()) } else { Err(LimitError { name, value, allowed, reason }) }
    }
}

impl Limits {
    /// Checks that limits leave conversations usable, each against those checked before it.
    ///
    /// # Errors
    /// The first limit that fails.
    pub fn check(&self) -> Result<(), LimitError> {
        let widest = Self::WIDEST;
        let range = |least: u32, most: u32| u64::from(least)..=u64::from(most);
        let items = u32::try_from(frame_items::ENTRIES).unwrap_or(u32::MAX);
        let (change, page_widest) = (u64::from(self.change_bytes_max), u64::from(widest.page_bytes_max));
        let push = u64::from(self.push_bytes_max) + u64::from(self.push_changes_max) * PUSHED_BYTES;
        for (name, value, allowed, reason) in [
            (
                "frame_bytes_max",
                self.frame_bytes_max,
                push..=u64::from(widest.frame_bytes_max),
                "a frame holds any push",
            ),
            ("members_max", self.members_max, range(2, items), "clients accept this many members at once"),
            (
                "catch_up_entries_max",
                self.catch_up_entries_max,
                range(1, items),
                "clients accept this many entries at once",
            ),
            (
                "page_changes_soft",
                self.page_changes_soft,
                range(1, widest.page_changes_max),
                "a page takes a message, and a client takes the page",
            ),
            (
                "page_changes_max",
                self.page_changes_max,
                range(self.page_changes_soft, widest.page_changes_max),
                "a page ends after it closes, and clients accept it",
            ),
            (
                "page_bytes_soft",
                self.page_bytes_soft,
                1..=page_widest.saturating_sub(change),
                "a page takes a message, and a client takes the page",
            ),
            (
                "page_bytes_max",
                self.page_bytes_max,
                u64::from(self.page_bytes_soft) + change..=page_widest,
                "an open page takes any change, and a client takes the page",
            ),
            (
                "document_changes_soft",
                self.document_changes_soft,
                range(self.members_max, widest.document_changes_max),
                "all members may come in by a change each, and a client takes the document",
            ),
            (
                "document_changes_max",
                self.document_changes_max,
                range(self.document_changes_soft, widest.document_changes_max),
                "a document ends after ordinary members stop writing, and clients accept it",
            ),
            (
                "document_bytes_soft",
                self.document_bytes_soft,
                change..=u64::from(widest.document_bytes_max),
                "a document takes any change, and a client takes the document",
            ),
            (
                "document_bytes_max",
                self.document_bytes_max,
                range(self.document_bytes_soft, widest.document_bytes_max),
                "a document ends after ordinary members stop writing, and clients accept it",
            ),
        ] {
            LimitError::check(name, value, allowed, reason)?;
        }
        LimitError::check("heartbeat_ms", self.heartbeat_ms, 100..=3_600_000, "sessions end after three of them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Limits = Limits::DEFAULT;
    const WIDEST: Limits = Limits::WIDEST;

    #[track_caller]
    fn check(limits: Limits, name: Option<&str>) {
        assert_eq!(limits.check().err().map(|error| error.name), name);
    }

    #[test]
    fn i29_limits_are_checked_against_one_another_and_what_clients_accept() {
        check(DEFAULT, None);
        let change = DEFAULT.change_bytes_max;
        let least_frame = DEFAULT.push_bytes_max + DEFAULT.push_changes_max * PUSHED_BYTES as u32;
        // The minimum and maximum of each with the values beyond; the others stay unless they have to follow.
        check(Limits { frame_bytes_max: least_frame, ..DEFAULT }, None);
        check(Limits { frame_bytes_max: least_frame - 1, ..DEFAULT }, Some("frame_bytes_max"));
        check(Limits { frame_bytes_max: WIDEST.frame_bytes_max + 1, ..DEFAULT }, Some("frame_bytes_max"));
        check(Limits { members_max: 1, ..DEFAULT }, Some("members_max"));
        check(Limits { members_max: 50_001, document_changes_soft: 50_001, ..DEFAULT }, Some("members_max"));
        check(Limits { catch_up_entries_max: 0, ..DEFAULT }, Some("catch_up_entries_max"));
        check(Limits { catch_up_entries_max: 50_001, ..DEFAULT }, Some("catch_up_entries_max"));
        check(Limits { page_changes_soft: 0, ..DEFAULT }, Some("page_changes_soft"));
        check(Limits { page_changes_soft: 4_001, ..DEFAULT }, Some("page_changes_max"));
        check(Limits { page_changes_soft: 100_001, ..DEFAULT }, Some("page_changes_soft"));
        check(Limits { page_changes_max: 100_001, ..DEFAULT }, Some("page_changes_max"));
        check(Limits { page_bytes_soft: 0, ..DEFAULT }, Some("page_bytes_soft"));
        check(Limits { page_bytes_soft: WIDEST.page_bytes_max - change + 1, ..DEFAULT }, Some("page_bytes_soft"));
        check(Limits { page_bytes_soft: u32::MAX, ..DEFAULT }, Some("page_bytes_soft"));
        check(Limits { page_bytes_max: DEFAULT.page_bytes_soft + change - 1, ..DEFAULT }, Some("page_bytes_max"));
        check(Limits { page_bytes_max: WIDEST.page_bytes_max + 1, ..DEFAULT }, Some("page_bytes_max"));
        check(Limits { document_changes_soft: DEFAULT.members_max - 1, ..DEFAULT }, Some("document_changes_soft"));
        check(Limits { document_changes_soft: 10_001, ..DEFAULT }, Some("document_changes_max"));
        check(Limits { document_changes_max: 100_001, ..DEFAULT }, Some("document_changes_max"));
        check(Limits { document_bytes_soft: change - 1, ..DEFAULT }, Some("document_bytes_soft"));
        check(Limits { document_bytes_soft: DEFAULT.document_bytes_max + 1, ..DEFAULT }, Some("document_bytes_max"));
        check(Limits { document_bytes_max: WIDEST.document_bytes_max + 1, ..DEFAULT }, Some("document_bytes_max"));
        check(Limits { heartbeat_ms: 99, ..DEFAULT }, Some("heartbeat_ms"));
        check(Limits { heartbeat_ms: u64::MAX, ..DEFAULT }, Some("heartbeat_ms"));
    }

    #[test]
    fn i29_the_widest_that_a_server_may_allow_is_allowed() {
        let page_bytes_soft = WIDEST.page_bytes_max - DEFAULT.change_bytes_max;
        check(Limits { page_bytes_soft, change_bytes_max: DEFAULT.change_bytes_max, ..WIDEST }, None);
    }
}
