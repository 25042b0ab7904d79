//! What a message says. Text only, for now; the other kinds of content get
//! their own files beside this one.

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, MessageId},
    limits::frame_items,
    named::named,
    time::WallTime,
    wire::bounded,
};

named! {
    /// The kind of a message's content.
    MessageKind {
        /// Text in a subset of Markdown.
        Text = "text",
    }
}

/// The write-once header and body of a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessageBody {
    /// The kind of content.
    #[n(0)]
    pub kind: MessageKind,
    /// The text.
    #[n(1)]
    pub text: String,
    /// The message this one answers.
    #[n(2)]
    pub reply_to: Option<MessageId>,
    /// The accounts this message calls.
    #[cbor(n(3), decode_with = "bounded::decode_optional::<{ frame_items::MENTIONS }, _, _>")]
    pub mentions: Option<Vec<AccountId>>,
}

/// A message's words after an edit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Edit {
    /// The text that replaces the former one.
    #[n(0)]
    pub text: String,
    /// When, by the author's clock.
    #[n(1)]
    pub at: WallTime,
}

/// Who took a message back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Deletion {
    /// The author, or who holds `message:delete_any`.
    #[n(0)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(1)]
    pub at: WallTime,
}

/// Characters of a message shown in a list of conversations.
pub const PREVIEW_CHARACTERS: usize = 100;

/// The first characters of a text, on one line.
pub fn preview(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(PREVIEW_CHARACTERS)
        .collect()
}
