//! Raw access for a verifier: streams, entries and snapshots as stored. Nodes do not need this; nothing here
//! judges, mends or writes.

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
};

use super::{NewEntry, Snapshot, StoreError, StreamHead};

/// The rows of a stream other than its entries, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamRecord {
    /// The stream's row.
    pub head: StreamHead,
    /// The position of its last entry; zero for none.
    pub last: Position,
    /// True if it was erased: a deleted conversation, which is a tombstone, or an account.
    pub is_erased: bool,
    /// True while the erasure is unfinished.
    pub is_being_erased: bool,
    /// The number of rows that its erasure should have deleted.
    pub rows_left: u64,
    /// Its documents with a snapshot, and the position of each.
    pub snapshots: Vec<(DocumentId, Position)>,
}

/// A snapshot as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// True if it matches its checksum.
    pub intact: bool,
}

/// Stored rows, for a verifier.
///
/// # Errors
/// `StoreError::Corrupt` and `StoreError::Damaged` for rows that do not decode.
#[async_trait]
pub trait Records: Send + Sync {
    /// The stream after another in the order of tenants and streams, or the first one; of one tenant if given.
    async fn next_stream(
        &self,
        tenant: Option<&TenantId>,
        after: Option<&(TenantId, StreamId)>,
    ) -> Result<Option<(TenantId, StreamId)>, StoreError>;

    /// The rows of a stream other than its entries.
    async fn stream_record(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamRecord, StoreError>;

    /// Some entries of a stream after a position, up to the first that does not decode; that one is the error
    /// if no entry precedes it.
    async fn entries(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<NewEntry>, StoreError>;

    /// A document's snapshot.
    async fn snapshot(&self, tenant: &TenantId, document: &DocumentId) -> Result<Option<StoredSnapshot>, StoreError>;

    /// The owners of those of these devices that are registered.
    async fn device_owners(
        &self,
        tenant: &TenantId,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, AccountId)>, StoreError>;
}
