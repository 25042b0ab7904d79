//! Random worlds, each from one seed: people command whatever there is while
//! links break, devices and servers crash and stores fill up. At every turn
//! nothing forbidden is visible; in the end everything has converged, nothing
//! acknowledged is lost, nothing is doubled, every refusal keeps its words.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    command::{
        AddMember, BanMember, ChangeRole, Command, CreateDirect, CreateGroup, DeleteMessage, EditMessage,
        LeaveConversation, PinMessage, React, RemoveMember, SendText, SetDescription, SetTitle, UnpinMessage, Unreact,
    },
    doc::{Fact, Message},
    engine::Input,
    ids::{AccountId, ConversationId, MessageId, StreamId},
    limits::Limits,
    model::{ConversationKind, Role},
    view::TimelineRow,
};
use tidings_tests::world::{Device, World};

const ACCOUNTS: &[&str] = &["ann", "bob", "carl", "dora"];
const TURNS: u32 = 250;
/// Within this much virtual time a healed world comes to rest.
const REST_MS: u64 = 600_000;

/// A world with what was said in it.
struct Run {
    world: World,
    devices: Vec<Device>,
    conversations: Vec<ConversationId>,
    /// Every text that a person was told is safe on their device.
    said: BTreeMap<String, AccountId>,
    next_text: u32,
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

impl Run {
    fn new(seed: u64) -> Self {
        let limits = Limits {
            page_changes_soft: 12,
            page_changes_max: 60,
            catch_up_entries_max: 25,
            push_changes_max: 7,
            ..Limits::default()
        };
        let mut world = World::new(seed, limits);
        // Ann has two devices, of which one decides anew about every entry.
        let mut devices = vec![world.add("ann"), world.add("bob")];
        world.verify = true;
        devices.extend(["carl", "dora", "ann"].map(|name| world.add(name)));
        Run { world, devices, conversations: Vec::new(), said: BTreeMap::new(), next_text: 0 }
    }

    fn turn(&mut self) {
        let device = *self.world.random.pick(&self.devices);
        match self.world.random.below(100) {
            0..70 => self.act(device),
            70..75 => self.world.cut(device),
            75..80 => self.world.set_network(device, false),
            80..90 => self.world.set_network(device, true),
            90..94 => self.crash(device),
            94..97 => self.world.crash_server(),
            97 => self.world.client(device).store().set_bytes_max(Some(0)),
            _ => {
                for device in self.devices.clone() {
                    self.world.client(device).store().set_bytes_max(None);
                }
            }
        }
        let pause = self.world.random.below(400);
        self.world.run_ms(pause);
    }

    fn crash(&mut self, device: Device) {
        self.world.crash_client(device);
        for conversation in self.conversations.clone() {
            self.world.input(device, Input::OpenConversation(conversation));
        }
    }

    fn act(&mut self, device: Device) {
        let Some(command) = self.draw(device) else { return };
        let words = match &command {
            Command::SendText(command) => Some(command.text.clone()),
            _ => None,
        };
        let request = self.world.command(device, command);
        let account = self.world.client(device).account.clone();
        let answer = self.world.client(device).screen.answers.get(&request).cloned();
        if let Some(Ok((conversation, _))) = answer {
            self.said.extend(words.map(|words| (words, account)));
            if let Some(conversation) = conversation.filter(|id| !self.conversations.contains(id)) {
                self.conversations.push(conversation);
                for device in self.devices.clone() {
                    self.world.input(device, Input::OpenConversation(conversation));
                }
            }
        }
    }

