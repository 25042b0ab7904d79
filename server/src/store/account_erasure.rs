//! The erasure of an account: that it was asked for, and how far it has come.

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    time::WallTime,
};

/// The erasure of an account. It is kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountErasure {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// When it was asked for.
    pub requested_at: WallTime,
    /// When nothing was left to do; none until then.
    pub erased_at: Option<WallTime>,
    /// The last conversation that was gone through in this round; none at its start.
    pub after: Option<ConversationId>,
    /// What had still to be written in this round. After a round without any, nothing is left in conversations.
    pub found: u64,
    /// Conversations that were gone through in this round.
    pub conversations: u64,
    /// Messages that were deleted.
    pub messages: u64,
    /// Reactions that were taken off.
    pub reactions: u64,
    /// What the authority has refused in this round, and so is still there.
    pub refused: u64,
}

impl AccountErasure {
    /// Goes back to the first conversation.
    pub fn begin_round(&mut self) {
        (self.after, self.found, self.conversations, self.refused) = (None, 0, 0, 0);
    }
}
