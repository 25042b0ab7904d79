//! Presence: what an account is doing right now; passed on, never stored.

use crate::named::named;

named! {
    /// The activity of an account in a conversation.
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
