//! A refused command, with its content and the reason, kept until the person retries or discards it.

use serde::Serialize;

use crate::{
    code::Code,
    ids::{ConversationId, MessageId},
    model::Content,
    time::WallTime,
};

/// A refused command.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct RefusedRow {
    /// Identifies it for retry and discard.
    pub id: u64,
    /// The conversation; none for a command about the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The thread of that conversation, if it was for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// The name of the command, such as `send_message`.
    pub command: &'static str,
    /// The text written with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The content of the message that it sends or edits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The message that it sends or is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The reason.
    pub code: Code,
    /// True if the same command may succeed later.
    pub retryable: bool,
    /// Detail for debugging.
    pub detail: String,
    /// When it was written.
    pub created_at: WallTime,
}

impl core::fmt::Debug for RefusedRow {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bytes = self.words.as_ref().map_or(0, String::len);
        write!(formatter, "RefusedRow({}, {}, {}, {bytes} bytes)", self.id, self.command, self.code)
    }
}
