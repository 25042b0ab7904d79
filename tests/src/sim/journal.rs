//! The contents of the database, read as it grows: every decision is repeated, and it is known for every
//! position who may see it.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    authority::Verifier,
    doc::Fact,
    ids::{AccountId, ChangeHash, DocumentId, MessageId, StreamId},
    journal::Position,
    limits::Limits,
    model::{ConversationState, HeldState},
};
use tidings_server::store::NewEntry;

use super::{
    actions::OPERATOR,
    database::{Database, wait},
    happened::Happened,
    world::tenant,
};
use crate::{
    fuzz::room::name_of,
    membership::{self, is_generation},
};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;

/// An account's membership, and the position up to which it may see what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    Active,
    Until(Position),
}

/// A text that was admitted.
pub struct Written {
    /// The text.
    pub text: String,
    /// The message that says it, as it was written or since it was edited; none for other texts.
    pub message: Option<MessageId>,
}

impl Written {
    fn of(text: Option<&str>, message: Option<MessageId>) -> Option<Self> {
        Some(Self { text: text?.to_owned(), message })
    }
}

/// One stream of the journal.
pub struct StreamJournal {
    /// The stream as built from its entries.
    pub verifier: Verifier,
    hashes: Vec<ChangeHash>,
    /// Those of generations, with their positions.
    generations: Vec<(Position, ChangeHash)>,
    messages: BTreeMap<MessageId, Position>,
    /// Number of facts of each kind.
    pub stated: BTreeMap<&'static str, u32>,
    /// People's texts, once for each time they were admitted.
    pub words: Vec<Written>,
    membership: BTreeMap<AccountId, Membership>,
    /// The stream's position when a subscription last began or ended. A subscription that the subscriber ended
    /// hides nothing from them.
    subscribed: BTreeMap<AccountId, Position>,
}

/// Each stream's position when an account's subscription last began or ended.
pub type Subscribers = BTreeMap<StreamId, BTreeMap<AccountId, Position>>;

/// The journal, as far as it has been read.
pub struct Journal {
    limits: Limits,
    streams: BTreeMap<StreamId, StreamJournal>,
}

impl Journal {
    /// An unread journal; decisions are judged by these limits.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, Subscribers::new())
    }

    /// An unread journal of a database that has had these subscribers.
    pub fn with(limits: Limits, subscribers: Subscribers) -> Self {
        let mut journal = Self { limits, streams: BTreeMap::new() };
        for (id, subscribed) in subscribers {
            let stream = StreamJournal { subscribed, ..StreamJournal::new(&id, &journal.limits) };
            journal.streams.insert(id, stream);
        }
        journal
    }

    /// The subscribers so far.
    pub fn subscribers(&self) -> Subscribers {
        let streams = self.streams.iter().filter(|(_, stream)| !stream.subscribed.is_empty());
        streams.map(|(id, stream)| (id.clone(), stream.subscribed.clone())).collect()
    }

    /// Reads what was written since the last call.
    ///
    /// # Errors
    /// A violation in the journal.
    pub fn read(&mut self, database: &Database) -> Result<(), String> {
        let subscribed = database.drain_subscribed();
        for (_, id) in database.drain_written() {
            let new = || StreamJournal::new(&id, &self.limits);
            let stream = self.streams.entry(id.clone()).or_insert_with(new);
            loop {
                let after = stream.verifier.stream().position();
                let entries = wait(database.store().records().entries(&tenant(), &id, after, ENTRIES_MAX));
                let entries = entries.map_err(|error| format!("{id} cannot be read: {error}"))?;
                if entries.is_empty() {
                    break;
                }
                for new in &entries {
                    stream
                        .feed(new, &self.limits)
                        .map_err(|problem| format!("{id} at {}: {problem}", new.entry.position))?;
                    if is_generation(&new.entry) {
                        let of_thread = new.entry.document.thread().is_some();
                        let squashed =
                            if of_thread { Happened::ThreadSquashed } else { Happened::ConversationSquashed };
                        database.tally.count(squashed);
                    }
                }
            }
        }
        // A stream whose creation was refused has a row, and no entries.
        self.streams.retain(|_, stream| !stream.hashes.is_empty());
        for (id, account, position) in subscribed {
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.subscribed.insert(account, position);
            }
        }
        Ok(())
    }

    /// Reads everything again: what was once read must still be there.
    ///
    /// # Errors
    /// The entry that is gone, or differs.
    pub fn compare(&self, database: &Database) -> Result<(), String> {
        for (id, stream) in &self.streams {
            let entries = wait(database.store().records().entries(&tenant(), id, Position::ZERO, u32::MAX));
            let entries = entries.map_err(|error| format!("{id} cannot be read: {error}"))?;
            let hashes: Vec<ChangeHash> = entries.iter().map(|new| new.hash).collect();
            let is_erased = stream.is_deleted() && stream.hashes.ends_with(&hashes);
            if hashes != stream.hashes && !is_erased {
                return Err(format!("{id}: {} entries were read before, now {}", stream.hashes.len(), hashes.len()));
            }
        }
        Ok(())
    }

    /// The streams.
    pub fn streams(&self) -> &BTreeMap<StreamId, StreamJournal> {
        &self.streams
    }

    /// The number of entries.
    pub fn count(&self) -> usize {
        self.streams.values().map(|stream| stream.hashes.len()).sum()
    }

    /// The number of closed pages.
    pub fn pages_closed(&self) -> usize {
        self.streams.values().map(|stream| stream.verifier.stream().page().saturating_sub(1) as usize).sum()
    }

    /// Returns true if a change is admitted at a position.
    pub fn holds(&self, stream: &StreamId, position: Position, hash: ChangeHash) -> bool {
        let index = usize::try_from(position.number()).unwrap_or(usize::MAX).wrapping_sub(1);
        self.streams.get(stream).and_then(|stream| stream.hashes.get(index)) == Some(&hash)
    }

    /// The statements' texts of streams of which another journal has a generation that this one lacks: whoever holds
    /// that cannot tell whether these are here.
    pub fn without_generations_of(&self, other: &Self) -> impl Iterator<Item = &String> {
        let is_lacking = |id: &StreamId| {
            let generations = other.streams.get(id).into_iter().flat_map(|stream| &stream.generations);
            generations.into_iter().any(|(position, hash)| !self.holds(id, *position, *hash))
        };
        let lacking = self.streams.iter().filter(move |(id, _)| is_lacking(id));
        lacking.flat_map(|(_, stream)| &stream.words).filter(|said| said.message.is_none()).map(|said| &said.text)
    }

    /// The position of a message, if it was admitted.
    pub fn message(&self, stream: &StreamId, message: &MessageId) -> Option<Position> {
        self.streams.get(stream)?.messages.get(message).copied()
    }

    /// Returns true if an account may know what was written at a position.
    pub fn may_see(&self, account: &AccountId, stream: &StreamId, position: Position) -> bool {
        if let StreamId::Account(owner) = stream {
            return owner == account;
        }
        if account.as_str() == OPERATOR {
            return true;
        }
        let Some(stream) = self.streams.get(stream) else { return false };
        let subscribed = stream.subscribed.get(account);
        match stream.membership.get(account) {
            Some(Membership::Active) => true,
            Some(Membership::Until(until)) => position <= *until || subscribed.is_some_and(|since| since >= until),
            None => subscribed.is_some(),
        }
    }
}

