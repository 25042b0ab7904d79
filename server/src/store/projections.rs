//! What a store holds that follows from the journal: compared with what the
//! entries state, made again where it differs, and met when it rotted.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use tidings_core::{
    ids::{DocumentId, StreamId, TenantId},
    journal::{Entry, Head},
};

use super::{StoreError, StreamCommit};

/// A stream that is made again from its entries, one after another.
pub trait Restate: Send + Sync {
    /// Its tenant.
    fn tenant(&self) -> &TenantId;

    /// Which stream.
    fn stream(&self) -> &StreamId;

    /// The last entry that was taken, with the hash of the journal up to it.
    fn head(&self) -> Head;

    /// Takes the next entry.
    ///
    /// # Errors
    /// `StoreError::Damaged` when it does not follow from those before it.
    fn take(&mut self, entry: &Entry) -> Result<(), StoreError>;

    /// What the entries state, up to the last one that was taken.
    fn stated(&self) -> Stated;
}

/// What the entries of a stream state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// All of it, as a commit that has no entry and writes every row.
    pub commit: StreamCommit,
    /// The entries of each document.
    pub documents: BTreeMap<DocumentId, u32>,
}

/// A row that is not what the entries state. It names keys and columns, never
/// what people wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddRow {
    /// The table.
    pub table: &'static str,
    /// Which of the stream's rows: an account, a thread, a word …
    pub key: String,
    /// What is odd about it.
    pub oddity: Oddity,
}

/// What is odd about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// It is not there.
    Missing,
    /// No entry states it.
    Unstated,
    /// These columns are otherwise.
    Differs(Vec<&'static str>),
}

impl fmt::Display for OddRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key that rotted may be anything.
        write!(formatter, "{} {}: ", self.table, self.key.escape_debug())?;
        match &self.oddity {
            Oddity::Missing => formatter.write_str("missing"),
            Oddity::Unstated => formatter.write_str("no entry states it"),
            Oddity::Differs(columns) => write!(formatter, "{} otherwise than the entries state", columns.join(", ")),
        }
    }
}

/// A row that was read and did not decode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RottenRow {
    /// The tenant.
    pub tenant: TenantId,
    /// The stream whose row it is.
    pub stream: StreamId,
    /// The table.
    pub table: &'static str,
}

/// What is made from the journal.
///
/// # Errors
/// `StoreError::Damaged` where the journal does not say what should stand: an entry of it
/// is damaged, or it ends before the stream does.
#[async_trait]
pub trait Projections: Send + Sync {
    /// The rows of a stream that are not what its entries state, as of one moment,
    /// to which `restate` is brought.
    async fn compare(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError>;

    /// The same rows, made anew in a transaction in which nobody else writes the
    /// stream. Whoever missed what they say hears it at their next catch-up.
    async fn mend(&self, restate: &mut dyn Restate) -> Result<Vec<OddRow>, StoreError>;

    /// Waits for a row that was left out of an answer because it did not decode. Each
    /// table of a stream is answered once a minute at most, until the stream is mended;
    /// of very many at once some are answered when they are met again.
    async fn rotten(&self) -> RottenRow;
}
