//! The parts that rows are drawn from, borrowed: drawing a row changes nothing.

use std::borrow::Cow;

use crate::{
    doc::Message,
    engine::{
        Engine,
        context::Context,
        registers::presence::Presence,
        requests::held::HeldWords,
        screen::{
            accounts::Accounts,
            inbox::Inbox,
            open::{OpenConversation, OpenConversations},
        },
        streams::{loaded::Streams, replica::Replica},
    },
    ids::{AccountId, ConversationId, MessageId, StreamId},
    model::{Content, Member, MemberField, MemberStatus, Role},
};

#[derive(Clone, Copy)]
pub(in crate::engine) struct Drawing<'a> {
    pub(super) ctx: &'a Context,
    pub(super) streams: &'a Streams,
    pub(super) accounts: &'a Accounts,
    pub(super) inbox: &'a Inbox,
    pub(super) open: &'a OpenConversations,
    pub(super) presence: &'a Presence,
    pub(super) held: &'a HeldWords,
}

impl Engine {
    pub(in crate::engine) fn drawing(&self) -> Drawing<'_> {
        Drawing {
            ctx: &self.ctx,
            streams: &self.streams,
            accounts: &self.accounts,
            inbox: &self.inbox,
            open: &self.open,
            presence: &self.presence,
            held: &self.requests.held,
        }
    }
}

impl<'a> Drawing<'a> {
    pub(super) fn me(self) -> &'a AccountId {
        &self.ctx.session.account
    }

    /// An open timeline and its stream, if that is loaded.
    pub(in crate::engine) fn shown(self, timeline: ConversationId) -> Option<(&'a OpenConversation, &'a Replica)> {
        let open = self.open.get(&timeline)?;
        let replica = self.streams.loaded(&StreamId::Conversation(open.conversation()))?;
        Some((open, replica))
    }

    /// The own membership as the document has it. A subscriber is not in the document, and may not be in the one that
    /// is held once they are invited: their membership is the one that the server last sent.
    pub(super) fn own_member<'r>(self, replica: &'r Replica, conversation: ConversationId) -> Option<Cow<'r, Member>> {
        let listed = replica.view().conversation().members.get(self.me());
        let row = self.inbox.get(&conversation).map(|record| &record.row);
        let subscriber = row.filter(|row| row.role == Role::Subscriber);
        let is_listed = |status| listed.is_some_and(|member| member.is_active() || status != MemberStatus::Active);
        if subscriber.is_some_and(|row| !is_listed(row.status)) {
            return Some(Cow::Owned(Member::subscriber(self.me())));
        }
        let told = || {
            let row = row.filter(|row| row.status != MemberStatus::Active)?;
            Some(Cow::Owned(Member::told(self.me(), row.role.clone(), row.status)))
        };
        listed.map(Cow::Borrowed).or_else(told)
    }

    /// The display name in a conversation: the one that the member has there, or else everywhere.
    pub(super) fn name_in(self, replica: &Replica, account: &AccountId) -> String {
        let member = replica.view().conversation().members.get(account);
        let name = member.and_then(|member| member.text(MemberField::DisplayName));
        name.map_or_else(|| self.accounts.name_of(account), str::to_owned)
    }
}

pub(super) fn preview_of(replica: &Replica, id: &MessageId) -> Option<Content> {
    let page = replica.view().page_of(id);
    page.and_then(|page| Message::read(page, id)).and_then(|message| message.content().map(Content::preview))
}
