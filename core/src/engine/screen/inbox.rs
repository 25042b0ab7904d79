//! The list of conversations: a record each, the work due for its row at the end of the input, the order of
//! the list, and an index from accounts to the rows that name them, so that a new name does not touch every row.

use core::cmp::Reverse;

use crate::{
    api::ConversationRow,
    engine::store::record::InboxRecord,
    ids::{AccountId, ConversationId},
    journal::Position,
    model::{MemberStatus, Role},
    sorted::{SortedMap, SortedSet},
    time::WallTime,
};

/// The place of a row in the list: archived ones last, pinned ones first, then by activity.
type Place = (bool, bool, Reverse<WallTime>, ConversationId);

fn place_of(row: &ConversationRow) -> Place {
    (row.archived_at.is_some(), row.pinned_at.is_none(), Reverse(row.activity_at), row.conversation)
}

/// The work due for a row at the end of the input.
#[derive(Debug, Default)]
struct Due {
    draw: Option<Draw>,
    store: bool,
}

impl Due {
    fn draw(&mut self, draw: Draw) {
        self.draw = self.draw.max(Some(draw));
    }
}

/// When a row that is drawn again is sent to the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum Draw {
    /// When it differs from the record.
    Changed,
    /// Always: the record is newer than the screen.
    Any,
}

/// Invariant: the screen shows each row as the record has it, except rows that are due to be drawn.
#[derive(Debug, Default)]
pub(in crate::engine) struct Inbox {
    records: SortedMap<ConversationId, InboxRecord>,
    places: SortedSet<Place>,
    naming: SortedMap<AccountId, SortedSet<ConversationId>>,
    due: SortedMap<ConversationId, Due>,
    /// Whether the rows stored for the first paint are stale.
    is_stale: bool,
    /// Conversations found to be deleted since the start.
    deleted: SortedSet<ConversationId>,
}

impl Inbox {
    pub(in crate::engine) fn contains_key(&self, conversation: &ConversationId) -> bool {
        self.records.contains_key(conversation)
    }

    pub(in crate::engine) fn get(&self, conversation: &ConversationId) -> Option<&InboxRecord> {
        self.records.get(conversation)
    }

    /// The position after which messages of a conversation are unread.
    pub(in crate::engine) fn unread_from(&self, conversation: ConversationId) -> Position {
        self.get(&conversation).map_or(Position::ZERO, InboxRecord::unread_from)
    }

    /// Whether the own account subscribes to a channel, as the server last sent it.
    pub(in crate::engine) fn subscribes(&self, conversation: ConversationId) -> bool {
        let row = self.get(&conversation).map(|record| &record.row);
        row.is_some_and(|row| row.role == Role::Subscriber && row.status == MemberStatus::Active)
    }

    /// Everything but the row's place and the accounts that it names may be changed: these are indexed.
    pub(in crate::engine) fn get_mut(&mut self, conversation: &ConversationId) -> Option<&mut InboxRecord> {
        self.records.get_mut(conversation)
    }

    pub(in crate::engine) fn insert(&mut self, conversation: ConversationId, record: InboxRecord) {
        self.remove_record(&conversation);
        for account in &record.row.others {
            self.naming.entry(account.clone()).or_default().insert(conversation);
        }
        self.places.insert(place_of(&record.row));
        self.records.insert(conversation, record);
    }

    /// Replaces a row. The first row of a conversation is one that the server has not sent a summary of.
    pub(in crate::engine) fn set_row(&mut self, conversation: ConversationId, row: ConversationRow) {
        match self.records.get_mut(&conversation) {
            Some(record) if record.row.others == row.others => {
                self.places.remove(&place_of(&record.row));
                self.places.insert(place_of(&row));
                record.row = row;
            }
            Some(record) => {
                let record = InboxRecord { row, ..record.clone() };
                self.insert(conversation, record);
            }
            None => self.insert(conversation, InboxRecord::new(row)),
        }
        self.is_stale = true;
        self.store(conversation);
    }

    /// Returns whether the conversation was on the list.
    pub(in crate::engine) fn remove(&mut self, conversation: &ConversationId) -> bool {
        self.due.remove(conversation);
        self.is_stale = true;
        self.remove_record(conversation).is_some()
    }

    pub(in crate::engine) fn is_deleted(&self, conversation: &ConversationId) -> bool {
        self.deleted.contains(conversation)
    }

