//! Values under unique keys.

use core::{
    borrow::Borrow,
    fmt,
    iter::{Flatten, Map},
    ops::Index,
    slice,
};
use std::vec;

use crate::effort;

/// Values under unique keys, in the order of the keys.
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// None is empty, and the keys of each are greater than those of the previous one.
    runs: Vec<Vec<(K, V)>>,
    len: usize,
}

/// Maximum entries of a run: a longer one is split in half.
const RUN: usize = 64;

/// The place where a key is, or would be.
struct Place {
    run: usize,
    index: usize,
    is_taken: bool,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { runs: Vec::new(), len: 0 }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes every entry.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The entries, rising.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { runs: self.runs.iter(), front: [].iter(), back: [].iter(), len: self.len }
    }

    /// The entries in rising order, with mutable values.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.runs.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    /// The keys, rising.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The values, mutable, in the order of their keys.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.runs.iter_mut().flatten().map(|(_, value)| value)
    }

    /// The keys, rising.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.into_iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn into_values(self) -> IntoValues<K, V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// The entry of the least key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The entry of the greatest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// Removes the entry of the least key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (self.len > 0).then(|| self.take(&Place { run: 0, index: 0, is_taken: true }))
    }

    /// Removes and returns the entries for which `is_removed` returns true.
    pub fn extract_if(&mut self, mut is_removed: impl FnMut(&K, &mut V) -> bool) -> Vec<(K, V)> {
        let mut removed = Vec::new();
        for run in &mut self.runs {
            removed.extend(run.extract_if(.., |(key, value)| is_removed(key, value)));
        }
        self.tidy();
        removed
    }

    /// Keeps the entries for which `keeps` returns true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&K, &mut V) -> bool) {
        for run in &mut self.runs {
            run.retain_mut(|(key, value)| keeps(key, value));
        }
        self.tidy();
    }

    /// Removes empty runs after entries were removed from several.
    fn tidy(&mut self) {
        self.runs.retain(|run| !run.is_empty());
        self.len = self.runs.iter().map(Vec::len).sum();
    }

    #[cfg(test)]
    pub(super) fn runs_are_short_and_none_is_empty(&self) -> bool {
        self.runs.iter().all(|run| (1..=RUN).contains(&run.len()))
    }

    /// Removes the entry at an occupied place.
    fn take(&mut self, place: &Place) -> (K, V) {
        let run = &mut self.runs[place.run];
        let entry = run.remove(place.index);
        if run.is_empty() {
            self.runs.remove(place.run);
        }
        self.len -= 1;
        entry
    }

    /// Inserts an entry at the vacant place of its key; returns its value.
    fn put(&mut self, place: &Place, entry: (K, V)) -> &mut V {
        self.len += 1;
        let Place { mut run, mut index, .. } = *place;
        if self.runs.is_empty() {
            self.runs.push(Vec::new());
        }
        if self.runs[run].len() == RUN {
            // A map that only grows at its end keeps its runs full.
            let is_last = run + 1 == self.runs.len() && index == RUN;
            let half = if is_last { RUN } else { RUN / 2 };
            let after = self.runs[run].split_off(half);
            self.runs.insert(run + 1, after);
            if index > half || is_last {
                (run, index) = (run + 1, index - half);
            }
        }
        let run = &mut self.runs[run];
        run.insert(index, entry);
        &mut run[index].1
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The place where a key is, or would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        let is_before = |run: &Vec<(K, V)>| run.last().is_some_and(|(last, _)| last.borrow() < key);
        let run = self.runs.partition_point(is_before).min(self.runs.len().saturating_sub(1));
        let found = match self.runs.get(run) {
            Some(run) => run.binary_search_by(|(own, _)| own.borrow().cmp(key)),
            None => Err(0),
        };
        Place { run, index: found.unwrap_or_else(|index| index), is_taken: found.is_ok() }
    }

    /// The entry of a key, with the map's own key.
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        place.is_taken.then(|| &self.runs[place.run][place.index]).map(|(key, value)| (key, value))
    }

    /// The value under a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The value under a key, mutable.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        place.is_taken.then(|| &mut self.runs[place.run][place.index].1)
    }

    /// Returns true if there is a value under a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_taken
    }

    /// Puts a value under a key; returns the previous one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.place(&key);
        if place.is_taken {
            return Some(core::mem::replace(&mut self.runs[place.run][place.index].1, value));
        }
        self.put(&place, (key, value));
        None
    }

    /// Removes and returns the value under a key.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        place.is_taken.then(|| self.take(&place).1)
    }

    /// The place of a key, with or without a value.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place(&key);
        Entry { map: self, key, place }
    }

    /// The entries from a key on.
    pub fn range_from<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        let Some((run, after)) = self.runs.get(place.run..).and_then(<[_]>::split_first) else {
            return self.iter();
        };
        let before: usize = self.runs[..place.run].iter().map(Vec::len).sum();
        let len = self.len - before - place.index;
        Iter { runs: after.iter(), front: run[place.index..].iter(), back: [].iter(), len }
    }

    /// The values from a key on, mutable.
    pub fn range_from_mut<'m, Q: Ord + ?Sized>(
        &'m mut self,
        key: &Q,
    ) -> impl Iterator<Item = &'m mut V> + use<'m, K, V, Q>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        let (first, after) = match self.runs.get_mut(place.run..).and_then(<[_]>::split_first_mut) {
            Some((first, after)) => (&mut first[place.index..], after),
            None => (&mut [][..], &mut [][..]),
        };
        first.iter_mut().chain(after.iter_mut().flatten()).map(|(_, value)| value)
    }
}

/// The place of a key in a map.
pub struct Entry<'m, K, V> {
    map: &'m mut SortedMap<K, V>,
    key: K,
    place: Place,
}

impl<'m, K: Ord, V> Entry<'m, K, V> {
    /// The value there, inserting one if there is none.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'m mut V {
        let Self { map, key, place } = self;
        match place.is_taken {
            true => &mut map.runs[place.run][place.index].1,
            false => map.put(&place, (key, value())),
        }
    }

    /// The value there, inserting one if there is none.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// The value there, inserting the default if there is none.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// The entries of a map, rising.
pub struct Iter<'m, K, V> {
    runs: slice::Iter<'m, Vec<(K, V)>>,
    front: slice::Iter<'m, (K, V)>,
    back: slice::Iter<'m, (K, V)>,
    len: usize,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { runs: self.runs.clone(), front: self.front.clone(), back: self.back.clone(), len: self.len }
    }
}

impl<'m, K, V> Iterator for Iter<'m, K, V> {
    type Item = (&'m K, &'m V);

    fn next(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        effort::walk();
        if self.front.len() == 0 {
            self.front = self.runs.next().map_or_else(|| self.back.clone(), |run| run.iter());
        }
        self.front.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        effort::walk();
        if self.back.len() == 0 {
            self.back = self.runs.next_back().map_or_else(|| self.front.clone(), |run| run.iter());
        }
        self.back.next_back().map(|(key, value)| (key, value))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<'m, K, V> IntoIterator for &'m SortedMap<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The values of a map, in the order of their keys.
pub type IntoValues<K, V> = Map<Flatten<vec::IntoIter<Vec<(K, V)>>>, fn((K, V)) -> V>;

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = Flatten<vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.runs.into_iter().flatten()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("there is a value under the key")
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}
