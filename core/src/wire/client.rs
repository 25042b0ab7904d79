//! The frames a client sends.

use minicbor::{Decode, Encode};

use crate::{
    ids::{ChangeHash, ConversationId, DeviceId, DocumentId, IncarnationId, PageNumber, Stamp, StreamId},
    journal::{ChainHash, Cursor, Position},
    limits::frame_items,
    model::{MembershipAction, PresenceKind},
    time::WallTime,
    wire::{
        DecodeFrameError, List, ListHeld, ListSubscribers, MatchContacts, Versions, bounded, decode, decode_frame,
        encode, encode_frame,
    },
};

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ClientFrame {
    /// Opens the session; the first frame, and only once.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Asks for changes to be admitted.
    #[n(1)]
    Push(#[n(0)] Push),
    /// Asks for a stream's state or tail, or for an older page.
    #[n(2)]
    Fetch(#[n(0)] Fetch),
    /// Moves the own receipts.
    #[n(3)]
    Receipts(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::RECEIPTS }, _, _>")] Vec<ReceiptNotice>),
    /// Tells what the account is doing in a conversation.
    #[n(4)]
    Presence(#[n(0)] PresenceNotice),
    /// Asks for a Pong with the same number.
    #[n(5)]
    Ping(#[n(0)] u64),
    /// Asks for what only one who is not a member asks for.
    #[n(6)]
    MembershipRequest(#[n(0)] MembershipRequest),
    /// Asks for the subscribers of a channel, page by page.
    #[n(7)]
    ListSubscribers(#[n(0)] ListSubscribers),
    /// Asks for the messages that are held in a conversation.
    #[n(8)]
    ListHeld(#[n(0)] ListHeld),
    /// Asks who of the people in an address book has an account.
    #[n(9)]
    MatchContacts(#[n(0)] MatchContacts),
    /// Asks for a page of a list of conversations.
    #[n(10)]
    List(#[n(0)] List),
    /// Ends what `FetchScope::Watch` began.
    #[n(11)]
    Unwatch(#[n(0)] ConversationId),
}

impl ClientFrame {
    /// The frame as it goes over the wire: a long one may be deflated, but not a Hello.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            ClientFrame::Hello(_) => encode(self),
            _ => encode_frame(self),
        }
    }
}

/// The number of what a frame of a newer version asks; none of one that asks nothing. Every question has its number
/// under the first key.
pub fn question_in(bytes: &[u8], bytes_max: usize) -> Option<u64> {
    #[derive(Decode)]
    #[cbor(array)]
    struct Frame {
        #[n(1)]
        fields: Fields,
    }
    #[derive(Decode)]
    #[cbor(array)]
    struct Fields {
        #[n(0)]
        question: Question,
    }
    #[derive(Decode)]
    #[cbor(map)]
    struct Question {
        #[n(0)]
        request: u64,
    }
    decode_frame::<Frame>(bytes, bytes_max).ok().map(|frame| frame.fields.question.request)
}

/// Opens a session.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The versions of the protocol that the client speaks.
    #[n(0)]
    pub versions: Versions,
    /// The bearer token.
    #[n(1)]
    pub token: String,
    /// The installation, whose bytes are the actor of its changes.
    #[n(2)]
    pub device: DeviceId,
    /// The cursor of the last Caught up; none on a device that holds nothing.
    #[n(3)]
    pub cursor: Option<Cursor>,
    /// The incarnation of the store that gave the cursor; in another one it says nothing.
    #[n(4)]
    pub incarnation: Option<IncarnationId>,
}

impl Hello {
    /// Decodes the first frame of a session, which a stranger may have sent:
    /// nothing but a Hello is looked at, and nothing is inflated.
    ///
    /// # Errors
    /// `DecodeFrameError::Unexpected` for a frame of another kind, and for a deflated one; else as `decode`.
    pub fn decode_first(bytes: &[u8]) -> Result<Hello, DecodeFrameError> {
        // An array of two, and the kind of a Hello; or a zlib stream.
        match bytes {
            [0x82, 0x00, ..] => {}
            [0x82, 0x01..=0x1b, ..] | [0x78, ..] => return Err(DecodeFrameError::Unexpected),
            _ => return Err(DecodeFrameError::Malformed(minicbor::decode::Error::message("no frame"))),
        }
        match decode(bytes)? {
            ClientFrame::Hello(hello) => Ok(hello),
            _ => Err(DecodeFrameError::Unexpected),
        }
    }
}

impl core::fmt::Debug for Hello {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Hello({:?}, {:?}, cursor {:?})", self.versions, self.device, self.cursor)
    }
}

/// Changes of one stream, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Push {
    /// Names the push in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The stream of all of them.
    #[n(1)]
    pub stream: StreamId,
    /// The changes.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::CHANGES }, _, _>")]
    pub changes: Vec<PushedChange>,
}

/// One change to be admitted.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PushedChange {
    /// The document it changes.
    #[n(0)]
    pub document: DocumentId,
    /// The bytes of the Automerge change, not compressed.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

impl core::fmt::Debug for PushedChange {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "PushedChange({}, {} bytes)", self.document, self.change.len())
    }
}

/// A request by one who is not a member of a conversation, answered by Accepted or
/// Refused as a push is. Asking again for what is so already is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MembershipRequest {
    /// Names it in its answer; counted by the client together with pushes.
    #[n(0)]
    pub request: u64,
    /// The conversation it applies to.
    #[n(1)]
    pub conversation: ConversationId,
    /// What for.
    #[n(2)]
    pub action: MembershipAction,
}

/// Asks for what a client does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetch {
    /// Names the fetch in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The stream.
    #[n(1)]
    pub stream: StreamId,
    /// What of it.
    #[n(2)]
    pub scope: FetchScope,
    /// Changes of the own account that were admitted before the store was put back, or may
    /// have been, at most `Limits::HELD_CHANGES_MAX`, in their order: the answer says which
    /// of them it lacks.
    #[cbor(n(3), skip_if = "Vec::is_empty", default)]
    pub held: Vec<WaitingChange>,
    /// The hash of the journal up to the position that the scope names, as it is held: where the
    /// stream has another one there, the answer is Refused with `history_differs`.
    #[n(4)]
    pub chain: Option<ChainHash>,
}

/// A change that a former incarnation of the store had, or may have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WaitingChange {
    /// The hash of the change.
    #[n(0)]
    pub hash: ChangeHash,
    /// Of one that writes a message, the stamp of it, as another device may have had the message
    /// written again, by another change.
    #[n(1)]
    pub message: Option<Stamp>,
    /// When the message was admitted; none of one that waits for it.
    #[n(2)]
    pub accepted_at: Option<WallTime>,
}

/// What of a stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum FetchScope {
    /// What came after this position; from 0 on, or when that is too much, the
    /// documents with their newest page instead.
    #[n(0)]
    After(#[n(0)] Position),
    /// One page.
    #[n(1)]
    Page(#[n(0)] PageNumber),
    /// A thread: its document and its newest page.
    #[n(2)]
    Thread(#[n(0)] ConversationId),
    /// One page of a thread.
    #[n(3)]
    ThreadPage(#[n(0)] ConversationId, #[n(1)] PageNumber),
    /// The documents with their newest page, whatever is held: of a store that was put back.
    #[n(4)]
    Anew,
    /// As `After`, by an administrator of the tenant in a conversation that the account is
    /// no member of: from here on the session is told what is new there, until `Unwatch`.
    #[n(5)]
    Watch(#[n(0)] Position),
}

/// Moves the own receipts in a conversation forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptNotice {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// Delivered up to here.
    #[n(1)]
    pub delivered: Position,
    /// Read up to here.
    #[n(2)]
    pub read: Position,
}

/// What the account is doing in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PresenceNotice {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// What the account is doing.
    #[n(1)]
    pub kind: PresenceKind,
}
