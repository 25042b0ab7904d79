//! The server's storage behind one trait: journal, snapshots, projections, receipts, devices. SQLite
//! and Postgres implement it and pass one contract. Stores decide nothing: the authority decides what
//! may be written.

mod account_erasure;
mod call;
#[cfg(test)]
mod contract;
mod conversation;
mod error;
mod list_page;
mod metered;
mod name;
mod notice;
mod overview;
mod postgres;
mod projections;
mod records;
mod sql;
mod sqlite;
mod webhook;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tidings_core::{
    ids::{AccountId, ChangeHash, ContactId, ConversationId, DocumentId, MessageId, PageNumber, StreamId, TenantId},
    journal::{ChainHash, Cursor, Entry, Head, Position},
    model::{ConversationState, HeldMessage, Member, MemberStatus, Profile, Reachability, Role, Thread},
    sorted::SortedSet,
    time::WallTime,
    wire::{ConversationSummary, MemberReceipt, ProfileNotice},
};

pub use account_erasure::AccountErasure;
pub use call::{Access, Gate, Store, StoreCall};
pub use conversation::ConversationRow;
pub use list_page::{ListPage, Toward};
pub(crate) use metered::Metered;
pub use name::NameChange;
pub use notice::Notice;
pub use overview::{
    AccountOverview, ConversationOverview, DeliveryCounts, Overview, QuarantinePlace, QuarantinedSnapshot,
};
pub use projections::{OddRow, Oddity, Projections, Restate, RottenRow, Stated};
pub use records::{Records, StoredSnapshot, StreamRecord};

pub use webhook::{
    Delivery, DeliveryKey, DeliveryOutcome, DeliveryRow, DeliveryState, Endpoint, EndpointChange, EndpointKeys,
    EndpointState, EventKind, KEY_BYTES, Lane, LeaseTerms, WebhookEvent,
};

use crate::{bounds::Bounds, trace::TraceId};

/// The version of the tables that this program reads and writes.
pub const SCHEMA_VERSION: usize = <sqlx::Postgres as sql::Backend>::MIGRATIONS.len();

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or the connection broke; the same call may succeed later.
    #[error("the store cannot be reached: {}", error::message_of(.0))]
    Unavailable(#[source] sqlx::Error),
    /// The disk or the quota is full; nothing was written.
    #[error("the store is full: {}", error::message_of(.0))]
    Full(#[source] sqlx::Error),
    /// A stored value does not decode.
    #[error("a stored {table} row is corrupt: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column or value, and the reason.
        detail: String,
    },
    /// A journal entry is not what was written: its change does not match its hash, or a column does not
    /// decode. Other streams are not affected.
    #[error("entry {position} of {stream} is damaged: {detail}")]
    Damaged {
        /// The stream.
        stream: StreamId,
        /// The entry.
        position: Position,
        /// The reason.
        detail: String,
    },
    /// A migration failed, or the database has a newer version.
    #[error("the database cannot be migrated to this program's version: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The file does not exist, and the command does not create it.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// The file cannot be created, or its permissions cannot be set.
    #[error("the file {} cannot be created for its owner only: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The database has its own backup program.
    #[error("use pg_dump to copy a Postgres store: see docs/operating.md")]
    NoBackup,
    /// The tables do not have this program's version.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The URL names no supported database.
    #[error("a store is sqlite:PATH, sqlite::memory: or postgres://…, not {begin}")]
    UrlUnsupported {
        /// The scheme of the URL; the rest may contain a password.
        begin: String,
    },
    /// A cursor that was issued before the store was restored to an older state, or that nobody issued.
    #[error("the cursor does not belong to the store's history")]
    PutBack,
    /// Any other database error: a defect of this program.
    #[error("the database refused a statement: {}", error::message_of(.0))]
    Database(#[source] sqlx::Error),
}

/// Why the tables of a database cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There are none.
    #[error("the store has no tables yet: run `tidings-server migrate`, or serve it once")]
    Absent,
    /// They have an older version.
    #[error("the store's tables have version {found}, but this program needs {expected}: run `tidings-server migrate`")]
    Behind {
        /// The version of the tables.
        found: i64,
        /// The version of this program.
        expected: i64,
    },
    /// They have a newer version.
    #[error("the store's tables have version {found}, but this program knows only {expected}: use a newer program")]
    Ahead {
        /// The version of the tables.
        found: i64,
        /// The version of this program.
        expected: i64,
    },
    /// A migration was made from another text than this program's, or failed halfway.
    #[error("version {0} of the store's tables was made by another build of this program")]
    Other(i64),
}

