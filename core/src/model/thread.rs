//! A thread as shown on the message that it starts from, without its documents: counted entry by entry, in the
//! same way by the server, a client and a verifier.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    ids::{AccountId, ConversationId, DocumentId, MessageId, PageNumber, TimelineId},
    journal::Position,
    limits::frame_items,
    time::WallTime,
    wire::bounded,
};

/// Maximum number of accounts named on the message that a thread starts from.
pub const PARTICIPANTS_MAX: usize = 5;

/// The message that a thread starts from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parent {
    /// The conversation, or the thread in its stream, that the message is in.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message.
    #[n(1)]
    pub message: MessageId,
    /// The page that the message is on.
    #[n(2)]
    #[serde(skip)]
    pub page: PageNumber,
    /// The depth of the thread: 1 in a conversation, 2 in a thread of a thread …
    #[n(3)]
    pub depth: u32,
}

impl Parent {
    /// The page of the message, in the stream of a conversation.
    pub fn document(&self, conversation: ConversationId) -> DocumentId {
        TimelineId::within(conversation, self.conversation).page(self.page)
    }
}

/// The state of a thread that can be shown without its documents.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Thread {
    /// Its id.
    #[n(0)]
    pub id: ConversationId,
    /// The message that it starts from.
    #[n(1)]
    pub parent: Parent,
    /// Its newest page with a change; 0 for none.
    #[n(2)]
    pub page: PageNumber,
    /// The number of messages written in it, including deleted ones.
    #[n(3)]
    pub replies: u32,
    /// The last admitted message.
    #[n(4)]
    pub last_reply: Option<LastReply>,
    /// Accounts that wrote in it, the latest first, at most `PARTICIPANTS_MAX`.
    #[cbor(n(5), decode_with = "bounded::decode::<{ frame_items::SOME }, _, _>")]
    pub participants: Vec<AccountId>,
    /// The last entry counted; entries at or before it are not counted again.
    #[n(6)]
    pub position: Position,
}

/// The last admitted message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LastReply {
    /// The id of the message.
    #[n(0)]
    pub message: MessageId,
    /// When it was admitted.
    #[n(1)]
    pub accepted_at: WallTime,
}

impl Thread {
    /// A thread without counted entries.
    pub fn new(id: ConversationId, parent: Parent) -> Self {
        let participants = Vec::new();
        Self { id, parent, page: 0, replies: 0, last_reply: None, participants, position: Position::ZERO }
    }

    /// Counts an entry of the thread, with the messages that it contains. An entry that is already counted
    /// changes nothing.
    pub fn count<'a>(
        &mut self,
        position: Position,
        accepted_at: WallTime,
        messages: impl IntoIterator<Item = &'a MessageId>,
    ) {
        if position <= self.position {
            return;
        }
        self.position = position;
        for message in messages {
            self.replies = self.replies.saturating_add(1);
            self.participants.retain(|account| *account != message.author);
            self.participants.insert(0, message.author.clone());
            self.participants.truncate(PARTICIPANTS_MAX);
            self.last_reply = Some(LastReply { message: message.clone(), accepted_at });
        }
    }
}
