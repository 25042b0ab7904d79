//! Held messages: carries out what somebody decided about one. Its content comes from the store, and is deleted
//! with the decision.

use tidings_core::{
    authority::{AdmitError, Effects, Session},
    doc::Fact,
    ids::{ConversationId, MessageId, TimelineId},
    model::{HeldMessage, HeldState},
    wire::PushedChange,
};

use super::{error::DecideError, judge::Judge};

/// The decisions about held messages among the effects of a change.
pub(super) fn decided(effects: &Effects) -> Vec<(MessageId, HeldState)> {
    let decided = effects.facts.iter().filter_map(|fact| match fact {
        Fact::Held(message, held) if held.state != HeldState::Held => Some((message.clone(), held.state)),
        _ => None,
    });
    decided.collect()
}

impl Judge<'_> {
    /// Writes an admitted message as the system's account, with what follows from it, and deletes the stored content.
    pub(super) async fn carry_out(&mut self, message: MessageId, state: HeldState) -> Result<(), DecideError> {
        let Some(conversation) = self.stream.id().conversation() else { return Ok(()) };
        if state == HeldState::Admitted {
            let held = self.held(conversation, &message).await?;
            self.write_held(conversation, held).await?;
            self.write_consequences().await?;
        }
        self.decision.held.insert(message, None);
        Ok(())
    }

    /// A held message as it was submitted, in this batch or before.
    async fn held(&self, conversation: ConversationId, message: &MessageId) -> Result<HeldMessage, DecideError> {
        if let Some(Some(held)) = self.decision.held.get(message) {
            return Ok(held.clone());
        }
        let held = self.env.store.held_messages(self.stream.tenant(), conversation).await?;
        held.into_iter().find(|held| held.message == *message).ok_or(DecideError::Journal)
    }

    async fn write_held(&mut self, conversation: ConversationId, held: HeldMessage) -> Result<(), DecideError> {
        let timeline = TimelineId { conversation, thread: held.thread };
        let document = self.source.open_page(self.stream, timeline, self.base).await?;
        let system = Session::system(self.stream.tenant().clone(), self.stream.id());
        let (at, facts) = (self.env.clock.wall_now(), [Fact::Message(held.message, held.body)]);
        let Some(change) = self.stream.compose(system.device, &document, at, &facts) else { return Ok(()) };
        let pushed = PushedChange { document, change: change.bytes().to_vec() };
        let admitted = self.admit(&system, &pushed).await?;
        // The next one is written on top of it.
        self.stream.flush()?;
        match admitted {
            Ok(admitted) => self.take(admitted),
            // Its author has written it meanwhile, as a member again.
            Err(AdmitError::Refused(_)) => {}
            Err(AdmitError::AlreadyAdmitted(_)) => return Err(DecideError::Journal),
        }
        Ok(())
    }
}
