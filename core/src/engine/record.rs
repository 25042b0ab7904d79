//! What the engine stores, and under which keys. Each value is a checksum of
//! key and content, then the content in CBOR: what is damaged is known as such,
//! and never taken for another value. Both are stored formats: a change of one
//! is a step of `FORMAT`.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    api::ConversationRow,
    code::Code,
    command::{Command, RequestMembership},
    doc::Document,
    engine::unread::UnreadBehind,
    ids::{AccountId, ConversationId, DeviceId, DocumentId, IncarnationId, PageNumber, Stamp, StreamId, TenantId},
    journal::{ChainHash, Cursor, Head, Position},
    model::Receipt,
    storage::{Record, RecordKey, Write},
    time::WallTime,
    wire::{DocumentSnapshot, Fetched, decode, encode},
};
#[cfg(any(test, feature = "testing"))]
use crate::{
    api::TimelineRow,
    journal::Entry,
    model::{Profile, Thread},
};

/// The version of the stored formats. Values of the first one had no checksum.
pub(super) const FORMAT: u32 = 2;
pub(super) const FORMAT_WITHOUT_CHECKSUM: u32 = 1;

/// The version of the package.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes of the checksum: enough to tell damage, which nobody aims.
const CHECKSUM_BYTES: usize = 8;

/// The greatest number of an outbox entry: what JavaScript counts exactly.
const SEQUENCE_MAX: u64 = (1 << 53) - 1;

pub(super) const META: &str = "meta";
pub(super) const HEADS: &str = "head/";
pub(super) const INBOX: &str = "inbox/";
pub(super) const OUTBOX: &str = "outbox/";
pub(super) const REFUSED: &str = "refused/";
pub(super) const MEMBERSHIP: &str = "membership/";
pub(super) const PROFILES: &str = "profile/";
pub(super) const DOCUMENTS: &str = "document/";
pub(super) const TAILS: &str = "tail/";
pub(super) const THREADS: &str = "thread/";
pub(super) const REGISTERS: &str = "register/";
pub(super) const ROWS: &str = "rows/";
pub(super) const FIRST_ROWS: &str = "first_rows";
/// Before the key of a record that is damaged and holds what a person wrote.
const DAMAGED: &str = "damaged/";

/// Before the keys of what nobody else has: a device goes on from these records
/// alone (E42). A store on a platform that may throw a store away keeps them twice.
pub const IRREPLACEABLE: [&str; 4] = [OUTBOX, REFUSED, MEMBERSHIP, DAMAGED];

/// The device's own state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct MetaRecord {
    #[n(0)]
    pub(super) format: u32,
    #[n(1)]
    pub(super) tenant: TenantId,
    #[n(2)]
    pub(super) account: AccountId,
    #[n(3)]
    pub(super) device: DeviceId,
    #[n(4)]
    pub(super) cursor: Option<Cursor>,
    /// The latest stamp of the hybrid clock.
    #[n(5)]
    pub(super) clock: Stamp,
    /// The number of the next outbox entry.
    #[n(6)]
    pub(super) next_sequence: u64,
    /// The incarnation of the server's store that the cursor is of.
    #[cbor(n(7), default)]
    pub(super) incarnation: Option<IncarnationId>,
    /// Whether the server last said that the account administers the tenant: what it
    /// may do is told offline as it is online.
    #[cbor(n(8), default)]
    pub(super) administrator: bool,
    /// The version of the package that wrote the store last: what another one did not know may
    /// stand in it as unknown.
    #[cbor(n(9), default)]
    pub(super) version: String,
}

/// Where a held stream stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub(super) struct HeadRecord {
    #[n(0)]
    pub(super) position: Position,
    #[n(1)]
    pub(super) page: PageNumber,
    /// Unread messages on other pages than the newest.
    #[cbor(n(4), default)]
    pub(super) behind: UnreadBehind,
    /// The incarnation of the server's store that the position is of; none if it
    /// is of a former one.
    #[cbor(n(5), default)]
    pub(super) incarnation: Option<IncarnationId>,
    /// The incarnation that told what it lacks of the own words, which were given back,
    /// as the account may not read it there.
    #[cbor(n(6), default)]
    pub(super) given_back: Option<IncarnationId>,
    /// The hash of the journal up to the position.
    #[n(7)]
    pub(super) chain: ChainHash,
}

impl HeadRecord {
    /// Where the stream stands.
    pub(super) fn at(&self) -> Head {
        Head { position: self.position, chain: self.chain }
    }
}

