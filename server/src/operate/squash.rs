//! Rewrites the document of a conversation or thread as its current content, through the store alone.

use clap::Args;
use tidings_core::{
    ids::{ConversationId, StreamId, TenantId, TimelineId},
    journal::Position,
};

use super::options::JudgeOptions;
use crate::{error::ServeError, store::Store, stream::Streams};

/// Options of a rewrite.
#[derive(Debug, Clone, Args)]
pub struct SquashRequest {
    /// The conversation.
    #[arg(long, value_parser = ConversationId::parse)]
    pub conversation: ConversationId,
    /// The thread whose document to rewrite, if not the conversation's.
    #[arg(long, value_parser = ConversationId::parse)]
    pub thread: Option<ConversationId>,
    /// Where, and how it is judged.
    #[command(flatten)]
    pub judging: JudgeOptions,
}

/// Rewrites a document and prints the position of the change.
///
/// # Errors
/// When there is nothing to rewrite, or no answer in time.
pub async fn squash(request: SquashRequest) -> Result<(), ServeError> {
    let SquashRequest { conversation, thread, judging } = request;
    let timeline = TimelineId { conversation, thread };
    let squashing = judging.run(async |store, streams, tenant| squash_known(store, streams, tenant, timeline).await);
    println!("written anew at position {}", squashing.await?);
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
