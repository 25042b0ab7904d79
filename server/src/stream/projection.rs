//! What queries need of a conversation: its row in the projection, and what it
//! is found under.

use std::collections::BTreeSet;

use tidings_core::{authority::Stream, model::Conversation};

use crate::store::ConversationRow;

/// Active members named in a projection.
const SOME_MEMBERS: usize = 5;

/// What a conversation is found under.
pub(super) struct Found {
    pub(super) name: Option<String>,
    pub(super) words: BTreeSet<String>,
}

impl Found {
    /// As a conversation is now.
    pub(super) fn under(conversation: &Conversation) -> Self {
        Self { name: conversation.public_name().map(str::to_owned), words: conversation.directory_words() }
    }
}

/// The projection of a conversation; none before it was created.
pub(crate) fn conversation_row(stream: &Stream) -> Option<ConversationRow> {
    let conversation = stream.conversation();
    let created = conversation.created.as_ref()?;
    Some(ConversationRow {
        kind: created.kind,
        title: conversation.title().map(str::to_owned),
        resource: conversation.resource().map(|resource| resource.id.clone()),
        state: conversation.state(),
        member_count: u32::try_from(conversation.active_members().count()).unwrap_or(u32::MAX),
        some_members: conversation.active_members().take(SOME_MEMBERS).map(|(account, _)| account.clone()).collect(),
        created_at: created.at,
        last_message: stream.last_message(),
        listing: conversation.listing(),
    })
}
