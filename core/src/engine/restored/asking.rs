//! The changes that an account wrote in a stream of a former incarnation, and how many of them a
//! restored server was asked about, and lacks.

use crate::{
    authority::Stream,
    engine::{
        commands::{entries::Entries, outbox::OutboxEntry},
        restored::own::Own,
    },
    ids::{AccountId, ChangeHash},
    limits::Limits,
    sorted::SortedSet,
    wire::WaitingChange,
};

/// Own changes that the server is asked about, newest first.
#[derive(Debug, Default)]
pub(in crate::engine) struct Asking {
    own: Vec<Own>,
    /// In order, so that a restored store lacks the end of them: own admitted changes, then those in the
    /// outbox, which may have been admitted, and messages written again since.
    changes: Vec<WaitingChange>,
    /// The first of them have not been asked about yet.
    unasked: usize,
    /// The first of them have not been answered yet.
    unanswered: usize,
    lacks: SortedSet<ChangeHash>,
}

impl Asking {
    pub(in crate::engine) fn of(mut own: Vec<Own>, waiting: &Entries) -> Self {
        own.sort_by_key(|own| own.at);
        let waiting = waiting.iter().map(OutboxEntry::waiting_change);
        let changes: Vec<WaitingChange> = own.iter().map(|own| own.change).chain(waiting).collect();
        let unanswered = changes.len();
        let unasked = unanswered.saturating_sub(Limits::HELD_CHANGES_MAX);
        Self { own, changes, unasked, unanswered, lacks: SortedSet::new() }
    }

    pub(in crate::engine) fn asked(&self) -> &[WaitingChange] {
        &self.changes[self.unasked..self.unanswered]
    }

    /// Adds an answer. If any of the changes are lacking, older ones may be, too. Returns whether to
    /// ask about them.
    pub(in crate::engine) fn answered(&mut self, lacks: &[ChangeHash]) -> bool {
        self.lacks.extend(lacks);
        let asks_on = self.unasked > 0 && !lacks.is_empty();
        if asks_on {
            self.unanswered = self.unasked;
            self.unasked = self.unasked.saturating_sub(Limits::HELD_CHANGES_MAX);
        }
        asks_on
    }

    /// The changes that the server has, those in the outbox included.
    pub(in crate::engine) fn admitted(&self) -> Vec<WaitingChange> {
        let answered = self.changes[self.unasked..].iter();
        answered.filter(|change| !self.lacks.contains(&change.hash)).copied().collect()
    }

    pub(in crate::engine) fn into_lacking(self) -> Vec<Own> {
        let Self { own, lacks, .. } = self;
        own.into_iter().filter(|own| lacks.contains(&own.change.hash)).collect()
    }

    /// As `into_lacking`, with the words of messages that the server has by another change.
    pub(in crate::engine) fn into_lacking_of(self, author: &AccountId, confirmed: &Stream) -> Vec<Own> {
        let Self { own, lacks, .. } = self;
        let lacking = |own: Own| match lacks.contains(&own.change.hash) {
            true => Some(own),
            false => own.words_over(author, confirmed),
        };
        own.into_iter().filter_map(lacking).collect()
    }
}
