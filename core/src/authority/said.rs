//! When each account said something last, for slow mode: a message, or the opening
//! of a thread, anywhere in the stream. It is made from the newest entries of the
//! journal and nothing else, so that a server that loads the stream, one that goes
//! on with it and whoever verifies it know the same.

use crate::{
    doc::Fact,
    ids::{AccountId, ConversationId, DocumentId},
    journal::Position,
    model::Policy,
    sorted::SortedMap,
    time::WallTime,
};

/// How many entries slow mode looks back. What an account said before them does
/// not slow it down.
pub const SAID_ENTRIES_MAX: u32 = 2_000;

/// What the newest entries tell of a stream in slow mode.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    last: SortedMap<AccountId, Last>,
    /// Whether it tells of all the entries that are looked back on.
    pub(super) is_whole: bool,
}

/// The last thing that an account said.
#[derive(Debug, Clone)]
struct Last {
    position: Position,
    at: WallTime,
    /// The thread that was opened and given no title: the first words in it go with that.
    opened: Option<ConversationId>,
}

impl Said {
    /// Takes an entry in. What was said before slow mode was set does not count.
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

    /// When the account said the last thing that slows it down in a document, for
    /// an entry at `position`.
    pub(super) fn last(&self, document: &DocumentId, account: &AccountId, position: Position) -> Option<WallTime> {
        let last = self.last.get(account)?;
        let goes_with = last.opened.is_some() && last.opened == document.thread();
        (is_near(last.position, position) && !goes_with).then_some(last.at)
    }
}

/// Whether a change says something, as slow mode counts.
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
