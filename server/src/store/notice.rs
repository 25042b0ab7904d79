//! What nodes that share a store tell one another through it.

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
    wire::{MemberPresence, MemberReceipt, Present},
};

use crate::trace::TraceId;

/// What one node tells the others, for their sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// New entries of one stream, told by the commit that wrote them.
    Entries {
        /// The tenant.
        tenant: TenantId,
        /// The stream.
        stream: StreamId,
        /// The first new position.
        first: Position,
        /// The last new position.
        last: Position,
        /// The pushes among those they came from that are traced; none when they were found by looking.
        traces: Vec<TraceId>,
    },
    /// Receipts that moved.
    Receipts {
        /// The tenant.
        tenant: TenantId,
        /// As they are now.
        receipts: Vec<MemberReceipt>,
    },
    /// Accounts that subscribe to a channel now, or no longer.
    Subscriptions {
        /// The tenant.
        tenant: TenantId,
        /// The channel.
        conversation: ConversationId,
        /// Whose subscription it is.
        accounts: Vec<AccountId>,
    },
    /// What a member is doing.
    Presence {
        /// The tenant.
        tenant: TenantId,
        /// Who does what.
        presence: MemberPresence,
    },
    /// Who has a conversation open on one node, for somebody on another who has just opened it.
    Present {
        /// The tenant.
        tenant: TenantId,
        /// Who has just opened it.
        to: AccountId,
        /// The others.
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
    /// Whose conversations and accounts it names.
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
