//! Reads a stream from the store: its state, what other nodes have written since, or single documents that a
//! decision needs.

use std::collections::BTreeSet;

use tidings_core::{
    authority::Stream,
    ids::{ConversationId, DocumentId, StreamId, TenantId, TimelineId},
    journal::Position,
    limits::Limits,
    model::ConversationState,
};

use super::{
    error::DecideError,
    key::StreamKey,
    load::load,
    state::State,
    submission::{Asking, Submission},
};
use crate::{
    environment::Environment,
    store::{Store, StoreError, StreamHead, WhichThreads},
};

/// Maximum number of rounds of loading: one document may show that another is needed.
const LOAD_ROUNDS_MAX: u32 = 4;

/// A stream in the store.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    store: &'a dyn Store,
    key: &'a StreamKey,
    limits: &'a Limits,
    entries_max: u32,
}

impl<'a> Source<'a> {
    pub(super) fn new(env: &'a Environment, key: &'a StreamKey) -> Self {
        let entries_max = env.config.node.bounds.entries_read_max;
        Self { store: env.store.as_ref(), key, limits: &env.limits, entries_max }
    }

    /// Loads the stream.
    pub(super) async fn load(self) -> Result<State, DecideError> {
        let (tenant, id) = (&self.key.tenant, &self.key.stream);
        let Some(conversation) = id.conversation() else {
            if self.is_erased().await? {
                return Err(DecideError::Erased);
            }
            let head = self.store.stream_head(tenant, id).await?;
            return Ok(State::of(Stream::at(tenant.clone(), id.clone(), head.at(), head.page)));
        };
        let (document, head) = load(self.store, tenant, &TimelineId::of(conversation).document()).await?;
        let is_there = document.changes() > 0 || head.position == Position::ZERO;
        if !is_there && self.is_deleted(tenant, conversation).await? {
            return Err(DecideError::Erased);
        }
        let mut stream = Stream::at(tenant.clone(), id.clone(), head.at(), head.page);
        stream.insert(document);
        self.recall(&mut stream).await?;
        Ok(State::of(stream))
    }

    async fn is_erased(self) -> Result<bool, StoreError> {
        let StreamId::Account(account) = &self.key.stream else { return Ok(false) };
        let erasure = self.store.account_erasure(&self.key.tenant, account).await?;
        Ok(erasure.is_some_and(|erasure| erasure.erased_at.is_some()))
    }

    async fn is_deleted(self, tenant: &TenantId, conversation: ConversationId) -> Result<bool, StoreError> {
        Ok(self.store.conversation_state(tenant, conversation).await? == Some(ConversationState::Deleted))
    }

    /// Loads what slow mode looks back on, if it is on. A damaged entry does not slow anybody down: whatever
    /// needs it reports it.
    async fn recall(self, stream: &mut Stream) -> Result<(), DecideError> {
        let Some(mut after) = stream.lacks_said() else { return Ok(()) };
        let head = stream.position();
        let mut said = Vec::new();
        while after < head {
            let entries = self.store.entries_after(&self.key.tenant, &self.key.stream, after, self.entries_max);
            let entries = match entries.await {
                Err(StoreError::Damaged { position, .. }) => {
                    after = position;
                    continue;
                }
                entries => entries?,
            };
            let Some(last) = entries.last() else { break };
            after = last.position;
            said.extend(entries.into_iter().filter(|entry| entry.position <= head));
        }
        stream.recall(&said);
        Ok(())
    }

    /// Applies what other nodes wrote meanwhile, or reloads the stream if that is a lot.
    pub(super) async fn catch_up(self, mut stream: Stream) -> Result<State, DecideError> {
        let after = stream.position();
        let entries = self.store.entries_after(&self.key.tenant, &self.key.stream, after, self.entries_max).await?;
        let few = entries.len() < self.entries_max as usize;
        // The head moved and there are no entries: the stream was erased.
        if !few || entries.is_empty() || entries.iter().any(|entry| stream.apply_entry(entry).is_err()) {
            return self.load().await;
        }
        Ok(State::of(stream))
    }

