//! The row of one conversation in the list.

use crate::{
    api::{ConversationRow, LastMessageRow, UNREAD_MAX},
    doc::Message,
    engine::{screen::drawing::Drawing, streams::replica::Replica},
    ids::{AccountId, ConversationId, StreamId},
    journal::Position,
    model::{Content, NotificationLevel},
    wire::LastMessage,
};

impl Drawing<'_> {
    /// None while the documents are not loaded: the row stays as the list has it.
    pub(super) fn conversation_row(self, conversation: ConversationId) -> Option<ConversationRow> {
        let replica = self.streams.loaded(&StreamId::Conversation(conversation))?;
        let me = self.me();
        let state = replica.view().conversation();
        let created = state.created.as_ref()?;
        let member = self.own_member(replica, conversation)?;
        let former = self.inbox.get(&conversation).map(|record| &record.row);
        let last_message = last_message(replica, me);
        let activity_at = last_message.as_ref().map_or(created.at, |last| last.message.created_at());
        let others = state.active_members().map(|(account, _)| account).filter(|account| *account != me);
        let unread = replica.unread(me, self.inbox.unread_from(conversation)).min(UNREAD_MAX);
        Some(ConversationRow {
            conversation,
            kind: created.kind,
            title: state.title().map(str::to_owned),
            name: String::new(),
            others: others.take(4).cloned().collect(),
            state: state.state(),
            role: member.role.clone(),
            status: replica.revoked.unwrap_or(member.status()),
            member_count: state.active,
            last_message: last_message.map(LastMessageRow::from),
            unread,
            pending: u32::try_from(replica.outbox.len()).unwrap_or(u32::MAX),
            activity_at,
            muted_until: None,
            pinned_at: None,
            archived_at: None,
            subscriber_count: former.map_or(0, |row| row.subscriber_count),
            notifications: NotificationLevel::All,
            blocked: false,
            resource: state.resource().map(|resource| resource.id.clone()),
            waits: replica.outbox.wait(),
        })
    }
}

/// The newest pending message, or the one admitted last.
fn last_message(replica: &Replica, me: &AccountId) -> Option<LastMessage> {
    let pending = replica.outbox.entries.last_message().and_then(|entry| entry.command.message(me));
    match pending.and_then(|id| replica.view().page_of(&id).and_then(|page| Message::read(page, &id))) {
        Some(message) => Some(LastMessage {
            preview: message.content().map(Content::preview),
            position: Position::ZERO,
            message: message.id,
        }),
        None => replica.view().last_message(),
    }
}
