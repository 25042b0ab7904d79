//! Sends a message on behalf of an account through the store alone.

use clap::Args;
use tidings_core::{
    authority::Refusal,
    code::Code,
    command::SendMessage,
    ids::{AccountId, ConversationId, Stamp, StreamId},
    journal::Position,
};

use super::options::JudgeOptions;
use crate::{
    clock::{Clock as _, SystemClock},
    error::ServeError,
    stream::CallError,
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
    /// Where, and how it is judged.
    #[command(flatten)]
    pub judging: JudgeOptions,
}

/// Sends a message and prints its id and position.
///
/// # Errors
/// When it is refused, or there is no answer in time.
pub async fn send(request: SendRequest) -> Result<(), ServeError> {
    let SendRequest { account, conversation, thread, text, judging } = request;
    let stamp = Stamp::new(SystemClock.wall_now(), 0, rand::random());
    let command = SendMessage { stamp, thread, ..SendMessage::new(conversation, text) };
    let message = command.message(&account);
    let sending = judging.run(async |store, streams, tenant| {
        let stream = StreamId::Conversation(conversation);
        if store.stream_head(tenant, &stream).await?.position == Position::ZERO {
            return Err(ServeError::StreamUnknown(stream));
        }
        if store.member(tenant, conversation, &account).await?.is_none() {
            // Refused here, so that nothing is stored for a mistyped account.
            let refusal = Refusal::new(Code::NotAMember, "the account is no member of the conversation");
            return Err(CallError::Refused(refusal).into());
        }
        Ok(streams.call(tenant, &account, command.into()).await?)
    });
    println!("message {message} at position {}", sending.await?);
    Ok(())
}