    fn draw(&mut self, device: Device) -> Option<Command> {
        let other = account(self.world.random.pick::<&str>(ACCOUNTS));
        let roll = self.world.random.below(100);
        if self.conversations.is_empty() || roll < 3 {
            let members = ACCOUNTS.iter().map(|name| account(name)).collect();
            return Some(match self.world.random.chance(50) {
                true => CreateGroup::new(Some(format!("group {roll}")), members).into(),
                false => CreateDirect { peer: other }.into(),
            });
        }
        let conversation = *self.world.random.pick(&self.conversations);
        if roll < 50 {
            self.next_text += 1;
            return Some(SendText::new(conversation, format!("text {}", self.next_text)).into());
        }
        let rows: Vec<MessageId> =
            self.world.client(device).screen.rows(conversation).iter().map(|row| row.id.clone()).collect();
        let role = *self.world.random.pick(Role::ALL);
        let text = format!("words {roll} {}", self.next_text);
        if roll < 80 {
            if rows.is_empty() {
                return None;
            }
            let message = self.world.random.pick(&rows).clone();
            let emoji = (*self.world.random.pick(&["👍", "🎉", "❤"])).to_owned();
            return Some(match roll % 6 {
                0 => EditMessage { conversation, message, text }.into(),
                1 => DeleteMessage { conversation, message }.into(),
                2 => React { conversation, message, emoji }.into(),
                3 => Unreact { conversation, message, emoji }.into(),
                4 => PinMessage { conversation, message }.into(),
                _ => UnpinMessage { conversation, message }.into(),
            });
        }
        Some(match roll % 8 {
            0 => SetTitle { conversation, title: Some(text) }.into(),
            1 => SetDescription { conversation, description: Some(text) }.into(),
            4 => RemoveMember { conversation, account: other }.into(),
            5 if roll == 85 => BanMember { conversation, account: other }.into(),
            6 if roll == 86 => LeaveConversation { conversation }.into(),
            2 | 3 | 5 | 6 => AddMember { conversation, account: other, role }.into(),
            _ => ChangeRole { conversation, account: other, role }.into(),
        })
    }

    /// What nobody may ever see: a text that is not admitted on the screen of
    /// anybody but its author.
    fn check_safety(&self) {
        for client in self.world.clients() {
            for (conversation, rows) in &client.screen.timelines {
                let journal = self.world.server.stream(&StreamId::Conversation(*conversation));
                for row in rows.values().filter(|row| row.id.author != client.account) {
                    let admitted = journal.is_some_and(|stream| stream.page_of(&row.id).is_some());
                    assert!(admitted, "{} sees {row:?}, which was never admitted", client.account);
                }
            }
        }
    }

    fn heal(&mut self) {
        for device in self.devices.clone() {
            self.world.client(device).store().set_bytes_max(None);
            self.world.set_network(device, true);
        }
        assert!(self.world.settle_ms(REST_MS), "a healed world comes to rest");
        // Everybody looks at everything, from the beginning.
        for device in self.devices.clone() {
            for conversation in self.conversations.clone() {
                self.world.input(device, Input::OpenConversation(conversation));
                for _ in 0..40 {
                    if self.world.client(device).screen.has_older.get(&conversation) != Some(&true) {
                        break;
                    }
                    self.world.input(device, Input::LoadOlder(conversation));
                    self.world.run_ms(200);
                }
            }
        }
        assert!(self.world.settle_ms(REST_MS), "and stays there");
    }

    fn check_convergence(&mut self) {
        let streams: Vec<StreamId> = self.world.server.stream_ids().cloned().collect();
        let mut admitted: Vec<String> = Vec::new();
        for id in &streams {
            let Some(conversation) = id.conversation() else { continue };
            let stream = self.world.server.stream(id).unwrap();
            let members: BTreeSet<AccountId> =
                stream.conversation().active_members().map(|(account, _)| account.clone()).collect();
            admitted.extend(sent_texts(&self.world, id));
            let expected: Vec<(MessageId, String)> = expected_timeline(&self.world, id);
            for client in self.world.clients().iter().filter(|client| members.contains(&client.account)) {
                let rows = client.screen.rows(conversation);
                let shown: Vec<(MessageId, String)> = rows.iter().map(|row| shown_as(row)).collect();
                assert_eq!(shown, expected, "{}'s timeline of {conversation}", client.account);
                let inbox = &client.screen.inbox[&conversation];
                assert_eq!(inbox.title, stream.conversation().title);
                assert_eq!(inbox.member_count as usize, members.len());
                assert_eq!(inbox.pending, 0);
            }
        }
        self.check_words(&admitted);
    }

