//! What a store derives from the journal: comparing it with what the entries state, rebuilding it where it
//! differs, and reporting rows that no longer decode.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use tidings_core::{
    ids::{DocumentId, StreamId, TenantId},
    journal::{Entry, Head},
};

use super::{StoreError, StreamCommit};

/// A stream that is replayed from its entries, one after another.
pub trait Restate: Send + Sync {
    /// Its tenant.
    fn tenant(&self) -> &TenantId;

    /// The stream.
    fn stream(&self) -> &StreamId;

    /// The last entry applied, with the hash of the journal up to it.
    fn head(&self) -> Head;

    /// Applies the next entry.
    ///
    /// # Errors
    /// `StoreError::Damaged` when it does not follow from the entries before it.
    fn take(&mut self, entry: &Entry) -> Result<(), StoreError>;

    /// What the entries applied so far state.
    fn stated(&self) -> Stated;
}

/// What the entries of a stream state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// All of it, as a commit without entries that writes every row.
    pub commit: StreamCommit,
    /// The number of entries of each document.
    pub documents: BTreeMap<DocumentId, u32>,
}

/// A row that differs from what the entries state. It names keys and columns, never what people wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddRow {
    /// The table.
    pub table: &'static str,
    /// The key of the row within the stream: an account, a thread, a word …
    pub key: String,
    /// How it differs.
    pub oddity: Oddity,
}

/// How a row differs from what the entries state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// The row is missing.
    Missing,
    /// No entry states the row.
    Unstated,
    /// These columns differ.
    Differs(Vec<&'static str>),
}

impl fmt::Display for OddRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A corrupt key may contain anything.
        write!(formatter, "{} {}: ", self.table, self.key.escape_debug())?;
        match &self.oddity {
            Oddity::Missing => formatter.write_str("missing"),
            Oddity::Unstated => formatter.write_str("no entry states it"),
            Oddity::Differs(columns) => write!(formatter, "{} otherwise than the entries state", columns.join(", ")),
        }
    }
}

/// A row that does not decode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RottenRow {
    /// The tenant.
    pub tenant: TenantId,
    /// The stream that the row belongs to.
    pub stream: StreamId,
    /// The table.
    pub table: &'static str,
}

/// Access to what is derived from the journal.
///
/// # Errors
/// `StoreError::Damaged` where the journal does not determine the rows: one of its entries is damaged, or it
/// ends before the stream does.
#[async_trait]
pub trait Projections: Send + Sync {
    /// Finds the rows of a stream that differ from what its entries state, as of one moment. `restate` is
    /// brought up to that moment.
    async fn compare(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError>;

    /// Rebuilds those rows in a transaction that keeps other writers off the stream. Clients that missed what
    /// they say get it at their next catch-up.
    async fn mend(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError>;

    /// Waits for a row that was left out of an answer because it did not decode. Each table of a stream is
    /// reported at most once a minute until the stream is mended; if there are very many at once, some are
    /// reported only when they are read again.
    async fn rotten(&self) -> RottenRow;
}