/// What to do if a SQLite file does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingFile {
    /// Create it, with its folder.
    Make,
    /// Fail: for commands on an existing store.
    Refuse,
}

/// Options for opening a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// What to do if a SQLite file does not exist.
    pub missing_file: MissingFile,
    /// Maximum number of connections; SQLite has one more, for writing.
    pub connections_max: u32,
    /// Time that a call waits for a connection before the store counts as unavailable.
    pub acquire_timeout: Duration,
    /// Time that a call may take, waiting included, before the store counts as unavailable. Not applied to
    /// SQLite, whose file either answers or fails.
    pub answer_timeout: Duration,
    /// Internal bounds.
    pub bounds: Bounds,
    /// True if running servers have the store open; they then poll for what is written.
    pub beside_servers: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            missing_file: MissingFile::Make,
            connections_max: 10,
            acquire_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(10),
            bounds: Bounds::default(),
            beside_servers: false,
        }
    }
}

/// Opens the store of a URL: `sqlite:PATH`, created if missing, with its folder; `sqlite::memory:`, gone with
/// the process; or `postgres://…`. `Store::migrate` creates the tables.
///
/// # Errors
/// `StoreError::UrlUnsupported` for any other URL; `StoreError::Unavailable`
/// when the database cannot be reached.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tidings_server::store::StoreError> {
/// use tidings_server::store;
/// let store = store::open("sqlite::memory:", &store::StoreOptions::default()).await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
pub async fn open(url: &str, options: &StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", ":memory:")) => Ok(Arc::new(sql::Patient(sqlite::open(None, options).await?))),
        Some(("sqlite", path)) if !path.is_empty() => {
            let path = path.strip_prefix("//").unwrap_or(path);
            Ok(Arc::new(sql::Patient(sqlite::open(Some(Path::new(path)), options).await?)))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(sql::Patient(postgres::open(url, options).await?))),
        Some((scheme, _)) => Err(StoreError::UrlUnsupported { begin: format!("{scheme}:…") }),
        None => Err(StoreError::UrlUnsupported { begin: url.to_owned() }),
    }
}

/// The end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamHead {
    /// Its last position; zero for a stream that does not exist.
    pub position: Position,
    /// Its newest page with a change; 0 for none.
    pub page: PageNumber,
    /// The hash of its journal up to that position.
    pub chain: ChainHash,
}

impl StreamHead {
    /// Its last position, with the hash there.
    pub fn at(&self) -> Head {
        Head { position: self.position, chain: self.chain }
    }
}

/// A change in the journal, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChange {
    /// The change.
    pub hash: ChangeHash,
    /// The document: the same bytes may be a change of several documents.
    pub document: DocumentId,
    /// Its position in the stream.
    pub position: Position,
    /// The account whose session pushed it.
    pub account: AccountId,
    /// True if that session was a tenant administrator's.
    pub administrator: bool,
    /// When it was admitted.
    pub accepted_at: WallTime,
}

/// A document as stored: the snapshot, if there is one, and the later entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredDocument {
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The document's entries after the snapshot, by rising position.
    pub tail: Vec<Entry>,
}

/// A document as of a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The position up to which it contains the document's entries.
    pub position: Position,
    /// The saved document.
    pub data: Vec<u8>,
    /// The bytes of its changes and the admissions of its messages, as `Document::save` writes them.
    pub admissions: Vec<u8>,
}