    /// Loads what a batch needs before deciding it. A document may be read after the stream has moved on; the
    /// others then catch up.
    pub(super) async fn load_all(self, state: &mut State, batch: &[Submission]) -> Result<(), DecideError> {
        let changes = batch.iter().flat_map(Submission::changes);
        let documents: BTreeSet<&DocumentId> = changes.map(|pushed| &pushed.document).collect();
        for document in documents.into_iter().filter(|document| document.stream() == self.key.stream) {
            for id in state.stream.missing(document) {
                let head = self.bring(&mut state.stream, &id).await?;
                if head.position > state.stream.position() {
                    *state = self.catch_up(state.stream.clone()).await?;
                }
            }
        }
        for asking in batch.iter().filter_map(Submission::command) {
            let base = state.stream.position();
            self.load_for(&mut state.stream, asking, base).await?;
        }
        Ok(())
    }

    /// Loads a document into a stream, and with a thread's document its counts.
    async fn bring(self, stream: &mut Stream, id: &DocumentId) -> Result<StreamHead, StoreError> {
        let tenant = &self.key.tenant;
        if let DocumentId::Timeline(TimelineId { conversation, thread: Some(thread) }) = *id {
            let threads = self.store.threads(tenant, conversation, &WhichThreads::One(thread)).await?;
            threads.into_iter().for_each(|thread| stream.set_thread(thread));
        }
        let (document, head) = load(self.store, tenant, id).await?;
        stream.insert(document);
        Ok(head)
    }

    /// Loads the further documents that deciding a change of `document` needs, as of `base`: they do not
    /// contain what was decided since.
    pub(super) async fn load_missing(
        self,
        stream: &mut Stream,
        document: &DocumentId,
        change: &[u8],
        base: Position,
    ) -> Result<(), DecideError> {
        for _ in 0..LOAD_ROUNDS_MAX {
            let missing = stream.missing_for(document, change);
            if missing.is_empty() {
                return Ok(());
            }
            for id in missing {
                if self.bring(stream, &id).await?.position != base {
                    return Err(DecideError::Conflict);
                }
            }
        }
        Err(DecideError::Loading)
    }

    /// Loads what a command is planned by: the page that takes new messages and that of the message
    /// it is about, or the documents of the account.
    pub(super) async fn load_for(
        self,
        stream: &mut Stream,
        asking: &Asking,
        base: Position,
    ) -> Result<(), DecideError> {
        match &self.key.stream {
            StreamId::Conversation(conversation) => {
                let thread = asking.command.thread(&self.key.tenant);
                self.open_page(stream, TimelineId { conversation: *conversation, thread }, base).await?;
                if let Some(timeline) = asking.newest_of.filter(|timeline| timeline.conversation == *conversation) {
                    self.open_page(stream, timeline, base).await?;
                }
                if let Some(page) = asking.page.as_ref().filter(|page| page.stream() == self.key.stream) {
                    self.load_missing(stream, page, &[], base).await?;
                }
            }
            StreamId::Account(account) => {
                for document in [DocumentId::Account(account.clone()), DocumentId::Home(account.clone())] {
                    self.load_missing(stream, &document, &[], base).await?;
                }
            }
        }
        Ok(())
    }

    /// Loads the page of a timeline that takes new messages.
    pub(super) async fn open_page(
        self,
        stream: &mut Stream,
        timeline: TimelineId,
        base: Position,
    ) -> Result<DocumentId, DecideError> {
        // Only the newest page can tell whether a page is open.
        let newest = timeline.page(stream.newest_page(timeline).max(1));
        self.load_missing(stream, &newest, &[], base).await?;
        let open = timeline.page(stream.open_page(timeline, self.limits));
        self.load_missing(stream, &open, &[], base).await?;
        Ok(open)
    }
}
