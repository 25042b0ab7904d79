//! Counting what is unread: on the pages that are held, and behind them.

use crate::{
    engine::{Engine, replica::Replica},
    ids::{AccountId, StreamId},
    journal::Position,
    wire::ConversationSummary,
};

/// What a summary counts as unread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unread {
    count: u32,
    /// Behind which position.
    read: Position,
    /// Up to which one.
    position: Position,
}

impl Unread {
    pub(super) fn of(summary: &ConversationSummary) -> Self {
        Self { count: summary.unread, read: summary.receipt.read, position: summary.position }
    }
}

/// Messages of others behind a position and up to another, on the pages that are loaded.
pub(super) fn unread_in(replica: &Replica, me: &AccountId, read: Position, to: Position) -> u32 {
    let messages = replica.shown_pages().flat_map(|page| page.admissions().since(read.next()));
    let unread = messages.filter(|(at, id)| *at <= to && id.author != *me);
    u32::try_from(unread.count()).unwrap_or(u32::MAX)
}

impl Engine {
    /// Unread messages that are on pages not held, as the summary counted them.
    pub(super) fn count_unread_behind(&mut self, stream: &StreamId) {
        let Some(conversation) = stream.conversation() else { return };
        let Some(told) = self.known_unread.remove(&conversation) else { return };
        let read = self.inbox.get(&conversation).map_or(Position::ZERO, |record| record.receipt.read);
        let me = self.session.account.clone();
        let Some(replica) = self.replica(stream) else { return };
        // What was read since was read to the end of what there was.
        let is_behind = replica.lowest_page() > 1 && read <= told.read;
        let held = unread_in(replica, &me, told.read, told.position);
        replica.unread_behind = if is_behind { told.count.saturating_sub(held) } else { 0 };
    }
}
