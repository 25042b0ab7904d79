//! The inputs of an engine: everything that can happen to it.

use serde::Deserialize;

use crate::{
    command::Command,
    ids::{AccountId, ConversationId, MessageId},
    model::Query,
    storage::{StorageAnswer, StorageError, TaskId},
};

/// One input. After each the caller drains the outputs.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A person commands something. Answered by `Update::CommandStored` or
    /// `Update::CommandFailed` with the same number.
    Command {
        /// Names it in its answer; counted by the caller.
        request: u64,
        /// The command; ids it makes up are filled in by the engine.
        command: Command,
    },
    /// A person retries a refused command, with other words if given.
    RetryRefused {
        /// The number of the answer, as with a command.
        request: u64,
        /// The refused command.
        id: u64,
        /// The words instead of the former ones.
        #[cfg_attr(feature = "ts", tsify(optional))]
        words: Option<String>,
    },
    /// A person gives a refused command up.
    DiscardRefused {
        /// The refused command.
        id: u64,
    },
    /// A person asks for a page of a list. Answered by `Update::Listed` or
    /// `Update::CommandFailed` with the same number.
    List {
        /// The number of the answer, counted together with commands.
        request: u64,
        /// Which list, and where the page begins.
        query: Query,
    },
    /// A person compares the history of a conversation on two devices. Answered by `Update::Head`
    /// with the same number.
    Head {
        /// Names it in its answer; counted with commands.
        request: u64,
        /// The conversation.
        conversation: ConversationId,
    },
    /// A screen shows a conversation: its timeline and detail are kept up to
    /// date until it is closed.
    OpenConversation(ConversationId),
    /// A screen shows a thread, whether it was opened already or not: its
    /// timeline and detail are sent under its own id.
    OpenThread {
        /// The conversation whose stream it is, also for a thread of a thread.
        conversation: ConversationId,
        /// Which: `ConversationId::thread` of the message that it starts from.
        thread: ConversationId,
    },
    /// No screen shows the conversation, or the thread, any more.
    CloseConversation(ConversationId),
    /// The screen wants older messages than it has.
    LoadOlder(ConversationId),
    /// The person has seen everything in the timeline.
    MarkRead(ConversationId),
    /// The person is writing, or has stopped.
    Typing {
        /// The conversation.
        conversation: ConversationId,
        /// Whether they are writing.
        on: bool,
    },
    /// A person asks who of their address book has an account. Answered by
    /// `Update::ContactsMatched` or `Update::CommandFailed` with the same number.
    MatchContacts {
        /// Names it in its answer; counted with commands.
        request: u64,
        /// Phone numbers and e-mail addresses, as people write them.
        points: Vec<String>,
        /// The country of numbers without a country code: two letters of ISO 3166.
        #[cfg_attr(feature = "ts", tsify(optional))]
        region: Option<String>,
    },
    /// Staff ask who subscribes to a channel, and how many of them have come how
    /// far. Answered by `Update::SubscribersListed` or `Update::CommandFailed`
    /// with the same number.
    ListSubscribers {
        /// Names it in its answer; counted with commands.
        request: u64,
        /// The channel.
        conversation: ConversationId,
        /// The message whose deliveries and readers are counted; none for the newest.
        #[cfg_attr(feature = "ts", tsify(optional))]
        reached: Option<MessageId>,
        /// The page after this account; none for the first.
        #[cfg_attr(feature = "ts", tsify(optional))]
        after: Option<AccountId>,
        /// At most so many. The server has a bound of its own.
        #[serde(rename = "limit")]
        count_max: u32,
    },
    /// The network switch: off means no link, whatever the network says.
    SetNetwork(bool),
    /// The platform believes that the network came back, or the person wants
    /// to try now.
    ConnectNow,
    /// The app gives a bearer token, asked for by `Output::NeedToken`.
    Token(String),
    /// The app cannot give a token now, and why, for developers; the engine asks again later.
    TokenFailed(String),
    /// The link asked for by `Output::Connect` is open.
    LinkOpened,
    /// The link is lost, or could not be opened.
    LinkLost,
    /// A frame from the server.
    #[serde(skip)]
    FrameReceived(Vec<u8>),
    /// The store has finished a task.
    #[serde(skip)]
    StorageFinished(TaskId, Result<StorageAnswer, StorageError>),
    /// The time asked for by `Output::WakeAt` has come.
    TimerDue,
    /// The app goes away; nothing is accepted after this.
    Close,
}
