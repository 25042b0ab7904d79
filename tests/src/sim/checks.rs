//! Invariants: at every step, and at the end, when everything was healed.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    api::ConversationRow,
    doc::Message,
    engine::ConnectionState,
    ids::{AccountId, ConversationId, DocumentId, MessageId, StreamId},
    limits::Limits,
    model::{MemberStatus, Reachability, Receipt, has_row},
};
use tidings_server::verify::verify_all;

use super::{
    actions::WORDS,
    client::Client,
    database::wait,
    journal::{Journal, Subscribers},
    words::printed,
    world::{World, tenant},
};

/// Maximum bytes queued on a node for one device: the socket's, plus one write.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An error describes the violation, for whoever reads it.
pub type Checked = Result<(), String>;

/// Everything seen so far.
pub struct Checks {
    /// The journal as read so far.
    pub journal: Journal,
    /// Journals that were read before the database was restored.
    pub(super) formers: Vec<Journal>,
    /// True if it was restored and nobody announced it: its contents then contradict what was sent before.
    is_contradicting: bool,
    /// Accounts whose device was copied or set back. Two copies that write with a clock that is ahead take new
    /// ids for the same message, so it may be there twice.
    pub copied: BTreeSet<AccountId>,
    /// Texts that were given back to one device of an account and sent again there, while another device of it may
    /// have had them written again, or a moderator of a former incarnation may have let them in.
    pub sent_again: BTreeSet<String>,
    receipts: BTreeMap<(ConversationId, AccountId), Receipt>,
    /// Receipts that restores lost. After one in silence a device keeps those that it had, unless it had something
    /// else that is not there again.
    lost_receipts: BTreeMap<(ConversationId, AccountId), Receipt>,
    limits: Limits,
}

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}

pub(super) use ensure;

