//! Reading messages from a page.

use crate::{
    doc::{Change, Document, Fact, Key},
    ids::{AccountId, MessageId},
    model::{Content, Deletion, Edit, MessageBody},
    sorted::SortedMap,
};

/// A message with everything that was done to it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its original body.
    pub body: MessageBody,
    /// The winning edit, if there is one.
    pub edit: Option<Edit>,
    /// Its deletion, if it is deleted.
    pub deletion: Option<Deletion>,
    /// Accounts by reaction; an emoji without accounts is left out.
    pub reactions: SortedMap<String, Vec<AccountId>>,
}

impl Document {
    /// Returns true if the change contains only new messages: judging it does not need the past.
    pub(crate) fn is_apart(&self, change: &Change) -> bool {
        let mut keys = change.operations().iter().map(|operation| operation.key.as_deref().unwrap_or_default());
        keys.all(|key| self.is_new_message(key))
    }
}

impl Message {
    /// Reads a message of a page.
    pub fn read(page: &Document, id: &MessageId) -> Option<Message> {
        Message::collect(page.facts(&Key::Message(id.clone()).to_string()))
            .into_iter()
            .find(|message| message.id == *id)
    }

    /// Reads every message of a page, newest id first.
    pub fn read_all(page: &Document) -> Vec<Message> {
        Message::collect(page.facts("msg/"))
    }

    /// Its current content; none if deleted.
    pub fn content(&self) -> Option<&Content> {
        match (&self.deletion, &self.edit) {
            (Some(_), _) => None,
            (None, Some(edit)) => Some(&edit.content),
            (None, None) => Some(&self.body.content),
        }
    }

    /// Its current text; empty if it is deleted or has none.
    pub fn text(&self) -> &str {
        self.content().and_then(Content::text).unwrap_or_default()
    }

    /// The accounts of each reaction that it shows: none if it is deleted, as nobody could take theirs off any more.
    pub fn shown_reactions(&self) -> impl Iterator<Item = (&String, &Vec<AccountId>)> {
        self.reactions.iter().filter(|_| self.deletion.is_none())
    }

    /// The number of emoji that the account has put on it.
    pub fn reactions_of(&self, account: &AccountId) -> usize {
        self.reactions.values().filter(|accounts| accounts.contains(account)).count()
    }

    fn collect(facts: impl Iterator<Item = Fact>) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        for fact in facts {
            // A message's own key is a prefix of the keys about it, so it comes first.
            let (id, last) = match &fact {
                Fact::Message(id, _) | Fact::Edit(id, _) | Fact::Deleted(id, _) | Fact::Reaction(id, ..) => {
                    (id.clone(), messages.iter_mut().rev().find(|message| message.id == *id))
                }
                _ => continue,
            };
            match (fact, last) {
                (Fact::Message(_, body), _) => {
                    messages.push(Message { id, body, edit: None, deletion: None, reactions: SortedMap::new() })
                }
                (Fact::Edit(_, edit), Some(message)) => message.edit = Some(edit),
                (Fact::Deleted(_, deletion), Some(message)) => message.deletion = Some(deletion),
                (Fact::Reaction(_, emoji, account, true), Some(message)) => {
                    message.reactions.entry(emoji).or_default().push(account);
                }
                _ => {}
            }
        }
        messages
    }
}
