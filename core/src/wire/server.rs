//! The frames the server sends.

use minicbor::{Decode, Encode};

use crate::{
    code::Code,
    ids::{
        AccountId, ChangeHash, ConversationId, DocumentId, IncarnationId, MessageId, PageNumber, StreamId, TenantId,
    },
    journal::{ChainHash, Cursor, Entry, Head, Position},
    limits::{Limits, frame_items},
    model::{Content, ConversationKind, ConversationState, MemberStatus, PresenceKind, Profile, Receipt, Role, Thread},
    time::WallTime,
    wire::{ContactMatches, HeldMessages, Listed, SubscriberCount, Subscribers, bounded},
};

/// A frame from the server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ServerFrame {
    /// Answers Hello.
    #[n(0)]
    Welcome(#[n(0)] Box<Welcome>),
    /// Conversations that changed, as the list shows them.
    #[n(1)]
    Summaries(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")] Vec<ConversationSummary>),
    /// Profiles of accounts that share a conversation.
    #[n(2)]
    Profiles(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")] Vec<ProfileNotice>),
    /// Accepted changes of one stream, by rising position.
    #[n(3)]
    Entries(#[n(0)] Entries),
    /// Everything up to this cursor has been sent; the client stores it.
    #[n(4)]
    CaughtUp(#[n(0)] Cursor),
    /// The changes of a push that are now durable.
    #[n(5)]
    Accepted(#[n(0)] Accepted),
    /// The first refused change of a push; later ones were not judged.
    #[n(6)]
    Refused(#[n(0)] Refused),
    /// Answers Fetch.
    #[n(7)]
    Fetched(#[n(0)] Fetched),
    /// Receipts that moved.
    #[n(8)]
    Receipts(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")] Vec<MemberReceipt>),
    /// A member's presence.
    #[n(9)]
    Presence(#[n(0)] MemberPresence),
    /// The account may no longer read a conversation.
    #[n(10)]
    Revoked(#[n(0)] Revoked),
    /// The session ends; the last frame.
    #[n(11)]
    Closed(#[n(0)] Closed),
    /// Answers Ping.
    #[n(12)]
    Pong(#[n(0)] Pong),
    /// Answers ListSubscribers.
    #[n(13)]
    Subscribers(#[n(0)] Subscribers),
    /// Answers ListHeld.
    #[n(14)]
    HeldMessages(#[n(0)] HeldMessages),
    /// Answers MatchContacts.
    #[n(15)]
    ContactMatches(#[n(0)] ContactMatches),
    /// Answers List.
    #[n(16)]
    Listed(#[n(0)] Listed),
    /// Members who have a conversation open, sent once to whoever opens it.
    #[n(17)]
    Present(#[n(0)] Present),
    /// A piece of a frame that exceeds the frame limit.
    #[n(18)]
    Piece(#[n(0)] Piece),
    /// The current number of a channel's subscribers.
    #[n(19)]
    SubscriberCount(#[n(0)] SubscriberCount),
}

/// Answers Hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// The version of the protocol to use: the newest that both sides know.
    #[n(0)]
    pub version: u16,
    /// The tenant of the token.
    #[n(1)]
    pub tenant: TenantId,
    /// The account of the token.
    #[n(2)]
    pub account: AccountId,
    /// True if the token is a tenant administrator's.
    #[n(3)]
    pub administrator: bool,
    /// The server's clock.
    #[n(4)]
    pub server_time: WallTime,
    /// The bounds of this deployment.
    #[n(5)]
    pub limits: Limits,
    /// The store's incarnation, which changes when the store is restored to an older state.
    #[n(6)]
    pub incarnation: IncarnationId,
}

/// A conversation as the list shows it, without its documents.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ConversationSummary {
    /// The id of the conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// Its kind.
    #[n(1)]
    pub kind: ConversationKind,
    /// Its title.
    #[n(2)]
    pub title: Option<String>,
    /// Its state.
    #[n(3)]
    pub state: ConversationState,
    /// The own role.
    #[n(4)]
    pub role: Role,
    /// The own membership status.
    #[n(5)]
    pub status: MemberStatus,
    /// The active members.
    #[n(6)]
    pub member_count: u32,
    /// Some of the others, by account: the peer of a direct, a few of a group.
    #[cbor(n(7), decode_with = "bounded::decode::<{ frame_items::SOME }, _, _>")]
    pub others: Vec<AccountId>,
    /// The last message.
    #[n(8)]
    pub last_message: Option<LastMessage>,
    /// The last position of its journal.
    #[n(9)]
    pub position: Position,
    /// Its newest page; 0 before the first message.
    #[n(10)]
    pub page: PageNumber,
    /// The own receipts.
    #[n(11)]
    pub receipt: Receipt,
    /// Unread messages of others, counted to 9,999.
    #[n(12)]
    pub unread: u32,
    /// When it was created.
    #[n(13)]
    pub created_at: WallTime,
    /// The number of its subscribers.
    #[n(14)]
    pub subscriber_count: u32,
    /// The id of the resource that it is about.
    #[n(15)]
    pub resource: Option<String>,
    /// The position at which the account last became a member: nothing before it counts as unread.
    #[n(16)]
    pub joined: Position,
    /// The hash of its journal up to the last position.
    #[n(17)]
    pub chain: ChainHash,
}

impl ConversationSummary {
    /// The position from which on it counts unread messages.
    #[must_use]
    pub fn unread_from(&self) -> Position {
        self.receipt.unread_from(self.joined)
    }
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LastMessage {
    /// The id of the message.
    #[n(0)]
    pub message: MessageId,
    /// An excerpt of its content; none if deleted.
    #[n(1)]
    pub preview: Option<Content>,
    /// Its place in the journal.
    #[n(2)]
    pub position: Position,
}

/// The profile of an account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProfileNotice {
    /// The account it belongs to.
    #[n(0)]
    pub account: AccountId,
    /// Its public fields.
    #[n(1)]
    pub profile: Profile,
}

/// Accepted changes of one stream, by rising position without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entries {
    /// The stream.
    #[n(0)]
    pub stream: StreamId,
    /// The entries.
    #[cbor(n(1), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub entries: Vec<Entry>,
}

/// The first changes of a push, durable now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Accepted {
    /// The push.
    #[n(0)]
    pub request: u64,
    /// Its stream.
    #[n(1)]
    pub stream: StreamId,
    /// The positions, in the order of the push.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub positions: Vec<Position>,
    /// The times of admission, in the order of the push.
    #[cbor(n(3), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub accepted_at: Vec<WallTime>,
    /// Those of the positions whose entries are a tenant administrator's.
    #[cbor(
        n(4),
        skip_if = "Vec::is_empty",
        default,
        decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>"
    )]
    pub administrators: Vec<Position>,
}

/// The first change of a push that is refused or deferred.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    /// The push.
    #[n(0)]
    pub request: u64,
    /// Its stream.
    #[n(1)]
    pub stream: StreamId,
    /// Index of the change in the push.
    #[n(2)]
    pub index: u32,
    /// The reason.
    #[n(3)]
    pub code: Code,
    /// Detail for debugging.
    #[n(4)]
    pub detail: String,
    /// When the same change may be pushed again; none if never.
    #[n(5)]
    pub retry_at: Option<WallTime>,
    /// The changes named by a fetch that the stream lacks, sent to their author even if they may not read
    /// the stream.
    #[cbor(n(6), skip_if = "Vec::is_empty", default)]
    pub lacks: Vec<ChangeHash>,
}

/// Answers Fetch. `After`: the entries after the position or, if there are documents, a restart: the client
/// drops its state of the stream. Otherwise: the requested documents with the entries after their snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetched {
    /// The fetch.
    #[n(0)]
    pub request: u64,
    /// Its stream.
    #[n(1)]
    pub stream: StreamId,
    /// The last position when it was read.
    #[n(2)]
    pub head: Position,
    /// The newest page; 0 before the first message.
    #[n(3)]
    pub page: PageNumber,
    /// True if this is a restart: the client drops its state of the stream.
    #[n(4)]
    pub restart: bool,
    /// Documents, each as of its own position.
    #[cbor(n(5), decode_with = "bounded::decode::<{ frame_items::SOME }, _, _>")]
    pub documents: Vec<DocumentSnapshot>,
    /// The later entries; with documents, those of each after its snapshot.
    #[cbor(n(6), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub entries: Vec<Entry>,
    /// The receipts of the conversation's members, unless it has too many.
    #[cbor(n(7), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")]
    pub receipts: Vec<MemberReceipt>,
    /// The threads that start from a message of these pages, and the requested one. Omitted if empty.
    #[cbor(n(8), skip_if = "Vec::is_empty", default, decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")]
    pub threads: Vec<Thread>,
    /// The changes named by the fetch that the stream does not contain in any form.
    #[cbor(n(9), skip_if = "Vec::is_empty", default)]
    pub lacks: Vec<ChangeHash>,
    /// Unread counts, if a restart leaves pages out.
    #[n(10)]
    pub unread: Option<Unread>,
    /// The hash of the journal up to the head.
    #[n(11)]
    pub chain: ChainHash,
}

impl Fetched {
    /// The head of the stream.
    pub fn at(&self) -> Head {
        Head { position: self.head, chain: self.chain }
    }
}

/// Unread messages of others up to the head of the answer, without deleted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Unread {
    /// Their number, counted to 9,999.
    #[n(0)]
    pub count: u32,
    /// The position after which they are counted: that of the account's read receipt, or of its joining.
    #[n(1)]
    pub read: Position,
}

/// A document as of a position.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DocumentSnapshot {
    /// The id of the document.
    #[n(0)]
    pub document: DocumentId,
    /// The position up to which it contains the document's entries.
    #[n(1)]
    pub position: Position,
    /// The saved document; empty for one that has no entry up to the position.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub data: Vec<u8>,
    /// The bytes of its changes and the admissions of its messages, as `Document::save` writes them.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub admissions: Vec<u8>,
}

impl core::fmt::Debug for DocumentSnapshot {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "DocumentSnapshot({} at {}, {} bytes)", self.document, self.position, self.data.len())
    }
}

/// An account's receipts in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberReceipt {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it belongs to.
    #[n(1)]
    pub account: AccountId,
    /// The registers.
    #[n(2)]
    pub receipt: Receipt,
}

/// A member's activity in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberPresence {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it is about.
    #[n(1)]
    pub account: AccountId,
    /// The activity.
    #[n(2)]
    pub kind: PresenceKind,
}

/// The members who have a conversation open.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Present {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The other members who are there, or some of them.
    #[n(1)]
    pub members: Vec<PresentMember>,
}

/// A member who has a conversation open.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PresentMember {
    /// The account it is about.
    #[n(0)]
    pub account: AccountId,
    /// Their activity.
    #[n(1)]
    pub kind: PresenceKind,
}

/// The account may no longer read a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revoked {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account's status now.
    #[n(1)]
    pub status: MemberStatus,
    /// The entry that ended it.
    #[n(2)]
    pub position: Position,
}

/// A piece of a frame that exceeds the frame limit. The pieces of one frame follow one another; other frames
/// may come in between.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Piece {
    /// The next bytes of the frame, as they would be on the wire.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// True if they complete the frame.
    #[n(1)]
    pub last: bool,
}

impl core::fmt::Debug for Piece {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Piece({} bytes, last: {})", self.bytes.len(), self.last)
    }
}

/// The session ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Closed {
    /// The reason.
    #[n(0)]
    pub code: Code,
    /// Detail for debugging.
    #[n(1)]
    pub detail: String,
    /// Time that the client should stay away, ms; none leaves it to the client's backoff.
    #[n(2)]
    pub retry_after_ms: Option<u64>,
}

/// Answers Ping.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pong {
    /// The number in the Ping.
    #[n(0)]
    pub number: u64,
    /// The server's clock.
    #[n(1)]
    pub server_time: WallTime,
}
