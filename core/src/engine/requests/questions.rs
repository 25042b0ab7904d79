//! Questions to the server: address books, and the subscribers of a channel. They are not stored: without
//! a link they fail, and the app asks again.

use crate::{
    code::Code,
    engine::{Engine, Update, context::Context, screen::inbox::Draw},
    ids::{AccountId, ConversationId, MessageId, StreamId},
    journal::Position,
    sorted::SortedMap,
    wire::{ClientFrame, ContactMatches, ListSubscribers, MatchContacts, Refused, SubscriberCount, Subscribers},
};

/// The app's request behind each request on the link.
#[derive(Debug, Default)]
pub(in crate::engine) struct Questions {
    asked: SortedMap<u64, u64>,
}

impl Questions {
    fn ask(&mut self, ctx: &mut Context, asked: u64, frame: impl FnOnce(u64) -> ClientFrame) {
        let request = ctx.new_request();
        self.asked.insert(request, asked);
        ctx.send(&frame(request));
    }
}

impl Engine {
    pub(in crate::engine) fn match_contacts(&mut self, asked: u64, points: Vec<String>, region: Option<String>) {
        if points.len() > self.ctx.limits.contact_points_max as usize {
            let detail = format!("at most {} at once", self.ctx.limits.contact_points_max);
            return self.fail(asked, Code::TooManyContacts, &detail);
        }
        self.ask_server(asked, |request| ClientFrame::MatchContacts(MatchContacts { request, points, region }));
    }

    pub(in crate::engine) fn contacts_matched(&mut self, frame: ContactMatches) {
        if let Some(request) = self.requests.questions.asked.remove(&frame.request) {
            self.ctx.update(Update::ContactsMatched { request, matches: frame.matches });
        }
    }

    pub(in crate::engine) fn list_subscribers(
        &mut self,
        asked: u64,
        conversation: ConversationId,
        reached: Option<MessageId>,
        after: Option<AccountId>,
        count_max: u32,
    ) {
        let position = match &reached {
            Some(message) => self.position_of(conversation, message),
            None => self.inbox.get(&conversation).and_then(|record| Some(record.row.last_message.as_ref()?.position)),
        };
        if reached.is_some() && position.is_none() {
            return self.fail(asked, Code::MessageUnknown, "not admitted, or not loaded on this device");
        }
        let position = position.unwrap_or(Position::ZERO);
        self.ask_server(asked, |request| {
            ClientFrame::ListSubscribers(ListSubscribers { request, conversation, after, count_max, position })
        });
    }

    /// The position of an admitted message on a loaded page.
    fn position_of(&mut self, conversation: ConversationId, message: &MessageId) -> Option<Position> {
        let replica = self.replica(&StreamId::Conversation(conversation))?;
        let page = replica.confirmed.page_of(message)?;
        page.admissions().get(message).map(|admission| admission.position)
    }

    pub(in crate::engine) fn receive_subscribers(&mut self, frame: Subscribers) {
        if let Some(request) = self.requests.questions.asked.remove(&frame.request) {
            self.ctx.update(Update::SubscribersListed { request, page: frame });
        }
    }

    /// The server sends the readers of a channel its number of subscribers now and then.
    pub(in crate::engine) fn receive_subscriber_count(&mut self, frame: &SubscriberCount) {
        let SubscriberCount { conversation, count } = *frame;
        let Some(record) = self.inbox.get_mut(&conversation) else { return };
        if record.row.subscriber_count == count {
            return;
        }
        record.row.subscriber_count = count;
        self.inbox.draw(conversation, Draw::Any);
        self.inbox.store(conversation);
        if let Some(replica) = self.replica(&StreamId::Conversation(conversation)) {
            replica.touched.detail = true;
        }
    }

    fn ask_server(&mut self, asked: u64, frame: impl FnOnce(u64) -> ClientFrame) {
        if !self.link.is_online() {
            return self.fail(asked, Code::Unreachable, "only the server can answer this");
        }
        self.requests.questions.ask(&mut self.ctx, asked, frame);
    }

    /// Returns whether the refusal was of a question.
    pub(in crate::engine) fn question_refused(&mut self, refused: &Refused) -> bool {
        let asked = self.requests.questions.asked.remove(&refused.request);
        if let Some(asked) = asked {
            self.fail(asked, refused.code, &refused.detail);
        }
        asked.is_some()
    }

    pub(in crate::engine) fn fail_questions(&mut self) {
        for asked in core::mem::take(&mut self.requests.questions.asked).into_values() {
            self.fail(asked, Code::Unreachable, "the link was lost before the answer");
        }
    }
}
