//! The projections of a stream for queries: their rows, as its entries state them.

use std::collections::BTreeMap;

use tidings_core::{authority::Stream, ids::AccountId, model::Conversation, sorted::SortedSet};

use super::touched::{Moved, Touched};
use crate::store::{ConversationRow, NameChange, StreamCommit, SubscriberRow};

/// Maximum number of active members named in a projection.
const SOME_MEMBERS: usize = 5;

/// The public name and words under which a conversation is found; empty by default.
#[derive(Default)]
pub(super) struct Found {
    pub(super) name: Option<String>,
    pub(super) words: SortedSet<String>,
}

impl Found {
    /// Those of the conversation as it is now.
    pub(super) fn under(conversation: &Conversation) -> Self {
        Self { name: conversation.public_name().map(str::to_owned), words: conversation.directory_words() }
    }
}

/// A commit of everything that entries touched, without the entries themselves; `former` is what the
/// conversation was found under before. The stream must have its newest page loaded.
pub(super) fn projected(
    stream: &Stream,
    touched: &Touched,
    former: &Found,
    subscribers: BTreeMap<AccountId, SubscriberRow>,
) -> StreamCommit {
    let Moved { members, subscribers } = touched.moved(stream.conversation(), subscribers);
    StreamCommit {
        tenant: stream.tenant().clone(),
        stream: stream.id().clone(),
        expected: stream.position(),
        entries: Vec::new(),
        page: stream.page(),
        chain: stream.head().chain,
        conversation: conversation_row(stream),
        name: NameChange::between(former.name.as_deref(), stream.conversation().public_name()),
        words: Some(stream.conversation().directory_words()).filter(|words| *words != former.words),
        members,
        subscribers,
        threads: touched.threads.iter().filter_map(|thread| stream.thread(*thread).cloned()).collect(),
        held: Vec::new(),
        profile: touched.profile.clone(),
        blocks: touched.blocks.clone().into_iter().collect(),
        reachability: touched.reachability,
        contacts: touched.contacts.clone().into_iter().collect(),
        traces: Vec::new(),
        requests: Vec::new(),
        events: None,
        silenced: Vec::new(),
    }
}

/// The projection of a conversation; none before it was created.
fn conversation_row(stream: &Stream) -> Option<ConversationRow> {
    let conversation = stream.conversation();
    let created = conversation.created.as_ref()?;
    Some(ConversationRow {
        kind: created.kind,
        title: conversation.title().map(str::to_owned),
        resource: conversation.resource().map(|resource| resource.id.clone()),
        state: conversation.state(),
        member_count: conversation.active,
        some_members: conversation.active_members().take(SOME_MEMBERS).map(|(account, _)| account.clone()).collect(),
        created_at: created.at,
        last_message: stream.last_message(),
        listing: conversation.listing(),
    })
}
