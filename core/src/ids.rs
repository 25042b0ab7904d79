//! A newtype for each id: parse, print, order, derive. Constructors parse, so an invalid id cannot exist. Times
//! inside message ids come from `hlc`. It is long because there are many small ids.

use core::fmt;
use std::sync::Arc;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use sha2::{Digest, Sha256};

use crate::{
    api::{read_as_text, write_as_text},
    base32,
    time::WallTime,
};

/// Why a text or a byte string is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// Not 1 to 64 characters of `A-Za-z0-9_.:-`.
    #[error("must be 1 to 64 characters of A-Za-z0-9_.:-")]
    Name,
    /// Not 1 to 128 printable ASCII characters without space, `/`, quotes and backslash.
    #[error("must be 1 to 128 printable ASCII characters, none of them a space, a slash, a quote or a backslash")]
    Account,
    /// Not 26 characters of lower-case base32hex that encode 16 bytes.
    #[error("must be 26 characters of lower-case base32hex")]
    Base32,
    /// Not 16 bytes.
    #[error("must be 16 bytes")]
    Length,
    /// Not one of the forms of a stream or document id.
    #[error("unknown kind of stream or document")]
    Kind,
}

/// The form of an id in JSON and TypeScript: its text.
macro_rules! id_in_json {
    ($name:ident, $what:literal) => {
        write_as_text! { $name }
        read_as_text! { $name, or IdInvalid, |text| $name::parse(text).map_err(|error| no_id($what, text, error)) }
    };
}

/// The message for a text that is not an id.
fn no_id(what: &str, text: &str, error: ParseIdError) -> String {
    format!("{what} id `{}` {error}", text.chars().take(80).collect::<String>())
}

macro_rules! name_id {
    ($(#[$meta:meta])* $name:ident $what:literal, $bytes_max:literal bytes of $legal:expr, or $error:ident) => {
        id_in_json! { $name, $what }

        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "string"))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the id.
            ///
            /// # Errors
            #[doc = concat!("`ParseIdError::", stringify!($error), "`.")]
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                let legal: fn(u8) -> bool = $legal;
                if (1..=$bytes_max).contains(&text.len()) && text.bytes().all(legal) {
                    Ok(Self(text.into()))
                } else {
                    Err(ParseIdError::$error)
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                encoder: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                encoder.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::parse(decoder.str()?).map_err(decode::Error::custom)
            }
        }
    };
}

macro_rules! byte_id {
    ($(#[$meta:meta])* $name:ident $what:literal) => {
        id_in_json! { $name, $what }

        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "string"))]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Parses the text form, 26 characters of lower-case base32hex.
            ///
            /// # Errors
            /// `ParseIdError::Base32` on anything else.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                base32::decode(text.as_bytes()).map(Self).ok_or(ParseIdError::Base32)
            }
        }

        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseIdError;

            fn try_from(bytes: &[u8]) -> Result<Self, ParseIdError> {
                bytes.try_into().map(Self).map_err(|_| ParseIdError::Length)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(str::from_utf8(&base32::encode(self.0)).expect("the alphabet is ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                encoder: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                encoder.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::try_from(decoder.bytes()?).map_err(decode::Error::custom)
            }
        }
    };
}

name_id! {
    /// An isolated customer; every other id is scoped by it.
    TenantId "tenant", 64 bytes of |byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte), or Name
}

name_id! {
    /// A communication identity, named by the operator's identity provider: `auth0|…`, an e-mail address, a
    /// UUID. Characters that would have to be escaped in a key, an address or a log are not allowed.
    AccountId "account", 128 bytes of |byte| byte.is_ascii_graphic() && !b"/\"'`\\".contains(&byte), or Account
}

byte_id! {
    /// One installation of a client. Its bytes are the Automerge actor id of every change it writes; it belongs
    /// to one account for good.
    DeviceId "device"
}

byte_id! {
    /// The identity of a server's store, random, and replaced whenever the store is restored to an older state.
    IncarnationId "incarnation"
}

byte_id! {
    /// A segment of a store's history, begun by each start of a server. Random.
    EpochId "epoch"
}

byte_id! {
    /// A conversation. Random for groups, derived for directs, threads and resources.
    ConversationId "conversation"
}

byte_id! {
    /// An entry of an account's address book.
    ContactId "contact"
}

byte_id! {
    /// An invite link, derived from its code.
    InviteId "invite"
}

