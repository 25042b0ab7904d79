//! An account's private settings for one conversation, in its home document.

use crate::{named::named, time::WallTime};

named! {
    /// The messages of a conversation that an account is notified of.
    NotificationLevel {
        /// Every message.
        All = "all",
        /// Messages that mention it.
        Mentions = "mentions",
        /// No messages.
        None = "none",
    }
}

named! {
    /// Who may invite an account, add it, or begin a direct conversation with it.
    Reachability {
        /// Every account of the tenant.
        Everybody = "everybody",
        /// The accounts linked to its contacts.
        Contacts = "contacts",
        /// Nobody; the account can still ask to join.
        Nobody = "nobody",
    }
}

/// The settings of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConversationSetting {
    /// Muted until then; the end of time means for good.
    pub muted_until: Option<WallTime>,
    /// Since when it is pinned to the top.
    pub pinned_at: Option<WallTime>,
    /// Since when it is archived.
    pub archived_at: Option<WallTime>,
    /// The notification level; `all` if not set.
    pub notifications: Option<NotificationLevel>,
}
