//! Counting unread messages: on loaded pages, and on older ones that are not loaded.

use minicbor::{Decode, Encode};

use crate::{
    doc::{Change, Document},
    engine::streams::replica::Replica,
    ids::AccountId,
    journal::{Entry, Position},
    wire::{ConversationSummary, Unread},
};

/// Unread messages on pages that are older than the loaded ones or, in a stored
/// head, than the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct OlderUnread {
    #[n(0)]
    count: u32,
    /// Counted after this position.
    #[n(1)]
    read: Position,
}

/// Undeleted messages of others on some pages, after one position and up to another.
fn count<'a>(pages: impl Iterator<Item = &'a Document>, me: &AccountId, read: Position, to: Position) -> u32 {
    let unread = pages.map(|page| page.admissions().of_others(me, read, to));
    u32::try_from(unread.sum::<usize>()).unwrap_or(u32::MAX)
}

impl Replica {
    /// Messages of others after the position that the account has read.
    pub(in crate::engine) fn unread(&self, me: &AccountId, read: Position) -> u32 {
        let loaded = count(self.shown_pages_since(read), me, read, self.confirmed.position());
        self.count_older_unread(read).saturating_add(loaded)
    }

    /// Those on older pages. An account that has read into the loaded pages has read all of them.
    fn count_older_unread(&self, read: Position) -> u32 {
        if self.older_unread.count == 0 || read <= self.older_unread.read {
            return self.older_unread.count;
        }
        let lowest = self.main_timeline().and_then(|timeline| self.page(timeline, self.lowest_page(timeline)));
        let first = lowest.and_then(|page| page.admissions().since(Position::ZERO).first());
        if first.is_none_or(|(first, _)| *first <= read.next()) { 0 } else { self.older_unread.count }
    }

    /// The count for the head record: a start loads the newest page alone.
    pub(in crate::engine) fn unread_at_start(&self, me: &AccountId, read: Position) -> OlderUnread {
        let older = self.count_older_unread(read);
        // What is not loaded is not counted anew: what is loaded is counted after the same position.
        let read = if older > 0 { self.older_unread.read } else { read };
        OlderUnread { count: older.saturating_add(self.unread_on_older(me, read)), read }
    }

    fn unread_on_older(&self, me: &AccountId, read: Position) -> u32 {
        let newest = self.confirmed.page();
        let older = self.shown_pages_since(read).filter(|page| page.id().page() != Some(newest));
        count(older, me, read, self.confirmed.position())
    }

    /// Subtracts from the count of a head record what is on pages that are loaded all the same.
    pub(in crate::engine) fn count_loaded(&mut self, me: &AccountId) {
        self.older_unread.count =
            self.older_unread.count.saturating_sub(self.unread_on_older(me, self.older_unread.read));
    }

    /// Inserts an older page. Its unread messages are counted on it from now on.
    pub(in crate::engine) fn insert_older(&mut self, page: Document, me: &AccountId) {
        let before = self.unread_on_older(me, self.older_unread.read);
        self.insert_page(page);
        let counted = self.unread_on_older(me, self.older_unread.read).saturating_sub(before);
        self.older_unread.count = self.older_unread.count.saturating_sub(counted);
    }

    /// An entry may delete an unread message on an older page.
    pub(in crate::engine) fn delete_older(&mut self, entry: &Entry, position: Option<Position>, me: &AccountId) {
        let page = entry.document.page().filter(|_| entry.document.thread().is_none());
        let is_older =
            page.is_some_and(|page| self.main_timeline().is_some_and(|timeline| page < self.lowest_page(timeline)));
        if !is_older || position.is_none_or(|position| position <= self.older_unread.read) {
            return;
        }
        let Ok(change) = Change::parse(&entry.change) else { return };
        if change.deletions(&entry.document).any(|message| message.author != *me) {
            self.older_unread.count = self.older_unread.count.saturating_sub(1);
        }
    }

    /// Sets the count from a server's, less what is on the pages that came with it.
    pub(in crate::engine) fn set_older_unread(&mut self, sent: Option<Unread>, me: &AccountId) {
        let Unread { count: unread, read } = sent.unwrap_or_default();
        let held = count(self.shown_pages(), me, read, self.confirmed.position());
        self.older_unread = OlderUnread { count: unread.saturating_sub(held), read };
    }

    /// Takes over the count of a summary that is of what is held: the one that a fetch brought may be counted from
    /// further back than the account has read. Returns true if it did.
    pub(in crate::engine) fn recount(&mut self, summary: &ConversationSummary, me: &AccountId, read: Position) -> bool {
        let is_of_now = self.whole && self.former.is_none() && summary.position == self.confirmed.position();
        let counted_from = summary.unread_from();
        let is_better = is_of_now && counted_from >= read;
        if is_better {
            self.set_older_unread(Some(Unread { count: summary.unread, read: counted_from }), me);
        }
        is_better
    }

    pub(in crate::engine) fn mark_older_read(&mut self, read: Position) {
        self.older_unread = OlderUnread { count: 0, read };
    }
}
