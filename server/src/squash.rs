//! Rewrites the document of a conversation or thread as its current content, through the store alone. Running
//! servers continue and notify their connected sessions.

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
    store::Store,
    stream::Streams,
};

/// Options of a rewrite.
#[derive(Debug, Clone, Args)]
pub struct SquashRequest {
    /// The conversation.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: ConversationId,
    /// The thread whose document to rewrite, if not the conversation's.
    #[arg(long, value_parser = ConversationId::parse)]
    pub thread: Option<ConversationId>,
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

/// Rewrites a document and prints the position of the change.
///
/// # Errors
/// When there is nothing to rewrite, or no answer in time.
pub async fn squash(request: SquashRequest) -> Result<(), ServeError> {
    let waited = request.timeout;
    timeout(waited, try_squash(request)).await.unwrap_or(Err(ServeError::Unanswered(waited)))
}

async fn try_squash(request: SquashRequest) -> Result<(), ServeError> {
    let SquashRequest { conversation, thread, tenant, store, limits, .. } = request;
    let made = open_made(&store, 2).await?;
    let mut tasks = JoinSet::new();
    let env = Environment::new(Config::of(store, limits), Arc::clone(&made), Arc::new(SystemClock));
    let streams = Streams::start(&mut tasks, &env, &Live::new(&env));
    let position = squash_known(&*made, &streams, &tenant, TimelineId { conversation, thread }).await?;
    made.close().await;
    println!("written anew at position {position}");
    Ok(())
}

/// Rewrites the document of a conversation that has entries, or of a thread of it; returns the position of the change.
pub(crate) async fn squash_known(
    store: &dyn Store,
    streams: &Streams,
    tenant: &TenantId,
    timeline: TimelineId,
) -> Result<Position, ServeError> {
    let stream = StreamId::Conversation(timeline.conversation);
    if store.stream_head(tenant, &stream).await?.position == Position::ZERO {
        return Err(ServeError::StreamUnknown(stream));
    }
    Ok(streams.squash(tenant, timeline.document()).await?)
}
