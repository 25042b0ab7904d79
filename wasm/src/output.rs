//! Everything an engine wants done, as TypeScript reads it.

use serde::Serialize;
use tidings_core::{
    code::Code,
    engine as core,
    ids::ContactId,
    journal::Head,
    model::{PresenceKind, Profile, Reachability},
    storage::StorageTask,
    view::{BlockedRow, ContactRow, MemberChange},
    wire::{ContactMatch, Subscribers},
};
use tsify::Tsify;

use crate::{
    bytes::Bytes,
    detail::ConversationDetail,
    id::texts,
    list::ListPage,
    row::{ConversationRow, RefusedRow, TimelineRow},
    storage::StorageRequest,
    time::millis,
};

/// One output.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case")]
#[tsify(hashmap_as_object)]
pub enum Output {
    /// Send a frame over the open link.
    Send { frame: Bytes },
    /// Carry out a task of the store, in the order given, and report back.
    Storage { task: f64, request: StorageRequest },
    /// Show this.
    Update { update: Update },
    /// Ask the app for a bearer token, with why the server did not take the last one.
    NeedToken { refused: Option<Cause> },
    /// Open a link.
    Connect,
    /// Close the link.
    Disconnect,
    /// Come back at this monotonic time, in milliseconds; replaces the former one.
    WakeAt { at: f64 },
}

/// What a screen has to know: only what changed.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Update {
    /// The newest rows of the list as the last session showed them, in order.
    FirstRows { rows: Vec<ConversationRow> },
    /// The stored state is read.
    Ready,
    /// How the connection stands.
    Connection { state: ConnectionState },
    /// Rows of the list of conversations.
    Conversations { rows: Vec<ConversationRow> },
    /// Rows of an open timeline.
    Timeline { timeline: TimelineUpdate },
    /// The detail of an open conversation.
    Conversation { detail: Box<ConversationDetail> },
    /// Members whose rows in the detail told last are others now, one after another.
    Members { conversation: String, changes: Vec<MemberChange>, updated_at: f64 },
    /// A conversation or a thread is gone: what was begun here did not come to be, or it was deleted.
    Gone { conversation: String },
    /// Refused commands that came, and the numbers of those that went.
    Refused { rows: Vec<RefusedRow>, removed: Vec<f64> },
    /// How many commands are not admitted yet.
    Unsynced { count: u32 },
    /// What somebody is doing in an open conversation.
    Presence { presence: PresenceChange },
    /// The profile of an account, the own one included.
    Profile { account: String, profile: Profile },
    /// Own contacts that came or changed, and the ids of those that went.
    Contacts { rows: Vec<ContactRow>, removed: Vec<ContactId> },
    /// Everybody whom the own account has blocked.
    Blocked { rows: Vec<BlockedRow> },
    /// Who may reach the own account.
    Reachability { reachability: Reachability },
    /// The command is durable on this device and will be sent.
    CommandStored { request: f64, stored: Stored },
    /// Whose contact points those are that were asked for.
    ContactsMatched { request: f64, matches: Vec<ContactMatch> },
    /// Some of a channel's subscribers, who were asked for.
    SubscribersListed {
        request: f64,
        #[tsify(type = "SubscriberPage")]
        page: Subscribers,
    },
    /// A page of a list that was asked for.
    Listed { request: f64, page: ListPage },
    /// How far this device was told a conversation.
    Head {
        request: f64,
        #[tsify(optional)]
        head: Option<HistoryHead>,
    },
    /// The command was not taken: nothing of it remains here. Or a question has no answer.
    CommandFailed { request: f64, code: Code, detail: String, retryable: bool },
    /// The device's store fails; writes are kept and tried again.
    StorageFailed { code: Code },
    /// The device's store works again.
    StorageRecovered,
    /// The server sent or admitted what it must not.
    ServerFault { fault: ServerFault },
}

