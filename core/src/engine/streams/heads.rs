//! Where each held stream stands, and of which incarnation of the server's store that is.

use crate::{
    engine::store::record::HeadRecord,
    ids::{IncarnationId, StreamId},
    journal::Position,
    sorted::{SortedMap, SortedSet},
};

/// Invariant: a stream is held that has a head here, in memory or in the store.
#[derive(Debug, Default)]
pub(in crate::engine) struct Heads {
    records: SortedMap<StreamId, HeadRecord>,
    /// Those that the end of the input stores.
    changed: SortedSet<StreamId>,
    /// What the server's store was when it was last told.
    incarnation: Option<IncarnationId>,
}

impl Heads {
    pub(in crate::engine) fn contains_key(&self, stream: &StreamId) -> bool {
        self.records.contains_key(stream)
    }

    pub(in crate::engine) fn get(&self, stream: &StreamId) -> Option<&HeadRecord> {
        self.records.get(stream)
    }

    pub(in crate::engine) fn keys(&self) -> impl Iterator<Item = &StreamId> {
        self.records.keys()
    }

    /// Puts one in its place, as it is stored.
    pub(in crate::engine) fn set(&mut self, stream: StreamId, head: HeadRecord) {
        self.records.insert(stream, head);
    }

    /// A stream is held from now on.
    pub(in crate::engine) fn begin(&mut self, stream: &StreamId) {
        self.records.entry(stream.clone()).or_default();
    }

    /// Nothing of a stream is held any more.
    pub(in crate::engine) fn remove(&mut self, stream: &StreamId) {
        self.records.remove(stream);
        self.changed.remove(stream);
    }

    /// The end of the input stores where a stream stands.
    pub(in crate::engine) fn change(&mut self, stream: &StreamId) {
        self.changed.insert(stream.clone());
    }

    pub(in crate::engine) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    pub(in crate::engine) fn drain_changed(&mut self) -> SortedSet<StreamId> {
        core::mem::take(&mut self.changed)
    }

    pub(in crate::engine) fn incarnation(&self) -> Option<IncarnationId> {
        self.incarnation
    }

    pub(in crate::engine) fn set_incarnation(&mut self, incarnation: Option<IncarnationId>) {
        self.incarnation = incarnation;
    }

    /// Whether what is held of a stream is of another incarnation than the server's.
    pub(in crate::engine) fn is_former(&self, stream: &StreamId) -> bool {
        let head = self.records.get(stream).filter(|head| head.position > Position::ZERO);
        self.incarnation.is_some() && head.is_some_and(|head| head.incarnation != self.incarnation)
    }

    /// What is held of a stream is of another incarnation, whatever the server says.
    pub(in crate::engine) fn make_former(&mut self, stream: &StreamId) {
        if let Some(head) = self.records.get_mut(stream) {
            (head.incarnation, head.given_back) = (None, None);
            self.changed.insert(stream.clone());
        }
    }

    /// The words that this incarnation lacks are given back; tells whether they were not before.
    pub(in crate::engine) fn give_back(&mut self, stream: &StreamId) -> bool {
        let head = self.records.entry(stream.clone()).or_default();
        let is_new = core::mem::replace(&mut head.given_back, self.incarnation) != self.incarnation;
        if is_new {
            self.changed.insert(stream.clone());
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConversationId;

    #[test]
    fn what_is_held_is_a_former_incarnations_until_it_is_stored_with_this_one() {
        let stream = StreamId::Conversation(ConversationId::from_bytes([1; 16]));
        let [former, current] = [1, 2].map(|number| IncarnationId::from_bytes([number; 16]));
        let head = |incarnation| HeadRecord {
            position: Position::new(3),
            incarnation: Some(incarnation),
            ..HeadRecord::default()
        };
        let mut heads = Heads::default();
        heads.set(stream.clone(), head(former));
        assert!(!heads.is_former(&stream), "nobody has told which one is the server's");
        heads.set_incarnation(Some(current));
        assert!(heads.is_former(&stream));
        heads.set(stream.clone(), head(current));
        assert!(!heads.is_former(&stream));
        heads.make_former(&stream);
        assert!(heads.is_former(&stream) && heads.has_changed());
        assert!(heads.give_back(&stream));
        assert!(!heads.give_back(&stream), "once in an incarnation");
        heads.remove(&stream);
        assert!(!heads.is_former(&stream) && !heads.has_changed());
    }
}
