//! Counts work that is proportional to a document's length, so that tests can bound it: passes of the library
//! over it, for applying a change and reading the past, copies, and documents looked at.

#[cfg(any(test, feature = "testing"))]
use core::cell::Cell;
use std::sync::Arc;

#[cfg(any(test, feature = "testing"))]
thread_local! {
    static EFFORT: Cell<Effort> = const { Cell::new(Effort { passes: 0, copies: 0, handed: 0, asked: 0 }) };
}

/// Work done by a thread so far.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Passes of the library over a document.
    pub passes: u64,
    /// Copies of documents, or of data with a part for each message.
    pub copies: u64,
    /// Changes given to the library one by one.
    pub handed: u64,
    /// Documents of a stream that were looked at.
    pub asked: u64,
}

#[cfg(any(test, feature = "testing"))]
impl Effort {
    /// The work that this thread does during a call.
    pub fn of<T>(done: impl FnOnce() -> T) -> (T, Effort) {
        let before = EFFORT.get();
        let done = done();
        let after = EFFORT.get();
        let effort = Effort {
            passes: after.passes - before.passes,
            copies: after.copies - before.copies,
            handed: after.handed - before.handed,
            asked: after.asked - before.asked,
        };
        (done, effort)
    }
}

/// Counts a pass.
pub(super) fn pass() {
    #[cfg(any(test, feature = "testing"))]
    EFFORT.set(Effort { passes: EFFORT.get().passes + 1, ..EFFORT.get() });
}

/// Mutable access; copies the value first if it is shared, and counts that.
pub(super) fn own<T: Clone>(shared: &mut Arc<T>) -> &mut T {
    #[cfg(any(test, feature = "testing"))]
    if Arc::strong_count(shared) > 1 {
        EFFORT.set(Effort { copies: EFFORT.get().copies + 1, ..EFFORT.get() });
    }
    Arc::make_mut(shared)
}

/// Counts a change that is given to the library alone.
pub(super) fn hand() {
    #[cfg(any(test, feature = "testing"))]
    EFFORT.set(Effort { handed: EFFORT.get().handed + 1, ..EFFORT.get() });
}

/// Counts a document of a stream that is looked at.
pub(crate) fn ask() {
    #[cfg(any(test, feature = "testing"))]
    EFFORT.set(Effort { asked: EFFORT.get().asked + 1, ..EFFORT.get() });
}
