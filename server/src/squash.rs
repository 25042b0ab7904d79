//! Writes the document of a conversation or thread anew as what it says now, by the store alone:
//! servers beside it go on, and tell whoever is connected to them.

use std::{sync::Arc, time::Duration};

use clap::Args;
use tidings_core::{
    ids::{ConversationId, StreamId, TenantId, TimelineId},
    journal::Position,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    clock::SystemClock,
    config::{Config, LimitConfig, Secret, parse_duration},
    environment::Environment,
    error::ServeError,
    live::Live,
    operate::open_made,
    stream::Streams,
};

/// A document to write anew.
#[derive(Debug, Clone, Args)]
pub struct SquashRequest {
    /// The conversation.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: ConversationId,
    /// The thread of it, if it is that one's document.
    #[arg(long, value_parser = ConversationId::parse)]
    pub thread: Option<ConversationId>,
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

/// Writes a document anew, and prints where that stands.
///
/// # Errors
/// When there is nothing to be written anew, or no answer in time.
pub async fn squash(request: SquashRequest) -> Result<(), ServeError> {
    let waited = request.timeout;
    timeout(waited, try_squash(request)).await.unwrap_or(Err(ServeError::Unanswered(waited)))
}

async fn try_squash(request: SquashRequest) -> Result<(), ServeError> {
    let SquashRequest { conversation, thread, tenant, store, limits, .. } = request;
    let made = open_made(&store, 2).await?;
    let stream = StreamId::Conversation(conversation);
    if made.stream_head(&tenant, &stream).await?.position == Position::ZERO {
        return Err(ServeError::StreamUnknown(stream));
    }
    let mut tasks = JoinSet::new();
    let env = Environment::new(Config::of(store, limits), Arc::clone(&made), Arc::new(SystemClock));
    let streams = Streams::start(&mut tasks, &env, &Live::new(&env));
    let document = TimelineId { conversation, thread }.document();
    let position = streams.squash(&tenant, document).await?;
    made.close().await;
    println!("written anew at position {position}");
    Ok(())
}
