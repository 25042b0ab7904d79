//! The messages of a conversation that are there already, each by a hash of its id: what an import finds here it
//! does not write again.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use tidings_core::{
    doc::{Document, Key},
    ids::{ConversationId, DocumentId, MessageId, TenantId, TimelineId},
    journal::Position,
};

use crate::{
    store::{Store, StoreError, WhichThreads},
    stream::load::load,
};

/// A message that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// Its position; zero until the answer to what wrote it has come.
    pub(super) position: Position,
    /// Its page; zero if it was written just now, on the newest one.
    page: u32,
    pub(super) is_edited: bool,
    pub(super) is_deleted: bool,
}

/// The messages of a conversation and its threads.
#[derive(Debug, Default)]
pub(super) struct Messages(HashMap<u128, Known>);

/// The key of a message in a timeline.
pub(super) fn key(timeline: TimelineId, message: &MessageId) -> u128 {
    let text = format!("{}\0{message}", timeline.id());
    let digest = Sha256::digest(text.as_bytes());
    u128::from_be_bytes(std::array::from_fn(|index| digest[index]))
}

impl Messages {
    /// Reads which messages a conversation has.
    pub(super) async fn read(
        store: &dyn Store,
        tenant: &TenantId,
        conversation: ConversationId,
        newest: u32,
    ) -> Result<Self, StoreError> {
        let mut messages = Self::default();
        messages.read_timeline(store, tenant, TimelineId::of(conversation), newest).await?;
        for thread in store.threads(tenant, conversation, &WhichThreads::All).await? {
            let timeline = TimelineId::of_thread(conversation, thread.id);
            messages.read_timeline(store, tenant, timeline, thread.page).await?;
        }
        Ok(messages)
    }

    async fn read_timeline(
        &mut self,
        store: &dyn Store,
        tenant: &TenantId,
        timeline: TimelineId,
        newest: u32,
    ) -> Result<(), StoreError> {
        for number in 1..=newest {
            let (page, _) = load(store, tenant, &timeline.page(number)).await?;
            for (id, admission) in page.admissions().iter() {
                let known = Known {
                    position: admission.position,
                    page: number,
                    is_edited: has(&page, Key::Edit(id.clone())),
                    is_deleted: has(&page, Key::Deleted(id.clone())),
                };
                self.0.insert(key(timeline, id), known);
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The position of the last one; zero if there is none.
    pub(super) fn newest(&self) -> Position {
        self.0.values().map(|known| known.position).max().unwrap_or_default()
    }

    pub(super) fn get(&self, key: u128) -> Option<Known> {
        self.0.get(&key).copied()
    }

    /// Notes a message that is being written.
    pub(super) fn begin(&mut self, key: u128) {
        self.0.insert(key, Known::default());
    }

    /// Notes where a message was written.
    pub(super) fn written(&mut self, key: u128, position: Position) {
        self.0.entry(key).or_default().position = position;
    }
}

impl Known {
    /// The page it is on; none if it was written just now.
    pub(super) fn page(&self, timeline: TimelineId) -> Option<DocumentId> {
        (self.page > 0).then(|| timeline.page(self.page))
    }
}

fn has(page: &Document, key: Key) -> bool {
    page.get(&key).is_some()
}
