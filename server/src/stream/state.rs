//! A stream in memory, as of its last commit.

use std::collections::BTreeSet;

use tidings_core::{
    authority::Stream,
    doc::Document,
    ids::{AccountId, DocumentId, StreamId},
};

/// A stream as of its last commit.
pub(super) struct State {
    pub(super) stream: Stream,
    /// The accounts that may read it.
    pub(super) readers: BTreeSet<AccountId>,
}

impl State {
    /// Wraps a stream as it is.
    pub(super) fn of(stream: Stream) -> Self {
        Self { readers: readers(&stream), stream }
    }

    /// Unloads what is unlikely to be needed soon. Returns the bytes kept.
    pub(super) fn trim(&mut self, bytes_max: usize) -> usize {
        self.stream.drop_fallbacks();
        if self.bytes() > bytes_max {
            let old = |document: &&Document| !self.stream.is_base(document.id());
            let old: Vec<DocumentId> =
                self.stream.documents().filter(old).map(|document| document.id().clone()).collect();
            for document in &old {
                self.stream.remove(document);
            }
        }
        self.bytes()
    }

    fn bytes(&self) -> usize {
        self.stream.documents().map(Document::bytes_estimate).sum()
    }
}

/// The accounts that may read a stream.
pub(super) fn readers(stream: &Stream) -> BTreeSet<AccountId> {
    match stream.id() {
        StreamId::Account(account) => BTreeSet::from([account.clone()]),
        StreamId::Conversation(_) => {
            stream.conversation().active_members().map(|(account, _)| account.clone()).collect()
        }
    }
}
