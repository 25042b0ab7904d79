//! Checking that the server keeps to one history of a stream: journal heads have a hash over all entries.
//! If the hashes of both sides differ at a position, the replica is treated as one of a former
//! incarnation, so that nothing that a person wrote is lost, and the fault is reported.

use crate::{
    engine::{Engine, Update, streams::loading::Slot},
    ids::{ConversationId, StreamId},
    journal::{Head, Position},
};

impl Engine {
    /// The journal head of a conversation, for devices to compare: the same hash at the same position
    /// means the same history. None if nothing of it is here, or not of this incarnation.
    pub(in crate::engine) fn report_journal_head(&mut self, request: u64, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        let head = self
            .journal_head(&stream)
            .filter(|head| head.position > Position::ZERO && !self.stream_heads.is_former(&stream));
        self.ctx.update(Update::Head { request, head });
    }

    pub(in crate::engine) fn journal_head(&self, stream: &StreamId) -> Option<Head> {
        match self.streams.get(stream) {
            Some(Slot::Loaded(replica)) if replica.former.is_some() => None,
            Some(Slot::Loaded(replica)) => Some(replica.confirmed.head()),
            Some(Slot::Loading(_)) | None => self.stream_heads.get(stream).map(|head| head.at()),
        }
    }

    /// Compares the server's journal head with the replica. Returns whether it is of another history;
    /// then the replica is treated as one of a former incarnation.
    pub(in crate::engine) fn has_another_history(&mut self, stream: &StreamId, sent: Head) -> bool {
        if self.streams.quietly(stream).is_some_and(|replica| replica.is_fetching()) {
            // The answer to the fetch is compared instead, and can be followed by another fetch.
            return false;
        }
        let held = self.journal_head(stream).filter(|_| !self.stream_heads.is_former(stream));
        let differs = held.is_some_and(|held| held.position == sent.position && held.chain != sent.chain);
        if differs {
            self.meet_another_history(stream);
        }
        differs
    }

    /// As `has_another_history`, for the last journal head that the server sent with its hash.
    pub(in crate::engine) fn has_left_history(&mut self, stream: &StreamId) -> bool {
        let record = stream.conversation().and_then(|conversation| self.inbox.get_mut(&conversation));
        let sent = record.and_then(|record| Some(Head { position: record.journal_head, chain: record.chain? }));
        let has_left = sent.is_some_and(|sent| self.has_another_history(stream, sent));
        if has_left && let Some(record) = stream.conversation().and_then(|id| self.inbox.get_mut(&id)) {
            // The stream fetched anew is compared with the head that is sent then.
            record.chain = None;
        }
        has_left
    }

    /// The server has another history of a stream than the replica.
    pub(in crate::engine) fn meet_another_history(&mut self, stream: &StreamId) {
        self.report_history(stream);
        self.make_former(stream);
    }

    /// The journal head of each stream in memory, as the server admitted it. For tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn histories(&self) -> std::collections::BTreeMap<StreamId, Head> {
        let held = self.streams.replicas().filter(|replica| replica.former.is_none());
        let begun = held.filter(|replica| replica.confirmed.position() > Position::ZERO);
        begun.map(|replica| (replica.confirmed.id().clone(), replica.confirmed.head())).collect()
    }
}
