//! What an account wrote in a stream of a former incarnation, and how much of it a server that was
//! put back was asked for, and lacks.

use crate::{
    authority::Stream,
    engine::{
        commands::{entries::Entries, outbox::OutboxEntry},
        restored::own::Own,
    },
    ids::{AccountId, ChangeHash, Stamp},
    limits::Limits,
    sorted::SortedSet,
    wire::WaitingChange,
};

/// What of the own the server is asked for, the newest first.
#[derive(Debug, Default)]
pub(in crate::engine) struct Asking {
    own: Vec<Own>,
    /// What is asked for, in its order, so that a store put back lacks the end of it: the own,
    /// and behind it messages that wait, which may have been admitted and written again since.
    changes: Vec<WaitingChange>,
    /// How much of it was not asked for yet.
    unasked: usize,
    /// How much of it has not been answered.
    unanswered: usize,
    lacks: SortedSet<ChangeHash>,
}

impl Asking {
    pub(in crate::engine) fn of(mut own: Vec<Own>, waiting: &Entries) -> Self {
        own.sort_by_key(|own| own.at);
        let waiting = waiting.iter().filter_map(OutboxEntry::waiting_change);
        let changes: Vec<WaitingChange> = own.iter().map(|own| own.change).chain(waiting).collect();
        let unanswered = changes.len();
        let unasked = unanswered.saturating_sub(Limits::HELD_CHANGES_MAX);
        Self { own, changes, unasked, unanswered, lacks: SortedSet::new() }
    }

    pub(in crate::engine) fn asked(&self) -> &[WaitingChange] {
        &self.changes[self.unasked..self.unanswered]
    }

    /// Takes note of what is lacking. Where that is any of what was asked for, what is
    /// older may be so too: tells whether to ask on.
    pub(in crate::engine) fn answered(&mut self, lacks: &[ChangeHash]) -> bool {
        self.lacks.extend(lacks);
        let asks_on = self.unasked > 0 && !lacks.is_empty();
        if asks_on {
            self.unanswered = self.unasked;
            self.unasked = self.unasked.saturating_sub(Limits::HELD_CHANGES_MAX);
        }
        asks_on
    }

    /// The messages that the server has, also those that wait here.
    pub(in crate::engine) fn admitted(&self) -> SortedSet<Stamp> {
        let answered = self.changes[self.unasked..].iter();
        let has = answered.filter(|change| !self.lacks.contains(&change.hash));
        has.filter_map(|change| change.message).collect()
    }

    pub(in crate::engine) fn into_lacking(self) -> Vec<Own> {
        let Self { own, lacks, .. } = self;
        own.into_iter().filter(|own| lacks.contains(&own.change.hash)).collect()
    }

    /// The same, with the words of messages that the server has by another change.
    pub(in crate::engine) fn into_lacking_of(self, author: &AccountId, confirmed: &Stream) -> Vec<Own> {
        let Self { own, lacks, .. } = self;
        let lacking = |own: Own| match lacks.contains(&own.change.hash) {
            true => Some(own),
            false => own.words_over(author, confirmed),
        };
        own.into_iter().filter_map(lacking).collect()
    }
}