/// An entry with the columns that the journal's queries need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry.
    pub entry: Entry,
    /// The hash of its change, unique in the stream.
    pub hash: ChangeHash,
    /// The hash of the journal up to it.
    pub chain: ChainHash,
    /// The author of the new message in it, if there is one; unread counts count these. May differ from the
    /// entry's account, which may have admitted a held message.
    pub author: Option<AccountId>,
}

/// A row of the member projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The role.
    pub role: Role,
    /// Their membership status.
    pub status: MemberStatus,
    /// In a commit, the entry that changed the membership; not set when read.
    pub moved_at: Option<Position>,
    /// In a commit, the entry by which they joined, if it brings them in.
    pub joined: Option<Position>,
}

impl MemberRow {
    /// The row of a member.
    pub fn of(member: &Member) -> Self {
        Self { role: member.role.clone(), status: member.status(), moved_at: None, joined: None }
    }

    /// Returns true if it is a subscriber, who is in no list of members.
    pub fn is_subscriber(&self) -> bool {
        self.role == Role::Subscriber && self.status == MemberStatus::Active
    }
}

/// Where two accounts stand with a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its state; none if there is no such conversation.
    pub state: Option<ConversationState>,
    /// The last entry of its document; zero where there is none, or none any more.
    pub changed: Position,
    /// Whether the one who asks is suspended.
    pub suspended: bool,
    /// The one who asks, if ever a member or subscriber.
    pub asker: Option<MemberRow>,
    /// The one of whom is asked, if ever a member or subscriber.
    pub subject: Option<MemberRow>,
}

/// A conversation that an account has or had a part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The conversation.
    pub conversation: ConversationId,
    /// The account's row in it.
    pub row: MemberRow,
    /// Since when the row is as it is, for a subscriber; zero for a member, of whom the document says so.
    pub subscribed_at: WallTime,
}

/// A subscriber of a channel: no entry says so, and no list of members has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriberRow {
    /// Active, or left.
    pub status: MemberStatus,
    /// When that began.
    pub at: WallTime,
}

/// The number of subscribers of a channel, and their progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscriberCounts {
    /// All of them.
    pub subscribers: u32,
    /// Subscribers delivered to, up to a position.
    pub delivered: u32,
    /// Subscribers that have read up to a position.
    pub read: u32,
}

/// The writes of one stream in one transaction: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCommit {
    /// The tenant.
    pub tenant: TenantId,
    /// The stream.
    pub stream: StreamId,
    /// The position the entries were judged at.
    pub expected: Position,
    /// The entries, starting at `expected + 1`.
    pub entries: Vec<NewEntry>,
    /// The newest page with a change after these entries.
    pub page: PageNumber,
    /// The hash of the journal up to the last entry.
    pub chain: ChainHash,
    /// The conversation's projection after these entries; none for an account's stream.
    pub conversation: Option<ConversationRow>,
    /// The change of its public name, if that changed.
    pub name: Option<NameChange>,
    /// The words under which the directory lists the conversation, if they changed.
    pub words: Option<SortedSet<String>>,
    /// The members that changed.
    pub members: Vec<(AccountId, MemberRow)>,
    /// Changed subscriptions. A commit may consist of these alone: it then has no entry, and the stream does
    /// not move.
    pub subscribers: Vec<(AccountId, SubscriberRow)>,
    /// The threads that changed, with their new values.
    pub threads: Vec<Thread>,
    /// Messages newly held, or none for those that were decided, whose words are deleted.
    pub held: Vec<(MessageId, Option<HeldMessage>)>,
    /// The account's profile, if it changed, with the times of its first and last change.
    pub profile: Option<Profile>,
    /// Changed blocks: the account, and true if it is blocked now.
    pub blocks: Vec<(AccountId, bool)>,
    /// The account's new reachability, if it changed.
    pub reachability: Option<Reachability>,
    /// Changed contacts with the account each is linked to.
    pub contacts: Vec<(ContactId, Option<AccountId>)>,
    /// Traced pushes among those that these entries came from. Sent to other nodes, not stored.
    pub traces: Vec<TraceId>,
    /// The requests that they were written for and that may be made again.
    pub requests: Vec<AnsweredRequest>,
    /// What the tenant's webhook endpoints are told, by rising position; none if it was not made, because the tenant was
    /// thought to have no endpoint.
    pub events: Option<Vec<WebhookEvent>>,
    /// Messages that were deleted: their words are told no more.
    pub silenced: Vec<MessageId>,
}

