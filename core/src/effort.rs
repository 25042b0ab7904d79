//! Counts work that grows with what there is, so that tests can bound it: passes of the library over a document,
//! for applying a change and reading the past, copies, and what is looked at one after another.

#[cfg(test)]
use core::cell::Cell;
use std::sync::Arc;

#[cfg(test)]
thread_local! {
    static EFFORT: Cell<Effort> = const { Cell::new(Effort { passes: 0, copies: 0, handed: 0, asked: 0, walked: 0 }) };
}

/// Work done by a thread so far.
#[cfg(test)]
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
    /// Entries of sorted maps that were looked at one after another.
    pub walked: u64,
}

#[cfg(test)]
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
            walked: after.walked - before.walked,
        };
        (done, effort)
    }
}

/// Counts a pass.
pub(crate) fn pass() {
    #[cfg(test)]
    EFFORT.set(Effort { passes: EFFORT.get().passes + 1, ..EFFORT.get() });
}

/// Mutable access; copies the value first if it is shared, and counts that.
pub(crate) fn own<T: Clone>(shared: &mut Arc<T>) -> &mut T {
    #[cfg(test)]
    if Arc::strong_count(shared) > 1 {
        EFFORT.set(Effort { copies: EFFORT.get().copies + 1, ..EFFORT.get() });
    }
    Arc::make_mut(shared)
}

/// Counts a change that is given to the library alone.
pub(crate) fn hand() {
    #[cfg(test)]
    EFFORT.set(Effort { handed: EFFORT.get().handed + 1, ..EFFORT.get() });
}

/// Counts a document of a stream that is looked at.
pub(crate) fn ask() {
    #[cfg(test)]
    EFFORT.set(Effort { asked: EFFORT.get().asked + 1, ..EFFORT.get() });
}

/// Counts an entry of a sorted map that is looked at after another.
pub(crate) fn walk() {
    #[cfg(test)]
    EFFORT.set(Effort { walked: EFFORT.get().walked + 1, ..EFFORT.get() });
}
