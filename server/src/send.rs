//! Sends a message on behalf of an account through the store alone. It is judged as running servers would, and
//! they deliver it to their connected sessions.

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

/// Options of a message to send.
#[derive(Debug, Clone, Args)]
pub struct SendRequest {
    /// The author, a member of the conversation.
    #[arg(long, value_parser = AccountId::parse)]
    pub account: AccountId,
    /// The conversation.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: ConversationId,
    /// The thread, if the message is for one.
    #[arg(long, value_parser = ConversationId::parse)]
    pub thread: Option<ConversationId>,
    /// The text of the message.
    #[arg(long)]
    pub text: String,
    /// The tenant.
    #[arg(long, default_value = "default", value_parser = TenantId::parse)]
    pub tenant: TenantId,
    /// `sqlite:FILE` or `postgres://…`, as given to the server.
    #[arg(long, env = "TIDINGS_STORE", default_value = "sqlite:tidings.db", hide_env_values = true)]
    pub store: Secret,
    /// Time to wait for the store.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// The limits to judge by; use the server's.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// Sends a message and prints its id and position.
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
        // Refused here, so that nothing is stored for a mistyped account.
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
