//! The timelines that screens show, each with the rows last sent, and the conversations they belong to.

use crate::{
    api::{ConversationDetail, TimelineRow},
    ids::{AccountId, ConversationId, MessageId, StreamId},
    journal::Position,
    model::PresenceKind,
    sorted::{SortedMap, SortedSet},
    time::WallTime,
};

/// An open timeline: a conversation's, or a thread's.
#[derive(Debug)]
pub(in crate::engine) struct OpenConversation {
    /// The conversation itself, or the one that a thread belongs to.
    conversation: ConversationId,
    /// The rows last sent: boxed, as whoever scrolls back puts each in front of the others.
    pub(super) rows: SortedMap<MessageId, Box<TimelineRow>>,
    /// Their order on the screen.
    order: SortedSet<(Position, MessageId)>,
    /// Replies, by the message that they answer.
    replies: SortedMap<MessageId, SortedSet<MessageId>>,
    /// The rows that name an account: as author, or as author of the message that is answered.
    naming: SortedMap<AccountId, SortedSet<MessageId>>,
    /// The rows that change by themselves, by when.
    expiring: SortedSet<(WallTime, MessageId)>,
    /// Admitted messages before this are not shown yet.
    pub(super) floor: Position,
    /// Whether its documents have been shown, not just stored rows.
    pub(super) live: bool,
    pub(super) has_older: bool,
    pub(super) detail: Option<ConversationDetail>,
    pub(super) loading_older: bool,
    /// Whether an older page was asked for and has not come: asked for again
    /// with the next link.
    pub(super) wants_older: bool,
    /// Older rows that it showed before its documents came anew, and does not show again yet.
    pub(super) lost_rows: usize,
    /// Whether its stored rows are older than the ones it shows.
    pub(super) is_stale: bool,
    /// When the first of what is granted or denied for a while ends.
    pub(super) grants_end: Option<WallTime>,
    /// The end by which it is among those that something ends on.
    noted_end: Option<WallTime>,
}

impl OpenConversation {
    pub(in crate::engine) fn of(conversation: ConversationId) -> Self {
        Self {
            conversation,
            rows: SortedMap::new(),
            order: SortedSet::new(),
            replies: SortedMap::new(),
            naming: SortedMap::new(),
            expiring: SortedSet::new(),
            floor: Position::ZERO,
            live: false,
            has_older: false,
            detail: None,
            loading_older: false,
            wants_older: false,
            lost_rows: 0,
            is_stale: false,
            grants_end: None,
            noted_end: None,
        }
    }

    /// The conversation itself, or the one that a thread is of.
    pub(in crate::engine) fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Whether its documents have been shown.
    pub(in crate::engine) fn is_live(&self) -> bool {
        self.live
    }

    pub(in crate::engine) fn wants_older(&self) -> bool {
        self.wants_older
    }

    pub(in crate::engine) fn set_loading_older(&mut self, is_loading: bool) {
        self.loading_older = is_loading;
    }

    /// Whether it does not show yet what it showed before its documents came anew.
    pub(in crate::engine) fn has_lost_rows(&self) -> bool {
        self.lost_rows > 0
    }

    /// The server refused an older page: the next scroll asks again.
    pub(in crate::engine) fn stop_loading_older(&mut self) {
        self.loading_older = false;
        self.wants_older = false;
    }

    pub(in crate::engine) fn detail(&self) -> Option<&ConversationDetail> {
        self.detail.as_ref()
    }

    pub(in crate::engine) fn remove_detail(&mut self) -> Option<ConversationDetail> {
        self.detail.take()
    }

    /// The conversation is gone from this device. Returns the detail that was shown.
    pub(in crate::engine) fn empty(&mut self) -> Option<ConversationDetail> {
        // It stays among those that something ends on until its end is noted again.
        let empty = Self { noted_end: self.noted_end, ..Self::of(self.conversation) };
        core::mem::replace(self, empty).detail
    }