byte_id! {
    /// The secret in an invite link: 128 random bits. Whoever has it may use the link.
    InviteCode "invite code"
}

byte_id! {
    /// The time-ordered part of a message id: 48 bits of milliseconds since
    /// 1970, a 16-bit counter, 64 random bits, big-endian.
    Stamp "stamp"
}

impl AccountId {
    /// The account that the server writes as. No token is valid for it.
    pub fn system() -> Self {
        Self(Arc::from(SYSTEM))
    }

    /// Returns true for the account that the server writes as.
    pub fn is_system(&self) -> bool {
        &*self.0 == SYSTEM
    }
}

/// The account that the server writes as.
const SYSTEM: &str = ":system";

/// The SHA-256 hash that names one Automerge change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ChangeHash(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl ChangeHash {
    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ChangeHash {
    /// The hash of an uncompressed change, from its bytes alone and without decoding it; it shows whether they
    /// are what was written. None if they are not an Automerge chunk or their own checksum is wrong.
    pub fn of_change(bytes: &[u8]) -> Option<Self> {
        const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
        let (header, chunk) = bytes.split_at_checked(8)?;
        let hash: [u8; 32] = Sha256::digest(chunk).into();
        (header[..4] == MAGIC && header[4..] == hash[..4]).then_some(Self(hash))
    }
}

impl fmt::Display for ChangeHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChangeHash({self})")
    }
}

impl DeviceId {
    /// The system account's device in a stream. Every node writes there with the same one.
    pub fn of_system(tenant: &TenantId, stream: &StreamId) -> Self {
        Self(derive(["tidings system 1", tenant.as_str(), &stream.to_string()]))
    }

    /// The device with which servers write on behalf of an account for programs beside them, unless
    /// another account has taken it. One for all of it, because each device costs memory in every
    /// document that it writes.
    pub fn of_programs(tenant: &TenantId, account: &AccountId) -> Self {
        Self(derive(["tidings programs 1", tenant.as_str(), account.as_str()]))
    }
}

impl ConversationId {
    /// The direct conversation of these two accounts: both sides derive the same id while offline, in
    /// either order.
    pub fn direct(tenant: &TenantId, one: &AccountId, other: &AccountId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self(marked(DIRECT_MARK, derive(["tidings direct 1", tenant.as_str(), first.as_str(), second.as_str()])))
    }

    /// Returns true if the id has the form of a direct conversation's: only a direct can be created under it.
    pub fn is_of_direct(&self) -> bool {
        self.0.starts_with(&DIRECT_MARK)
    }

    /// Returns true if the id has the form of a derived one, of a direct or a resource conversation. Nothing
    /// else can be created under it, so nobody can occupy an id that others derive. A random id has this form
    /// once in 2^31 times, and nothing can be created under it then.
    pub fn is_derived(&self) -> bool {
        self.is_of_direct() || self.0.starts_with(&RESOURCE_MARK)
    }
}

impl ConversationId {
    /// The conversation of a client about a resource, by the operator's id of the resource: every device of the
    /// client derives the same id while offline.
    pub fn resource(tenant: &TenantId, resource: &str, client: &AccountId) -> Self {
        Self(marked(RESOURCE_MARK, derive(["tidings resource 1", tenant.as_str(), resource, client.as_str()])))
    }
}

impl ConversationId {
    /// The thread of a message, anywhere in a conversation's stream: everybody who opens it derives the same id
    /// while offline.
    pub fn thread(tenant: &TenantId, conversation: ConversationId, message: &MessageId) -> Self {
        Self(derive(["tidings thread 1", tenant.as_str(), &conversation.to_string(), &message.to_string()]))
    }
}

impl ContactId {
    /// The contact of a linked account: adding it on two devices adds it once.
    pub fn of_account(account: &AccountId) -> Self {
        Self(derive(["tidings contact 1", account.as_str()]))
    }
}

/// The first bytes of derived conversation ids.
const DIRECT_MARK: [u8; 4] = [0xd1, 0xec, 0x70, 0x01];
const RESOURCE_MARK: [u8; 4] = [0x2e, 0x50, 0xce, 0x01];

fn marked(mark: [u8; 4], mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..4].copy_from_slice(&mark);
    bytes
}

