//! What somebody said, of which nothing may be lost, and nothing be said twice.

use tidings_core::ids::{AccountId, MessageId};

/// Words on their way to be safe, or safe.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) account: AccountId,
    /// Whether they may be lost, or said twice: the device was copied, restored,
    /// or went down before it told that they are safe.
    pub(super) doubtful: bool,
    /// The message that they are the words of.
    pub(super) message: Option<MessageId>,
}
