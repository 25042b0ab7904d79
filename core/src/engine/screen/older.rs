//! Older messages: a run of admitted ones that comes before a position, from the loaded pages.

use crate::{
    engine::streams::replica::Replica,
    ids::{MessageId, PageNumber, TimelineId},
    journal::Position,
};

pub(super) struct Older {
    /// Newest first.
    pub(super) messages: Vec<(Position, MessageId)>,
    /// Whether loaded pages have more before these.
    pub(super) has_more: bool,
}

impl Older {
    /// At most `count` messages before a position. Pages are runs of the journal.
    pub(super) fn than(replica: &Replica, timeline: TimelineId, position: Position, count: usize) -> Self {
        let mut older = Self { messages: Vec::new(), has_more: false };
        let last = Position::new(position.number().saturating_sub(1));
        for page in replica.shown_pages_within(timeline, Position::ZERO, last) {
            let before = page.admissions().before(position);
            let added = before.len().min(count - older.messages.len());
            older.messages.extend(before.iter().rev().take(added).cloned());
            older.has_more |= added < before.len();
            if older.messages.len() == count && older.has_more {
                break;
            }
        }
        older
    }

    /// The position from which on messages are shown: that of the last one of `count`; that of
    /// the oldest loaded one if there are fewer; zero if no older page is left.
    pub(super) fn floor(&self, count: usize, lowest_page: PageNumber, end: Position) -> Position {
        let last = self.messages.last().map(|(position, _)| *position);
        match last {
            Some(last) if self.messages.len() >= count => last,
            last if lowest_page > 1 => last.unwrap_or(end),
            _ => Position::ZERO,
        }
    }
}
