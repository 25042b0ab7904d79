//! What those who decide about messages that are held ask for: their words,
//! which no document has.

use minicbor::{Decode, Encode};

use crate::{ids::ConversationId, limits::frame_items, model::HeldMessage, wire::bounded};

/// Asks for the messages that are held in a conversation. Answered by
/// HeldMessages, or Refused with its request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListHeld {
    /// Names it in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The conversation.
    #[n(1)]
    pub conversation: ConversationId,
}

/// The messages that are held in a conversation, by id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldMessages {
    /// What it answers.
    #[n(0)]
    pub request: u64,
    /// The conversation.
    #[n(1)]
    pub conversation: ConversationId,
    /// As their authors handed them in.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")]
    pub messages: Vec<HeldMessage>,
}