fn derive<const N: usize>(parts: [&str; N]) -> [u8; 16] {
    let mut hash = Sha256::new();
    // A separator that no id may contain keeps ("a", "bc") from ("ab", "c").
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes
}

impl Stamp {
    /// A stamp from its parts; `wall` is truncated to 48 bits.
    pub fn new(wall: WallTime, counter: u16, random: [u8; 8]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&wall.as_millis().to_be_bytes()[2..]);
        bytes[6..8].copy_from_slice(&counter.to_be_bytes());
        bytes[8..].copy_from_slice(&random);
        Self(bytes)
    }

    /// The time in the stamp.
    pub fn wall(&self) -> WallTime {
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.0[..6]);
        WallTime::from_millis(u64::from_be_bytes(millis))
    }

    /// The counter in the stamp.
    pub fn counter(&self) -> u16 {
        u16::from_be_bytes([self.0[6], self.0[7]])
    }

    /// Every bit inverted: the form in keys, so that keys sort newest first.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self(self.0.map(|byte| !byte))
    }
}

/// A message: its stamp, then its author, so ids sort by time and ownership
/// is part of the id. Printed as `{stamp}.{account}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "string"))]
pub struct MessageId {
    /// When it was written, unique per author.
    pub stamp: Stamp,
    /// The account that wrote it.
    pub author: AccountId,
}

id_in_json! { MessageId, "message" }

impl MessageId {
    /// Parses `{stamp}.{account}`.
    ///
    /// # Errors
    /// The error of the part that does not parse.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let (stamp, author) = text.split_once('.').ok_or(ParseIdError::Base32)?;
        Ok(Self { stamp: Stamp::parse(stamp)?, author: AccountId::parse(author)? })
    }

    /// The time of its author's clock.
    pub fn created_at(&self) -> WallTime {
        self.stamp.wall()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.stamp, self.author)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageId({self})")
    }
}

impl<C> Encode<C> for MessageId {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.array(2)?;
        self.stamp.encode(encoder, context)?;
        self.author.encode(encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for MessageId {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        if decoder.array()? != Some(2) {
            return Err(decode::Error::message("a message id has two parts"));
        }
        Ok(Self { stamp: Stamp::decode(decoder, context)?, author: AccountId::decode(decoder, context)? })
    }
}

/// The documents that are ordered together. Printed as `conversation/{id}`
/// or `account/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum StreamId {
    /// A conversation with its pages and its threads.
    #[n(0)]
    Conversation(#[n(0)] ConversationId),
    /// An account's public document and its private home.
    #[n(1)]
    Account(#[n(0)] AccountId),
}

impl StreamId {
    /// Parses the printed form.
    ///
    /// # Errors
    /// `ParseIdError::Kind`, or the error of the id inside.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        match text.split_once('/') {
            Some(("conversation", id)) => Ok(Self::Conversation(ConversationId::parse(id)?)),
            Some(("account", id)) => Ok(Self::Account(AccountId::parse(id)?)),
            _ => Err(ParseIdError::Kind),
        }
    }

    /// The conversation, if it is a conversation's stream.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Conversation(conversation) => Some(*conversation),
            Self::Account(_) => None,
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversation(conversation) => write!(formatter, "conversation/{conversation}"),
            Self::Account(account) => write!(formatter, "account/{account}"),
        }
    }
}

/// The number of a page of a conversation: 1, 2, 3 …
pub type PageNumber = u32;

/// A sequence of messages: a conversation's, or that of one of the threads in its stream. A thread never has
/// the id of its conversation (`DocumentId::is_canonical`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimelineId {
    /// The conversation, whose stream orders both.
    pub conversation: ConversationId,
    /// The thread; none for the conversation itself.
    pub thread: Option<ConversationId>,
}

impl TimelineId {
    /// A conversation's own timeline.
    pub fn of(conversation: ConversationId) -> Self {
        Self { conversation, thread: None }
    }

    /// A thread's timeline.
    pub fn of_thread(conversation: ConversationId, thread: ConversationId) -> Self {
        Self { conversation, thread: Some(thread) }
    }

    /// The timeline in a conversation's stream with this id: the conversation's own, or a thread's.
    pub fn within(conversation: ConversationId, id: ConversationId) -> Self {
        Self { conversation, thread: (id != conversation).then_some(id) }
    }

    /// The id by which apps address it: the thread's, or the conversation's.
    pub fn id(self) -> ConversationId {
        self.thread.unwrap_or(self.conversation)
    }

