//! Which pages of a conversation, and of its threads, are loaded, and on which of them a run
//! of the journal is: found without a look at the others.

use crate::{
    doc::Document,
    engine::replica::Replica,
    ids::{ConversationId, DocumentId, PageNumber},
    journal::Position,
};

impl Replica {
    /// The lowest page from which on every page up to the newest is loaded: a
    /// page further down may be loaded too, for what waits in the outbox.
    pub(super) fn lowest_page(&self) -> PageNumber {
        self.confirmed.id().conversation().map_or(0, |conversation| self.lowest_page_of(conversation))
    }

    /// The same, of the conversation or of one of its threads.
    pub(super) fn lowest_page_of(&self, room: ConversationId) -> PageNumber {
        let newest = self.confirmed.newest_page(room);
        let is_loaded = |number: &PageNumber| self.page(room, *number).is_some();
        if !is_loaded(&newest) {
            return newest.saturating_add(1);
        }
        let known = self.lowest.get(&room).copied().unwrap_or(newest);
        (1..known).rev().take_while(is_loaded).last().unwrap_or(known)
    }

    /// Keeps what the lowest page of a room is, so that it is not looked for again from the newest on.
    pub(super) fn find_lowest(&mut self, room: Option<ConversationId>) {
        let Some(room) = room else { return };
        let lowest = self.lowest_page_of(room);
        if lowest <= self.confirmed.newest_page(room) {
            self.lowest.insert(room, lowest);
        }
    }

    /// A loaded page of the conversation or of one of its threads.
    pub(super) fn page(&self, room: ConversationId, number: PageNumber) -> Option<&Document> {
        self.confirmed.document(&DocumentId::of_page(self.confirmed.id().conversation()?, room, number))
    }

    /// The pages of the conversation itself from the newest down to the lowest one.
    pub(super) fn shown_pages(&self) -> impl Iterator<Item = &Document> {
        self.shown_pages_since(Position::ZERO)
    }

    /// Those of them that have messages behind a position.
    pub(super) fn shown_pages_since(&self, position: Position) -> impl Iterator<Item = &Document> {
        let conversation = self.confirmed.id().conversation();
        conversation
            .into_iter()
            .flat_map(move |conversation| self.shown_pages_within(conversation, position, self.confirmed.position()))
    }

    /// Those of the conversation or of one of its threads, from the newest down, that have messages
    /// behind one position and up to another: pages are runs of the journal.
    pub(super) fn shown_pages_within(
        &self,
        room: ConversationId,
        behind: Position,
        to: Position,
    ) -> impl Iterator<Item = &Document> {
        let begins = |page: &Document| page.admissions().since(Position::ZERO).first().map(|(first, _)| *first);
        let begins_by = |number| self.page(room, number).and_then(begins).is_some_and(|first| first <= to);
        let lowest = self.lowest_page_of(room);
        let (mut low, mut high) = (lowest, self.confirmed.newest_page(room).saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            if begins_by(middle) { low = middle.saturating_add(1) } else { high = middle }
        }
        let mut is_reached = false;
        (lowest..high).rev().filter_map(move |number| self.page(room, number)).take_while(move |page| {
            let is_first = begins(page).is_some_and(|first| first <= behind.next());
            !core::mem::replace(&mut is_reached, is_first)
        })
    }
}
