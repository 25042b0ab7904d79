//! A refused command, with its words and the reason, until the person retries
//! or discards it.

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
    /// Names it for retry and discard.
    pub id: u64,
    /// Where it was to be; none for one about the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The thread of that conversation, if it was to be in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// The name of the command, such as `send_message`.
    pub command: &'static str,
    /// The words written with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What the message it writes or edits was to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The message it writes or is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The reason.
    pub code: Code,
    /// Whether the same command may succeed later.
    pub retryable: bool,
    /// More about it, for people who debug.
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
