//! What an account set for itself about one conversation: private, in the
//! home document.

use crate::time::WallTime;

/// The settings of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConversationSetting {
    /// Silent until then; the end of time means for good.
    pub muted_until: Option<WallTime>,
    /// Kept at the top since then.
    pub pinned_at: Option<WallTime>,
    /// Out of the way since then.
    pub archived_at: Option<WallTime>,
}
