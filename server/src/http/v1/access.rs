//! Who may read what. What somebody has, and had, no part in is answered like what does not exist.

use std::sync::Arc;

use tidings_core::{
    code::Code,
    ids::{AccountId, ConversationId, TimelineId},
    journal::Position,
    model::{Conversation, ConversationState, MemberStatus},
};

use super::{
    caller::Bearer,
    loaded::Loaded,
    problem::{Answer, Problem},
};
use crate::{
    reader::not_active,
    store::{MemberRow, Standing, WhichThreads},
};

/// A conversation that its reader may read, and where somebody stands in it.
pub(crate) struct Readable {
    pub(super) id: ConversationId,
    pub(super) loaded: Arc<Loaded>,
    /// Where the one stands of whom is asked.
    pub(super) subject: Option<MemberRow>,
}

impl Readable {
    pub(super) fn conversation(&self) -> &Conversation {
        &self.loaded.conversation
    }
}

impl Bearer {
    /// A conversation, for whoever is an active member or subscriber of it, or administers the tenant.
    pub(super) async fn readable(&self, conversation: ConversationId) -> Answer<Readable> {
        self.readable_of(conversation, &self.identity.account).await
    }

    /// The same, with where somebody stands in it.
    pub(super) async fn readable_of(&self, conversation: ConversationId, subject: &AccountId) -> Answer<Readable> {
        let (tenant, account) = (&self.identity.tenant, &self.identity.account);
        let standing = self.node.store.standing(tenant, conversation, account, subject).await;
        let standing = standing.map_err(|error| self.failed(&error))?;
        self.check(&standing)?;
        let memory = &self.node.memory;
        let loaded = memory.conversation(&self.node.env, tenant, conversation, standing.changed).await;
        let loaded = loaded.map_err(|error| self.failed(&error))?;
        if loaded.conversation.created.is_none() {
            // Erased while it was read.
            return Err(Problem::conversation_unknown());
        }
        Ok(Readable { id: conversation, loaded, subject: standing.subject })
    }

    fn check(&self, standing: &Standing) -> Answer<()> {
        let Standing { state, changed, suspended, asker, .. } = standing;
        if *suspended {
            return Err(Self::suspended());
        }
        let Some(state) = state else { return Err(Problem::conversation_unknown()) };
        if asker.is_none() && !self.identity.administrator {
            return Err(Problem::conversation_unknown());
        }
        if *state == ConversationState::Deleted || *changed == Position::ZERO {
            return Err(Problem::new(Code::ConversationDeleted, "the conversation was deleted"));
        }
        match asker.as_ref().map(|member| member.status) {
            Some(MemberStatus::Active) => Ok(()),
            _ if self.identity.administrator => Ok(()),
            status => Err(not_active(status)).map_err(|(code, detail)| Problem::new(code, detail)),
        }
    }

    /// The timeline of a conversation, or of one of its threads that there is, with its newest page.
    pub(super) async fn timeline(
        &self,
        conversation: ConversationId,
        thread: Option<ConversationId>,
    ) -> Answer<(TimelineId, u32)> {
        let store = &self.node.store;
        let tenant = &self.identity.tenant;
        let Some(id) = thread else {
            let stream = tidings_core::ids::StreamId::Conversation(conversation);
            let head = store.stream_head(tenant, &stream).await.map_err(|error| self.failed(&error))?;
            return Ok((TimelineId::of(conversation), head.page));
        };
        let threads = store.threads(tenant, conversation, &WhichThreads::One(id)).await;
        match threads.map_err(|error| self.failed(&error))?.first() {
            Some(thread) => Ok((TimelineId::of_thread(conversation, id), thread.page)),
            None => Err(Problem::new(Code::ConversationUnknown, "there is no such thread in this conversation")),
        }
    }
}
