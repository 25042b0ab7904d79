//! The key of a stream on a node.

use tidings_core::ids::{StreamId, TenantId};

/// A stream of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamKey {
    pub(super) tenant: TenantId,
    pub(super) stream: StreamId,
}