impl Checks {
    /// Nothing seen yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            journal: Journal::new(limits.clone()),
            formers: Vec::new(),
            is_contradicting: false,
            copied: BTreeSet::new(),
            sent_again: BTreeSet::new(),
            receipts: BTreeMap::new(),
            lost_receipts: BTreeMap::new(),
            limits,
        }
    }

    /// Begins a new journal after the database was restored, with the subscribers of the copy. The former
    /// journal says nothing about what should be there now.
    ///
    /// # Errors
    /// A violation in the journal read until then.
    pub fn put_back(&mut self, world: &World, subscribers: Subscribers, is_said: bool) -> Checked {
        self.is_contradicting |= !is_said;
        let journal = Journal::with(self.limits.clone(), subscribers);
        self.formers.push(std::mem::replace(&mut self.journal, journal));
        for (of, receipt) in std::mem::take(&mut self.receipts) {
            let lost = self.lost_receipts.entry(of).or_default();
            *lost = lost.merge(receipt);
        }
        self.journal.read(world.database())
    }

    /// Phase one: checks that hold at every step.
    ///
    /// # Errors
    /// The violation.
    pub fn step(&mut self, world: &mut World) -> Checked {
        self.journal.read(world.database())?;
        for (stream, position, hash) in std::mem::take(&mut world.sent.accepted) {
            let holds = self.journal.holds(&stream, position, hash);
            ensure!(holds, "{stream}: {hash} was acknowledged at {position}, and the journal does not hold it there");
        }
        for ((account, stream), position) in std::mem::take(&mut world.sent.positions) {
            let may_see = self.journal.may_see(&account, &stream, position);
            ensure!(may_see, "{account} was told of {stream} up to {position}");
        }
        for client in world.clients() {
            self.check_screen(client)?;
        }
        self.check_receipts(world)?;
        self.check_memory(world)
    }

    /// Nobody sees another account's message unless it is admitted and visible to them, and nobody sees
    /// one twice.
    fn check_screen(&self, client: &Client) -> Checked {
        let account = &client.account;
        for (conversation, rows) in &client.screen.timelines {
            let of = client.screen.threads.get(conversation).unwrap_or(conversation);
            let stream = StreamId::Conversation(*of);
            let mut texts = BTreeSet::new();
            for row in rows.values() {
                // Every text is said only once.
                let twice = row.text().starts_with(WORDS) && !texts.insert(row.text());
                let may_be_twice = self.copied.contains(&row.id.author) || self.sent_again.contains(row.text());
                ensure!(!twice || may_be_twice, "{account} sees {:?} twice", row.text());
                if row.id.author == *account {
                    continue;
                }
                // Messages of a former journal stay on the screen until everything is fetched again.
                let journals = || self.formers.iter().chain([&self.journal]);
                let mut admitted = journals().filter_map(|journal| Some((journal, journal.message(&stream, &row.id)?)));
                let is_admitted = journals().any(|journal| journal.message(&stream, &row.id).is_some());
                ensure!(is_admitted, "{account} sees {:?} of {}, which was never admitted", row.text(), row.id.author);
                let may_see = admitted.any(|(journal, position)| journal.may_see(account, &stream, position));
                ensure!(may_see, "{account} sees {:?} of {}", row.text(), row.id.author);
            }
        }
        let faults = &client.screen.faults;
        ensure!(faults.is_empty() || self.is_contradicting, "{account} reports an honest server: {faults:?}");
        Ok(())
    }

    /// Receipts only move forward, and those that were sent are stored.
    fn check_receipts(&mut self, world: &mut World) -> Checked {
        let mut conversations: BTreeSet<ConversationId> = BTreeSet::new();
        let told = std::mem::take(&mut world.sent.receipts);
        for ((conversation, account), receipt) in told {
            let seen = self.receipts.entry((conversation, account)).or_default();
            *seen = seen.merge(receipt);
            conversations.insert(conversation);
        }
        let store = world.database().store();
        for conversation in conversations {
            let stored = wait(store.receipts(&tenant(), conversation)).map_err(|error| error.to_string())?;
            for (account, receipt) in stored {
                let seen = self.receipts.entry((conversation, account.clone())).or_default();
                let forward = receipt.merge(*seen) == receipt;
                ensure!(forward, "the receipt of {account} in {conversation} was {seen:?}, now {receipt:?}");
            }
        }
        Ok(())
    }

    fn check_memory(&self, world: &World) -> Checked {
        for node in (0..world.places()).filter_map(|place| world.node(place)) {
            let (used, max) = (node.node.streams.cache().used(), world.config.node.cache_bytes_max);
            ensure!(used <= max, "node {} holds {used} bytes of documents, and may {max}", node.number);
            let (streams, max) = (node.node.streams.count(), world.config.node.streams_max);
            ensure!(streams <= max, "node {} works on {streams} streams, and may on {max}", node.number);
        }
        let waiting = world.bytes_waiting();
        ensure!(waiting <= WAITING_BYTES_MAX, "{waiting} bytes wait for a device that takes none");
        for client in world.clients() {
            // Before its first Welcome a device uses the default limits.
            let (unsynced, max) = (client.screen.unsynced, Limits::DEFAULT.outbox_commands_max);
            ensure!(unsynced <= max, "{} has {unsynced} commands in its outbox", client.account);
        }
        Ok(())
    }

    /// Phase two: checks once everything was healed and has come to rest.
    ///
    /// # Errors
    /// The violation.
    pub fn rest(&mut self, world: &mut World) -> Checked {
        self.step(world)?;
        self.journal.compare(world.database())?;
        let mut names = BTreeSet::new();
        for (id, stream) in self.journal.streams() {
            let Some(conversation) = id.conversation() else { continue };
            let members = stream.members();
            if stream.is_deleted() {
                // A former member is sent nothing more, and keeps what they had.
                let is_out = |client: &&Client| {
                    let row = client.screen.inbox.get(&conversation);
                    row.is_some_and(|row| !has_row(row.status))
                };
                for client in world.clients().iter().filter(|client| !is_out(client)) {
                    let account = &client.account;
                    ensure!(
                        !client.screen.inbox.contains_key(&conversation),
                        "{account} lists {conversation}, deleted"
                    );
                    let threads = stream.verifier.stream().threads();
                    let rooms = threads.map(|thread| thread.id).chain([conversation]);
                    let rows: usize = rooms.map(|room| client.screen.rows(room).len()).sum();
                    ensure!(rows == 0, "{account} reads {rows} messages of {conversation}, deleted");
                    let records = client.disk.crash();
                    let is_of = |(key, value): &(&String, &Vec<u8>)| {
                        let kept = ["document/", "tail/", "rows/", "head/", "inbox/"];
                        // For a timeline that was opened only now, it is stored that it has no rows.
                        let is_empty = key.starts_with("rows/") && value.len() < 16;
                        let is_kept = kept.iter().any(|entity| key.starts_with(entity)) && !is_empty;
                        is_kept && key.contains(&conversation.to_string())
                    };
                    let kept = records.records().iter().find(is_of).map(|(key, _)| key);
                    ensure!(kept.is_none(), "{account} keeps {kept:?} of {conversation}, deleted");
                }
                continue;
            }
            let Some(made) = world.stream(id) else { return Err(format!("{id} is gone")) };
            let rooms: Vec<_> = made.threads().map(|thread| thread.id).chain([conversation]).collect();
            let rooms: Vec<_> = rooms.into_iter().map(|room| (room, timeline(&made, room))).collect();
            if let Some(name) = made.conversation().public_name() {
                ensure!(names.insert(name.to_owned()), "two public conversations are called {name}");
            }
            for client in world.clients().iter().filter(|client| !members.contains(&client.account)) {
                let listed = client.screen.inbox.get(&conversation);
                let member = listed.is_some_and(|row| row.status == MemberStatus::Active);
                // An account that never was a member may have written something that was refused.
                let was = made.conversation().members.get(&client.account);
                let was = was.is_some_and(|member| member.status() != MemberStatus::Subscribed);
                ensure!(!(member && was), "{} is shown as a member of {conversation}", client.account);
            }
            let receipts = wait(world.database().store().receipts(&tenant(), conversation));
            let receipts: BTreeMap<_, _> = receipts.map_err(|error| error.to_string())?.into_iter().collect();
            let mut with_lost = receipts.clone();
            let lost = self.lost_receipts.iter().filter(|((of, _), _)| *of == conversation && self.is_contradicting);
            for ((_, account), lost) in lost {
                let known = with_lost.entry(account.clone()).or_default();
                *known = known.merge(*lost);
            }
            let is_told = members.len() <= world.config.node.bounds.receipt_members_max as usize;
            // A device may know the receipts of former members.
            let gone = made.conversation().members.values().filter(|member| !member.is_active()).count();
            for client in world.clients().iter().filter(|client| members.contains(&client.account)) {
                let account = &client.account;
                // In a direct conversation nothing of a blocked account is sent.
                let hears_all = is_told && client.screen.blocked.is_empty();
                for row in client.screen.rows(conversation).into_iter().filter(|row| row.own && hears_all) {
                    let has_read = |receipt: &Receipt| row.position.is_some_and(|at| receipt.read >= at);
                    let readers_of = |receipts: &BTreeMap<AccountId, Receipt>| {
                        receipts.iter().filter(|(other, receipt)| *other != account && has_read(receipt)).count()
                    };
                    let (readers, most) = (readers_of(&receipts), readers_of(&with_lost) + gone);
                    let shown = row.read_by as usize;
                    let is_so = (readers..=most).contains(&shown);
                    ensure!(is_so, "{account} sees that {shown} read {:?}, and not {readers}", row.text());
                }
                for (room, expected) in &rooms {
                    let rows = client.screen.rows(*room);
                    let shown: Vec<_> =
                        rows.iter().map(|row| (row.id.clone(), printed(row.content.as_ref()))).collect();
                    if shown != *expected {
                        let differs = differing(&shown, expected);
                        return Err(format!("{account}'s timeline of {room} in {conversation}: {differs}"));
                    }
                    for row in rows {
                        let thread = ConversationId::thread(&tenant(), conversation, &row.id);
                        let expected = made.thread(thread).map(|thread| (thread.replies, &thread.participants));
                        let shown = row.thread.as_ref().map(|thread| (thread.replies, &thread.participants));
                        ensure!(shown == expected, "{account} sees {shown:?} of thread {thread}, not {expected:?}");
                    }
                }
                let Some(inbox) = client.screen.inbox.get(&conversation) else {
                    return Err(format!("{account} does not list {conversation}"));
                };
                ensure!(inbox.title.as_deref() == made.conversation().title(), "{account}'s title of {conversation}");
                ensure!(inbox.member_count as usize == members.len(), "{account}'s count of {conversation}");
                ensure!(inbox.pending == 0, "{account} shows something pending in {conversation}");
                let told = wait(world.database().store().summaries(&tenant(), account, &[conversation]));
                let told = told.map_err(|error| error.to_string())?.first().map(|summary| summary.unread);
                ensure!(
                    told == Some(inbox.unread),
                    "{account} has {} unread in {conversation}, not {told:?}",
                    inbox.unread
                );
                let role = &made.conversation().members[account].role;
                ensure!(inbox.role == *role, "{account}'s role in {conversation}: {:?}, not {role:?}", inbox.role);
            }
        }
        self.check_documents(world)?;
        self.check_accounts(world)?;
        check_verified(world, &self.limits)
    }

    /// Loaded documents equal those of the journal.
    fn check_documents(&self, world: &World) -> Checked {
        for (id, journal) in self.journal.streams() {
            if journal.is_deleted() {
                continue;
            }
            let Some(made) = world.stream(id) else { return Err(format!("{id} is gone")) };
            let readers = match id {
                StreamId::Account(account) => BTreeSet::from([account.clone()]),
                StreamId::Conversation(_) => journal.members(),
            };
            for client in world.clients().iter().filter(|client| readers.contains(&client.account)) {
                for (document, heads) in client.heads().into_iter().filter(|(document, _)| document.stream() == *id) {
                    let expected = made.document(&document).map(tidings_core::doc::Document::heads).unwrap_or_default();
                    ensure!(heads == expected, "{}'s {document} is another", client.account);
                }
                if let Some(head) = client.histories().get(id) {
                    ensure!(*head == made.head(), "{}'s history of {id} is another: {head:?}", client.account);
                }
            }
        }
        Ok(())
    }

    /// Devices of one account show the same account data.
    fn check_accounts(&self, world: &World) -> Checked {
        let mut first: BTreeMap<&AccountId, &Client> = BTreeMap::new();
        for client in world.clients() {
            let account = &client.account;
            ensure!(client.screen.unsynced == 0, "{account}'s outbox is not empty");
            let connection = &client.screen.connection;
            ensure!(*connection == Some(ConnectionState::Online), "{account} is {connection:?}");
            let stored = client.disk.crash();
            let refused = stored.records().keys().filter(|key| key.starts_with("refused/")).count();
            let shown = client.screen.refused.len();
            ensure!(refused == shown, "{account} is shown {shown} refused commands, and keeps {refused}");
            let other = first.entry(account).or_insert(client);
            ensure!(other.screen.contacts == client.screen.contacts, "{account}'s devices differ in contacts");
            ensure!(other.screen.blocked == client.screen.blocked, "{account}'s devices differ in whom they block");
            let reachability = |client: &Client| client.screen.reachability.unwrap_or(Reachability::Everybody);
            ensure!(reachability(other) == reachability(client), "{account}'s devices differ in who may reach it");
            let profile = |client: &Client| client.screen.profiles.get(account).cloned().unwrap_or_default();
            ensure!(profile(other) == profile(client), "{account}'s devices differ in the profile");
            let settings = |client: &Client| -> Vec<_> {
                // Former members list what they saw last, and new devices see nothing.
                let member = |row: &&ConversationRow| {
                    let stream = self.journal.streams().get(&StreamId::Conversation(row.conversation));
                    stream.is_some_and(|stream| stream.members().contains(account))
                };
                let rows = client.screen.inbox.values().filter(member);
                rows.map(|row| (row.conversation, row.muted_until, row.pinned_at, row.archived_at, row.notifications))
                    .collect()
            };
            ensure!(settings(other) == settings(client), "{account}'s devices differ in settings");
        }
        Ok(())
    }
}

