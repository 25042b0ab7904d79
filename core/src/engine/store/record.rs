//! The stored records and their keys. A value is a checksum of key and content, then the content in CBOR:
//! damage is detected, and never decoded as another value. Both are stored formats: once there is a release,
//! a change of one is a step of `FORMAT`. The checksum is XXH64 (<https://github.com/Cyan4973/xxHash>): damage is
//! no adversary, and a cryptographic hash in software costs more than all else that storing a record does.

use minicbor::{Decode, Encode};
use twox_hash::XxHash64;

use crate::{
    api::ConversationRow,
    code::Code,
    command::{Command, RequestMembership},
    doc::Document,
    engine::registers::unread::OlderUnread,
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
pub(in crate::engine) const FORMAT: u32 = 2;
pub(in crate::engine) const FORMAT_WITHOUT_CHECKSUM: u32 = 1;

/// The version of the package.
pub(in crate::engine) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes of the checksum: enough against accidental damage.
const CHECKSUM_BYTES: usize = 8;

/// The greatest number of an outbox entry: what JavaScript counts exactly.
const SEQUENCE_MAX: u64 = (1 << 53) - 1;

pub(in crate::engine) const META: &str = "meta";
pub(in crate::engine) const STREAM_HEADS: &str = "head/";
pub(in crate::engine) const INBOX: &str = "inbox/";
pub(in crate::engine) const OUTBOX: &str = "outbox/";
pub(in crate::engine) const REFUSED: &str = "refused/";
pub(in crate::engine) const MEMBERSHIP: &str = "membership/";
pub(in crate::engine) const PROFILES: &str = "profile/";
pub(in crate::engine) const DOCUMENTS: &str = "document/";
pub(in crate::engine) const TAILS: &str = "tail/";
pub(in crate::engine) const THREADS: &str = "thread/";
pub(in crate::engine) const REGISTERS: &str = "register/";
pub(in crate::engine) const ROWS: &str = "rows/";
pub(in crate::engine) const FIRST_ROWS: &str = "first_rows";
/// Prefix of the key of a damaged record with something that a person wrote.
const DAMAGED: &str = "damaged/";

/// Prefixes of records that nobody else has: a device can continue from these alone (E42). On a
/// platform that may throw a store away, they are stored twice.
pub const IRREPLACEABLE: [&str; 4] = [OUTBOX, REFUSED, MEMBERSHIP, DAMAGED];

/// The device's own state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct MetaRecord {
    #[n(0)]
    pub(in crate::engine) format: u32,
    #[n(1)]
    pub(in crate::engine) tenant: TenantId,
    #[n(2)]
    pub(in crate::engine) account: AccountId,
    #[n(3)]
    pub(in crate::engine) device: DeviceId,
    #[n(4)]
    pub(in crate::engine) cursor: Option<Cursor>,
    /// The latest stamp of the hybrid clock.
    #[n(5)]
    pub(in crate::engine) clock: Stamp,
    /// The number of the next outbox entry.
    #[n(6)]
    pub(in crate::engine) next_sequence: u64,
    /// The incarnation of the server's store that the cursor is of.
    #[cbor(n(7), default)]
    pub(in crate::engine) incarnation: Option<IncarnationId>,
    /// Whether the account administers the tenant, as of the last Welcome: permissions are shown offline
    /// as they are online.
    #[cbor(n(8), default)]
    pub(in crate::engine) administrator: bool,
    /// The version of the package that wrote the store last: another one may have stored names as
    /// unknown that this one can read.
    #[cbor(n(9), default)]
    pub(in crate::engine) version: String,
    /// The ids that this device had before, the latest last: what they wrote is its own as well.
    #[cbor(n(10), default)]
    pub(in crate::engine) former_devices: Vec<DeviceId>,
}

/// The journal head of a stream on this device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct StreamHeadRecord {
    #[n(0)]
    pub(in crate::engine) position: Position,
    #[n(1)]
    pub(in crate::engine) page: PageNumber,
    /// Unread messages on other pages than the newest.
    #[cbor(n(4), default)]
    pub(in crate::engine) older_unread: OlderUnread,
    /// The incarnation of the server's store that the position is of; none if it
    /// is of a former one.
    #[cbor(n(5), default)]
    pub(in crate::engine) incarnation: Option<IncarnationId>,
    /// The incarnation that answered which own words it lacks. They were given back, since the account
    /// may not read the stream there.
    #[cbor(n(6), default)]
    pub(in crate::engine) given_back: Option<IncarnationId>,
    /// The hash of the journal up to the position.
    #[n(7)]
    pub(in crate::engine) chain: ChainHash,
    /// The device's cursor when the last entry came over a link: a catch-up from there tells of the stream.
    #[cbor(n(8), default)]
    pub(in crate::engine) moved_after: Option<Cursor>,
}

