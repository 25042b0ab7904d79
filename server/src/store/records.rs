//! What a verifier reads: streams, entries and what was made of them, as they
//! are stored. No node needs this; nothing here judges, mends or writes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ContactId, DeviceId, DocumentId, StreamId, TenantId},
    journal::Position,
    model::{Profile, Reachability, Thread},
};

use super::{ConversationRow, MemberRow, NewEntry, Snapshot, StoreError, StreamHead};

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
    /// The conversation's projection.
    pub conversation: Option<ConversationRow>,
    /// Everybody who is or was a member, by account; subscribers are in no journal.
    pub members: Vec<(AccountId, MemberRow)>,
    /// The words that the directory has it under, in their order.
    pub words: Vec<String>,
    /// The threads of its stream, by id.
    pub threads: Vec<Thread>,
    /// The account's profile.
    pub profile: Option<Profile>,
    /// Whom the account blocks, by account.
    pub blocks: Vec<AccountId>,
    /// Who may reach the account.
    pub reachability: Option<Reachability>,
    /// The accounts that its contacts are linked to.
    pub contacts: BTreeMap<ContactId, AccountId>,
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
