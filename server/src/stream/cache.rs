//! The bound on documents in memory, of all streams of this node together.
//! Each task tells how much it holds; one that finds the node over its bound
//! lets go of what it holds.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes of documents the tasks hold, and may hold.
#[derive(Debug)]
pub struct CacheBudget {
    used: AtomicUsize,
    max: usize,
}

impl CacheBudget {
    /// A budget of this many bytes.
    pub fn new(max: usize) -> Self {
        Self { used: AtomicUsize::new(0), max }
    }

    /// Whether more is held than may be.
    pub fn is_exceeded(&self) -> bool {
        self.used() > self.max
    }

    /// The bytes that may be held.
    pub fn max(&self) -> usize {
        self.max
    }

    /// The bytes held.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// What one task holds, given back when dropped.
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
