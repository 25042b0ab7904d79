//! The content of held messages, for those who decide about them; no document contains it.

use minicbor::{Decode, Encode};

use crate::{ids::ConversationId, limits::frame_items, model::HeldMessage, wire::bounded};

/// Requests the held messages of a conversation. Answered by HeldMessages, or by Refused with this request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListHeld {
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The conversation.
    #[n(1)]
    pub conversation: ConversationId,
}

/// The held messages of a conversation, by id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldMessages {
    /// The request it answers.
    #[n(0)]
    pub request: u64,
    /// The conversation.
    #[n(1)]
    pub conversation: ConversationId,
    /// The messages as their authors submitted them.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")]
    pub messages: Vec<HeldMessage>,
}