    /// The document with its metadata.
    pub fn document(self) -> DocumentId {
        DocumentId::Timeline(self)
    }

    /// One of its pages.
    pub fn page(self, number: PageNumber) -> DocumentId {
        DocumentId::Page(self, number)
    }
}

/// One Automerge document. Printed as `conversation/{id}`, `page/{id}/{n}`, `account/{id}`, `home/{id}`,
/// `thread/{id}/{thread}` or `thread_page/{id}/{thread}/{n}`. Each document has exactly one such name
/// (`is_canonical`); others do not parse or decode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentId {
    /// The metadata of a conversation (policies, members, pins, state) or thread (its first message, title,
    /// pins, state).
    Timeline(TimelineId),
    /// A bounded run of a timeline's messages.
    Page(TimelineId, PageNumber),
    /// An account's public profile.
    Account(AccountId),
    /// Private data of an account, shared among its own devices.
    Home(AccountId),
}

impl DocumentId {
    /// Parses the printed form.
    ///
    /// # Errors
    /// `ParseIdError::Kind`, or the error of the id inside.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let (kind, rest) = text.split_once('/').ok_or(ParseIdError::Kind)?;
        let two = || rest.split_once('/').ok_or(ParseIdError::Kind);
        let document = match kind {
            "conversation" => Self::Timeline(TimelineId::of(ConversationId::parse(rest)?)),
            "page" => {
                let (id, number) = two()?;
                TimelineId::of(ConversationId::parse(id)?).page(parse_page_number(number)?)
            }
            "account" => Self::Account(AccountId::parse(rest)?),
            "home" => Self::Home(AccountId::parse(rest)?),
            "thread" => {
                let (id, thread) = two()?;
                TimelineId::of_thread(ConversationId::parse(id)?, ConversationId::parse(thread)?).document()
            }
            "thread_page" => {
                let (id, rest) = two()?;
                let (thread, number) = rest.split_once('/').ok_or(ParseIdError::Kind)?;
                let timeline = TimelineId::of_thread(ConversationId::parse(id)?, ConversationId::parse(thread)?);
                timeline.page(parse_page_number(number)?)
            }
            _ => return Err(ParseIdError::Kind),
        };
        if document.is_canonical() { Ok(document) } else { Err(ParseIdError::Kind) }
    }

    /// Returns true if it is the one valid name of a document: pages count from 1, and a conversation is not a
    /// thread of its own.
    pub fn is_canonical(&self) -> bool {
        let is_timeline = self.timeline().is_none_or(|timeline| timeline.thread != Some(timeline.conversation));
        is_timeline && self.page() != Some(0)
    }

    /// The stream that orders this document's changes.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Timeline(timeline) | Self::Page(timeline, _) => StreamId::Conversation(timeline.conversation),
            Self::Account(account) | Self::Home(account) => StreamId::Account(account.clone()),
        }
    }

    /// The timeline of a conversation's document.
    pub fn timeline(&self) -> Option<TimelineId> {
        match self {
            Self::Timeline(timeline) | Self::Page(timeline, _) => Some(*timeline),
            Self::Account(_) | Self::Home(_) => None,
        }
    }

    /// The thread, if the document belongs to one.
    pub fn thread(&self) -> Option<ConversationId> {
        self.timeline()?.thread
    }

    /// The page number, if the document is a page.
    pub fn page(&self) -> Option<PageNumber> {
        match self {
            Self::Page(_, number) => Some(*number),
            Self::Timeline(_) | Self::Account(_) | Self::Home(_) => None,
        }
    }

    /// Returns true for the metadata of a conversation, as opposed to a thread or a page.
    pub fn is_conversation(&self) -> bool {
        matches!(self, Self::Timeline(TimelineId { thread: None, .. }))
    }
}

/// Parses a number without a sign or leading zeros.
fn parse_page_number(text: &str) -> Result<PageNumber, ParseIdError> {
    match text.as_bytes().first() {
        Some(b'1'..=b'9') => text.parse().map_err(|_| ParseIdError::Kind),
        _ => Err(ParseIdError::Kind),
    }
}