impl StreamJournal {
    fn new(id: &StreamId, limits: &Limits) -> Self {
        Self {
            verifier: Verifier::new(tenant(), id.clone(), limits.clone()),
            hashes: Vec::new(),
            generations: Vec::new(),
            messages: BTreeMap::new(),
            stated: BTreeMap::new(),
            words: Vec::new(),
            membership: BTreeMap::new(),
            subscribed: BTreeMap::new(),
        }
    }

    fn feed(&mut self, new: &NewEntry, limits: &Limits) -> Result<(), String> {
        let NewEntry { entry, hash, chain, .. } = new;
        let before = self.verifier.stream().conversation().clone();
        let said_before = is_generation(entry).then(|| self.said_in(&entry.document)).flatten();
        let admitted = self.verifier.feed(entry, *hash, *chain);
        let admitted = admitted
            .map_err(|differs| format!("{}: {} instead of {}", differs.aspect, differs.found, differs.expected))?;
        self.hashes.push(*hash);
        self.generations.extend(is_generation(entry).then_some((entry.position, *hash)));
        if let Some(before) = said_before {
            let after = self.said_in(&entry.document).unwrap_or_default();
            let differs = before.symmetric_difference(&after).next();
            if let Some(fact) = differs {
                return Err(format!("a generation changes what the document says: {fact}"));
            }
        }
        let conversation = self.verifier.stream().conversation();
        if entry.document.stream().conversation().is_some() {
            membership::check(entry, &admitted.effects.facts, &before, conversation, limits)?;
        }
        for account in admitted.effects.members {
            let active = conversation.active_member(&account).is_some();
            let membership = if active { Membership::Active } else { Membership::Until(entry.position) };
            self.membership.insert(account, membership);
        }
        admitted.effects.facts.into_iter().try_for_each(|fact| self.note(fact, &entry.account, entry.position))
    }

    /// The facts of a document; none for one that the verifier has closed.
    fn said_in(&self, document: &DocumentId) -> Option<BTreeSet<String>> {
        let document = self.verifier.stream().document(document)?;
        Some(document.facts("").map(|fact| format!("{fact:?}")).collect())
    }

    fn note(&mut self, fact: Fact, account: &AccountId, position: Position) -> Result<(), String> {
        let name = match &fact {
            Fact::Created(created) => created.kind.as_str(),
            fact => name_of(fact),
        };
        *self.stated.entry(name).or_default() += 1;
        match fact {
            Fact::Message(message, body) => {
                // The system writes held messages that were admitted, whoever their author.
                let late = &self.verifier.stream().conversation().held;
                let is_admitted = late.get(&message).is_some_and(|late| late.state == HeldState::Admitted);
                if message.author != *account && !(account.is_system() && is_admitted) {
                    return Err(format!("{account} wrote as {}", message.author));
                }
                self.words.extend(Written::of(body.content.text(), Some(message.clone())));
                if let Some(before) = self.messages.insert(message, position) {
                    return Err(format!("the message of {before} once more"));
                }
            }
            Fact::Edit(message, edit) => self.words.extend(Written::of(edit.content.text(), Some(message))),
            Fact::Info(_, words) | Fact::MemberText(_, _, words) | Fact::LeadClosureReason(_, words) => {
                self.words.extend(Written::of(words.as_deref(), None));
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns true if it is a deleted conversation, of which nothing may be left.
    pub fn is_deleted(&self) -> bool {
        self.verifier.stream().conversation().state() == ConversationState::Deleted
    }

    /// The active members.
    pub fn members(&self) -> BTreeSet<AccountId> {
        let active = self.membership.iter().filter(|(_, membership)| **membership == Membership::Active);
        active.map(|(account, _)| account.clone()).collect()
    }

    /// The messages, with their positions.
    pub fn messages(&self) -> &BTreeMap<MessageId, Position> {
        &self.messages
    }
}
