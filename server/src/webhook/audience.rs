//! The tenants that have webhook endpoints, as far as this node knows, and the news that something is to be delivered.
//! What is known here only saves work: the store has the last word on each commit, and says so where this was wrong.

use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};

use tidings_core::ids::TenantId;
use tokio::sync::Notify;

/// Who is told events.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    tenants: RwLock<BTreeSet<TenantId>>,
    written: Notify,
}

impl Audience {
    /// Returns true if a tenant is known to have an endpoint.
    pub(crate) fn has(&self, tenant: &TenantId) -> bool {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).contains(tenant)
    }

    /// Adds a tenant that was found to have an endpoint.
    pub(crate) fn add(&self, tenant: &TenantId) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone());
    }

    /// Replaces all that is known by what the store said just now. A tenant that was added since is found again by its
    /// next commit.
    pub(super) fn replace(&self, tenants: Vec<TenantId>) {
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = tenants.into_iter().collect();
    }

    /// Says that there may be something to deliver.
    pub(crate) fn wake(&self) {
        self.written.notify_one();
    }

    /// Waits until there may be.
    pub(super) async fn woken(&self) {
        self.written.notified().await;
    }
}