/// A row of the list with what is not shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct InboxRecord {
    #[n(0)]
    pub(super) row: ConversationRow,
    /// The own registers.
    #[n(1)]
    pub(super) receipt: Receipt,
    /// Whether the server may not know them yet.
    #[n(2)]
    pub(super) receipt_unsent: bool,
    /// The last position that the server told of. What is held may be behind it,
    /// and the cursor may not tell: it passes what could not be fetched.
    #[cbor(n(3), default)]
    pub(super) head: Position,
    /// Where the account last became a member, as the server told.
    #[cbor(n(4), default)]
    pub(super) joined: Position,
    /// The hash of the journal up to that position, where the server told it with that.
    #[cbor(n(5), default)]
    pub(super) chain: Option<ChainHash>,
}

impl InboxRecord {
    /// That of a conversation of which the server has told nothing.
    pub(super) fn new(row: ConversationRow) -> Self {
        let (head, joined) = (Position::ZERO, Position::ZERO);
        Self { row, receipt: Receipt::default(), receipt_unsent: false, head, joined, chain: None }
    }

    /// Behind which position messages are unread: what was read, and what was
    /// written before the account came.
    pub(super) fn unread_from(&self) -> Position {
        self.receipt.read.max(self.joined)
    }
}

/// A document as of a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct DocumentRecord {
    #[n(0)]
    pub(super) position: Position,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) data: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) admissions: Vec<u8>,
}

impl DocumentRecord {
    fn of(document: &Document) -> Self {
        let (position, data, admissions) = document.save();
        Self { position, data, admissions }
    }
}

/// Stores a document.
pub(super) fn put_document(document: &Document) -> Write {
    put(document_key(document.id()), &DocumentRecord::of(document))
}

/// Stores a document that came with an answer: as it came, unless entries came
/// behind it. Saving it anew costs half as much as reading it did.
pub(super) fn put_fetched(document: &Document, fetched: &Fetched) -> Write {
    let is_behind = fetched.entries.iter().any(|entry| entry.document == *document.id());
    let came = fetched.documents.iter().find(|snapshot| snapshot.document == *document.id() && !is_behind);
    let as_it_came = came.map(|DocumentSnapshot { data, admissions, .. }| DocumentRecord {
        position: document.position(),
        data: data.clone(),
        admissions: admissions.clone(),
    });
    put(document_key(document.id()), &as_it_came.unwrap_or_else(|| DocumentRecord::of(document)))
}

/// A command that waits for the authority's answer, with its change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct OutboxRecord {
    #[n(0)]
    pub(super) command: Command,
    /// When the person commanded it.
    #[n(1)]
    pub(super) at: WallTime,
    #[n(2)]
    pub(super) document: DocumentId,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) change: Vec<u8>,
    /// How often it was written anew.
    #[n(4)]
    pub(super) rewrites: u32,
    /// Whether it waits beside the others, on top of them.
    #[cbor(n(5), default)]
    pub(super) is_aside: bool,
}

/// A membership request that waits for the server's answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct MembershipRecord {
    #[n(0)]
    pub(super) ask: RequestMembership,
    /// When the person had it.
    #[n(1)]
    pub(super) at: WallTime,
}

/// A command that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct RefusedRecord {
    #[n(0)]
    pub(super) command: Command,
    #[n(1)]
    pub(super) at: WallTime,
    #[n(2)]
    pub(super) code: Code,
    #[n(3)]
    pub(super) detail: String,
}

pub(super) fn head_key(stream: &StreamId) -> RecordKey {
    format!("{HEADS}{stream}")
}

pub(super) fn inbox_key(conversation: ConversationId) -> RecordKey {
    format!("{INBOX}{conversation}")
}

pub(super) fn outbox_key(sequence: u64) -> RecordKey {
    format!("{OUTBOX}{sequence:016x}")
}

pub(super) fn refused_key(sequence: u64) -> RecordKey {
    format!("{REFUSED}{sequence:016x}")
}

pub(super) fn membership_key(sequence: u64) -> RecordKey {
    format!("{MEMBERSHIP}{sequence:016x}")
}

pub(super) fn profile_key(account: &AccountId) -> RecordKey {
    format!("{PROFILES}{account}")
}

pub(super) fn rows_key(conversation: ConversationId) -> RecordKey {
    format!("{ROWS}{conversation}")
}

pub(super) fn documents_prefix(stream: &StreamId) -> RecordKey {
    format!("{DOCUMENTS}{stream}/")
}

pub(super) fn document_key(document: &DocumentId) -> RecordKey {
    format!("{}{document}", documents_prefix(&document.stream()))
}

