//! What an account set for itself about one conversation: private, in the
//! home document.

use crate::{named::named, time::WallTime};

named! {
    /// What of a conversation an account wants to be notified of.
    NotificationLevel {
        /// Every message.
        All = "all",
        /// Messages that mention it.
        Mentions = "mentions",
        /// Nothing.
        None = "none",
    }
}

named! {
    /// Who may invite an account, add it, or begin a direct with it.
    Reachability {
        /// Every account of the tenant.
        Everybody = "everybody",
        /// The accounts that its contacts are linked to.
        Contacts = "contacts",
        /// Nobody but itself, by asking to be let in.
        Nobody = "nobody",
    }
}

/// The settings of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConversationSetting {
    /// Silent until then; the end of time means for good.
    pub muted_until: Option<WallTime>,
    /// Kept at the top since then.
    pub pinned_at: Option<WallTime>,
    /// Out of the way since then.
    pub archived_at: Option<WallTime>,
    /// What to be notified of; of everything unless it says otherwise.
    pub notifications: Option<NotificationLevel>,
}