    /// Everything said is in a journal once, or refused with its words.
    fn check_words(&self, admitted: &[String]) {
        let unique: BTreeSet<&String> = admitted.iter().collect();
        assert_eq!(unique.len(), admitted.len(), "nothing is doubled");
        for (text, author) in &self.said {
            let refused = self
                .world
                .clients()
                .iter()
                .filter(|client| client.account == *author)
                .any(|client| client.screen.refused.values().any(|row| row.words.as_deref() == Some(text)));
            assert!(unique.contains(text) ^ refused, "{text:?} of {author}: admitted or refused, and not both");
        }
    }
}

/// The server is honest: nobody reports it.
fn check_faults(world: &World) {
    for client in world.clients() {
        assert!(client.screen.faults.is_empty(), "{} reports {:?}", client.account, client.screen.faults);
    }
}

fn shown_as(row: &TimelineRow) -> (MessageId, String) {
    (row.id.clone(), row.text.clone())
}

fn sent_texts(world: &World, id: &StreamId) -> Vec<String> {
    let stream = world.server.stream(id).unwrap();
    let pages = stream.documents().filter(|document| document.id().page().is_some());
    pages.flat_map(Message::read_all).map(|message| message.body.text).collect()
}

fn expected_timeline(world: &World, id: &StreamId) -> Vec<(MessageId, String)> {
    let stream = world.server.stream(id).unwrap();
    let mut messages = Vec::new();
    for page in stream.documents().filter(|document| document.id().page().is_some()) {
        for message in Message::read_all(page) {
            let position = page.admissions()[&message.id].position;
            messages.push((position, message.id.clone(), message.text().to_owned()));
        }
    }
    messages.sort();
    messages.into_iter().map(|(_, id, text)| (id, text)).collect()
}

fn check_membership(world: &World) {
    for id in world.server.stream_ids() {
        let conversation = world.server.stream(id).unwrap().conversation();
        match conversation.kind() {
            Some(ConversationKind::Group) => {
                let owners = conversation.active_members().filter(|(_, member)| member.role == Role::Owner);
                assert!(owners.count() > 0, "a group has an owner");
            }
            Some(ConversationKind::Direct) => assert_eq!(conversation.active_members().count(), 2),
            None => {}
        }
    }
}

/// Every author is the account that pushed, as the journal tells it.
fn check_authors(world: &World) {
    for id in world.server.stream_ids() {
        for entry in world.server.journal(id) {
            let change = tidings_core::doc::Change::parse(&entry.change).unwrap();
            for operation in change.operations() {
                let tidings_core::doc::OperationKind::Put(value) = &operation.kind else { continue };
                let key = operation.key.as_deref().unwrap();
                if let Ok(Fact::Message(message, _)) = Fact::parse(&entry.document, key, Some(value)) {
                    assert_eq!(message.author, entry.account);
                }
            }
        }
    }
}

fn run(seed: u64) {
    let mut run = Run::new(seed);
    for _ in 0..TURNS {
        run.turn();
        run.check_safety();
        check_membership(&run.world);
        check_faults(&run.world);
    }
    run.heal();
    run.check_safety();
    run.check_convergence();
    check_membership(&run.world);
    check_authors(&run.world);
    check_faults(&run.world);
    assert!(run.world.clients().iter().any(|client| client.verify));
    assert!(!run.said.is_empty(), "something was said");
    let entries: usize = run.world.server.stream_ids().map(|id| run.world.server.journal(id).len()).sum();
    println!("seed {seed}: {} said, {entries} entries, refusals {:?}", run.said.len(), run.world.server.refusals);
}

fn run_all(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let result = std::panic::catch_unwind(|| run(seed));
        assert!(result.is_ok(), "seed {seed} fails: SEED={seed} cargo nextest run -p tidings-tests one_seed");
    }
}

#[test]
fn random_worlds_converge_and_lose_nothing_1() {
    run_all(0..15);
}

#[test]
fn random_worlds_converge_and_lose_nothing_2() {
    run_all(15..30);
}

/// Seeds that failed once, each with what it found.
#[test]
fn seeds_that_failed_stay_mended() {
    // A command rewritten although its first change had been admitted.
    run(1110);
    // A page loaded for the outbox left a hole in the timeline above it.
    run(1158);
    // An answer lost with a view that could not follow: the push never ended.
    run(1231);
    run(1289);
}

/// Replays the seed in `SEED`; without one, the first.
#[test]
fn one_seed() {
    run(std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0));
}