pub(super) fn tail_prefix(stream: &StreamId) -> RecordKey {
    format!("{TAILS}{stream}/")
}

pub(super) fn tail_key(stream: &StreamId, position: Position) -> RecordKey {
    format!("{}{:016x}", tail_prefix(stream), position.number())
}

pub(super) fn threads_prefix(stream: &StreamId) -> RecordKey {
    format!("{THREADS}{stream}/")
}

pub(super) fn thread_key(stream: &StreamId, thread: ConversationId) -> RecordKey {
    format!("{}{thread}", threads_prefix(stream))
}

pub(super) fn registers_prefix(stream: &StreamId) -> RecordKey {
    format!("{REGISTERS}{stream}/")
}

/// How far somebody else has come, to tell how far own messages have.
pub(super) fn register_key(stream: &StreamId, account: &AccountId) -> RecordKey {
    format!("{}{account}", registers_prefix(stream))
}

/// Where a damaged record is kept as it is, under its key.
pub(super) fn damaged_key(key: &str) -> RecordKey {
    format!("{DAMAGED}{key}")
}

/// The number at the end of an outbox or refused key.
pub(super) fn sequence_of(key: &str) -> Option<u64> {
    let sequence = u64::from_str_radix(key.rsplit('/').next()?, 16).ok()?;
    (sequence < SEQUENCE_MAX).then_some(sequence)
}

/// A write of a value under a key.
pub(super) fn put<T: Encode<()>>(key: RecordKey, value: &T) -> Write {
    let (key, sealed) = sealed(key, &encode(value));
    Write::Put(key, sealed)
}

/// A record of a content, with its checksum.
pub(super) fn sealed(key: RecordKey, content: &[u8]) -> Record {
    let mut sealed = checksum(&key, content).to_vec();
    sealed.extend(content);
    (key, sealed)
}

/// What was put under a key; none when it is damaged.
pub(super) fn read<'b, T: Decode<'b, ()>>(key: &str, sealed: &'b [u8]) -> Option<T> {
    decode(intact(key, sealed)?).ok()
}

/// Whether a record that does not decode is one that a newer version wrote and nobody else has.
pub(super) fn is_newer(key: &str, sealed: &[u8]) -> bool {
    IRREPLACEABLE.iter().any(|prefix| key.starts_with(prefix)) && intact(key, sealed).is_some()
}

/// The content of a record, if its checksum is that of it.
fn intact<'b>(key: &str, sealed: &'b [u8]) -> Option<&'b [u8]> {
    let (told, content) = sealed.split_at_checked(CHECKSUM_BYTES)?;
    (told == checksum(key, content)).then_some(content)
}

fn checksum(key: &str, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::new().chain_update(key).chain_update([0]).chain_update(content).finalize();
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

/// A content as it is stored under a key. For tests.
#[cfg(any(test, feature = "testing"))]
pub fn seal(key: &str, content: &[u8]) -> Vec<u8> {
    sealed(key.to_owned(), content).1
}

/// The content of a stored value, whatever its checksum says. For tests.
#[cfg(any(test, feature = "testing"))]
pub fn content_of(sealed: &[u8]) -> &[u8] {
    sealed.get(CHECKSUM_BYTES..).unwrap_or_default()
}

/// The content of a stored record, encoded anew; none if it does not decode, or
/// no record has such a key. For tests of what a damaged store may do.
#[cfg(any(test, feature = "testing"))]
pub fn recode(key: &str, value: &[u8]) -> Option<Vec<u8>> {
    fn again<T: for<'b> Decode<'b, ()> + Encode<()>>(value: &[u8]) -> Option<Vec<u8>> {
        decode::<T>(value).ok().map(|value| encode(&value))
    }
    match key.split_once('/').map_or(key, |(entity, _)| entity) {
        META => again::<MetaRecord>(value),
        "head" => again::<HeadRecord>(value),
        "inbox" => again::<InboxRecord>(value),
        "document" => again::<DocumentRecord>(value),
        "tail" => again::<Entry>(value),
        "thread" => again::<Thread>(value),
        "register" => again::<Receipt>(value),
        "outbox" => again::<OutboxRecord>(value),
        "refused" => again::<RefusedRecord>(value),
        "membership" => again::<MembershipRecord>(value),
        "profile" => again::<Profile>(value),
        "rows" => again::<Vec<TimelineRow>>(value),
        FIRST_ROWS => again::<Vec<ConversationRow>>(value),
        _ => None,
    }
}