    pub(in crate::engine) fn put(&mut self, row: &TimelineRow) {
        if let Some(reply) = &row.reply_to {
            self.replies.entry(reply.id.clone()).or_default().insert(row.id.clone());
        }
        for account in names_of(row) {
            self.naming.entry(account.clone()).or_default().insert(row.id.clone());
        }
        self.order.insert(place_of(row));
        let former = self.rows.insert(row.id.clone(), Box::new(row.clone()));
        if let Some(former) = former {
            if former.position != row.position {
                self.order.remove(&place_of(&former));
            }
            self.forget_expiry(&former);
        }
        self.expiring.extend(row.expires_at().map(|at| (at, row.id.clone())));
    }

    /// The newest rows, falling.
    pub(in crate::engine) fn newest(&self) -> impl Iterator<Item = &TimelineRow> {
        self.order.iter().rev().filter_map(|(_, id)| self.rows.get(id).map(Box::as_ref))
    }

    pub(in crate::engine) fn remove(&mut self, id: &MessageId) {
        let Some(row) = self.rows.remove(id) else { return };
        self.order.remove(&place_of(&row));
        self.forget_expiry(&row);
        for account in names_of(&row) {
            if let Some(naming) = self.naming.get_mut(account) {
                naming.remove(id);
            }
        }
        if let Some(replies) = row.reply_to.and_then(|reply| self.replies.get_mut(&reply.id)) {
            replies.remove(id);
        }
    }

    fn forget_expiry(&mut self, row: &TimelineRow) {
        if let Some(at) = row.expires_at() {
            self.expiring.remove(&(at, row.id.clone()));
        }
    }

    /// When a grant or a row first changes by itself.
    fn first_end(&self) -> Option<WallTime> {
        let expiry = self.expiring.first().map(|(at, _)| *at);
        self.grants_end.into_iter().chain(expiry).min()
    }

    /// The rows that have changed by themselves.
    pub(super) fn expired(&self, now: WallTime) -> impl Iterator<Item = &MessageId> {
        self.expiring.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| id)
    }

    pub(in crate::engine) fn clear(&mut self) {
        self.expiring.clear();
        self.replies.clear();
        self.naming.clear();
        self.order.clear();
        self.rows.clear();
    }

    /// Keeps the detail equal to what the screen has been sent.
    pub(in crate::engine) fn set_presence(&mut self, account: &AccountId, kind: PresenceKind) {
        let Some(detail) = &mut self.detail else { return };
        let rows = detail.members.iter_mut().chain(&mut detail.candidates);
        rows.filter(|row| row.account == *account).for_each(|row| row.presence = kind);
    }

    /// The rows that name one of these.
    pub(in crate::engine) fn rows_naming(&self, accounts: &SortedSet<AccountId>) -> impl Iterator<Item = &MessageId> {
        accounts.iter().filter_map(|account| self.naming.get(account)).flatten()
    }

    /// The accounts that rows name.
    pub(in crate::engine) fn named(&self) -> impl Iterator<Item = &AccountId> {
        self.naming.keys()
    }

    /// The rows that show the words of a message because they answer it.
    pub(in crate::engine) fn replies_to(&self, message: &MessageId) -> impl Iterator<Item = &MessageId> {
        self.replies.get(message).into_iter().flatten()
    }
}

/// The accounts that a row names.
fn names_of(row: &TimelineRow) -> impl Iterator<Item = &AccountId> {
    core::iter::once(&row.id.author).chain(row.reply_to.as_ref().map(|reply| &reply.id.author))
}

fn place_of(row: &TimelineRow) -> (Position, MessageId) {
    let (position, id) = row.order();
    (position, id.clone())
}

#[derive(Debug, Default)]
pub(in crate::engine) struct OpenConversations {
    timelines: SortedMap<ConversationId, OpenConversation>,
    /// The open timelines of each conversation, its threads included.
    of: SortedMap<ConversationId, SortedSet<ConversationId>>,
    /// The timelines on which something ends, by when the first of it does.
    ending: SortedSet<(WallTime, ConversationId)>,
}

impl OpenConversations {
    pub(in crate::engine) fn contains_key(&self, timeline: &ConversationId) -> bool {
        self.timelines.contains_key(timeline)
    }