impl StreamHeadRecord {
    pub(in crate::engine) fn at(&self) -> Head {
        Head { position: self.position, chain: self.chain }
    }
}

/// A row of the list, with the state that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct InboxRecord {
    #[n(0)]
    pub(in crate::engine) row: ConversationRow,
    /// The own registers.
    #[n(1)]
    pub(in crate::engine) receipt: Receipt,
    /// Whether the server may not have them yet.
    #[n(2)]
    pub(in crate::engine) receipt_unsent: bool,
    /// The last position of the server's journal that the device was sent. The replica may lag behind
    /// it even where the cursor does not: the cursor passes entries that could not be fetched.
    #[cbor(n(3), default)]
    pub(in crate::engine) journal_head: Position,
    /// The position at which the account last became a member.
    #[cbor(n(4), default)]
    pub(in crate::engine) joined: Position,
    /// The hash of the journal up to `journal_head`, if the server sent it.
    #[cbor(n(5), default)]
    pub(in crate::engine) chain: Option<ChainHash>,
}

impl InboxRecord {
    /// For a conversation that the server has sent no summary of.
    pub(in crate::engine) fn new(row: ConversationRow) -> Self {
        let (journal_head, joined) = (Position::ZERO, Position::ZERO);
        Self { row, receipt: Receipt::default(), receipt_unsent: false, journal_head, joined, chain: None }
    }

    /// Messages after this position are unread: neither read, nor written before the account joined.
    pub(in crate::engine) fn unread_from(&self) -> Position {
        self.receipt.unread_from(self.joined)
    }
}

/// A document as of a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct DocumentRecord {
    #[n(0)]
    pub(in crate::engine) position: Position,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(in crate::engine) data: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(in crate::engine) admissions: Vec<u8>,
}

impl DocumentRecord {
    fn of(document: &Document) -> Self {
        let (position, data, admissions) = document.save();
        Self { position, data, admissions }
    }
}

/// Stores a document.
pub(in crate::engine) fn put_document(document: &Document) -> Write {
    put(document_key(document.id()), &DocumentRecord::of(document))
}

/// Stores a document from the server as it came, unless entries after it came as well: saving it
/// again costs half as much as reading it did.
pub(in crate::engine) fn put_fetched(document: &Document, fetched: &Fetched) -> Write {
    let has_later_entry = fetched.entries.iter().any(|entry| entry.document == *document.id());
    let came = fetched.documents.iter().find(|snapshot| snapshot.document == *document.id() && !has_later_entry);
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
pub(in crate::engine) struct OutboxRecord {
    #[n(0)]
    pub(in crate::engine) command: Command,
    /// When the person gave the command.
    #[n(1)]
    pub(in crate::engine) at: WallTime,
    #[n(2)]
    pub(in crate::engine) document: DocumentId,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(in crate::engine) change: Vec<u8>,
    /// How often it was written anew.
    #[n(4)]
    pub(in crate::engine) rewrites: u32,
    /// Whether it is parked.
    #[cbor(n(5), default)]
    pub(in crate::engine) is_parked: bool,
    /// Whether it was commanded again after the server's store was put back.
    #[cbor(n(6), default)]
    pub(in crate::engine) is_offered: bool,
}

/// A membership request that waits for the server's answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct MembershipRecord {
    #[n(0)]
    pub(in crate::engine) ask: RequestMembership,
    /// When the person asked for it.
    #[n(1)]
    pub(in crate::engine) at: WallTime,
}

/// A command that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(in crate::engine) struct RefusedRecord {
    #[n(0)]
    pub(in crate::engine) command: Command,
    #[n(1)]
    pub(in crate::engine) at: WallTime,
    #[n(2)]
    pub(in crate::engine) code: Code,
    #[n(3)]
    pub(in crate::engine) detail: String,
}

