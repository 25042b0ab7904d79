//! The loaded pages of a replica: a contiguous run of them per timeline, in which the pages of a
//! range of positions are found by bisection.

use crate::{
    doc::Document,
    engine::streams::replica::Replica,
    ids::{ConversationId, PageNumber, TimelineId},
    journal::Position,
};

impl Replica {
    /// The timeline of an id: the conversation's own, or a thread's.
    pub(in crate::engine) fn timeline(&self, id: ConversationId) -> TimelineId {
        TimelineId::within(self.confirmed.id().conversation().unwrap_or(id), id)
    }

    /// The conversation's own timeline; none in an account's stream.
    pub(in crate::engine) fn main_timeline(&self) -> Option<TimelineId> {
        self.confirmed.id().conversation().map(TimelineId::of)
    }

    /// The lowest page from which on every page up to the newest is loaded: a
    /// page further down may be loaded too, for what waits in the outbox.
    pub(in crate::engine) fn lowest_page(&self, timeline: TimelineId) -> PageNumber {
        let newest = self.confirmed.newest_page(timeline);
        let is_loaded = |number: &PageNumber| self.page(timeline, *number).is_some();
        if !is_loaded(&newest) {
            return newest.saturating_add(1);
        }
        let recorded = self.lowest.get(&timeline).copied().unwrap_or(newest);
        (1..recorded).rev().take_while(is_loaded).last().unwrap_or(recorded)
    }

    /// Caches the lowest page of a timeline, so that the next search begins there.
    pub(in crate::engine) fn find_lowest(&mut self, timeline: Option<TimelineId>) {
        let Some(timeline) = timeline else { return };
        let lowest = self.lowest_page(timeline);
        if lowest <= self.confirmed.newest_page(timeline) {
            self.lowest.insert(timeline, lowest);
        }
    }

    pub(in crate::engine) fn page(&self, timeline: TimelineId, number: PageNumber) -> Option<&Document> {
        self.confirmed.document(&timeline.page(number))
    }

    /// The pages of the conversation itself from the newest down to the lowest one.
    pub(in crate::engine) fn shown_pages(&self) -> impl Iterator<Item = &Document> {
        self.shown_pages_since(Position::ZERO)
    }

    /// Those of them that have messages after a position.
    pub(in crate::engine) fn shown_pages_since(&self, position: Position) -> impl Iterator<Item = &Document> {
        let timeline = self.main_timeline().into_iter();
        timeline.flat_map(move |timeline| self.shown_pages_within(timeline, position, self.confirmed.position()))
    }

    /// The pages of a timeline, newest first, that have messages after one position and up to
    /// another: pages are runs of the journal.
    pub(in crate::engine) fn shown_pages_within(
        &self,
        timeline: TimelineId,
        after: Position,
        to: Position,
    ) -> impl Iterator<Item = &Document> {
        let begins = |page: &Document| page.admissions().since(Position::ZERO).first().map(|(first, _)| *first);
        let begins_by = |number| self.page(timeline, number).and_then(begins).is_some_and(|first| first <= to);
        let lowest = self.lowest_page(timeline);
        let (mut low, mut high) = (lowest, self.confirmed.newest_page(timeline).saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            if begins_by(middle) { low = middle.saturating_add(1) } else { high = middle }
        }
        let mut is_reached = false;
        (lowest..high).rev().filter_map(move |number| self.page(timeline, number)).take_while(move |page| {
            let is_first = begins(page).is_some_and(|first| first <= after.next());
            !core::mem::replace(&mut is_reached, is_first)
        })
    }
}
