//! What an import found, and what became of it: counted, and printed for people.

use std::{collections::BTreeMap, fmt};

use tidings_core::{
    authority::Refusal,
    ids::{AccountId, ConversationId},
};

use super::archive::{Line, Message};

/// The counts of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Conversations.
    pub conversations: u64,
    /// Members of all conversations together.
    pub members: u64,
    /// Messages, those of threads included.
    pub messages: u64,
    /// Messages that answer another one.
    pub replies: u64,
    /// Threads.
    pub threads: u64,
    /// Messages in threads.
    pub in_threads: u64,
    /// Reactions, each of one account.
    pub reactions: u64,
    /// Messages that were edited.
    pub edits: u64,
    /// Messages that were deleted.
    pub deletions: u64,
    /// Pinned messages.
    pub pins: u64,
    /// Messages that are written as several, as they are longer than a message may be.
    pub split: u64,
    /// What the source has and this system has no place for, by its name.
    pub unplaced: BTreeMap<String, u64>,
    /// Senders to whom no account was given, with the account that was made up for each.
    pub unmapped: BTreeMap<String, AccountId>,
    /// Messages that were written, the parts of split ones counted one by one.
    pub written: u64,
    /// Messages that were there already.
    pub there_already: u64,
    /// What was refused, by what it was and why.
    pub refused: BTreeMap<(String, String), (u64, String)>,
    /// True if nothing was to be written.
    pub dry_run: bool,
}

impl Report {
    /// Counts what a line brings.
    pub(super) fn count(&mut self, line: &Line) {
        match line {
            Line::Conversation(conversation) => {
                self.conversations += 1;
                self.members += conversation.members.len() as u64;
            }
            Line::Message(message) => self.count_message(message),
            Line::Archive(_) | Line::Account(_) | Line::Thread(_) | Line::Receipts(_) | Line::End(_) => {}
        }
    }

    fn count_message(&mut self, message: &Message) {
        self.messages += 1;
        self.replies += u64::from(message.reply_to.is_some());
        self.threads += u64::from(message.opens.is_some());
        self.in_threads += u64::from(message.thread.is_some());
        self.reactions += message.reactions.iter().map(|reaction| reaction.accounts.len() as u64).sum::<u64>();
        self.edits += u64::from(message.edited_at.is_some());
        self.deletions += u64::from(message.deleted.is_some());
        self.pins += u64::from(message.pinned.is_some());
    }

    /// Counts something that has no place.
    pub(super) fn unplaced(&mut self, name: impl Into<String>, count: u64) {
        *self.unplaced.entry(name.into()).or_default() += count;
    }

    /// Counts something that was refused.
    pub(super) fn refuse(&mut self, what: &str, refusal: &Refusal) {
        let key = (what.to_owned(), refusal.code.as_str().to_owned());
        self.refused.entry(key).or_insert_with(|| (0, refusal.detail.clone())).0 += 1;
    }

    /// Counts a conversation that is deleted here, and stays so.
    pub(super) fn skip(&mut self, conversation: ConversationId, why: &str) {
        let key = ("conversation".to_owned(), why.to_owned());
        self.refused.entry(key).or_insert_with(|| (0, conversation.to_string())).0 += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = [
            ("conversations", self.conversations),
            ("members", self.members),
            ("messages", self.messages),
            ("replies", self.replies),
            ("threads", self.threads),
            ("messages in threads", self.in_threads),
            ("reactions", self.reactions),
            ("edited messages", self.edits),
            ("deleted messages", self.deletions),
            ("pins", self.pins),
            ("messages split as they are too long", self.split),
        ];
        writeln!(formatter, "found:")?;
        for (name, count) in found.into_iter().filter(|(_, count)| *count > 0) {
            writeln!(formatter, "  {name}: {count}")?;
        }
        if !self.unplaced.is_empty() {
            writeln!(formatter, "not brought in, as it has no place here:")?;
            for (name, count) in &self.unplaced {
                writeln!(formatter, "  {name}: {count}")?;
            }
        }
        if !self.unmapped.is_empty() {
            writeln!(formatter, "senders without an account, and the accounts made up for them:")?;
            for (sender, account) in &self.unmapped {
                writeln!(formatter, "  {sender}: {account}")?;
            }
        }
        if !self.refused.is_empty() {
            writeln!(formatter, "refused:")?;
            for ((what, code), (count, example)) in &self.refused {
                writeln!(formatter, "  {what}, {code}: {count} (for example: {example})")?;
            }
        }
        match self.dry_run {
            true => write!(formatter, "nothing was written: this was a dry run"),
            false => write!(formatter, "written: {} messages; there already: {}", self.written, self.there_already),
        }
    }
}
