//! Everything that can happen to an engine, as TypeScript tells it.

use serde::Deserialize;
use tidings_core::{engine as core, model::Query, storage::TaskId};
use tsify::Tsify;

use crate::{
    bytes::Bytes,
    command::Command,
    failure::{Checked, Failure},
    id,
    storage::StorageAnswer,
};

/// One input. After each the caller polls outputs until there is none.
#[derive(Clone, PartialEq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A person commands something. Answered by an update with the same number.
    Command { request: u64, command: Command },
    /// A person retries a refused command, with other words if given.
    RetryRefused {
        request: u64,
        id: u64,
        #[tsify(optional)]
        words: Option<String>,
    },
    /// A person gives a refused command up.
    DiscardRefused(u64),
    /// A person asks for a page of a list. Answered by an update with the same number.
    List { request: u64, query: Query },
    /// A person compares what two devices were told of a conversation. Answered by an update with the same number.
    Head { request: u64, conversation: String },
    /// A screen shows a conversation.
    OpenConversation(String),
    /// A screen shows a thread of a conversation, whether it was opened already or not.
    OpenThread { conversation: String, thread: String },
    /// No screen shows the conversation, or the thread, any more.
    CloseConversation(String),
    /// The screen wants older messages than it has.
    LoadOlder(String),
    /// A person asks who of their address book has an account.
    MatchContacts {
        request: u64,
        points: Vec<String>,
        #[tsify(optional)]
        region: Option<String>,
    },
    /// Staff ask who subscribes to a channel.
    ListSubscribers {
        request: u64,
        conversation: String,
        #[tsify(optional)]
        reached: Option<String>,
        #[tsify(optional)]
        after: Option<String>,
        limit: u32,
    },
    /// The person has seen everything in the timeline.
    MarkRead(String),
    /// The person is writing, or has stopped.
    Typing { conversation: String, on: bool },
    /// The network switch.
    SetNetwork(bool),
    /// The platform believes that the network came back.
    ConnectNow,
    /// The app gives a bearer token.
    Token(String),
    /// The app cannot give a token now, and why.
    TokenFailed(String),
    /// The link asked for is open.
    LinkOpened,
    /// The link is lost, or could not be opened.
    LinkLost,
    /// A frame from the server.
    FrameReceived(Bytes),
    /// The store has finished a task.
    StorageFinished { task: u64, answer: StorageAnswer },
    /// The time asked for has come.
    TimerDue,
    /// The app goes away; nothing is accepted after this.
    Close,
}

impl TryFrom<Input> for core::Input {
    type Error = Failure;

    fn try_from(input: Input) -> Checked<Self> {
        Ok(match input {
            Input::Command { request, command } => Self::Command { request, command: command.try_into()? },
            Input::RetryRefused { request, id, words } => Self::RetryRefused { request, id, words },
            Input::DiscardRefused(id) => Self::DiscardRefused { id },
            Input::List { request, query } => Self::List { request, query },
            Input::Head { request, conversation } => {
                Self::Head { request, conversation: id::conversation(&conversation)? }
            }
            Input::OpenConversation(conversation) => Self::OpenConversation(id::conversation(&conversation)?),
            Input::OpenThread { conversation, thread } => {
                Self::OpenThread { conversation: id::conversation(&conversation)?, thread: id::conversation(&thread)? }
            }
            Input::CloseConversation(conversation) => Self::CloseConversation(id::conversation(&conversation)?),
            Input::LoadOlder(conversation) => Self::LoadOlder(id::conversation(&conversation)?),
            Input::MatchContacts { request, points, region } => Self::MatchContacts { request, points, region },
            Input::ListSubscribers { request, conversation, reached, after, limit } => Self::ListSubscribers {
                request,
                conversation: id::conversation(&conversation)?,
                reached: reached.map(|message| id::message(&message)).transpose()?,
                after: after.map(|account| id::account(&account)).transpose()?,
                count_max: limit,
            },
            Input::MarkRead(conversation) => Self::MarkRead(id::conversation(&conversation)?),
            Input::Typing { conversation, on } => Self::Typing(id::conversation(&conversation)?, on),
            Input::SetNetwork(on) => Self::SetNetwork(on),
            Input::ConnectNow => Self::ConnectNow,
            Input::Token(token) => Self::Token(token),
            Input::TokenFailed(detail) => Self::TokenFailed(detail),
            Input::LinkOpened => Self::LinkOpened,
            Input::LinkLost => Self::LinkLost,
            Input::FrameReceived(frame) => Self::FrameReceived(frame.0),
            Input::StorageFinished { task, answer } => Self::StorageFinished(TaskId(task), answer.into()),
            Input::TimerDue => Self::TimerDue,
            Input::Close => Self::Close,
        })
    }
}
