//! Sends a text on behalf of an account, by the store alone: as servers beside it would
//! decide, and told to whoever is connected to them.

use std::{sync::Arc, time::Duration};

use clap::Args;
use tidings_core::{
    authority::Refusal,
    code::Code,
    command::SendMessage,
    ids::{AccountId, ConversationId, Stamp, StreamId, TenantId},
    journal::Position,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    clock::{Clock as _, SystemClock},
    config::{Config, LimitConfig, Secret, parse_duration},
    environment::Environment,
    error::ServeError,
    live::Live,
    operate::open_made,
    stream::{CallError, Streams},
};

/// A text to send.
#[derive(Debug, Clone, Args)]
pub struct SendRequest {
    /// Whose message it is: a member of the conversation.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// The conversation.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: ConversationId,
    /// The thread of it, if it is for one.
    #[arg(long, value_parser = ConversationId::parse)]
    pub thread: Option<ConversationId>,
    /// What it says.
    #[arg(long)]
    pub text: String,
    /// The tenant.
    #[arg(long, default_value = "default", value_parser = TenantId::parse)]
    pub tenant: TenantId,
    /// `sqlite:FILE` or `postgres://…`, as the server has it.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
    /// How long to wait for the store.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// The bounds to judge by: as the server has them.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// Sends a text, and prints its id and where it stands.
///
/// # Errors
/// When it is refused, or there is no answer in time.
pub async fn send(request: SendRequest) -> Result<(), ServeError> {
    let waited = request.timeout;
    timeout(waited, try_send(request)).await.unwrap_or(Err(ServeError::Unanswered(waited)))
}

async fn try_send(request: SendRequest) -> Result<(), ServeError> {
    let SendRequest { account, conversation, thread, text, tenant, store, limits, .. } = request;
    let made = open_made(&store, 2).await?;
    let stream = StreamId::Conversation(conversation);
    if made.stream_head(&tenant, &stream).await?.position == Position::ZERO {
        return Err(ServeError::StreamUnknown(stream));
    }
    if made.member(&tenant, conversation, &account).await?.is_none() {
        // Nothing is stored of an account that somebody has mistyped.
        let refusal = Refusal::new(Code::NotAMember, "the account is no member of the conversation");
        return Err(CallError::Refused(refusal).into());
    }
    let mut tasks = JoinSet::new();
    let clock = Arc::new(SystemClock);
    let stamp = Stamp::new(clock.wall_now(), 0, rand::random());
    let env = Environment::new(Config::of(store, limits), Arc::clone(&made), clock);
    let streams = Streams::start(&mut tasks, &env, &Live::new(&env));
    let command = SendMessage { stamp, thread, ..SendMessage::new(conversation, text) };
    let message = command.message(&account);
    let position = streams.call(&tenant, &account, command.into()).await?;
    made.close().await;
    println!("message {message} at position {position}");
    Ok(())
}
