//! What an administrator of the tenant looks at without a part in it: the server tells of a
//! conversation as long as it is shown here, it is on no list, and when no screen shows it any
//! more, and everything that was written there is answered, nothing of it is held.

use crate::{
    engine::{Engine, context::Context, streams::loading::Slot},
    ids::{ConversationId, StreamId},
    model::MemberStatus,
    sorted::SortedSet,
    wire::ClientFrame,
};

/// Conversations that the server was asked to tell of though the account is no member.
#[derive(Debug, Default)]
pub(in crate::engine) struct Watched(SortedSet<ConversationId>);

impl Watched {
    pub(in crate::engine) fn add(&mut self, conversation: ConversationId) {
        self.0.insert(conversation);
    }

    /// The link is lost, and the server tells nothing more.
    pub(in crate::engine) fn reset(&mut self) {
        self.0.clear();
    }

    /// The server need not tell of it any more.
    pub(in crate::engine) fn end(&mut self, ctx: &mut Context, conversation: ConversationId) {
        if self.0.remove(&conversation) {
            ctx.send(&ClientFrame::Unwatch(conversation));
        }
    }
}

impl Engine {
    /// Whether the server has to be asked to tell of a stream, since it tells members only.
    pub(in crate::engine) fn watches(&self, stream: &StreamId) -> bool {
        let Some(conversation) = stream.conversation() else { return false };
        let row = self.inbox.get(&conversation).map(|record| record.row.status);
        self.ctx.session.administrator && self.open.shows(conversation) && row != Some(MemberStatus::Active)
    }

    /// Asks the server to tell of a conversation from now on, if it has to be and was not.
    pub(in crate::engine) fn watch(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        if self.watches(&stream) && !self.requests.watched.0.contains(&conversation) {
            self.fetch_stream(&stream);
        }
    }

    /// A screen that showed something of a conversation is closed.
    pub(in crate::engine) fn end_watch(&mut self, conversation: ConversationId) {
        if !self.open.shows(conversation) {
            self.requests.watched.end(&mut self.ctx, conversation);
            // The end of the input looks whether it is to be held.
            self.streams.get_mut(&StreamId::Conversation(conversation));
        }
    }

    /// Whether a stream is held without being on the list, or the own account's.
    pub(in crate::engine) fn is_unlisted(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Conversation(conversation) => !self.inbox.contains_key(conversation),
            StreamId::Account(account) => *account != self.ctx.session.account,
        }
    }

    /// Lets go of streams that are on no list, if nothing here needs them.
    pub(in crate::engine) fn drop_unlisted(&mut self, streams: impl IntoIterator<Item = StreamId>) {
        for stream in streams {
            let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { continue };
            let is_shown = stream.conversation().is_some_and(|conversation| self.open.shows(conversation));
            let is_asked_for = replica.fetch.is_some() || !replica.loading.is_empty();
            let is_awaited = !replica.outbox.is_empty() || self.commands.awaits_whole(&stream);
            if self.is_unlisted(&stream) && !is_shown && !is_asked_for && !is_awaited {
                self.drop_loaded(&stream);
            }
        }
    }
}