    pub(in crate::engine) fn get(&self, timeline: &ConversationId) -> Option<&OpenConversation> {
        self.timelines.get(timeline)
    }

    pub(in crate::engine) fn get_mut(&mut self, timeline: &ConversationId) -> Option<&mut OpenConversation> {
        self.timelines.get_mut(timeline)
    }

    pub(in crate::engine) fn insert(&mut self, timeline: ConversationId, open: OpenConversation) {
        self.of.entry(open.conversation).or_default().insert(timeline);
        self.timelines.insert(timeline, open);
    }

    pub(in crate::engine) fn remove(&mut self, timeline: &ConversationId) -> Option<OpenConversation> {
        let removed = self.timelines.remove(timeline)?;
        if let Some(end) = removed.noted_end {
            self.ending.remove(&(end, *timeline));
        }
        if let Some(timelines) = self.of.get_mut(&removed.conversation) {
            timelines.remove(timeline);
            if timelines.is_empty() {
                self.of.remove(&removed.conversation);
            }
        }
        Some(removed)
    }

    /// Notes when something on a timeline that was drawn at this time first ends.
    pub(super) fn note_end(&mut self, timeline: ConversationId, now: WallTime) {
        let Some(open) = self.timelines.get_mut(&timeline) else { return };
        let end = open.first_end().filter(|end| *end > now);
        let former = core::mem::replace(&mut open.noted_end, end);
        if former == end {
            return;
        }
        if let Some(former) = former {
            self.ending.remove(&(former, timeline));
        }
        self.ending.extend(end.map(|end| (end, timeline)));
    }

    /// When something on any timeline first ends.
    pub(super) fn first_end(&self) -> Option<WallTime> {
        self.ending.first().map(|(end, _)| *end)
    }

    /// The timelines on which something has ended. They are to be drawn.
    pub(super) fn drain_ended(&mut self, now: WallTime) -> Vec<ConversationId> {
        let mut ended = Vec::new();
        while let Some((_, timeline)) = self.ending.first().filter(|(end, _)| *end <= now).copied() {
            self.ending.pop_first();
            if let Some(open) = self.timelines.get_mut(&timeline) {
                open.noted_end = None;
            }
            ended.push(timeline);
        }
        ended
    }

    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (&ConversationId, &OpenConversation)> {
        self.timelines.iter()
    }

    pub(in crate::engine) fn values(&self) -> impl Iterator<Item = &OpenConversation> {
        self.timelines.values()
    }

    pub(in crate::engine) fn values_mut(&mut self) -> impl Iterator<Item = &mut OpenConversation> {
        self.timelines.values_mut()
    }

    /// The timelines whose stored rows are stale. The caller stores them.
    pub(in crate::engine) fn drain_stale(&mut self) -> Vec<ConversationId> {
        let stale = self
            .timelines
            .iter_mut()
            .filter_map(|(timeline, open)| core::mem::take(&mut open.is_stale).then_some(*timeline));
        stale.collect()
    }

    pub(in crate::engine) fn conversations(&self) -> impl ExactSizeIterator<Item = &ConversationId> {
        self.of.keys()
    }

    /// Whether the conversation, or a thread of it, is open.
    pub(in crate::engine) fn shows(&self, conversation: ConversationId) -> bool {
        self.of.contains_key(&conversation)
    }

    /// Whether a timeline is shown and is a thread.
    pub(in crate::engine) fn is_thread(&self, timeline: ConversationId) -> bool {
        self.get(&timeline).is_some_and(|open| open.conversation != timeline)
    }

    pub(in crate::engine) fn timelines_of_stream(&self, stream: &StreamId) -> Vec<ConversationId> {
        stream.conversation().map_or_else(Vec::new, |conversation| self.timelines_of(conversation))
    }

    /// The open timelines of a conversation, its threads included.
    pub(in crate::engine) fn timelines_of(&self, conversation: ConversationId) -> Vec<ConversationId> {
        self.of.get(&conversation).into_iter().flatten().copied().collect()
    }
}
