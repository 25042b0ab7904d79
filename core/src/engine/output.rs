//! The outputs of an engine: everything that it wants done.

use serde::Serialize;

use crate::{
    api::{BlockedRow, ContactRow, ConversationDetail, ConversationRow, MemberChange, RefusedRow, TimelineRow},
    code::Code,
    engine::{ListPage, ServerFault},
    ids::{AccountId, ContactId, ConversationId, MessageId},
    journal::Head,
    model::{PresenceKind, Profile, Reachability},
    storage::StorageTask,
    time::{MonotonicTime, WallTime},
    wire::{ContactMatch, Subscribers},
};

/// One output.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a frame over the open link.
    Send(Vec<u8>),
    /// Carry out a task of the store, in the order given, and report back.
    Storage(StorageTask),
    /// Show this.
    Update(Update),
    /// Ask the app for a bearer token; answered by `Input::Token` or `Input::TokenFailed`.
    NeedToken {
        /// Why the server did not take the last one, when it did not.
        refused: Option<Cause>,
    },
    /// Open a link; answered by `Input::LinkOpened` or `Input::LinkLost`.
    Connect,
    /// Close the link; not answered.
    Disconnect,
    /// Come back with `Input::TimerDue` at this time; replaces the former one.
    WakeAt(MonotonicTime),
}

/// A change to be shown on the screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[cfg_attr(feature = "ts", tsify(hashmap_as_object))]
#[serde(tag = "type", content = "value", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Update {
    /// The newest rows of the list as the last session showed them, in order: for the first paint,
    /// until the list itself is sent.
    FirstRows(Vec<ConversationRow>),
    /// The stored state is read: lists hold what they will hold offline.
    Ready,
    /// How the connection stands.
    Connection(ConnectionState),
    /// Rows of the list of conversations.
    Conversations(Vec<ConversationRow>),
    /// Rows of an open timeline.
    Timeline(TimelineUpdate),
    /// The detail of an open conversation.
    Conversation(Box<ConversationDetail>),
    /// Changes to members, to be applied in order to the detail sent last.
    Members {
        /// The conversation or thread.
        conversation: ConversationId,
        /// What changed.
        changes: Vec<MemberChange>,
        /// When the conversation last changed.
        updated_at: WallTime,
    },
    /// A conversation or a thread is gone: what was begun here did not come to be, or
    /// it was deleted. It is on no list, and has no detail.
    Gone(ConversationId),
    /// Refused commands that came, and the numbers of those that went.
    Refused {
        /// Those that came.
        rows: Vec<RefusedRow>,
        /// Those that went.
        removed: Vec<u64>,
    },
    /// How many commands are not admitted yet.
    Unsynced(u32),
    /// The presence of an account in an open conversation. It applies to the details of the
    /// conversation and its threads, which are not sent again.
    Presence {
        /// The conversation.
        conversation: ConversationId,
        /// The account that is present.
        account: AccountId,
        /// What the account is doing.
        kind: PresenceKind,
    },
    /// The profile of an account, the own one included.
    Profile {
        /// The account it belongs to.
        account: AccountId,
        /// Its public fields.
        profile: Profile,
    },
    /// Own contacts that are new or changed, and those that went.
    Contacts {
        /// Those that are new or changed.
        rows: Vec<ContactRow>,
        /// Those that went.
        removed: Vec<ContactId>,
    },
    /// All accounts that the own account has blocked.
    Blocked(Vec<BlockedRow>),
    /// Who may reach the own account.
    Reachability(Reachability),
    /// The command is durable on this device and will be sent.
    CommandStored {
        /// The number of the command.
        request: u64,
        /// The conversation it created or acts in.
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The message it wrote or is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// The accounts that have the contact points asked for.
    ContactsMatched {
        /// The number of the question.
        request: u64,
        /// The accounts that have one of them.
        matches: Vec<ContactMatch>,
    },
    /// Some of a channel's subscribers, and how far all of them have come.
    SubscribersListed {
        /// The number of the question.
        request: u64,
        /// The server's answer.
        #[cfg_attr(feature = "ts", tsify(type = "SubscriberPage"))]
        page: Subscribers,
    },
    /// The head of a conversation's journal on this device: the last position, and the hash up to it.
    Head {
        /// The number of the question.
        request: u64,
        /// None where the device holds nothing of the server's history of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", tsify(optional, type = "HistoryHead"))]
        head: Option<Head>,
    },
    /// A page of a list that was asked for.
    Listed {
        /// The number of the question.
        request: u64,
        /// The page.
        page: ListPage,
    },
    /// The command was not taken: nothing of it remains here. Or a question
    /// has no answer.
    CommandFailed {
        /// The number of the command.
        request: u64,
        /// The reason.
        code: Code,
        /// More about it, for people who debug.
        detail: String,
    },
    /// The device's store fails; writes are kept and tried again. Or, with
    /// `StorageCorrupt`, stored records were damaged: what the server has is
    /// fetched again, what a person wrote is quarantined.
    StorageFailed(Code),
    /// The device's store works again, and what mends itself is mended.
    StorageRecovered,
    /// The server sent or admitted what it must not.
    ServerFault(ServerFault),
}

/// Rows of an open timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct TimelineUpdate {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whether the rows replace all that was shown before.
    pub restart: bool,
    /// Rows that are new or changed.
    pub rows: Vec<TimelineRow>,
    /// Messages that are gone from the view: refused ones.
    pub removed: Vec<MessageId>,
    /// Whether `LoadOlder` would bring more.
    pub has_older: bool,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct Cause {
    /// The stable code.
    pub code: Code,
    /// For developers, in English; empty where the code says it all.
    pub detail: String,
}

impl From<Code> for Cause {
    fn from(code: Code) -> Self {
        Self { code, detail: String::new() }
    }
}

/// How the connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ConnectionState {
    /// The network switch is off.
    Off,
    /// No link; the next try is at the time given.
    Waiting {
        /// The reason that the last one ended for, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Code>,
        /// The same for developers, in English; empty where the code says it all.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// When the next try is.
        retry_at: WallTime,
    },
    /// A link is being opened.
    Connecting,
    /// The link is open; what was missed is being read.
    CatchingUp,
    /// Everything is read; changes flow.
    Online,
    /// The server refused the session for good: `ConnectNow` tries again.
    Rejected(Cause),
    /// The client is closed.
    Closed,
}
