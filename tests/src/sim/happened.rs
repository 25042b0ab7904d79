//! What really happened in a world, counted where it took effect: a fault that
//! is drawn, and finds nothing to break, is none. What nodes answered is
//! counted by code, with what they told.

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
            /// All that can.
            pub const ALL: &[Happened] = &[$(Happened::$name,)+];
        }
    };
}

happenings! {
    /// A link broke.
    LinkCut,
    /// A frame vanished, and nobody was told.
    FrameLost,
    /// A frame was longer than a node writes at once.
    FrameInPieces,
    /// A frame waited for a device that took none.
    ReaderStalled,
    /// A device that wanted a link could not reach a node.
    NodeUnreachable,
    /// A device died with a transaction under way.
    WriteLost,
    /// A device died, and all that its store held but once was gone.
    StoreThrownAway,
    /// A device's machine stopped before the system had written what the store had been told is complete.
    MachineStopped,
    /// A transaction of a device found its disk full.
    DiskFull,
    /// A transaction of a device failed, and would not the next time.
    DiskBlocked,
    /// A device started from a former state.
    SetBack,
    /// A node died before its commit.
    DiedBeforeCommit,
    /// A node died after its commit, and nobody had been told.
    DiedAfterCommit,
    /// A node that had stood still went on.
    NodeWoken,
    /// A call of the store failed.
    StoreUnavailable,
    /// A write took effect, and its node was told that it failed.
    StoreUnanswered,
    /// A write found no space.
    StoreFull,
    /// A node lost the race for a position.
    Conflict,
    /// A notice was lost.
    NoticeLost,
    /// A notice came twice.
    NoticeTwice,
    /// The app had no token.
    TokenMissing,
    /// A hostile change was refused, with the code of its case.
    HostileRefused,
    /// A device whose clock was wrong to the end was heard.
    WrongClockHeard,
    /// The database was put back to a state in which words were lacking that it had.
    PutBack,
    /// Words that the database had lost were in a journal again.
    WordsBack,
    /// A conversation that was deleted was erased.
    Erased,
    /// A conversation was deleted in which words were held, to be erased.
    HeldOverErasure,
    /// A device that listed it was away from before its deletion was told until it was erased.
    AwayOverErasure,
    /// A device showed the same after it started again, with no network.
    SameAgain,
    /// The document of a conversation was written anew.
    ConversationSquashed,
    /// The document of a thread was written anew.
    ThreadSquashed,
    /// A device was told that what waited there was written on a former generation.
    WaitedOverSquash,
    /// A device was told where something stands that was admitted before the generation of its document.
    AnsweredOverSquash,
}

/// How often what happened.
pub type Counts = BTreeMap<Happened, u32>;

/// Where all of a world count.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    /// Counts one.
    pub fn count(&self, happened: Happened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(happened).or_default() += 1;
    }

    /// Counts one, if it did happen.
    pub fn count_if(&self, happened: Happened, did: bool) {
        if did {
            self.count(happened);
        }
    }

    /// All that was counted.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
