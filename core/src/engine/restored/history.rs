//! Whether the server goes on telling one history of a stream: what is held has a hash over all
//! of it, and so has each head that is told. Where they differ at one position, what is held is
//! taken for a former incarnation's, so that nothing that a person wrote is lost, and the app hears of it.

use crate::{
    engine::{Engine, Update, streams::loading::Slot},
    ids::{ConversationId, StreamId},
    journal::{Head, Position},
};

impl Engine {
    /// What is held of a conversation, for devices to compare: whoever has the same hash at the same
    /// position was told the same history. None of what is not held, or not known to be the server's.
    pub(in crate::engine) fn tell_head(&mut self, request: u64, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        let head =
            self.loaded_head(&stream).filter(|head| head.position > Position::ZERO && !self.heads.is_former(&stream));
        self.ctx.update(Update::Head { request, head });
    }

    pub(in crate::engine) fn loaded_head(&self, stream: &StreamId) -> Option<Head> {
        match self.streams.get(stream) {
            Some(Slot::Loaded(replica)) if replica.former.is_some() => None,
            Some(Slot::Loaded(replica)) => Some(replica.confirmed.head()),
            Some(Slot::Loading(_)) | None => self.heads.get(stream).map(|head| head.at()),
        }
    }

    /// Compares a head that the server told with what is held. Answers whether it is of another
    /// history; then what is held is a former incarnation's.
    pub(in crate::engine) fn has_another_history(&mut self, stream: &StreamId, told: Head) -> bool {
        if self.streams.quietly(stream).is_some_and(|replica| replica.fetch.is_some()) {
            // The answer is compared, and can be followed by another question.
            return false;
        }
        let held = self.loaded_head(stream).filter(|_| !self.heads.is_former(stream));
        let differs = held.is_some_and(|held| held.position == told.position && held.chain != told.chain);
        if differs {
            self.meet_another_history(stream);
        }
        differs
    }

    /// The same, of the last head that was told of a conversation with its hash.
    pub(in crate::engine) fn has_left_history(&mut self, stream: &StreamId) -> bool {
        let record = stream.conversation().and_then(|conversation| self.inbox.get_mut(&conversation));
        let told = record.and_then(|record| Some(Head { position: record.head, chain: record.chain? }));
        let has_left = told.is_some_and(|told| self.has_another_history(stream, told));
        if has_left && let Some(record) = stream.conversation().and_then(|id| self.inbox.get_mut(&id)) {
            // What comes anew is compared with what is told then.
            record.chain = None;
        }
        has_left
    }

    /// The server has another history of a stream than what is held.
    pub(in crate::engine) fn meet_another_history(&mut self, stream: &StreamId) {
        self.report_history(stream);
        self.make_former(stream);
    }

    /// Where each stream stands that is in memory, as the server admitted it. For tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn histories(&self) -> std::collections::BTreeMap<StreamId, Head> {
        let held = self.streams.replicas().filter(|replica| replica.former.is_none());
        let begun = held.filter(|replica| replica.confirmed.position() > Position::ZERO);
        begun.map(|replica| (replica.confirmed.id().clone(), replica.confirmed.head())).collect()
    }
}
