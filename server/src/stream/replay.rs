//! Replays a stream from its entries, as far as its projections need it: no decision is repeated, no snapshot
//! is read, and only the newest page is in memory, whatever the length.

use std::collections::BTreeMap;

use tidings_core::{
    authority::Stream,
    doc::Document,
    ids::{DocumentId, StreamId, TenantId, TimelineId},
    journal::{Entry, Head},
};

use super::{
    projection::{Found, projected},
    touched::Touched,
};
use crate::store::{Restate, Stated, StoreError};

/// A stream as of the last entry applied.
pub(crate) struct Replay {
    stream: Stream,
    touched: Touched,
    /// The number of entries of each document.
    documents: BTreeMap<DocumentId, u32>,
}

impl Replay {
    /// A stream before its first entry.
    pub(crate) fn new(tenant: &TenantId, id: &StreamId) -> Self {
        let mut stream = Stream::new(tenant.clone(), id.clone());
        let documents = match id {
            StreamId::Conversation(conversation) => vec![TimelineId::of(*conversation).document()],
            StreamId::Account(account) => vec![DocumentId::Account(account.clone()), DocumentId::Home(account.clone())],
        };
        documents.into_iter().for_each(|document| stream.insert(Document::new(document)));
        Self { stream, touched: Touched::default(), documents: BTreeMap::new() }
    }

    /// Unloads the page that was the newest, if another one is now.
    fn close(&mut self, former: u32) {
        if let Some(conversation) = self.stream.id().conversation()
            && former != self.stream.page()
        {
            self.stream.remove(&TimelineId::of(conversation).page(former));
        }
    }
}

impl Restate for Replay {
    fn tenant(&self) -> &TenantId {
        self.stream.tenant()
    }

    fn stream(&self) -> &StreamId {
        self.stream.id()
    }

    fn head(&self) -> Head {
        self.stream.head()
    }

    fn take(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let page = self.stream.page();
        let effects = self.stream.apply_entry(entry).map_err(|error| StoreError::Damaged {
            stream: self.stream.id().clone(),
            position: entry.position,
            detail: error.to_string(),
        })?;
        if let Some(effects) = effects {
            self.touched.take(entry, effects);
        }
        self.close(page);
        *self.documents.entry(entry.document.clone()).or_default() += 1;
        Ok(())
    }

    fn stated(&self) -> Stated {
        let commit = projected(&self.stream, &self.touched, &Found::default(), BTreeMap::new());
        Stated { commit, documents: self.documents.clone() }
    }
}
