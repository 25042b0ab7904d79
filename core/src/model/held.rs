//! Messages of a member who was removed without knowing it yet, held until somebody decides about them.

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::MessageBody,
    named::named,
    time::WallTime,
};

/// Maximum number of held messages in a conversation.
pub const HELD_MAX: usize = 100;

named! {
    /// The state of a held message.
    HeldState {
        /// Nobody has decided yet.
        Held = "held",
        /// It was admitted.
        Admitted = "admitted",
        /// It was discarded.
        Discarded = "discarded",
    }
}

/// What a conversation's document states about a held message; its content is not included.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    /// Its state.
    #[n(0)]
    pub state: HeldState,
    /// The thread it was written in, if it was one.
    #[n(1)]
    pub thread: Option<ConversationId>,
    /// The account that set the state; the system's account for a message that is held.
    #[n(2)]
    pub by: AccountId,
    /// When the state was set.
    #[n(3)]
    pub at: WallTime,
}

/// A message as its author submits it to be held.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldMessage {
    /// Its id, by the account that submits it.
    #[n(0)]
    pub message: MessageId,
    /// Its content.
    #[n(1)]
    pub body: MessageBody,
    /// The thread it was written in, if it was one.
    #[n(2)]
    pub thread: Option<ConversationId>,
    /// The position up to which the author's device claims to have read the stream when it was written; refused
    /// unless it precedes the removal.
    #[n(3)]
    pub base: Position,
}
