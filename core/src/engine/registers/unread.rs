//! Counting what is unread: on the pages that are loaded, and behind them.

use minicbor::{Decode, Encode};

use crate::{
    doc::{Change, Document},
    engine::streams::replica::Replica,
    ids::AccountId,
    journal::{Entry, Position},
    wire::Unread,
};

/// Unread messages on pages that are older than the loaded ones or, in a stored
/// head, than the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct UnreadBehind {
    #[n(0)]
    count: u32,
    /// Behind which position.
    #[n(1)]
    read: Position,
}

/// Messages of others behind a position and up to another, on some pages, but those that are deleted.
fn count<'a>(pages: impl Iterator<Item = &'a Document>, me: &AccountId, read: Position, to: Position) -> u32 {
    let unread = pages.map(|page| page.admissions().of_others(me, read, to));
    u32::try_from(unread.sum::<usize>()).unwrap_or(u32::MAX)
}

impl Replica {
    /// Messages of others behind the position that the account has read.
    pub(in crate::engine) fn unread(&self, me: &AccountId, read: Position) -> u32 {
        let loaded = count(self.shown_pages_since(read), me, read, self.confirmed.position());
        self.unread_behind(read).saturating_add(loaded)
    }

    /// Those on older pages. Who has come as far as the loaded pages has read them.
    fn unread_behind(&self, read: Position) -> u32 {
        if self.behind.count == 0 || read <= self.behind.read {
            return self.behind.count;
        }
        let lowest = self.main_timeline().and_then(|timeline| self.page(timeline, self.lowest_page(timeline)));
        let first = lowest.and_then(|page| page.admissions().since(Position::ZERO).first());
        if first.is_none_or(|(first, _)| *first <= read.next()) { 0 } else { self.behind.count }
    }

    /// What a start counts as behind, which loads the newest page alone.
    pub(in crate::engine) fn unread_at_start(&self, me: &AccountId, read: Position) -> UnreadBehind {
        let count = self.unread_behind(read).saturating_add(self.unread_on_older(me, read));
        UnreadBehind { count, read }
    }

    fn unread_on_older(&self, me: &AccountId, read: Position) -> u32 {
        let newest = self.confirmed.page();
        let older = self.shown_pages_since(read).filter(|page| page.id().page() != Some(newest));
        count(older, me, read, self.confirmed.position())
    }

    /// Of what a start counts as behind, what is loaded all the same is not.
    pub(in crate::engine) fn count_loaded(&mut self, me: &AccountId) {
        self.behind.count = self.behind.count.saturating_sub(self.unread_on_older(me, self.behind.read));
    }

    /// Takes in an older page: its unread messages are counted on it from now on.
    pub(in crate::engine) fn insert_older(&mut self, page: Document, me: &AccountId) {
        let before = self.unread_on_older(me, self.behind.read);
        self.insert_page(page);
        let counted = self.unread_on_older(me, self.behind.read).saturating_sub(before);
        self.behind.count = self.behind.count.saturating_sub(counted);
    }

    /// Takes note of a message that an entry deletes on an older page.
    pub(in crate::engine) fn delete_behind(&mut self, entry: &Entry, position: Option<Position>, me: &AccountId) {
        let page = entry.document.page().filter(|_| entry.document.thread().is_none());
        let is_older =
            page.is_some_and(|page| self.main_timeline().is_some_and(|timeline| page < self.lowest_page(timeline)));
        if !is_older || position.is_none_or(|position| position <= self.behind.read) {
            return;
        }
        let Ok(change) = Change::parse(&entry.change) else { return };
        if change.deletions(&entry.document).any(|message| message.author != *me) {
            self.behind.count = self.behind.count.saturating_sub(1);
        }
    }

    /// Counts as behind what a new start tells as unread, but for what is on its pages.
    pub(in crate::engine) fn count_behind(&mut self, told: Option<Unread>, me: &AccountId) {
        let Unread { count: unread, read } = told.unwrap_or_default();
        let held = count(self.shown_pages(), me, read, self.confirmed.position());
        self.behind = UnreadBehind { count: unread.saturating_sub(held), read };
    }

    /// All of it was read.
    pub(in crate::engine) fn read_behind(&mut self, read: Position) {
        self.behind = UnreadBehind { count: 0, read };
    }
}