pub(in crate::engine) fn stream_head_key(stream: &StreamId) -> RecordKey {
    format!("{STREAM_HEADS}{stream}")
}

pub(in crate::engine) fn inbox_key(conversation: ConversationId) -> RecordKey {
    format!("{INBOX}{conversation}")
}

pub(in crate::engine) fn outbox_key(sequence: u64) -> RecordKey {
    format!("{OUTBOX}{sequence:016x}")
}

pub(in crate::engine) fn refused_key(sequence: u64) -> RecordKey {
    format!("{REFUSED}{sequence:016x}")
}

pub(in crate::engine) fn membership_key(sequence: u64) -> RecordKey {
    format!("{MEMBERSHIP}{sequence:016x}")
}

pub(in crate::engine) fn profile_key(account: &AccountId) -> RecordKey {
    format!("{PROFILES}{account}")
}

pub(in crate::engine) fn rows_key(conversation: ConversationId) -> RecordKey {
    format!("{ROWS}{conversation}")
}

pub(in crate::engine) fn documents_prefix(stream: &StreamId) -> RecordKey {
    format!("{DOCUMENTS}{stream}/")
}

pub(in crate::engine) fn document_key(document: &DocumentId) -> RecordKey {
    format!("{}{document}", documents_prefix(&document.stream()))
}

pub(in crate::engine) fn tail_prefix(stream: &StreamId) -> RecordKey {
    format!("{TAILS}{stream}/")
}

pub(in crate::engine) fn tail_key(stream: &StreamId, position: Position) -> RecordKey {
    format!("{}{:016x}", tail_prefix(stream), position.number())
}

pub(in crate::engine) fn threads_prefix(stream: &StreamId) -> RecordKey {
    format!("{THREADS}{stream}/")
}

pub(in crate::engine) fn thread_key(stream: &StreamId, thread: ConversationId) -> RecordKey {
    format!("{}{thread}", threads_prefix(stream))
}

pub(in crate::engine) fn registers_prefix(stream: &StreamId) -> RecordKey {
    format!("{REGISTERS}{stream}/")
}

/// Receipts of others are stored to show the state of own messages.
pub(in crate::engine) fn register_key(stream: &StreamId, account: &AccountId) -> RecordKey {
    format!("{}{account}", registers_prefix(stream))
}

/// The key under which a damaged record is quarantined.
pub(in crate::engine) fn damaged_key(key: &str) -> RecordKey {
    format!("{DAMAGED}{key}")
}

/// The number at the end of an outbox or refused key.
pub(in crate::engine) fn sequence_of(key: &str) -> Option<u64> {
    let sequence = u64::from_str_radix(key.rsplit('/').next()?, 16).ok()?;
    (sequence < SEQUENCE_MAX).then_some(sequence)
}

/// A write of a value under a key.
pub(in crate::engine) fn put<T: Encode<()>>(key: RecordKey, value: &T) -> Write {
    let (key, sealed) = sealed(key, &encode(value));
    Write::Put(key, sealed)
}

/// A record with its checksum.
pub(in crate::engine) fn sealed(key: RecordKey, content: &[u8]) -> Record {
    let mut sealed = checksum(&key, content).to_vec();
    sealed.extend(content);
    (key, sealed)
}

/// The value stored under a key; none when it is damaged.
pub(in crate::engine) fn read<'b, T: Decode<'b, ()>>(key: &str, sealed: &'b [u8]) -> Option<T> {
    decode(intact(key, sealed)?).ok()
}

/// Whether a record that does not decode was written by a newer version, and is one nobody else has.
pub(in crate::engine) fn is_newer(key: &str, sealed: &[u8]) -> bool {
    IRREPLACEABLE.iter().any(|prefix| key.starts_with(prefix)) && intact(key, sealed).is_some()
}

/// The content of a record, if the checksum matches.
fn intact<'b>(key: &str, sealed: &'b [u8]) -> Option<&'b [u8]> {
    let (stored, content) = sealed.split_at_checked(CHECKSUM_BYTES)?;
    (stored == checksum(key, content)).then_some(content)
}

fn checksum(key: &str, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    XxHash64::oneshot(XxHash64::oneshot(0, key.as_bytes()), content).to_be_bytes()
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
        "head" => again::<StreamHeadRecord>(value),
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
