//! The values written for a message: once when it is sent, and again when it is edited or deleted.

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, MessageId},
    limits::frame_items,
    model::Content,
    time::WallTime,
    wire::bounded,
};

/// The write-once header and body of a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessageBody {
    /// Its content.
    #[n(0)]
    pub content: Content,
    /// The message this one replies to.
    #[n(1)]
    pub reply_to: Option<MessageId>,
    /// The accounts it mentions.
    #[cbor(n(2), decode_with = "bounded::decode_optional::<{ frame_items::MENTIONS }, _, _>")]
    pub mentions: Option<Vec<AccountId>>,
}

/// The content of a message after an edit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Edit {
    /// The new content, of the same kind as the former one.
    #[n(0)]
    pub content: Content,
    /// When, by the author's clock.
    #[n(1)]
    pub at: WallTime,
}

/// The deletion of a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Deletion {
    /// The author, or somebody with `message:delete_any`.
    #[n(0)]
    pub by: AccountId,
    /// When, by their clock.
    #[n(1)]
    pub at: WallTime,
}