    pub(in crate::engine) fn set_deleted(&mut self, conversation: ConversationId) {
        self.deleted.insert(conversation);
    }

    /// After a restore of the server's store, deleted conversations may exist again.
    pub(in crate::engine) fn clear_deleted(&mut self) {
        self.deleted.clear();
    }

    /// Draws a row again at the end of the input.
    pub(in crate::engine) fn draw(&mut self, conversation: ConversationId, draw: Draw) {
        self.due.entry(conversation).or_default().draw(draw);
    }

    /// Stores a record at the end of the input.
    pub(in crate::engine) fn store(&mut self, conversation: ConversationId) {
        self.due.entry(conversation).or_default().store = true;
    }

    pub(in crate::engine) fn drain_drawn(&mut self) -> Vec<(ConversationId, Draw)> {
        let drawn = self.due.iter_mut().filter_map(|(conversation, due)| Some((*conversation, due.draw.take()?)));
        drawn.collect()
    }

    /// The records to be stored. Rows are drawn before.
    pub(in crate::engine) fn drain_stored(&mut self) -> impl Iterator<Item = (ConversationId, &InboxRecord)> {
        let due = core::mem::take(&mut self.due);
        debug_assert!(due.values().all(|due| due.draw.is_none()), "every row is drawn before it is stored");
        let stored = due.into_iter().filter(|(_, due)| due.store);
        stored.filter_map(|(conversation, _)| Some((conversation, self.records.get(&conversation)?)))
    }

    /// Whether the rows stored for the first paint were stale. The caller stores them.
    pub(in crate::engine) fn drain_stale(&mut self) -> bool {
        core::mem::take(&mut self.is_stale)
    }

    fn remove_record(&mut self, conversation: &ConversationId) -> Option<InboxRecord> {
        let removed = self.records.remove(conversation)?;
        self.places.remove(&place_of(&removed.row));
        for account in &removed.row.others {
            if let Some(naming) = self.naming.get_mut(account) {
                naming.remove(conversation);
                if naming.is_empty() {
                    self.naming.remove(account);
                }
            }
        }
        Some(removed)
    }

    pub(in crate::engine) fn iter(&self) -> impl ExactSizeIterator<Item = (&ConversationId, &InboxRecord)> {
        self.records.iter()
    }

    /// Changes all records, which are stored at the end of the input.
    pub(in crate::engine) fn change_all(&mut self, change: impl Fn(&mut InboxRecord)) {
        for (conversation, record) in self.records.iter_mut() {
            change(record);
            self.due.entry(*conversation).or_default().store = true;
        }
    }

    pub(in crate::engine) fn values(&self) -> impl ExactSizeIterator<Item = &InboxRecord> {
        self.records.values()
    }

    /// The rows in the order of the list.
    pub(in crate::engine) fn rows(&self) -> impl Iterator<Item = &ConversationRow> {
        debug_assert_eq!(self.places.len(), self.records.len(), "each row has one place");
        self.places.iter().filter_map(|(.., conversation)| Some(&self.records.get(conversation)?.row))
    }

    /// Draws again the rows that name an account, and returns their number.
    pub(in crate::engine) fn draw_naming(&mut self, account: &AccountId) -> u64 {
        let naming = self.naming.get(account).into_iter().flatten();
        for conversation in naming.clone() {
            self.due.entry(*conversation).or_default().draw(Draw::Changed);
        }
        naming.count() as u64
    }

    /// The accounts that rows name.
    pub(in crate::engine) fn named(&self) -> impl Iterator<Item = &AccountId> {
        self.naming.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_drawn_and_stored_once_however_often_it_is_asked_for() {
        let [one, other] = [1, 2].map(|number| ConversationId::from_bytes([number; 16]));
        let mut inbox = Inbox::default();
        inbox.draw(one, Draw::Any);
        inbox.draw(one, Draw::Changed);
        inbox.draw(other, Draw::Changed);
        assert_eq!(
            inbox.drain_drawn(),
            [(one, Draw::Any), (other, Draw::Changed)],
            "the newer row is shown all the same"
        );
        assert_eq!(inbox.drain_drawn(), []);
        inbox.store(one);
        assert_eq!(inbox.drain_stored().count(), 0, "nothing is on the list");
    }
}
