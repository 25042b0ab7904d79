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
    Summaries(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")] Vec<ConversationSummary>),
    /// Profiles of accounts that share a conversation.
    #[n(2)]
    Profiles(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")] Vec<ProfileNotice>),
    /// Accepted changes of one stream, by rising position.
    #[n(3)]
    Entries(#[n(0)] Entries),
    /// Everything up to this cursor has been sent; the client stores it.
    #[n(4)]
    CaughtUp(#[n(0)] Cursor),
    /// The changes of a push that are durable now.
    #[n(5)]
    Accepted(#[n(0)] Accepted),
    /// The first change of a push that is refused; those behind it were not judged.
    #[n(6)]
    Refused(#[n(0)] Refused),
    /// Answers Fetch.
    #[n(7)]
    Fetched(#[n(0)] Fetched),
    /// Receipts that moved.
    #[n(8)]
    Receipts(#[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")] Vec<MemberReceipt>),
    /// What somebody is doing.
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
    /// Answers a question about a channel's subscribers.
    #[n(13)]
    Subscribers(#[n(0)] Subscribers),
    /// Answers a question about messages that are held.
    #[n(14)]
    HeldMessages(#[n(0)] HeldMessages),
    /// Answers whose contact points those are that were asked for.
    #[n(15)]
    ContactMatches(#[n(0)] ContactMatches),
    /// Answers List.
    #[n(16)]
    Listed(#[n(0)] Listed),
    /// Who has a conversation open, told once to whoever opens it.
    #[n(17)]
    Present(#[n(0)] Present),
    /// A piece of a frame that is longer than a frame may be.
    #[n(18)]
    Piece(#[n(0)] Piece),
    /// How many subscribe to a channel now.
    #[n(19)]
    SubscriberCount(#[n(0)] SubscriberCount),
}

/// Answers Hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// The version of the protocol that is spoken: the newest that both know.
    #[n(0)]
    pub version: u16,
    /// The tenant of the token.
    #[n(1)]
    pub tenant: TenantId,
    /// The account of the token.
    #[n(2)]
    pub account: AccountId,
    /// Whether the token is a tenant administrator's.
    #[n(3)]
    pub administrator: bool,
    /// The server's clock.
    #[n(4)]
    pub server_time: WallTime,
    /// The bounds of this deployment.
    #[n(5)]
    pub limits: Limits,
    /// What the server's store is: another one when it was put back to an older state.
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
    /// Where the account stands in it.
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
    /// Messages of others behind the read position, counted to 9,999.
    #[n(12)]
    pub unread: u32,
    /// When it was created.
    #[n(13)]
    pub created_at: WallTime,
    /// Those who subscribe to it beside its members.
    #[n(14)]
    pub subscriber_count: u32,
    /// The id of the resource that it is about.
    #[n(15)]
    pub resource: Option<String>,
    /// Where in its journal the account last became a member: nothing before is unread.
    #[n(16)]
    pub joined: Position,
    /// The hash of its journal up to the last position.
    #[n(17)]
    pub chain: ChainHash,
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LastMessage {
    /// The id of the message.
    #[n(0)]
    pub message: MessageId,
    /// What it says, cut short; nothing when deleted.
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
    /// The position of each, in the order of the push.
    #[cbor(n(2), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub positions: Vec<Position>,
    /// When each was admitted, in the order of the push.
    #[cbor(n(3), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub accepted_at: Vec<WallTime>,
    /// Those of the positions whose entries are an administrator's of the tenant.
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
    /// Which change of the push, from 0.
    #[n(2)]
    pub index: u32,
    /// The reason.
    #[n(3)]
    pub code: Code,
    /// More about it, for people who debug.
    #[n(4)]
    pub detail: String,
    /// When the same change may be pushed again; none when it never may.
    #[n(5)]
    pub retry_at: Option<WallTime>,
    /// Those of the changes that a fetch named that the stream does not have: told to their
    /// author, who may not read it.
    #[cbor(n(6), skip_if = "Vec::is_empty", default)]
    pub lacks: Vec<ChangeHash>,
}

/// Answers Fetch. `After`: the entries behind the position, or, with
/// documents, a new start: the client drops what it held of the stream.
/// The others: those documents with the entries behind their snapshots.
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
    /// Whether this is a new start: the client drops what it held of the stream.
    #[n(4)]
    pub restart: bool,
    /// Documents as of a position each.
    #[cbor(n(5), decode_with = "bounded::decode::<{ frame_items::SOME }, _, _>")]
    pub documents: Vec<DocumentSnapshot>,
    /// The entries behind: with documents, those of each behind its snapshot.
    #[cbor(n(6), decode_with = "bounded::decode::<{ frame_items::ENTRIES }, _, _>")]
    pub entries: Vec<Entry>,
    /// The receipts of the conversation's members, when few enough to tell.
    #[cbor(n(7), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")]
    pub receipts: Vec<MemberReceipt>,
    /// The threads that start from a message of the pages told, and the one
    /// asked for. Not written when there are none.
    #[cbor(n(8), skip_if = "Vec::is_empty", default, decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")]
    pub threads: Vec<Thread>,
    /// Those of the changes that the fetch named that the stream does not have, in no
    /// other way either.
    #[cbor(n(9), skip_if = "Vec::is_empty", default)]
    pub lacks: Vec<ChangeHash>,
    /// What a member has not read, where a new start leaves pages out.
    #[n(10)]
    pub unread: Option<Unread>,
    /// The hash of the journal up to the head.
    #[n(11)]
    pub chain: ChainHash,
}

impl Fetched {
    /// The head that it tells.
    pub fn at(&self) -> Head {
        Head { position: self.head, chain: self.chain }
    }
}

/// Messages of others up to the head of an answer, but for those that were deleted by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Unread {
    /// How many, counted to 9,999.
    #[n(0)]
    pub count: u32,
    /// Behind which position: what the account has read, or came in by.
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
    /// Every entry up to here is in it.
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

/// Somebody's receipts in a conversation.
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

/// What somebody is doing in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberPresence {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The account it is about.
    #[n(1)]
    pub account: AccountId,
    /// What the account is doing.
    #[n(2)]
    pub kind: PresenceKind,
}

/// Who has a conversation open.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Present {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// The others of its members who are there, or some of them.
    #[n(1)]
    pub members: Vec<PresentMember>,
}

/// Somebody who has a conversation open.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PresentMember {
    /// The account it is about.
    #[n(0)]
    pub account: AccountId,
    /// What they do.
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
    /// Where the account stands now.
    #[n(1)]
    pub status: MemberStatus,
    /// The entry that ended it.
    #[n(2)]
    pub position: Position,
}

/// A piece of a frame that is longer than a frame may be. The pieces of one frame
/// follow one another; other frames may come in between.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Piece {
    /// The bytes of the frame that come next, as they would have gone over the wire.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Whether the frame is whole with them.
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
    /// More about it, for people who debug.
    #[n(1)]
    pub detail: String,
    /// How long to stay away, ms; none leaves it to the client's backoff.
    #[n(2)]
    pub retry_after_ms: Option<u64>,
}

/// Answers Ping.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pong {
    /// That of the Ping.
    #[n(0)]
    pub number: u64,
    /// The server's clock.
    #[n(1)]
    pub server_time: WallTime,
}
