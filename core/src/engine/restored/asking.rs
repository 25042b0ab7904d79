//! The changes that an account wrote in a stream of a former incarnation, and how many of them a
//! restored server was asked about, and lacks.

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

    /// Whether the server lacks what an own change wrote: it does not where it has the message by another change that
    /// is held, too.
    fn is_lacking(&self) -> impl Fn(&Own) -> bool + use<> {
        let there: SortedSet<Stamp> = self.admitted().iter().filter_map(|change| change.message).collect();
        let lacks = self.lacks.clone();
        move |own| {
            lacks.contains(&own.change.hash) && !own.change.message.is_some_and(|message| there.contains(&message))
        }
    }

    pub(in crate::engine) fn into_lacking(self) -> Vec<Own> {
        let is_lacking = self.is_lacking();
        self.own.into_iter().filter(is_lacking).collect()
    }

    /// As `into_lacking`, with the words of messages that the server has by another change.
    pub(in crate::engine) fn into_lacking_of(self, author: &AccountId, confirmed: &Stream) -> Vec<Own> {
        let is_lacking = self.is_lacking();
        let lacking = |own: Own| match is_lacking(&own) {
            true => Some(own),
            false => own.words_over(author, confirmed),
        };
        self.own.into_iter().filter_map(lacking).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::SendMessage, engine::restored::own::Written, ids::ConversationId, time::WallTime};

    fn said(number: u8, stamp: Stamp) -> Own {
        let hash = ChangeHash::from_bytes([number; 32]);
        let change = WaitingChange { hash, message: Some(stamp), accepted_at: None };
        let send = SendMessage { stamp, ..SendMessage::new(ConversationId::from_bytes([1; 16]), "words") };
        let at = WallTime::from_millis(number.into());
        Own { change, at, written: Written::Message(send, at) }
    }

    /// A device may hold entries of the new incarnation on top of the former one's.
    #[test]
    fn e103_a_message_that_the_server_has_by_another_change_that_is_held_is_not_offered_again() {
        let [here, lost] = [1, 2].map(|number| Stamp::new(WallTime::from_millis(number), 0, [0; 8]));
        let own = vec![said(1, here), said(2, lost), said(3, here)];
        let lacks: Vec<ChangeHash> = own[..2].iter().map(|own| own.change.hash).collect();
        let mut asking = Asking::of(own, &Entries::default());
        assert!(!asking.answered(&lacks), "nothing more is to be asked about");
        let offered: Vec<ChangeHash> = asking.into_lacking().iter().map(|own| own.change.hash).collect();
        assert_eq!(offered, lacks[1..]);
    }
}
