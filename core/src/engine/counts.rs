//! The cost of inputs, counted where the work is done. Tests bound each number by the size of the
//! change, never by the length of a history or the number of open conversations or people online.

use core::cell::Cell;

/// The work of an engine since it was made, or between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Streams looked at for what changed in them.
    pub streams: u64,
    /// Open timelines looked at.
    pub timelines: u64,
    /// Rows of timelines drawn, whether or not they changed.
    pub rows: u64,
    /// Rows of the list and of timelines looked at to be stored for the next first paint.
    pub stored: u64,
    /// Rows of the list and of timelines looked at because a name changed.
    pub names: u64,
    /// Details of open conversations made from their documents.
    pub details: u64,
    /// Rows of members made for details.
    pub members: u64,
    /// Commands in outboxes looked at.
    pub waiting: u64,
    /// Frames given out to be sent.
    pub frames: u64,
    /// Records given out to be written or deleted.
    pub records: u64,
}

impl Counts {
    /// The work since an earlier moment.
    #[must_use]
    pub fn since(self, earlier: Counts) -> Counts {
        Counts {
            streams: self.streams - earlier.streams,
            timelines: self.timelines - earlier.timelines,
            rows: self.rows - earlier.rows,
            stored: self.stored - earlier.stored,
            names: self.names - earlier.names,
            details: self.details - earlier.details,
            members: self.members - earlier.members,
            waiting: self.waiting - earlier.waiting,
            frames: self.frames - earlier.frames,
            records: self.records - earlier.records,
        }
    }
}

/// Counts that can be added to through a shared reference.
#[derive(Debug, Default)]
pub(super) struct Counter(Cell<Counts>);

impl Counter {
    pub(super) fn get(&self) -> Counts {
        self.0.get()
    }

    pub(super) fn add(&self, add: impl FnOnce(&mut Counts)) {
        let mut counts = self.0.get();
        add(&mut counts);
        self.0.set(counts);
    }
}
