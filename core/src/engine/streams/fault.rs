//! Faults of the server, reported to the app: an entry that its own rules refuse, or a state that
//! does not load. They are events, and not stored.

use serde::Serialize;

use crate::{
    authority::Refusal,
    code::Code,
    doc::{ApplyChangeError, RestoreDocumentError},
    engine::{Engine, Update},
    ids::{AccountId, ConversationId, StreamId},
    journal::{Entry, Position},
    wire::Fetched,
};

/// A fault of the server: it sent another history than before, admitted an entry that its own rules refuse, or sent
/// an entry or a state that cannot be applied. Reported when it is noticed, and not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct ServerFault {
    /// The conversation; none for the own account's documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The entry's place in the journal; for a state the last one that it holds.
    pub position: Position,
    /// The account that the entry is said to be of; none for a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The code that the server should have refused it with, or the reason that it cannot be read for.
    pub code: Code,
    /// More about it, for people who debug; never content.
    pub detail: String,
}

/// Why an entry from the server was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum ReceiveEntryError {
    /// It changes a document of another stream.
    #[error("it is not of a document of this stream")]
    Foreign,
    /// Another change is at its position here: the server's store was restored.
    #[error("another change was told at its position")]
    Another,
    /// The rules refuse it, or it does not apply.
    #[error(transparent)]
    Apply(#[from] ApplyChangeError),
}

impl ReceiveEntryError {
    fn code(&self) -> Code {
        match self {
            ReceiveEntryError::Foreign => Code::DocumentUnknown,
            ReceiveEntryError::Another => Code::StoreRestored,
            ReceiveEntryError::Apply(ApplyChangeError::Illegal { code, .. }) => *code,
            ReceiveEntryError::Apply(ApplyChangeError::Dependency) => Code::DependencyMissing,
            ReceiveEntryError::Apply(ApplyChangeError::Parse(_) | ApplyChangeError::Apply(_)) => Code::ChangeMalformed,
        }
    }
}

/// Why the documents of an answer were not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum RestoreFetchedError {
    /// A document of another stream, or one that was not asked for.
    #[error("a document that is not of this stream, or was not asked for")]
    Foreign,
    /// A document lacks changes that this device has of it: the server's store was restored.
    #[error("a document lacks what was told of it")]
    Another,
    /// A document is older than the head that it came with, or is missing.
    #[error("a document is missing")]
    Missing,
    /// A document without a change, of a stream of which each has one; or one
    /// that is as of a position without holding anything, or the other way.
    #[error("a document is empty, or as of no position")]
    Cleared,
    /// A document as of a position that is not reached.
    #[error("a document or a message lies behind the head")]
    Position,
    /// A document does not load.
    #[error(transparent)]
    Document(#[from] RestoreDocumentError),
    /// An entry after a document's snapshot is refused.
    #[error("entry {position}: {source}")]
    Entry {
        /// Its position in the journal.
        position: Position,
        /// The cause.
        source: ReceiveEntryError,
    },
}

impl Engine {
    /// An entry that the server's own rules refuse. It is applied all the same, so that replicas converge.
    pub(in crate::engine) fn report_admitted(&mut self, stream: &StreamId, entry: &Entry, refusal: Refusal) {
        self.report_entry(stream, entry, refusal.code, refusal.detail);
    }

    /// An entry that was not applied.
    pub(in crate::engine) fn report_refused(&mut self, stream: &StreamId, entry: &Entry, error: &ReceiveEntryError) {
        self.report_entry(stream, entry, error.code(), error.to_string());
    }

    /// Entries that were accepted one by one, and do not apply together.
    pub(in crate::engine) fn report_unusable(&mut self, stream: &StreamId, error: ApplyChangeError) {
        let position = self.stream_heads.get(stream).map_or(Position::ZERO, |head| head.position);
        let error = ReceiveEntryError::from(error);
        let (code, detail) = (error.code(), error.to_string());
        let conversation = stream.conversation();
        self.ctx.update(Update::ServerFault(ServerFault { conversation, position, account: None, code, detail }));
    }

    /// A fetched entry that does not follow the one before it.
    pub(in crate::engine) fn report_gap(&mut self, stream: &StreamId, entry: &Entry) {
        self.report_entry(stream, entry, Code::DependencyMissing, "entries before it are missing".to_owned());
    }

    /// A history other than the one on this device.
    pub(in crate::engine) fn report_history(&mut self, stream: &StreamId) {
        let position = self.journal_head(stream).map_or(Position::ZERO, |head| head.position);
        let (conversation, detail) =
            (stream.conversation(), "the journal up to here is another one than was told".to_owned());
        let code = Code::HistoryDiffers;
        self.ctx.update(Update::ServerFault(ServerFault { conversation, position, account: None, code, detail }));
    }

    fn report_entry(&mut self, stream: &StreamId, entry: &Entry, code: Code, detail: String) {
        let (position, account) = (entry.position, Some(entry.account.clone()));
        self.ctx.update(Update::ServerFault(ServerFault {
            conversation: stream.conversation(),
            position,
            account,
            code,
            detail,
        }));
    }

    /// Documents that were not applied.
    pub(in crate::engine) fn report_documents(&mut self, fetched: &Fetched, error: &RestoreFetchedError) {
        let (code, account) = match error {
            RestoreFetchedError::Entry { position, source } => {
                let entry = fetched.entries.iter().find(|entry| entry.position == *position);
                (source.code(), entry.map(|entry| entry.account.clone()))
            }
            RestoreFetchedError::Foreign => (Code::DocumentUnknown, None),
            RestoreFetchedError::Another => (Code::StoreRestored, None),
            RestoreFetchedError::Missing
            | RestoreFetchedError::Cleared
            | RestoreFetchedError::Position
            | RestoreFetchedError::Document(_) => (Code::SnapshotInvalid, None),
        };
        let position = match error {
            RestoreFetchedError::Entry { position, .. } => *position,
            _ => fetched.head,
        };
        let (conversation, detail) = (fetched.stream.conversation(), error.to_string());
        self.ctx.update(Update::ServerFault(ServerFault { conversation, position, account, code, detail }));
    }
}
