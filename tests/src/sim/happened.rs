//! Counts of what really happened in a world, recorded where it took effect: a fault that is drawn and breaks
//! nothing does not count. The nodes' answers are counted by code, in `Sent`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

macro_rules! happenings {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// Something that happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Happened {
            $($(#[$meta])* $name,)+
        }

        impl Happened {
            /// All events.
            pub const ALL: &[Happened] = &[$(Happened::$name,)+];
        }
    };
}

happenings! {
    /// A link broke.
    LinkCut,
    /// A frame vanished without anybody noticing.
    FrameLost,
    /// A frame was longer than a node writes at once.
    FrameInPieces,
    /// A frame waited for a device that did not read.
    ReaderStalled,
    /// A device that wanted a link could not reach a node.
    NodeUnreachable,
    /// A device died with a transaction in progress.
    WriteLost,
    /// A device died, and everything that its store kept only once was gone.
    StoreThrownAway,
    /// A device's machine stopped before the system had written what was reported complete.
    MachineStopped,
    /// A transaction of a device found its disk full.
    DiskFull,
    /// A transaction of a device failed temporarily.
    DiskBlocked,
    /// A device started from a former state.
    SetBack,
    /// A node died before its commit.
    DiedBeforeCommit,
    /// A node died after its commit, before anybody was notified.
    DiedAfterCommit,
    /// A frozen node continued.
    NodeWoken,
    /// A call of the store failed.
    StoreUnavailable,
    /// A write took effect, and its node got an error.
    StoreUnanswered,
    /// A write failed for lack of space.
    StoreFull,
    /// A node lost the race for a position.
    Conflict,
    /// A notice was lost.
    NoticeLost,
    /// A notice came twice.
    NoticeTwice,
    /// The app had no token.
    TokenMissing,
    /// A hostile change was refused with the code of its case.
    HostileRefused,
    /// A device whose clock stayed wrong got a message through.
    WrongClockHeard,
    /// The database was restored to a state that lacked messages.
    PutBack,
    /// Messages that the database had lost were in a journal again.
    WordsBack,
    /// A deleted conversation was erased.
    Erased,
    /// A conversation with held messages was deleted, to be erased.
    HeldOverErasure,
    /// A device was away from before a conversation's deletion until its erasure, and learned of the deletion.
    AwayOverErasure,
    /// A device showed the same after a restart without network.
    SameAgain,
    /// A service wrote on behalf of somebody.
    Called,
    /// The document of a conversation was rewritten.
    ConversationSquashed,
    /// The document of a thread was rewritten.
    ThreadSquashed,
    /// A device learned that its pending changes were written on a former generation.
    WaitedOverSquash,
    /// A device was sent the place of a change that precedes its document's generation.
    AnsweredOverSquash,
}

/// The number of times that each event happened.
pub type Counts = BTreeMap<Happened, u32>;

/// The shared counters of a world.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    /// Counts one event.
    pub fn count(&self, happened: Happened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(happened).or_default() += 1;
    }

    /// Counts one event, if it happened.
    pub fn count_if(&self, happened: Happened, did: bool) {
        if did {
            self.count(happened);
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
