//! The list as it is held: a record for each conversation, and which rows name somebody as
//! one of the others, so that who is called otherwise is found without a look at all of them.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    engine::record::InboxRecord,
    ids::{AccountId, ConversationId},
    view::InboxRow,
};

#[derive(Debug, Default)]
pub(super) struct Inbox {
    records: BTreeMap<ConversationId, InboxRecord>,
    naming: BTreeMap<AccountId, BTreeSet<ConversationId>>,
}

impl Inbox {
    pub(super) fn contains_key(&self, conversation: &ConversationId) -> bool {
        self.records.contains_key(conversation)
    }

    pub(super) fn get(&self, conversation: &ConversationId) -> Option<&InboxRecord> {
        self.records.get(conversation)
    }

    /// One to be changed, but for whom its row names.
    pub(super) fn get_mut(&mut self, conversation: &ConversationId) -> Option<&mut InboxRecord> {
        self.records.get_mut(conversation)
    }

    pub(super) fn insert(&mut self, conversation: ConversationId, record: InboxRecord) {
        self.remove(&conversation);
        for account in &record.row.others {
            self.naming.entry(account.clone()).or_default().insert(conversation);
        }
        self.records.insert(conversation, record);
    }

    /// A row in the place of the one before; the first one is of a conversation of which
    /// the server has told nothing.
    pub(super) fn set_row(&mut self, conversation: ConversationId, row: InboxRow) {
        match self.records.get_mut(&conversation) {
            Some(record) if record.row.others == row.others => record.row = row,
            Some(record) => {
                let record = InboxRecord { row, ..record.clone() };
                self.insert(conversation, record);
            }
            None => self.insert(conversation, InboxRecord::new(row)),
        }
    }

    pub(super) fn remove(&mut self, conversation: &ConversationId) -> Option<InboxRecord> {
        let removed = self.records.remove(conversation)?;
        for account in &removed.row.others {
            if let Entry::Occupied(mut naming) = self.naming.entry(account.clone()) {
                naming.get_mut().remove(conversation);
                if naming.get().is_empty() {
                    naming.remove();
                }
            }
        }
        Some(removed)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&ConversationId, &InboxRecord)> {
        self.records.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&ConversationId, &mut InboxRecord)> {
        self.records.iter_mut()
    }

    pub(super) fn keys(&self) -> impl ExactSizeIterator<Item = &ConversationId> {
        self.records.keys()
    }

    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &InboxRecord> {
        self.records.values()
    }

    /// The conversations whose row names an account.
    pub(super) fn naming(&self, account: &AccountId) -> impl Iterator<Item = ConversationId> {
        self.naming.get(account).into_iter().flatten().copied()
    }

    /// Whom rows name.
    pub(super) fn named(&self) -> impl Iterator<Item = &AccountId> {
        self.naming.keys()
    }
}
