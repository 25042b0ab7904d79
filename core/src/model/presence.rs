//! What somebody is doing right now: passed on, never stored.

use crate::named::named;

named! {
    /// What an account is doing in a conversation.
    PresenceKind {
        /// Has it open.
        Online = "online",
        /// Is writing.
        Typing = "typing",
        /// Has stopped writing, still there.
        Idle = "idle",
        /// Is gone.
        Offline = "offline",
    }
}
