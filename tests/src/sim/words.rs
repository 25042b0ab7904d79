//! What somebody said, of which nothing may be lost, and nothing be said twice.

use tidings_core::ids::{AccountId, MessageId};

use super::actions::WORDS;

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

/// Where words stand among all that is said in a run.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(WORDS)?;
    let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}
