//! How many subscribe to a channel, as the server tells its readers now and then.

use crate::{
    engine::{Engine, inbox::Draw},
    ids::StreamId,
    wire::SubscriberCount,
};

impl Engine {
    pub(super) fn receive_subscriber_count(&mut self, frame: &SubscriberCount) {
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
}
