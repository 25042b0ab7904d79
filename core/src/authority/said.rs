//! The last time each account said something (a message, or the opening of a thread, anywhere in the stream),
//! for slow mode. Derived from the newest journal entries alone, so that a server that loads the stream, one
//! that continues it, and a verifier agree.

use crate::{
    doc::Fact,
    ids::{AccountId, ConversationId, DocumentId},
    journal::Position,
    model::Policy,
    sorted::SortedMap,
    time::WallTime,
};

/// Number of entries that slow mode looks back. What an account said before them does not slow it down.
pub const SAID_ENTRIES_MAX: u32 = 2_000;

/// The last statements in a stream in slow mode.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    last: SortedMap<AccountId, Last>,
    /// True if it covers all entries that slow mode looks back on.
    pub(super) is_whole: bool,
}

/// The last statement of an account.
#[derive(Debug, Clone)]
struct Last {
    position: Position,
    at: WallTime,
    /// A thread that was opened without a title: its first message belongs to the opening, and is not
    /// slowed down.
    opened: Option<ConversationId>,
}

impl Said {
    /// Records an entry. Statements before slow mode was set do not count.
    pub(super) fn note(
        &mut self,
        document: &DocumentId,
        account: &AccountId,
        (position, at): (Position, WallTime),
        facts: &[Fact],
    ) {
        if facts.iter().any(|fact| matches!(fact, Fact::Policy(Policy::SlowModeSeconds(_)))) {
            *self = Self { last: SortedMap::new(), is_whole: true };
        }
        if !says(document, facts) || self.last.get(account).is_some_and(|last| last.position >= position) {
            return;
        }
        let opened = document.thread().filter(|_| matches!(facts, [Fact::Created(_)]));
        self.last.insert(account.clone(), Last { position, at, opened });
        if self.last.len() > SAID_ENTRIES_MAX as usize {
            self.last.retain(|_, last| is_near(last.position, position));
        }
    }

    /// The time of the last statement that slows an account down in a document, for an entry at `position`.
    pub(super) fn last(&self, document: &DocumentId, account: &AccountId, position: Position) -> Option<WallTime> {
        let last = self.last.get(account)?;
        let goes_with = last.opened.is_some() && last.opened == document.thread();
        (is_near(last.position, position) && !goes_with).then_some(last.at)
    }
}

/// Returns true if a change counts as a statement in slow mode.
pub(super) fn says(document: &DocumentId, facts: &[Fact]) -> bool {
    facts.iter().any(|fact| match fact {
        Fact::Message(..) => true,
        Fact::Created(_) => document.thread().is_some(),
        _ => false,
    })
}

fn is_near(said: Position, now: Position) -> bool {
    said.number() + u64::from(SAID_ENTRIES_MAX) >= now.number()
}
