//! Unique values: a map with empty values.

use core::{
    borrow::Borrow,
    fmt,
    iter::{Flatten, Map},
};
use std::vec;

use super::map::{Iter, SortedMap};

/// Unique values, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct SortedSet<T> {
    values: SortedMap<T, ()>,
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> SortedSet<T> {
    /// An empty set.
    pub const fn new() -> Self {
        Self { values: SortedMap::new() }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns true if there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Removes every value.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// The values, rising.
    pub fn iter(&self) -> Keys<'_, T> {
        Keys(self.values.iter())
    }

    /// The least value.
    pub fn first(&self) -> Option<&T> {
        self.iter().next()
    }

    /// The greatest value.
    pub fn last(&self) -> Option<&T> {
        self.iter().next_back()
    }

    /// Removes the least value.
    pub fn pop_first(&mut self) -> Option<T> {
        self.values.pop_first().map(|(value, ())| value)
    }

    /// Keeps the values for which `keeps` returns true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.values.retain(|value, ()| keeps(value));
    }
}

impl<T: Ord> SortedSet<T> {
    /// Adds a value. Returns true if it was not there.
    pub fn insert(&mut self, value: T) -> bool {
        self.values.insert(value, ()).is_none()
    }

    /// Removes a value. Returns true if it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.values.remove(value).is_some()
    }

    /// Returns true if a value is there.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.values.contains_key(value)
    }

    /// The values that the other set lacks, rising.
    pub fn difference<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s T> {
        self.iter().filter(|value| !other.contains(*value))
    }

    /// The values that are in both sets, rising.
    pub fn intersection<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s T> {
        self.iter().filter(|value| other.contains(*value))
    }
}

/// The values of a set, rising.
pub struct Keys<'s, T>(Iter<'s, T, ()>);

impl<T> Clone for Keys<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'s, T> Iterator for Keys<'s, T> {
    type Item = &'s T;

    fn next(&mut self) -> Option<&'s T> {
        self.0.next().map(|(value, ())| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> DoubleEndedIterator for Keys<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(value, ())| value)
    }
}

impl<T> ExactSizeIterator for Keys<'_, T> {}

impl<'s, T> IntoIterator for &'s SortedSet<T> {
    type Item = &'s T;
    type IntoIter = Keys<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = Map<Flatten<vec::IntoIter<Vec<(T, ())>>>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter().map(|(value, ())| value)
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<'t, T: Ord + Copy + 't> Extend<&'t T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = &'t T>>(&mut self, values: I) {
        self.extend(values.into_iter().copied());
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = Self::new();
        set.extend(values);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: fmt::Debug> fmt::Debug for SortedSet<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self).finish()
    }
}
