//! Messages of one who was removed and did not know it yet, which are held
//! until somebody decides about them.

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, ConversationId, MessageId},
    journal::Position,
    model::MessageBody,
    named::named,
    time::WallTime,
};

/// Messages that are held at a time in a conversation, at most.
pub const HELD_MAX: usize = 100;

named! {
    /// What became of a message that is held.
    HeldState {
        /// Nobody has decided yet.
        Held = "held",
        /// It was let in.
        Admitted = "admitted",
        /// It was not.
        Discarded = "discarded",
    }
}

/// What everybody in a conversation knows of a message that is held: not its words.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    /// What became of it.
    #[n(0)]
    pub state: HeldState,
    /// The thread it was written in, if it was one.
    #[n(1)]
    pub thread: Option<ConversationId>,
    /// Who said so: the account of the system of one that is held.
    #[n(2)]
    pub by: AccountId,
    /// When it was said.
    #[n(3)]
    pub at: WallTime,
}

/// A message as its author submits it to be held.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldMessage {
    /// Its id, of the account that hands it in.
    #[n(0)]
    pub message: MessageId,
    /// What it says.
    #[n(1)]
    pub body: MessageBody,
    /// The thread it was written in, if it was one.
    #[n(2)]
    pub thread: Option<ConversationId>,
    /// Up to where the author's device had read the stream when it was
    /// written, as it says: what does not lie before the removal is refused.
    #[n(3)]
    pub base: Position,
}
