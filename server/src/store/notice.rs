//! Notices that nodes sharing a store send one another through it.

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
    wire::{MemberPresence, MemberReceipt, Present},
};

use crate::trace::TraceId;

/// A notice from one node to the others, for their sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// New entries of one stream, sent by the commit that wrote them.
    Entries {
        /// The tenant.
        tenant: TenantId,
        /// The stream.
        stream: StreamId,
        /// The first new position.
        first: Position,
        /// The last new position.
        last: Position,
        /// Traced pushes among those that the entries came from; empty if the entries were found by polling.
        traces: Vec<TraceId>,
    },
    /// Receipts that moved.
    Receipts {
        /// The tenant.
        tenant: TenantId,
        /// Their new values.
        receipts: Vec<MemberReceipt>,
    },
    /// Accounts that began or ceased to subscribe to a channel.
    Subscriptions {
        /// The tenant.
        tenant: TenantId,
        /// The channel.
        conversation: ConversationId,
        /// The accounts.
        accounts: Vec<AccountId>,
    },
    /// A member's presence.
    Presence {
        /// The tenant.
        tenant: TenantId,
        /// The member and what they do.
        presence: MemberPresence,
    },
    /// Members who have a conversation open on one node, for a member on another who has just opened it.
    Present {
        /// The tenant.
        tenant: TenantId,
        /// The member who has just opened it.
        to: AccountId,
        /// The members who have it open.
        present: Present,
    },
    /// An account was suspended: its sessions end.
    Suspended {
        /// The tenant.
        tenant: TenantId,
        /// The account.
        account: AccountId,
    },
}

impl Notice {
    /// The tenant that the notice concerns.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Entries { tenant, .. }
            | Self::Receipts { tenant, .. }
            | Self::Subscriptions { tenant, .. }
            | Self::Presence { tenant, .. }
            | Self::Present { tenant, .. }
            | Self::Suspended { tenant, .. } => tenant,
        }
    }
}
