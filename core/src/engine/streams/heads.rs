//! The journal head of each stream on this device, and the incarnation of the server's store it belongs to.

use crate::{
    engine::store::record::StreamHeadRecord,
    ids::{ConversationId, IncarnationId, StreamId},
    journal::{Cursor, Position},
    sorted::{SortedMap, SortedSet},
};

/// Invariant: a stream is on this device, in memory or in the store, if and only if it has a head here.
#[derive(Debug, Default)]
pub(in crate::engine) struct StreamHeads {
    records: SortedMap<StreamId, StreamHeadRecord>,
    /// Stored at the end of the input.
    changed: SortedSet<StreamId>,
    /// The incarnation of the server's store in its last Welcome.
    incarnation: Option<IncarnationId>,
    /// Streams with an entry that came after the cursor, which a catch-up from there therefore tells of. After a
    /// start, the heads that were stored with that cursor are of such streams.
    moved: SortedSet<StreamId>,
    /// Those of them of whose entries the server has not told since the catch-up began.
    untold: SortedSet<StreamId>,
}

impl StreamHeads {
    pub(in crate::engine) fn contains_key(&self, stream: &StreamId) -> bool {
        self.records.contains_key(stream)
    }

    pub(in crate::engine) fn get(&self, stream: &StreamId) -> Option<&StreamHeadRecord> {
        self.records.get(stream)
    }

    pub(in crate::engine) fn keys(&self) -> impl Iterator<Item = &StreamId> {
        self.records.keys()
    }

    pub(in crate::engine) fn set(&mut self, stream: StreamId, head: StreamHeadRecord) {
        self.records.insert(stream, head);
    }

    /// A stream is on this device from now on.
    pub(in crate::engine) fn begin(&mut self, stream: &StreamId) {
        self.records.entry(stream.clone()).or_default();
    }

    /// A stream is no longer on this device.
    pub(in crate::engine) fn remove(&mut self, stream: &StreamId) {
        self.records.remove(stream);
        self.changed.remove(stream);
        self.moved.remove(stream);
        self.untold.remove(stream);
    }

    /// The end of the input stores the head.
    pub(in crate::engine) fn change(&mut self, stream: &StreamId) {
        self.changed.insert(stream.clone());
    }

    pub(in crate::engine) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    pub(in crate::engine) fn drain_changed(&mut self) -> SortedSet<StreamId> {
        core::mem::take(&mut self.changed)
    }

    /// An entry of the stream came over the link, or that the account is out of it. Returns whether the server had told
    /// nothing of its entries since the catch-up began.
    pub(in crate::engine) fn moved(&mut self, stream: &StreamId) -> bool {
        self.moved.insert(stream.clone());
        self.told(stream)
    }

    /// The server told of the entries of the stream, up to the last one. Returns whether it had not since the catch-up
    /// began.
    pub(in crate::engine) fn told(&mut self, stream: &StreamId) -> bool {
        self.untold.remove(stream)
    }

    /// The cursor to store with a head.
    pub(in crate::engine) fn moved_after(&self, stream: &StreamId, cursor: Option<Cursor>) -> Option<Cursor> {
        match self.moved.contains(stream) || self.untold.contains(stream) {
            true => cursor,
            false => self.records.get(stream)?.moved_after,
        }
    }

    /// A catch-up begins at the cursor.
    pub(in crate::engine) fn begin_catch_up(&mut self, cursor: Option<Cursor>) {
        let has_moved = |(_, head): &(&StreamId, &StreamHeadRecord)| cursor.is_some() && head.moved_after == cursor;
        let stored = self.records.iter().filter(has_moved).map(|(stream, _)| stream.clone());
        self.untold.extend(stored.chain(core::mem::take(&mut self.moved)));
    }

    /// The cursor is one behind all that was told: what was not yet is still to be, by a catch-up from there as well.
    pub(in crate::engine) fn caught_up(&mut self) {
        self.moved.clear();
        self.changed.extend(self.untold.iter().cloned());
    }

    pub(in crate::engine) fn untold(&self) -> &SortedSet<StreamId> {
        &self.untold
    }

    pub(in crate::engine) fn incarnation(&self) -> Option<IncarnationId> {
        self.incarnation
    }

    pub(in crate::engine) fn set_incarnation(&mut self, incarnation: Option<IncarnationId>) {
        self.incarnation = incarnation;
    }

    /// Whether the stream on this device is of another incarnation than the server's.
    pub(in crate::engine) fn is_former(&self, stream: &StreamId) -> bool {
        let head = self.records.get(stream).filter(|head| head.position > Position::ZERO);
        self.incarnation.is_some() && head.is_some_and(|head| head.incarnation != self.incarnation)
    }

    /// The conversations of a former incarnation whose words, as far as this one lacks them, are not given back.
    pub(in crate::engine) fn owed(&self) -> impl Iterator<Item = ConversationId> {
        let is_owed = |(stream, head): &(&StreamId, &StreamHeadRecord)| {
            self.is_former(stream) && head.given_back != self.incarnation
        };
        self.records.iter().filter(is_owed).filter_map(|(stream, _)| stream.conversation())
    }

    /// Treats a stream as one of a former incarnation, whatever the server says.
    pub(in crate::engine) fn make_former(&mut self, stream: &StreamId) {
        if let Some(head) = self.records.get_mut(stream) {
            (head.incarnation, head.given_back) = (None, None);
            self.changed.insert(stream.clone());
        }
    }

    /// Notes that the words this incarnation lacks are given back. Returns false if they were already.
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

    #[test]
    fn what_is_held_is_a_former_incarnations_until_it_is_stored_with_this_one() {
        let stream = StreamId::Conversation(ConversationId::from_bytes([1; 16]));
        let [former, current] = [1, 2].map(|number| IncarnationId::from_bytes([number; 16]));
        let head = |incarnation| StreamHeadRecord {
            position: Position::new(3),
            incarnation: Some(incarnation),
            ..StreamHeadRecord::default()
        };
        let mut heads = StreamHeads::default();
        heads.set(stream.clone(), head(former));
        assert!(!heads.is_former(&stream), "nobody has told which one is the server's");
        heads.set_incarnation(Some(current));
        assert!(heads.is_former(&stream));
        heads.set(stream.clone(), head(current));
        assert!(!heads.is_former(&stream));
        heads.make_former(&stream);
        assert!(heads.is_former(&stream) && heads.has_changed());
        assert_eq!(heads.owed().count(), 1);
        assert!(heads.give_back(&stream));
        assert!(!heads.give_back(&stream), "once in an incarnation");
        assert_eq!(heads.owed().count(), 0);
        heads.remove(&stream);
        assert!(!heads.is_former(&stream) && !heads.has_changed());
    }
}
