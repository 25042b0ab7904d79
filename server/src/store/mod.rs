//! What the server keeps, behind one trait: journal, snapshots, projections,
//! receipts, devices. SQLite and Postgres implement it and pass one contract.
//! Stores decide nothing: what may be written is the authority's.

mod call;
#[cfg(test)]
mod contract;
mod conversation;
mod error;
mod metered;
mod name;
mod notice;
mod postgres;
mod projections;
mod records;
mod sql;
mod sqlite;

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

pub use call::{Access, Gate, Store, StoreCall};
pub use conversation::ConversationRow;
pub(crate) use metered::Metered;
pub use name::NameChange;
pub use notice::Notice;
pub use projections::{OddRow, Oddity, Projections, Restate, RottenRow, Stated};
pub use records::{Records, StoredSnapshot, StreamRecord};

use crate::{bounds::Bounds, trace::TraceId};

/// The version of the tables that this program reads and writes.
pub const SCHEMA_VERSION: usize = <sqlx::Postgres as sql::Backend>::MIGRATIONS.len();

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or went away; the same call may succeed later.
    #[error("the store cannot be reached: {}", error::told(.0))]
    Unavailable(#[source] sqlx::Error),
    /// The disk, or the quota, is full; nothing of the call was written.
    #[error("the store is full: {}", error::told(.0))]
    Full(#[source] sqlx::Error),
    /// What was read does not decode.
    #[error("a stored {table} row is corrupt: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What did not decode.
        detail: String,
    },
    /// An entry of a journal is not what was written: its change does not have
    /// its hash, or a column does not decode. Other streams are not concerned.
    #[error("entry {position} of {stream} is damaged: {detail}")]
    Damaged {
        /// The stream.
        stream: StreamId,
        /// The entry.
        position: Position,
        /// What is wrong with it.
        detail: String,
    },
    /// A migration failed, or the database is of a newer version.
    #[error("the database does not migrate to the version of this program: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// There is no such file, and the command does not make one.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// The file cannot be made, or its rights cannot be set.
    #[error("the file {} cannot be made for its owner alone: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The database is copied by a program of its own.
    #[error("a Postgres store is copied with pg_dump: see docs/operating.md")]
    NoBackup,
    /// The tables are not those of this program.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The URL names no database that this program knows.
    #[error("a store is sqlite:PATH, sqlite::memory: or postgres://…, not {begin}")]
    UrlUnsupported {
        /// How the URL begins; the rest may hold a password.
        begin: String,
    },
    /// A cursor that was told before the store was put back to an older state, or that nobody told.
    #[error("the cursor is not of the store's history")]
    PutBack,
    /// Anything else the database said: a defect of this program.
    #[error("the database refused a statement: {}", error::told(.0))]
    Database(#[source] sqlx::Error),
}

/// Why the tables of a database are not those that this program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is none of them.
    #[error("the store has no tables yet: serve it once, or run `tidings-server migrate`")]
    Absent,
    /// They are of an older version.
    #[error(
        "the store's tables are of version {found}, and this program's of {expected}: run `tidings-server migrate`"
    )]
    Behind {
        /// Theirs.
        found: i64,
        /// This program's.
        expected: i64,
    },
    /// They are of a newer version.
    #[error("the store's tables are of version {found}, and this program knows {expected}: use a newer program")]
    Ahead {
        /// Theirs.
        found: i64,
        /// This program's.
        expected: i64,
    },
    /// A migration was made by another text than this program's, or failed halfway.
    #[error("version {0} of the store's tables is not this program's: it was made by another build")]
    Other(i64),
}

/// What opening does where there is no SQLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingFile {
    /// Makes one, with its folder.
    Make,
    /// Fails: for a command that acts on what a server has made.
    Refuse,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// What to do where there is no SQLite file.
    pub missing_file: MissingFile,
    /// Connections at most; SQLite has one more, which writes.
    pub connections_max: u32,
    /// How long a call waits for a connection before the store counts as
    /// unavailable.
    pub acquire_timeout: Duration,
    /// How long a call may take, that wait included, before the store counts
    /// as unavailable. A file answers or fails, so SQLite's are not bounded.
    pub answer_timeout: Duration,
    /// How much is taken at once.
    pub bounds: Bounds,
    /// Whether it is opened beside the servers that have it: they look for what is written then.
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

/// Opens the store of a URL: `sqlite:PATH`, made if missing, with its folder;
/// `sqlite::memory:`, gone with the process; or `postgres://…`. Tables are
/// made by `Store::migrate`.
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

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamHead {
    /// Its last position; zero for a stream that does not exist.
    pub position: Position,
    /// Its newest page that has a change; 0 for none.
    pub page: PageNumber,
    /// The hash of its journal up to the last position.
    pub chain: ChainHash,
}

impl StreamHead {
    /// Its last position, with the hash there.
    pub fn at(&self) -> Head {
        Head { position: self.position, chain: self.chain }
    }
}

/// A change that the journal holds, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundChange {
    /// The change.
    pub hash: ChangeHash,
    /// The document: the same bytes may be a change of several.
    pub document: DocumentId,
    /// Its position in the stream.
    pub position: Position,
    /// Whose session pushed it.
    pub account: AccountId,
    /// Whether that session was a tenant administrator's.
    pub administrator: bool,
    /// When it was admitted.
    pub accepted_at: WallTime,
}

/// A document as stored: the snapshot, if one was cut, and what came after.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredDocument {
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The document's entries behind the snapshot, by rising position.
    pub tail: Vec<Entry>,
}

/// A document as of a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Every entry of the document up to here is in it.
    pub position: Position,
    /// The saved document.
    pub data: Vec<u8>,
    /// The bytes of its changes and the admissions of its messages, as `Document::save` writes them.
    pub admissions: Vec<u8>,
}

