//! Takes an emoji off a message.

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, plan},
    doc::{Fact, Key},
    ids::{AccountId, ConversationId, MessageId, StreamId, TenantId},
};

/// Takes an emoji off a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Unreact {
    /// Where.
    #[n(0)]
    pub conversation: ConversationId,
    /// On which message.
    #[n(1)]
    pub message: MessageId,
    /// The emoji.
    #[n(2)]
    pub emoji: String,
}

impl Unreact {
    pub(super) fn stream(&self, _: &TenantId, _: &AccountId) -> StreamId {
        StreamId::Conversation(self.conversation)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        let account = planning.account().clone();
        let key = Key::Reaction(self.message.clone(), self.emoji.clone(), account.clone());
        if page.get(&key).is_none() {
            return Ok(None);
        }
        let reaction = Fact::Reaction(self.message.clone(), self.emoji.clone(), account, false);
        plan(page.id().clone(), vec![reaction])
    }
}
