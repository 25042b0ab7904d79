//! Rows as an operator looks at them: bounded lists over every tenant, in the order of their keys, and counts that end at a
//! bound. Nothing here says what anybody wrote.

use async_trait::async_trait;
use tidings_core::{
    ids::{AccountId, ConversationId, DocumentId, TenantId},
    journal::Position,
    time::WallTime,
};

use super::{Endpoint, StoreError};

/// An account, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOverview {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// True if an operator suspended it.
    pub is_suspended: bool,
    /// When it first wrote a profile.
    pub created_at: Option<WallTime>,
    /// When it last did.
    pub updated_at: Option<WallTime>,
}

/// A conversation, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationOverview {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: Option<String>,
    /// Its state.
    pub state: String,
    /// Its active members.
    pub member_count: u32,
    /// The subscribers of a channel.
    pub subscriber_count: u32,
    /// When it was created.
    pub created_at: WallTime,
    /// When anything last happened in it.
    pub activity_at: WallTime,
    /// Since when only its tombstone is left.
    pub erased_at: Option<WallTime>,
}

/// A snapshot that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedSnapshot {
    /// Its place among the others.
    pub place: QuarantinePlace,
    /// When it was set aside.
    pub quarantined_at: WallTime,
    /// Why.
    pub reason: String,
    /// Its bytes.
    pub bytes: u64,
}

/// The key of a snapshot that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinePlace {
    /// The tenant.
    pub tenant: TenantId,
    /// The document.
    pub document: DocumentId,
    /// The position that it claims to be of.
    pub position: Position,
}

/// How many deliveries an endpoint has, up to the bound of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Those that are to be tried.
    pub pending: u32,
    /// Those that have failed for good.
    pub dead: u32,
}

/// What an operator looks through. Each list begins behind a key, and has at most `count_max` rows.
///
/// # Errors
/// `StoreError` when the store cannot be read, or a row does not decode.
#[async_trait]
pub trait Overview: Send + Sync {
    /// The tenants of which anything is stored.
    async fn tenants(&self, after: Option<&TenantId>, count_max: u32) -> Result<Vec<TenantId>, StoreError>;

    /// The accounts of a tenant that have a profile, a suspension or a part in a conversation.
    async fn accounts(
        &self,
        tenant: &TenantId,
        after: Option<&AccountId>,
        count_max: u32,
    ) -> Result<Vec<AccountOverview>, StoreError>;

    /// One account; none if only a device of it is known, or nothing.
    async fn account(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<AccountOverview>, StoreError>;

    /// The suspended accounts of all tenants.
    async fn suspensions(
        &self,
        after: Option<(&TenantId, &AccountId)>,
        count_max: u32,
    ) -> Result<Vec<AccountOverview>, StoreError>;

    /// The conversations of a tenant.
    async fn conversations(
        &self,
        tenant: &TenantId,
        after: Option<ConversationId>,
        count_max: u32,
    ) -> Result<Vec<ConversationOverview>, StoreError>;

    /// One conversation.
    async fn conversation(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<ConversationOverview>, StoreError>;

    /// The snapshots of all tenants that were set aside.
    async fn quarantine(
        &self,
        after: Option<&QuarantinePlace>,
        count_max: u32,
    ) -> Result<Vec<QuarantinedSnapshot>, StoreError>;

    /// The webhook endpoints of all tenants.
    async fn webhooks(
        &self,
        after: Option<(&TenantId, &str)>,
        count_max: u32,
    ) -> Result<Vec<(TenantId, Endpoint)>, StoreError>;

    /// Counts the deliveries of an endpoint, each kind up to `count_max`.
    async fn count_deliveries(&self, endpoint: (&TenantId, &str), count_max: u32)
    -> Result<DeliveryCounts, StoreError>;
}