/// An entry with what the journal's queries need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry.
    pub entry: Entry,
    /// The hash of its change, unique within the stream.
    pub hash: ChangeHash,
    /// The hash of the journal up to it.
    pub chain: ChainHash,
    /// Whose new message it holds, if it holds one: what unread counts count. It
    /// need not be the entry's account, which may have admitted a held one.
    pub author: Option<AccountId>,
}

/// A member as queries need one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The role.
    pub role: Role,
    /// Where they stand.
    pub status: MemberStatus,
    /// The entry that moved them, in a commit; what is read does not say.
    pub moved_at: Option<Position>,
    /// The entry by which they came in, in a commit that brings them in.
    pub joined: Option<Position>,
}

impl MemberRow {
    /// What queries need of a member.
    pub fn of(member: &Member) -> Self {
        Self { role: member.role.clone(), status: member.status(), moved_at: None, joined: None }
    }

    /// Whether it is a subscriber's, who is in no list of members.
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

/// A subscriber of a channel: no entry says so, and no list of members has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriberRow {
    /// Active, or left.
    pub status: MemberStatus,
    /// Since when.
    pub at: WallTime,
}

/// How many subscribe to a channel, and how far they have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscriberCounts {
    /// All of them.
    pub subscribers: u32,
    /// Those who were delivered to, up to a position.
    pub delivered: u32,
    /// Those who have read, up to a position.
    pub read: u32,
}

/// What one stream writes in one transaction: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCommit {
    /// The tenant.
    pub tenant: TenantId,
    /// The stream.
    pub stream: StreamId,
    /// The position the entries were judged at.
    pub expected: Position,
    /// The entries, at `expected + 1` and on.
    pub entries: Vec<NewEntry>,
    /// The newest page with a change after them.
    pub page: PageNumber,
    /// The hash of the journal up to the last of them.
    pub chain: ChainHash,
    /// The conversation's projection after them; none for an account's stream.
    pub conversation: Option<ConversationRow>,
    /// The change of its public name, if that changed.
    pub name: Option<NameChange>,
    /// The words that the directory has the conversation under from now on, if they changed.
    pub words: Option<SortedSet<String>>,
    /// The members that changed.
    pub members: Vec<(AccountId, MemberRow)>,
    /// What became of subscriptions. They may be all that a commit writes: it
    /// then has no entry, and the stream stays where it is.
    pub subscribers: Vec<(AccountId, SubscriberRow)>,
    /// The threads that changed, as they are after them.
    pub threads: Vec<Thread>,
    /// Messages that are held now; without their words, of which it was decided.
    pub held: Vec<(MessageId, Option<HeldMessage>)>,
    /// The account's profile, when it changed, with the times of the first and the last change.
    pub profile: Option<Profile>,
    /// Whom the account blocks now, or no longer, of those that changed.
    pub blocks: Vec<(AccountId, bool)>,
    /// Who may reach the account now, if that changed.
    pub reachability: Option<Reachability>,
    /// The accounts that contacts are linked to now, of those contacts that changed.
    pub contacts: Vec<(ContactId, Option<AccountId>)>,
    /// The pushes among those they came from that are traced: told to the other nodes, not stored.
    pub traces: Vec<TraceId>,
    /// The requests that they were written for and that may be made again.
    pub requests: Vec<AnsweredRequest>,
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

/// Threads of a conversation's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichThreads {
    /// All of them.
    All,
    /// This one.
    One(ConversationId),
    /// Those that start from a message of this page.
    From(DocumentId),
}

/// How the commit of one stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Durable.
    Committed,
    /// The stream was not at the expected position: reload and decide anew.
    Conflict,
    /// Another conversation has the public name: what gives it must be refused.
    NameTaken,
}

/// Whose a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceOwner {
    /// The account that asked: it is the first, or the same as before.
    Same,
    /// Another account of this tenant. In another tenant the same id is another device.
    Other,
}

/// What an operator decides about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// It may neither read nor write.
    Suspended,
    /// It may again.
    Lifted,
}

/// What an account missed since a cursor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatchUp {
    /// Everything up to here is in the answer.
    pub cursor: Cursor,
    /// The conversations that changed, where the account is an active member.
    pub summaries: Vec<ConversationSummary>,
    /// The conversations the account may no longer read, changed since.
    pub revoked: Vec<(ConversationId, MemberStatus, Position)>,
    /// The entries of streams that changed, at most `entries_max` a stream and
    /// none of a stream with more. None at all when the cursor is none.
    pub entries: Vec<(StreamId, Vec<Entry>)>,
    /// Receipts that moved, of those conversations.
    pub receipts: Vec<MemberReceipt>,
    /// Profiles that changed, or whose account is new to this one.
    pub profiles: Vec<ProfileNotice>,
}

/// A conversation that was deleted, and of which something is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedConversation {
    /// The tenant.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
}

/// A document whose snapshot is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleDocument {
    /// The tenant.
    pub tenant: TenantId,
    /// The document.
    pub document: DocumentId,
}

/// What a store has counted by itself since it was opened, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounts {
    /// Notices told to other nodes.
    pub notices_sent: u64,
    /// Notices dropped on the way out or in.
    pub notices_lost: u64,
    /// Runs of entries that no notice told, found by looking.
    pub notices_found: u64,
    /// Transactions begun anew after a collision with another node's.
    pub collisions: u64,
    /// Snapshots that were set aside.
    pub quarantined: u64,
    /// Connections.
    pub connections: usize,
    /// Connections that nobody uses.
    pub connections_idle: usize,
}
