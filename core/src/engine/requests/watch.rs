//! Conversations that an administrator of the tenant looks at without being a member. The server sends
//! their entries while they are shown. They are on no list, and are dropped once no screen shows
//! them and every command in them is answered.

use crate::{
    engine::{Engine, context::Context, streams::loading::Slot},
    ids::{ConversationId, StreamId},
    model::MemberStatus,
    sorted::SortedSet,
    wire::ClientFrame,
};

/// Conversations whose entries the server was asked to send though the account is no member.
#[derive(Debug, Default)]
pub(in crate::engine) struct Watched(SortedSet<ConversationId>);

impl Watched {
    pub(in crate::engine) fn add(&mut self, conversation: ConversationId) {
        self.0.insert(conversation);
    }

    pub(in crate::engine) fn reset(&mut self) {
        self.0.clear();
    }

    pub(in crate::engine) fn end(&mut self, ctx: &mut Context, conversation: ConversationId) {
        if self.0.remove(&conversation) {
            ctx.send(&ClientFrame::Unwatch(conversation));
        }
    }
}

impl Engine {
    /// Whether the server has to be asked for the entries of a stream: it sends them to members only.
    pub(in crate::engine) fn watches(&self, stream: &StreamId) -> bool {
        let Some(conversation) = stream.conversation() else { return false };
        let row = self.inbox.get(&conversation).map(|record| record.row.status);
        self.ctx.session.administrator && self.open.shows(conversation) && row != Some(MemberStatus::Active)
    }

    /// Asks the server for the entries of a conversation from now on, if it has to be asked and was not.
    pub(in crate::engine) fn watch(&mut self, conversation: ConversationId) {
        let stream = StreamId::Conversation(conversation);
        if self.watches(&stream) && !self.requests.watched.0.contains(&conversation) {
            self.fetch_stream(&stream);
        }
    }

    /// The conversation, or a thread of it, was closed.
    pub(in crate::engine) fn end_watch(&mut self, conversation: ConversationId) {
        if !self.open.shows(conversation) {
            self.requests.watched.end(&mut self.ctx, conversation);
            // Marks it as changed: the end of the input decides whether it is dropped.
            self.streams.get_mut(&StreamId::Conversation(conversation));
        }
    }

    /// Whether a stream belongs neither to a listed conversation nor to the own account.
    pub(in crate::engine) fn is_unlisted(&self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Conversation(conversation) => !self.inbox.contains_key(conversation),
            StreamId::Account(account) => *account != self.ctx.session.account,
        }
    }

    /// Drops streams that are on no list, if nothing needs them.
    pub(in crate::engine) fn drop_unlisted(&mut self, streams: impl IntoIterator<Item = StreamId>) {
        for stream in streams {
            let Some(Slot::Loaded(replica)) = self.streams.get(&stream) else { continue };
            let is_shown = stream.conversation().is_some_and(|conversation| self.open.shows(conversation));
            let is_asked_for = replica.is_fetching() || replica.is_loading_threads();
            let is_awaited = !replica.outbox.is_empty() || self.commands.awaits_whole(&stream);
            if self.is_unlisted(&stream) && !is_shown && !is_asked_for && !is_awaited {
                self.drop_loaded(&stream);
            }
        }
    }
}