/// A document's id in frames and records, with one variant for each of its forms.
#[derive(Encode, Decode)]
enum EncodedDocumentId {
    #[n(0)]
    Conversation(#[n(0)] ConversationId),
    #[n(1)]
    Page(#[n(0)] ConversationId, #[n(1)] PageNumber),
    #[n(2)]
    Account(#[n(0)] AccountId),
    #[n(3)]
    Home(#[n(0)] AccountId),
    #[n(4)]
    Thread(#[n(0)] ConversationId, #[n(1)] ConversationId),
    #[n(5)]
    ThreadPage(#[n(0)] ConversationId, #[n(1)] ConversationId, #[n(2)] PageNumber),
}

impl<C> Encode<C> for DocumentId {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let encoded = match self {
            Self::Timeline(TimelineId { conversation, thread: None }) => EncodedDocumentId::Conversation(*conversation),
            Self::Page(TimelineId { conversation, thread: None }, number) => {
                EncodedDocumentId::Page(*conversation, *number)
            }
            Self::Account(account) => EncodedDocumentId::Account(account.clone()),
            Self::Home(account) => EncodedDocumentId::Home(account.clone()),
            Self::Timeline(TimelineId { conversation, thread: Some(thread) }) => {
                EncodedDocumentId::Thread(*conversation, *thread)
            }
            Self::Page(TimelineId { conversation, thread: Some(thread) }, number) => {
                EncodedDocumentId::ThreadPage(*conversation, *thread, *number)
            }
        };
        encoded.encode(encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for DocumentId {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        let document = match EncodedDocumentId::decode(decoder, context)? {
            EncodedDocumentId::Conversation(conversation) => TimelineId::of(conversation).document(),
            EncodedDocumentId::Page(conversation, number) => TimelineId::of(conversation).page(number),
            EncodedDocumentId::Account(account) => Self::Account(account),
            EncodedDocumentId::Home(account) => Self::Home(account),
            EncodedDocumentId::Thread(conversation, thread) => TimelineId::of_thread(conversation, thread).document(),
            EncodedDocumentId::ThreadPage(conversation, thread, number) => {
                TimelineId::of_thread(conversation, thread).page(number)
            }
        };
        match document.is_canonical() {
            true => Ok(document),
            false => Err(decode::Error::message("not the name of a document")),
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeline(TimelineId { conversation, thread: None }) => {
                write!(formatter, "conversation/{conversation}")
            }
            Self::Page(TimelineId { conversation, thread: None }, number) => {
                write!(formatter, "page/{conversation}/{number}")
            }
            Self::Account(account) => write!(formatter, "account/{account}"),
            Self::Home(account) => write!(formatter, "home/{account}"),
            Self::Timeline(TimelineId { conversation, thread: Some(thread) }) => {
                write!(formatter, "thread/{conversation}/{thread}")
            }
            Self::Page(TimelineId { conversation, thread: Some(thread) }, number) => {
                write!(formatter, "thread_page/{conversation}/{thread}/{number}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    #[test]
    fn d3_both_sides_derive_the_same_direct() {
        let tenant = TenantId::parse("acme").unwrap();
        let one = ConversationId::direct(&tenant, &account("ann"), &account("bob"));
        let other = ConversationId::direct(&tenant, &account("bob"), &account("ann"));
        assert_eq!(one, other);
        let elsewhere = TenantId::parse("acme2").unwrap();
        assert_ne!(one, ConversationId::direct(&elsewhere, &account("ann"), &account("bob")));
        assert_ne!(one, ConversationId::direct(&tenant, &account("an"), &account("nbob")));
    }

    #[test]
    fn d3_every_device_of_a_client_derives_the_same_resource_conversation() {
        let tenant = TenantId::parse("acme").unwrap();
        let one = ConversationId::resource(&tenant, "flat 7", &account("ann"));
        assert_eq!(one, ConversationId::resource(&tenant, "flat 7", &account("ann")));
        assert_ne!(one, ConversationId::resource(&tenant, "flat 7", &account("bob")));
        assert_ne!(one, ConversationId::resource(&tenant, "flat 7a", &account("nn")));
        assert_ne!(one, ConversationId::resource(&TenantId::parse("acme2").unwrap(), "flat 7", &account("ann")));
    }

    #[test]
    fn d3_everybody_derives_the_same_thread() {
        let tenant = TenantId::parse("acme").unwrap();
        let conversation = ConversationId::from_bytes([1; 16]);
        let message = |author| MessageId { stamp: Stamp::from_bytes([3; 16]), author: account(author) };
        let thread = ConversationId::thread(&tenant, conversation, &message("ann"));
        assert_eq!(thread, ConversationId::thread(&tenant, conversation, &message("ann")));
        assert_ne!(thread, ConversationId::thread(&tenant, conversation, &message("bob")));
        assert_ne!(thread, ConversationId::thread(&tenant, ConversationId::from_bytes([2; 16]), &message("ann")));
    }

    #[test]
    fn d4_message_ids_sort_by_time_and_inverted_ones_newest_first() {
        let early = Stamp::new(WallTime::from_millis(1_000), 7, [9; 8]);
        let late = Stamp::new(WallTime::from_millis(1_001), 0, [0; 8]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        assert!(early.inverted().to_string() > late.inverted().to_string());
        assert_eq!(early.inverted().inverted(), early);
        assert_eq!((early.wall().as_millis(), early.counter()), (1_000, 7));
    }

    #[test]
    fn every_id_prints_what_it_parses() {
        let conversation = ConversationId::from_bytes([0xa5; 16]);
        let message = MessageId { stamp: Stamp::from_bytes([3; 16]), author: account("a.b:c-d_e") };
        assert_eq!(MessageId::parse(&message.to_string()), Ok(message));
        for document in [
            TimelineId::of(conversation).document(),
            TimelineId::of(conversation).page(12),
            DocumentId::Account(account("ann")),
            DocumentId::Home(account("ann")),
            TimelineId::of_thread(conversation, ConversationId::from_bytes([7; 16])).document(),
            TimelineId::of_thread(conversation, ConversationId::from_bytes([7; 16])).page(3),
        ] {
            assert_eq!(DocumentId::parse(&document.to_string()), Ok(document.clone()));
            let stream = document.stream();
            assert_eq!(StreamId::parse(&stream.to_string()), Ok(stream));
        }
    }

    #[test]
    fn a72_a_document_has_one_name() {
        let (conversation, thread) = (ConversationId::from_bytes([1; 16]), ConversationId::from_bytes([2; 16]));
        for document in [
            TimelineId::of(conversation).page(0),
            TimelineId::of_thread(conversation, conversation).document(),
            TimelineId::of_thread(conversation, conversation).page(1),
            TimelineId::of_thread(conversation, thread).page(0),
        ] {
            assert_eq!(DocumentId::parse(&document.to_string()), Err(ParseIdError::Kind), "{document}");
            assert!(minicbor::decode::<DocumentId>(&minicbor::to_vec(&document).unwrap()).is_err(), "{document}");
        }
        for number in ["01", "+1", "1 ", ""] {
            let text = format!("page/{conversation}/{number}");
            assert_eq!(DocumentId::parse(&text), Err(ParseIdError::Kind), "{text}");
        }
    }

    #[test]
    fn i28_what_providers_name_their_users_by_is_an_account() {
        for text in [
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "google-oauth2|103547991597142817347",
            "ann+chat@mail.example.org",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "urn:example:user#7~!$&()*,;=?%[]{}<>^",
            &"x".repeat(128),
        ] {
            let message = MessageId { stamp: Stamp::from_bytes([3; 16]), author: account(text) };
            assert_eq!(MessageId::parse(&message.to_string()), Ok(message));
            for document in [DocumentId::Account(account(text)), DocumentId::Home(account(text))] {
                assert_eq!(DocumentId::parse(&document.to_string()), Ok(document.clone()));
                assert_eq!(StreamId::parse(&document.stream().to_string()), Ok(document.stream()));
            }
        }
    }

    #[test]
    fn illegal_ids_do_not_parse() {
        for text in ["", "a/b", "a b", "é", "a\tb", "a\u{7f}", "a\0", "a'b", "a\"b", "a`b", "a\\b", &"x".repeat(129)] {
            assert_eq!(AccountId::parse(text), Err(ParseIdError::Account), "{text:?}");
        }
        for text in ["", "a/b", "a|b", "a@b", &"x".repeat(65)] {
            assert_eq!(TenantId::parse(text), Err(ParseIdError::Name), "{text:?}");
        }
        let upper = ConversationId::from_bytes([0xa5; 16]).to_string().to_uppercase();
        for text in ["", "abc", upper.as_str(), &"z".repeat(26)] {
            assert_eq!(ConversationId::parse(text), Err(ParseIdError::Base32), "{text:?}");
        }
    }
}
