//! The row of one message in a timeline.

use crate::{
    api::{MessageState, ProposalRow, ReactionRow, ReplyRow, ThreadRow, TimelineRow},
    doc::Message,
    engine::{
        screen::drawing::{Drawing, preview_of},
        streams::replica::Replica,
    },
    ids::{ConversationId, MessageId, TimelineId},
    journal::Position,
};

impl Drawing<'_> {
    /// None for a message that is not shown.
    pub(super) fn timeline_row(
        self,
        replica: &Replica,
        timeline: TimelineId,
        id: &MessageId,
        floor: Position,
    ) -> Option<TimelineRow> {
        let page = replica.view().page_of(id).filter(|page| page.id().timeline() == Some(timeline))?;
        let admission = replica.confirmed.document(page.id()).and_then(|page| page.admissions().get(id)).copied();
        if admission.is_some_and(|admission| admission.position < floor) {
            return None;
        }
        let message = Message::read(page, id)?;
        let own = id.author == *self.me();
        let position = admission.map(|admission| admission.position);
        let (state, read_by) = match message_state(replica, position, own) {
            // Whoever has read the conversation may not have read its threads.
            (MessageState::Read, _) if page.id().thread().is_some() => (MessageState::Delivered, 0),
            state => state,
        };
        let reactions = message.shown_reactions().map(|(emoji, accounts)| ReactionRow {
            emoji: emoji.clone(),
            accounts: accounts.clone(),
            own: accounts.contains(self.me()),
        });
        Some(TimelineRow {
            author: id.author.clone(),
            author_name: self.name_in(replica, &id.author),
            own,
            content: message.content().cloned(),
            deleted_by: message.deletion.as_ref().map(|deletion| deletion.by.clone()),
            edited_at: message.edit.as_ref().map(|edit| edit.at),
            reply_to: message.body.reply_to.as_ref().map(|reply| self.reply_row(replica, reply)),
            mentions: message.body.mentions.clone().unwrap_or_default(),
            reactions: reactions.collect(),
            created_at: id.created_at(),
            accepted_at: admission.map(|admission| admission.accepted_at),
            position,
            state,
            read_by,
            pinned: replica.view().timeline(timeline).is_some_and(|timeline| timeline.pins.contains_key(id)),
            thread: thread_row(replica, id),
            waits: position.is_none().then(|| replica.outbox.wait_of(id, self.me())).flatten(),
            unsynced: replica.outbox.entries.touches(id),
            proposal: ProposalRow::of(
                message.content(),
                || replica.view().proposal_answer(page, &message.id),
                self.ctx.wall(),
            ),
            id: id.clone(),
        })
    }

    fn reply_row(self, replica: &Replica, id: &MessageId) -> ReplyRow {
        ReplyRow {
            id: id.clone(),
            author: id.author.clone(),
            author_name: self.name_in(replica, &id.author),
            preview: preview_of(replica, id),
        }
    }
}

fn message_state(replica: &Replica, position: Option<Position>, own: bool) -> (MessageState, u32) {
    let Some(position) = position else { return (MessageState::Pending, 0) };
    if !own {
        return (MessageState::Sent, 0);
    }
    let read = replica.receipts.readers(position);
    let delivered = replica.receipts.is_delivered(position);
    let state = match (read, delivered) {
        (1.., _) => MessageState::Read,
        (0, true) => MessageState::Delivered,
        (0, false) => MessageState::Sent,
    };
    (state, u32::try_from(read).unwrap_or(u32::MAX))
}

/// The summary, on a message, of the thread that starts from it.
fn thread_row(replica: &Replica, message: &MessageId) -> Option<ThreadRow> {
    let view = replica.view();
    // Most conversations have none.
    view.threads().next()?;
    let id = ConversationId::thread(view.tenant(), view.id().conversation()?, message);
    // Pending replies are in no entry that is counted.
    let thread = replica.confirmed.thread(id).or_else(|| view.thread(id))?;
    let pending = u32::try_from(replica.outbox.entries.replies(id)).unwrap_or(u32::MAX);
    Some(ThreadRow {
        id,
        replies: thread.replies.saturating_add(pending),
        last_reply_at: thread.last_reply.as_ref().map(|last| last.accepted_at),
        participants: thread.participants.clone(),
    })
}
