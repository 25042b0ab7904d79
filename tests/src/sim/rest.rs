//! Phase two of a run: everything is healed, and within a stated time everything that was said must reach its
//! final state; restarted devices must show it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tidings_core::{
    api::RefusedRow,
    code::Code,
    engine::Input,
    ids::{AccountId, ConversationId, MessageId, StreamId},
    model::Thread,
};
use tidings_server::store::Suspension;

use super::{
    actions::ACCOUNTS,
    checks::{Checked, ensure},
    client::Client,
    draw::ERASED_AFTER,
    happened::Happened,
    network::Trouble,
    run::Run,
    shown::Shown,
    store::StoreFaults,
    words::{Words, number},
    world::{Device, Tokens},
};
use crate::random::Random;

/// Virtual time within which a healed world must come to rest.
const REST_MS: u64 = 600_000;
/// Time after which a world is looked at that has not come to rest: shorter than that after which is erased.
const LOOK_MS: u64 = 60_000;
/// Deferred requests are repeated within this time, and none may follow in as much again.
const SILENCE_MS: u64 = 10_000;
/// Number of times that somebody scrolls to older rows.
const OLDER_MAX: u32 = 200;

impl Run<'_> {
    /// Heals the world, and checks everything once it has come to rest.
    ///
    /// # Errors
    /// The violation.
    pub(super) fn rest(&mut self) -> Checked {
        if self.is_erasing() {
            self.bury(&mut Random::new(self.plan.seed));
        }
        self.heal();
        // Sessions that were refused permanently, as late as this, try again.
        self.world.run_ms(60_000);
        self.checks.step(&mut self.world)?;
        self.connect_all();
        self.settle()?;
        self.speak_by_wrong_clocks();
        self.settle()?;
        if self.is_erasing() {
            self.bury_what_is_held()?;
        }
        self.erase()?;
        if self.squashing.turns_percent > 0 && self.plan.seed.is_multiple_of(2) {
            // From then on everybody shows what the generations state.
            self.squash_all();
            self.world.run_ms(1_000);
            self.settle()?;
        }
        // Everybody looks at everything, from the beginning.
        self.checks.step(&mut self.world)?;
        let there_are = self.checks.journal.streams().keys().filter_map(StreamId::conversation);
        self.conversations = there_are.collect();
        for device in 0..self.world.clients().len() {
            self.open_all(device);
            self.open_threads(device);
        }
        // Whether a thread has older messages is known once it is loaded, which may be when the message is that
        // opened it.
        self.settle()?;
        let mut is_settled = false;
        for round in 0..OLDER_MAX {
            let mut more = false;
            for device in 0..self.world.clients().len() {
                for conversation in self.rooms() {
                    if self.world.client(device).screen.has_older.get(&conversation) == Some(&true) {
                        more = true;
                        self.world.input(device, Input::LoadOlder(conversation));
                    }
                }
            }
            if !more && is_settled {
                break;
            }
            for conversation in self.conversations.clone() {
                self.react_to_the_oldest(round as usize % self.world.clients().len(), conversation);
            }
            match more {
                true => self.world.run_ms(500),
                false => self.settle()?,
            }
            is_settled = !more;
        }
        self.settle()?;
        self.check_silence()?;
        self.checks.rest(&mut self.world)?;
        self.check_words()?;
        self.check_lists()?;
        self.start_again()
    }

    /// The threads, as known from the whole journal.
    pub(super) fn threads(&self) -> Vec<(ConversationId, Thread)> {
        let streams = self.checks.journal.streams().iter();
        let threads = streams.filter_map(|(id, stream)| Some((id.conversation()?, stream.verifier.stream().threads())));
        threads.flat_map(|(of, threads)| threads.map(move |thread| (of, thread.clone()))).collect()
    }

    /// The conversations, and all threads.
    fn rooms(&self) -> Vec<ConversationId> {
        let threads = self.threads().into_iter().map(|(_, thread)| thread.id);
        self.conversations.iter().copied().chain(threads).collect()
    }

    fn open_threads(&mut self, device: Device) {
        for (conversation, thread) in self.threads() {
            self.world.input(device, Input::OpenThread { conversation, thread: thread.id });
        }
    }

    fn heal(&mut self) {
        self.world.trace.note(self.world.time_ms, format_args!("everything is healed"));
        let quiet = StoreFaults { delay_ms_max: 2, notice_ms_max: 10, ..StoreFaults::default() };
        for place in 0..self.world.places() {
            // Before it wakes, because everything it left undone happens then at once.
            self.world.fate(place).set_faults(quiet);
            self.world.fate(place).set_death(None);
            self.world.set_stopped(place, false);
            self.world.set_node_skew(place, 0);
            // A node that shuts down is replaced, like a dead one.
            if self.world.node(place).is_some_and(|node| node.is_ending()) {
                self.world.kill_node(place);
            }
            self.world.start_node(place);
        }
        for name in ACCOUNTS {
            self.world.suspend(&AccountId::parse(name).expect("legal"), Suspension::Lifted);
        }
        for device in 0..self.world.clients().len() {
            let disk = &mut self.world.client(device).disk;
            disk.store().set_bytes_max(None);
            disk.failure = None;
            disk.delay_ms_max = 0;
            if !self.wrong_clocks.contains(&device) {
                self.world.set_client_skew(device, 0);
            }
            self.world.set_tokens(device, Tokens::Hold(Duration::from_secs(86_400)));
            self.world.trouble(device, Trouble::None);
            if self.is_erasing() && !self.world.has_network(device) {
                self.away.push(device);
            } else {
                self.world.set_network(device, true);
            }
            for place in 0..self.world.places() {
                self.world.set_reachable(device, place, true);
            }
        }
        self.connect_all();
    }

    /// Waits until deleted conversations are erased, in worlds that do so; then devices that were away return.
    fn erase(&mut self) -> Checked {
        self.checks.step(&mut self.world)?;
        let streams = self.checks.journal.streams().iter().filter(|(_, stream)| stream.is_deleted());
        let deleted: Vec<StreamId> = streams.map(|(id, _)| id.clone()).collect();
        if self.is_erasing() && !deleted.is_empty() {
            let rounds = self.world.config.node.erase_interval * 10;
            self.world.run_ms(u64::try_from((ERASED_AFTER + rounds).as_millis()).expect("some minutes"));
        }
        let away = std::mem::take(&mut self.away);
        for id in deleted.into_iter().filter(|_| self.is_erasing()) {
            ensure!(self.world.journal(&id).is_empty(), "{id} was deleted, and is not erased");
            let tally = &self.world.tally;
            tally.count(Happened::Erased);
            let lists = |device: &Device| {
                let of = id.conversation();
                of.is_some_and(|of| self.world.clients()[*device].screen.inbox.contains_key(&of))
            };
            tally.count_if(Happened::AwayOverErasure, away.iter().any(lists));
        }
        for device in away {
            self.world.set_network(device, true);
            self.world.input(device, Input::ConnectNow);
        }
        self.settle()
    }

    /// Nobody keeps asking for something that does not exist.
    fn check_silence(&mut self) -> Checked {
        self.world.run_ms(SILENCE_MS);
        self.world.sent.fetches = 0;
        self.world.run_ms(SILENCE_MS);
        let fetches = self.world.sent.fetches;
        ensure!(fetches == 0, "a world at rest fetches {fetches} times");
        Ok(())
    }

    pub(super) fn settle(&mut self) -> Checked {
        for _ in 0..REST_MS.div_ceil(LOOK_MS) {
            let settled = self.world.settle_ms(LOOK_MS);
            self.listen();
            self.checks.step(&mut self.world)?;
            if settled {
                return Ok(());
            }
        }
        Err(format!("a healed world does not come to rest: {}", self.world.unrest()))
    }

    /// Every device restarts without a network and must show what it showed before.
    fn start_again(&mut self) -> Checked {
        let devices = 0..self.world.clients().len();
        let rooms = self.rooms();
        let threads = self.threads();
        // Of conversations that are on no list a device stores nothing to show.
        let shown = |client: &Client| {
            let inbox = &client.screen.inbox;
            let of_listed = threads.iter().filter(|(of, _)| inbox.contains_key(of)).map(|(_, thread)| thread.id);
            let listed = rooms.iter().copied().filter(|room| inbox.contains_key(room));
            Shown::of(&client.screen, &listed.chain(of_listed).collect::<Vec<_>>())
        };
        let before: Vec<Shown> = self.world.clients().iter().map(shown).collect();
        for device in devices.clone() {
            self.world.set_network(device, false);
            // By a wrong clock, rather than the server's, a temporary grant has another end.
            self.world.set_client_skew(device, 0);
            self.world.crash_client(device);
            self.open_all(device);
            self.open_threads(device);
        }
        self.world.run_ms(1_000);
        for _ in 0..OLDER_MAX {
            let mut more = false;
            for device in devices.clone() {
                for &conversation in &rooms {
                    let shown = self.world.client(device).screen.rows(conversation).len();
                    if shown < before[device].rows(conversation) {
                        more = true;
                        self.world.input(device, Input::LoadOlder(conversation));
                    }
                }
            }
            if !more {
                break;
            }
            self.world.run_ms(100);
        }
        for (device, before) in devices.zip(before) {
            let client = &self.world.clients()[device];
            let same = before.compare(&shown(client));
            same.map_err(|differs| format!("device {device} of {}, started again: {differs}", client.account))?;
            self.world.tally.count(Happened::SameAgain);
        }
        Ok(())
    }

    /// Returns true if nodes erase what was deleted within this run.
    pub(super) fn is_erasing(&self) -> bool {
        self.world.config.node.erase_after <= ERASED_AFTER
    }

    /// Returns true if the database lost one text of a message, or of a statement, that has others since: the message
    /// is written again with its latest text, and the latest statement stands. Which is the latest, the clocks say (E64).
    pub(super) fn is_written_over(&self, text: &str, words: &Words, is_admitted: impl Fn(&String) -> bool) -> bool {
        let subject = self.subjects.get(text);
        let is_later = |(other, of): &(&String, &Words)| {
            let is_of_message = words.message.is_some() && of.message == words.message;
            let is_of_statement = subject.is_some() && self.subjects.get(*other) == subject;
            let is_mistimed = self.mistimed.contains(text) || self.mistimed.contains(*other);
            let may_be_later = number(other) > number(text) || is_mistimed && *other != text;
            (is_of_message || is_of_statement) && may_be_later && is_admitted(other)
        };
        self.lost.contains(text) && self.said.iter().any(|said| is_later(&said))
    }

    /// Everything said is in a journal once, or refused and kept.
    fn check_words(&self) -> Checked {
        for client in self.world.clients() {
            let mute = client.screen.refused.values().find(|row| row.code == Code::ClockAhead);
            if let Some(row) = mute {
                return Err(format!("{} is mute for its clock: {row:?}", client.account));
            }
        }
        let mut admitted: BTreeMap<&String, u32> = BTreeMap::new();
        // Two devices that neither know what the other does each write a lost edit again, or the message with it: it is
        // one text of one message all the same.
        let mut again: BTreeSet<(&String, &MessageId)> = BTreeSet::new();
        for words in self.checks.journal.streams().values().flat_map(|stream| &stream.words) {
            let message = words.message.as_ref().filter(|_| self.lost.contains(&words.text));
            if message.is_none_or(|message| again.insert((&words.text, message))) {
                *admitted.entry(&words.text).or_default() += 1;
            }
        }
        let written = self.refused_to_services.iter().find(|(text, _)| admitted.contains_key(text));
        if let Some((text, code)) = written {
            return Err(format!("{text:?} was refused to a service as {code}, and is in a journal"));
        }
        for (text, words) in self.said.iter().filter(|(_, words)| !words.doubtful) {
            let count = admitted.get(text).copied().unwrap_or(0);
            let own = self.world.clients().iter().filter(|client| client.account == words.account);
            self.world.tally.count_if(Happened::WordsBack, count > 0 && self.lost.contains(text));
            self.world.tally.count_if(Happened::WrongClockHeard, count > 0 && self.heard.contains(text));
            let mut rows = own.flat_map(|client| client.screen.refused.values());
            // A message submitted to be held stays among the refused ones until its author has seen the
            // decision. For a conversation deleted since nobody can tell whether it was admitted.
            let is_admitted = |row: &RefusedRow| {
                count > 0 && matches!(row.code, Code::MessageHeld | Code::HeldAdmitted | Code::ConversationDeleted)
            };
            let refused = rows.any(|row| row.words.as_deref() == Some(text) && !is_admitted(row));
            match (count, refused) {
                (1, false) | (0, true) => {}
                (0, false) if words.message.as_ref().is_some_and(|message| self.taken_back.contains(message)) => {}
                (0, false) if self.is_written_over(text, words, |other| admitted.contains_key(other)) => {}
                // A text that one device was given back may have been sent again by another device of the
                // same person.
                (1, true) if self.lost.contains(text) => {}
                (count, _) => {
                    let own = self.world.clients().iter().filter(|client| client.account == words.account);
                    let rows = own.flat_map(|client| client.screen.refused.values());
                    let of_it: Vec<_> = rows.filter(|row| row.words.as_deref() == Some(text)).collect();
                    return Err(format!("{text:?} of {}: admitted {count} times, refused: {of_it:?}", words.account));
                }
            }
        }
        Ok(())
    }
}
