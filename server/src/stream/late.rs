//! Messages that are held: what a stream's task does once somebody has decided
//! about one. Its words come from the store, and go with the decision.

use tidings_core::{
    authority::{AdmitError, Effects, Session, Stream},
    doc::Fact,
    ids::{AccountId, ConversationId, DocumentId, MessageId},
    journal::Position,
    model::{LateMessage, LateState, Wish},
    wire::PushedChange,
};

use super::{
    decision::Decision,
    task::{DecideError, Task},
};

/// What somebody decided about messages that were held.
pub(super) fn decided(effects: &Effects) -> Vec<(MessageId, LateState)> {
    let decided = effects.facts.iter().filter_map(|fact| match fact {
        Fact::Late(message, late) if late.state != LateState::Held => Some((message.clone(), late.state)),
        _ => None,
    });
    decided.collect()
}

impl Task {
    /// Where a member stands since when, where a wish is judged by it.
    pub(super) async fn moved_at(
        &self,
        stream: &Stream,
        account: &AccountId,
        wish: &Wish,
        decision: &Decision,
    ) -> Result<Option<Position>, DecideError> {
        let (Wish::Late(_), Some(conversation)) = (wish, stream.id().conversation()) else { return Ok(None) };
        match decision.touched.members.get(account) {
            Some(moved) => Ok(Some(moved.at)),
            None => Ok(self.node.store.moved_at(&self.key.tenant, conversation, account).await?),
        }
    }

    /// Writes a message that was let in, as the account of the system, and
    /// forgets the words that were kept of it.
    pub(super) async fn carry_out(
        &self,
        stream: &mut Stream,
        base: Position,
        message: MessageId,
        state: LateState,
        decision: &mut Decision,
    ) -> Result<(), DecideError> {
        let Some(conversation) = stream.id().conversation() else { return Ok(()) };
        if state == LateState::Admitted {
            let held = self.held(conversation, &message, decision).await?;
            self.write_late(stream, base, conversation, held, decision).await?;
        }
        decision.late.insert(message, None);
        Ok(())
    }

    /// A message as it was handed in: in this very batch, or before.
    async fn held(
        &self,
        conversation: ConversationId,
        message: &MessageId,
        decision: &Decision,
    ) -> Result<LateMessage, DecideError> {
        if let Some(Some(held)) = decision.late.get(message) {
            return Ok(held.clone());
        }
        let held = self.node.store.late_messages(&self.key.tenant, conversation).await?;
        held.into_iter().find(|held| held.message == *message).ok_or(DecideError::Journal)
    }

    async fn write_late(
        &self,
        stream: &mut Stream,
        base: Position,
        conversation: ConversationId,
        held: LateMessage,
        decision: &mut Decision,
    ) -> Result<(), DecideError> {
        let room = held.thread.unwrap_or(conversation);
        // Whether a page is open is known only with the newest one at hand.
        let newest = DocumentId::of_page(conversation, room, stream.newest_page(room).max(1));
        self.load_missing(stream, &newest, &[], base).await?;
        let document = DocumentId::of_page(conversation, room, stream.open_page_of(room, &self.node.limits));
        self.load_missing(stream, &document, &[], base).await?;
        let system = Session::system(self.key.tenant.clone(), &self.key.stream);
        let (at, facts) = (self.node.clock.wall_now(), [Fact::Message(held.message, held.body)]);
        let Some(change) = stream.compose(system.device, &document, at, &facts) else { return Ok(()) };
        let pushed = PushedChange { document, change: change.bytes().to_vec() };
        let admitted = self.admit(stream, base, &system, &pushed).await?;
        // The next one is written on top of it.
        stream.flush()?;
        match admitted {
            Ok(admitted) => decision.take(admitted),
            // Its author wrote it while they were a member again.
            Err(AdmitError::Refused(_)) => {}
            Err(AdmitError::AlreadyAdmitted(_)) => return Err(DecideError::Journal),
        }
        Ok(())
    }
}