/// Rows of an open timeline.
#[derive(Clone, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct TimelineUpdate {
    /// The conversation.
    pub conversation: String,
    /// Whether the rows replace all that was shown before.
    pub restart: bool,
    /// Rows that are new or changed.
    pub rows: Vec<TimelineRow>,
    /// Messages that are gone from the view.
    pub removed: Vec<String>,
    /// Whether older ones can be loaded.
    pub has_older: bool,
}

/// How far a device was told the history of a conversation. Devices with the same hash at the
/// same position were told the same; with two hashes, different ones.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct HistoryHead {
    /// The last position in the conversation's journal.
    pub position: f64,
    /// A hash over all that was admitted up to there, in hexadecimal.
    pub hash: String,
}

/// What the server did that it must not: it told another history than before, let in an entry that its own rules
/// refuse, or sent one, or a state, that cannot be taken. Told when it is seen,
/// and not stored.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct ServerFault {
    /// The conversation; none for the own account's documents.
    pub conversation: Option<String>,
    /// The entry's place in the journal; for a state the last one that it holds.
    pub position: f64,
    /// The account that the entry is said to be of; none for a state.
    pub account: Option<String>,
    /// What the server should have refused it with, or why it cannot be taken.
    pub code: Code,
    /// More about it, for people who debug.
    pub detail: String,
}

/// What somebody is doing in an open conversation.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct PresenceChange {
    /// The conversation.
    pub conversation: String,
    /// The account it is about.
    pub account: String,
    /// What the account is doing.
    pub kind: PresenceKind,
}

/// What a stored command made or is about.
#[derive(Clone, PartialEq, Serialize, Tsify)]
pub struct Stored {
    /// The conversation it created or acts in.
    pub conversation: Option<String>,
    /// The message it wrote or is about.
    pub message: Option<String>,
}

/// Why there is no session: a code, and words for developers, which may be empty.
#[derive(Debug, Clone, PartialEq, Serialize, Tsify)]
pub struct Cause {
    pub code: Code,
    pub detail: String,
}

impl From<core::Cause> for Cause {
    fn from(cause: core::Cause) -> Self {
        Self { code: cause.code, detail: cause.detail }
    }
}

/// How the connection stands.
#[derive(Debug, Clone, PartialEq, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ConnectionState {
    /// The network switch is off.
    Off,
    /// No link; the next try is at the time given, in milliseconds since 1970.
    /// With the code and the words for developers of why there is none, where that is known.
    Waiting { code: Option<Code>, detail: Option<String>, retry_at: f64 },
    /// A link is being opened.
    Connecting,
    /// The link is open; what was missed is being read.
    CatchingUp,
    /// Everything is read; changes flow.
    Online,
    /// The session was refused for good; the words are for developers, and may be empty.
    Rejected { code: Code, detail: String },
    /// The client is closed.
    Closed,
}

impl From<core::Output> for Output {
    fn from(output: core::Output) -> Self {
        match output {
            core::Output::Send(frame) => Self::Send { frame: Bytes(frame) },
            core::Output::Storage(StorageTask { id, request }) => {
                Self::Storage { task: id.0 as f64, request: request.into() }
            }
            core::Output::Update(update) => Self::Update { update: update.into() },
            core::Output::NeedToken { refused } => Self::NeedToken { refused: refused.map(Cause::from) },
            core::Output::Connect => Self::Connect,
            core::Output::Disconnect => Self::Disconnect,
            core::Output::WakeAt(time) => Self::WakeAt { at: time.as_millis() as f64 },
        }
    }
}

