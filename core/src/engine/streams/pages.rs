//! The loaded pages of a replica: a contiguous run of them per timeline, in which the pages of a
//! range of positions are found by bisection.

use crate::{
    doc::Document,
    engine::streams::replica::Replica,
    ids::{ConversationId, DocumentId, PageNumber, TimelineId},
    journal::Position,
};

/// What a page or a thread has that was read while its stream was loaded: the entries up to a position, unless
/// the stream came anew meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct AsOf {
    pub(super) position: Position,
    restarts: u32,
}

impl Replica {
    /// What is read now has, if it has the entries up to a position.
    pub(in crate::engine) fn as_of(&self, position: Position) -> AsOf {
        AsOf { position, restarts: self.restarts }
    }

    /// Whether an entry of a document that was not loaded arrived, or may have been skipped, since it was read.
    pub(in crate::engine) fn has_passed(&self, document: &DocumentId, since: AsOf) -> bool {
        since.restarts != self.restarts || self.passed.get(document).is_some_and(|last| *last > since.position)
    }

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
