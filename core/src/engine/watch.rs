//! What an administrator of the tenant looks at without a part in it: the server tells of a
//! conversation as long as it is shown here, it is on no list, and when no screen shows it any
//! more, and everything that was written there is answered, nothing of it is held.

use crate::{
    engine::{Engine, streams::Slot},
    ids::{ConversationId, StreamId},
    model::MemberStatus,
    wire::ClientFrame,
};

impl Engine {
    /// Whether the server has to be asked to tell of a stream, since it tells members only.
    pub(super) fn watches(&self, stream: &StreamId) -> bool {
        let Some(conversation) = stream.conversation() else { return false };
        let row = self.inbox.get(&conversation).map(|record| record.row.status);
        self.ctx.session.administrator && self.open.shows(conversation) && row != Some(MemberStatus::Active)
    }

    /// Asks the server to tell of a conversation from now on, if it has to be and was not.
    pub(super) fn watch(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        if self.watches(&stream) && !self.watched.contains(&conversation) {
            self.fetch_stream(&stream);
        }
    }

    /// The server need not tell of it any more.
    pub(super) fn unwatch(&mut self, conversation: ConversationId) {
        if self.watched.remove(&conversation) {
            self.ctx.send(&ClientFrame::Unwatch(conversation));
        }
    }

    /// A screen that showed something of a conversation is closed.
    pub(super) fn end_watch(&mut self, conversation: ConversationId) {
        if !self.open.shows(conversation) {
            self.unwatch(conversation);
            // The end of the input looks whether it is to be held.
            self.streams.get_mut(&StreamId::Conversation(conversation));
        }
    }

    /// Whether a stream is held without being on the list, or the own account's.
    pub(super) fn is_unlisted(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Conversation(conversation) => !self.inbox.contains_key(conversation),
            StreamId::Account(account) => *account != self.ctx.session.account,
        }
    }

    /// Lets go of streams that are on no list, if nothing here needs them.
    pub(super) fn let_go_unlisted(&mut self, streams: impl IntoIterator<Item = StreamId>) {
        for stream in streams {
            let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { continue };
            let is_shown = stream.conversation().is_some_and(|conversation| self.open.shows(conversation));
            let is_asked_for = replica.fetch.is_some() || !replica.holding.is_empty();
            let is_awaited = !replica.outbox.is_empty() || self.waiting_for_whole.contains_key(&stream);
            if self.is_unlisted(&stream) && !is_shown && !is_asked_for && !is_awaited {
                self.drop_held(&stream);
            }
        }
    }
}