impl From<core::Update> for Update {
    fn from(update: core::Update) -> Self {
        match update {
            core::Update::FirstRows(rows) => {
                Self::FirstRows { rows: rows.into_iter().map(ConversationRow::from).collect() }
            }
            core::Update::Ready => Self::Ready,
            core::Update::Connection(state) => Self::Connection { state: state.into() },
            core::Update::Inbox(rows) => {
                Self::Conversations { rows: rows.into_iter().map(ConversationRow::from).collect() }
            }
            core::Update::Timeline(update) => Self::Timeline { timeline: update.into() },
            core::Update::Conversation(detail) => Self::Conversation { detail: Box::new((*detail).into()) },
            core::Update::Members { conversation, changes, updated_at } => {
                Self::Members { conversation: conversation.to_string(), changes, updated_at: millis(updated_at) }
            }
            core::Update::Gone(conversation) => Self::Gone { conversation: conversation.to_string() },
            core::Update::Refused { rows, removed } => Self::Refused {
                rows: rows.into_iter().map(RefusedRow::from).collect(),
                removed: removed.into_iter().map(|id| id as f64).collect(),
            },
            core::Update::Unsynced(count) => Self::Unsynced { count },
            core::Update::Presence { conversation, account, kind } => {
                let (conversation, account) = (conversation.to_string(), account.to_string());
                Self::Presence { presence: PresenceChange { conversation, account, kind } }
            }
            core::Update::Profile { account, profile } => Self::Profile { account: account.to_string(), profile },
            core::Update::Contacts { rows, removed } => Self::Contacts { rows, removed },
            core::Update::Blocked(rows) => Self::Blocked { rows },
            core::Update::Reachability(reachability) => Self::Reachability { reachability },
            core::Update::CommandStored { request, conversation, message } => {
                let conversation = conversation.map(|conversation| conversation.to_string());
                let message = message.map(|message| message.to_string());
                Self::CommandStored { request: request as f64, stored: Stored { conversation, message } }
            }
            core::Update::ContactsMatched { request, matches } => {
                Self::ContactsMatched { request: request as f64, matches }
            }
            core::Update::SubscribersListed { request, page } => {
                Self::SubscribersListed { request: request as f64, page }
            }
            core::Update::Head { request, head } => {
                let head = head.map(|Head { position, chain }| HistoryHead {
                    position: position.number() as f64,
                    hash: chain.to_string(),
                });
                Self::Head { request: request as f64, head }
            }
            core::Update::Listed { request, page } => Self::Listed { request: request as f64, page: page.into() },
            core::Update::CommandFailed { request, code, detail } => {
                let retryable = code.is_retryable();
                Self::CommandFailed { request: request as f64, code, detail, retryable }
            }
            core::Update::StorageFailed(code) => Self::StorageFailed { code },
            core::Update::StorageRecovered => Self::StorageRecovered,
            core::Update::ServerFault(fault) => Self::ServerFault { fault: fault.into() },
        }
    }
}

impl From<core::ServerFault> for ServerFault {
    fn from(fault: core::ServerFault) -> Self {
        let core::ServerFault { stream, position, account, code, detail } = fault;
        Self {
            conversation: stream.conversation().map(|conversation| conversation.to_string()),
            position: position.number() as f64,
            account: account.map(|account| account.to_string()),
            code,
            detail,
        }
    }
}

impl From<core::TimelineUpdate> for TimelineUpdate {
    fn from(update: core::TimelineUpdate) -> Self {
        let core::TimelineUpdate { conversation, restart, rows, removed, has_older } = update;
        Self {
            conversation: conversation.to_string(),
            restart,
            rows: rows.into_iter().map(TimelineRow::from).collect(),
            removed: texts(removed),
            has_older,
        }
    }
}

impl From<core::ConnectionState> for ConnectionState {
    fn from(state: core::ConnectionState) -> Self {
        match state {
            core::ConnectionState::Off => Self::Off,
            core::ConnectionState::Waiting { cause, retry_at } => {
                let (code, detail) = cause.map(|cause| (cause.code, cause.detail)).unzip();
                Self::Waiting { code, detail, retry_at: millis(retry_at) }
            }
            core::ConnectionState::Connecting => Self::Connecting,
            core::ConnectionState::CatchingUp => Self::CatchingUp,
            core::ConnectionState::Online => Self::Online,
            core::ConnectionState::Rejected(core::Cause { code, detail }) => Self::Rejected { code, detail },
            core::ConnectionState::Closed => Self::Closed,
        }
    }
}