/// A request that was carried out, and is answered alike when it is made again under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// Who made it.
    pub account: AccountId,
    /// The key under which it is made again.
    pub key: String,
    /// A hash of what was asked: something else under the same key is another request.
    pub fingerprint: [u8; 32],
    /// The id of what it made; empty where it made nothing that has one.
    pub made: String,
    /// Where it was written.
    pub position: Position,
    /// When.
    pub accepted_at: WallTime,
}

/// Selects threads of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichThreads {
    /// All threads.
    All,
    /// One thread.
    One(ConversationId),
    /// The threads that start from a message of this page.
    From(DocumentId),
}

/// The outcome of the commit of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The commit is durable.
    Committed,
    /// The stream was not at the expected position: reload it and decide again.
    Conflict,
    /// Another conversation has the public name: the change that claims it must be refused.
    NameTaken,
    /// No events were made, but the tenant has a webhook endpoint: decide again, and make them.
    EventsWanted,
}

/// The owner of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceOwner {
    /// The account that asked, as of this call or an earlier one.
    Same,
    /// Another account of this tenant. In another tenant the same id is another device.
    Other,
}

/// What an operator has names of its own for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Accounts.
    Accounts,
    /// Conversations.
    Conversations,
}

/// The outcome of giving something an external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It has it now.
    Given,
    /// Another one of its kind has it.
    Taken,
    /// The conversation does not exist, or was deleted.
    Gone,
}

/// An operator's decision about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// The account may neither read nor write.
    Suspended,
    /// The account may read and write again.
    Lifted,
}

/// What an account missed since a cursor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatchUp {
    /// The position in the catch-up order up to which the answer is complete.
    pub cursor: Cursor,
    /// The conversations that changed, where the account is an active member.
    pub summaries: Vec<ConversationSummary>,
    /// Changed conversations that the account may no longer read.
    pub revoked: Vec<(ConversationId, MemberStatus, Position)>,
    /// The entries of changed streams, at most `entries_max` per stream; streams with more are left out. Empty
    /// if there was no cursor.
    pub entries: Vec<(StreamId, Vec<Entry>)>,
    /// Moved receipts of those conversations.
    pub receipts: Vec<MemberReceipt>,
    /// Profiles that changed, or whose account is new to this one.
    pub profiles: Vec<ProfileNotice>,
}

/// What is new in the conversations of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantNews {
    /// The position in the catch-up order up to which the answer is complete.
    pub cursor: Cursor,
    /// False if more is there behind that.
    pub is_whole: bool,
    /// The conversations that changed, or were deleted, with the position of each.
    pub heads: Vec<(ConversationId, Position)>,
    /// The new entries of those of them that have no more than `entries_max`.
    pub entries: Vec<(StreamId, Vec<Entry>)>,
}

/// A deleted conversation that is not fully erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedConversation {
    /// The tenant.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
}

/// A document with an outdated snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleDocument {
    /// The tenant.
    pub tenant: TenantId,
    /// The document.
    pub document: DocumentId,
}

/// Counters of a store since it was opened, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounts {
    /// Notices sent to other nodes.
    pub notices_sent: u64,
    /// Notices dropped on the way out or in.
    pub notices_lost: u64,
    /// Runs of entries without a notice, found by polling.
    pub notices_found: u64,
    /// Transactions restarted after a collision with another node's.
    pub collisions: u64,
    /// Snapshots that were set aside.
    pub quarantined: u64,
    /// Open connections.
    pub connections: usize,
    /// Idle connections.
    pub connections_idle: usize,
}