/// The operator's own verification finds nothing wrong in the store, snapshots included.
fn check_verified(world: &World, limits: &Limits) -> Checked {
    let mut differences = Vec::new();
    let store = world.database().store();
    let counts = wait(verify_all(store, None, limits, |_, stream, difference| {
        differences.push(format!("{stream}: {difference:?}"));
    }));
    counts.map_err(|error| error.to_string())?;
    ensure!(differences.is_empty(), "the store differs: {differences:?}");
    Ok(())
}

/// The timeline that everybody must see.
fn timeline(stream: &tidings_core::authority::Stream, timeline: ConversationId) -> Vec<(MessageId, String)> {
    let is_page = |id: &DocumentId| id.page().is_some() && id.timeline().is_some_and(|of| of.id() == timeline);
    let pages = stream.documents().filter(|document| is_page(document.id()));
    let mut messages: Vec<_> = pages
        .flat_map(|page| {
            Message::read_all(page).into_iter().map(|message| {
                let position = page.admissions().get(&message.id).expect("what is shown was admitted").position;
                (position, message.id.clone(), printed(message.content()))
            })
        })
        .collect();
    messages.sort();
    messages.into_iter().map(|(_, id, said)| (id, said)).collect()
}

fn differing(shown: &[(MessageId, String)], expected: &[(MessageId, String)]) -> String {
    let index =
        shown.iter().zip(expected).position(|(one, other)| one != other).unwrap_or(shown.len().min(expected.len()));
    let at = |rows: &[(MessageId, String)]| rows.get(index).map(|(id, text)| format!("{text:?} of {}", id.author));
    format!(
        "{} rows instead of {}; row {index} is {:?} instead of {:?}",
        shown.len(),
        expected.len(),
        at(shown),
        at(expected)
    )
}
