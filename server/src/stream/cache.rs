//! The limit on documents in memory, over all streams of this node. Each task reports its usage; a task that
//! finds the node over the limit unloads its own.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of documents in memory, and the limit.
#[derive(Debug)]
pub struct CacheBudget {
    used: AtomicUsize,
    max: usize,
}

impl CacheBudget {
    /// A limit in bytes.
    pub fn new(max: usize) -> Self {
        Self { used: AtomicUsize::new(0), max }
    }

    /// Returns true if usage exceeds the limit.
    pub fn is_exceeded(&self) -> bool {
        self.used() > self.max
    }

    /// The limit in bytes.
    pub fn max(&self) -> usize {
        self.max
    }

    /// The bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Usage of one task, returned when dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    budget: &'a CacheBudget,
    bytes: usize,
}

impl<'a> Held<'a> {
    pub(super) fn nothing(budget: &'a CacheBudget) -> Self {
        Self { budget, bytes: 0 }
    }

    pub(super) fn set(&mut self, bytes: usize) {
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_task_held_is_free_again_when_it_ends() {
        let budget = CacheBudget::new(100);
        let mut one = Held::nothing(&budget);
        let mut other = Held::nothing(&budget);
        one.set(60);
        other.set(60);
        assert!(budget.is_exceeded());
        one.set(10);
        assert_eq!(budget.used(), 70);
        drop(other);
        drop(one);
        assert_eq!(budget.used(), 0);
    }
}
