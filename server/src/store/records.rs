//! What a verifier reads: streams, entries and snapshots, as they are stored. No
//! node needs this; nothing here judges, mends or writes.

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
};

use super::{NewEntry, Snapshot, StoreError, StreamHead};

/// What is stored of a stream beside its entries, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamRecord {
    /// Where it stands.
    pub head: StreamHead,
    /// Its last entry; zero for none.
    pub last: Position,
    /// Whether the conversation was deleted and erased: it is a tombstone.
    pub is_erased: bool,
    /// Whether the erasure has yet to come to an end.
    pub is_being_erased: bool,
    /// The rows of its threads and of the words that the directory has it under.
    pub rows_left: u64,
    /// Its documents with a snapshot, and the position each is of.
    pub snapshots: Vec<(DocumentId, Position)>,
}

/// A snapshot as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Whether it has its checksum.
    pub intact: bool,
}

/// What is stored, for a verifier.
///
/// # Errors
/// `StoreError::Corrupt` and `StoreError::Damaged` for what does not decode.
#[async_trait]
pub trait Records: Send + Sync {
    /// The stream that follows another in the order of tenants and streams; the
    /// first one, of the tenant if there is one, when there is none to follow.
    async fn next_stream(
        &self,
        tenant: Option<&TenantId>,
        after: Option<&(TenantId, StreamId)>,
    ) -> Result<Option<(TenantId, StreamId)>, StoreError>;

    /// What is stored of a stream beside its entries.
    async fn stream_record(&self, tenant: &TenantId, stream: &StreamId) -> Result<StreamRecord, StoreError>;

    /// Some entries of a stream behind a position, up to the first that does
    /// not decode; that one is the error when nothing is before it.
    async fn entries(
        &self,
        tenant: &TenantId,
        stream: &StreamId,
        after: Position,
        entries_max: u32,
    ) -> Result<Vec<NewEntry>, StoreError>;

    /// A document's snapshot.
    async fn snapshot(&self, tenant: &TenantId, document: &DocumentId) -> Result<Option<StoredSnapshot>, StoreError>;

    /// Whose these devices are, of those that are registered.
    async fn device_owners(
        &self,
        tenant: &TenantId,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, AccountId)>, StoreError>;
}
