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
    /// Opens the session; must be the first frame, and only that.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Asks for changes to be admitted.
    #[n(1)]
    Push(#[n(0)] Push),
    /// Requests a stream's state or its latest entries, or an older page.
    #[n(2)]
    Fetch(#[n(0)] Fetch),
    /// Moves the own receipts.
    #[n(3)]
    Receipts(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::RECEIPTS }, _, _>")] Vec<ReceiptNotice>),
    /// Reports what the account is doing in a conversation.
    #[n(4)]
    Presence(#[n(0)] PresenceNotice),
    /// Asks for a Pong with the same number.
    #[n(5)]
    Ping(#[n(0)] u64),
    /// Requests something that accounts which are not members can request.
    #[n(6)]
    MembershipRequest(#[n(0)] MembershipRequest),
    /// Requests the subscribers of a channel, page by page.
    #[n(7)]
    ListSubscribers(#[n(0)] ListSubscribers),
    /// Requests the held messages of a conversation.
    #[n(8)]
    ListHeld(#[n(0)] ListHeld),
    /// Requests the accounts of people in an address book.
    #[n(9)]
    MatchContacts(#[n(0)] MatchContacts),
    /// Requests a page of a conversation list.
    #[n(10)]
    List(#[n(0)] List),
    /// Ends what `FetchScope::Watch` began.
    #[n(11)]
    Unwatch(#[n(0)] ConversationId),
}

impl ClientFrame {
    /// The frame's bytes on the wire: a long one may be deflated, except for a Hello.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            ClientFrame::Hello(_) => encode(self),
            _ => encode_frame(self),
        }
    }
}

/// The request id in a frame of a newer version; none if it requests nothing. Every request has its id under
/// the first key.
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
    /// The cursor of the last CaughtUp; none on an empty device.
    #[n(3)]
    pub cursor: Option<Cursor>,
    /// The incarnation of the store that issued the cursor, which is meaningless in another one.
    #[n(4)]
    pub incarnation: Option<IncarnationId>,
}

impl Hello {
    /// Decodes the first frame of a session, which a stranger may have sent: nothing but a Hello is decoded,
    /// and nothing is inflated.
    ///
    /// # Errors
    /// `DecodeFrameError::Unexpected` for a frame of another kind, and for a deflated one; otherwise
    /// as `decode`.
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
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The stream that all of them belong to.
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

/// A request of an account that is not a member of a conversation. Answered by Accepted or Refused, like a
/// push. Repeating a request that has been fulfilled is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MembershipRequest {
    /// Repeated in the answer; counted by the client together with pushes.
    #[n(0)]
    pub request: u64,
    /// The conversation it applies to.
    #[n(1)]
    pub conversation: ConversationId,
    /// The requested action.
    #[n(2)]
    pub action: MembershipAction,
}

/// Requests what a client lacks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetch {
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The stream.
    #[n(1)]
    pub stream: StreamId,
    /// The part of the stream.
    #[n(2)]
    pub scope: FetchScope,
    /// Changes of the own account that were, or may have been, admitted before the store was restored; at most
    /// `Limits::HELD_CHANGES_MAX`, in order. The answer names those that the store lacks.
    #[cbor(n(3), skip_if = "Vec::is_empty", default)]
    pub held: Vec<WaitingChange>,
    /// The client's hash of the journal at the position in `scope`. If the stream has another one there, the
    /// answer is Refused with `history_differs`.
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
    /// If it writes a message, the message's stamp: another device may have rewritten the message with
    /// another change.
    #[n(1)]
    pub message: Option<Stamp>,
    /// When the message was admitted; none if it waits for that.
    #[n(2)]
    pub accepted_at: Option<WallTime>,
}

/// The requested part of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum FetchScope {
    /// The entries after this position. With 0, or if there are too many, the documents with their newest
    /// page instead.
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
    /// The documents with their newest page, whatever the client has: for a restored store.
    #[n(4)]
    Anew,
    /// As `After`, for a tenant administrator in a conversation of which they are not a member: the session is
    /// also sent what is new there, until `Unwatch`.
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
    /// Delivered up to this position.
    #[n(1)]
    pub delivered: Position,
    /// Read up to this position.
    #[n(2)]
    pub read: Position,
}

/// The account's activity in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PresenceNotice {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The activity.
    #[n(1)]
    pub kind: PresenceKind,
}
