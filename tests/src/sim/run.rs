//! One run: a seed makes a world and a list of turns, in each of which somebody
//! does something or something goes wrong. Every turn has its own chance, so
//! that one can be left out and the others stay what they are: that is how a
//! run that fails is made small.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tidings_core::{
    code::Code,
    command::Command,
    engine::Input,
    ids::{AccountId, ConversationId, StreamId},
    limits::Limits,
    storage::StorageError,
};
use tidings_server::store::Suspension;

use super::{
    actions::{self, ACCOUNTS, Kind, OPERATOR, Person, WORDS},
    checks::{Checked, Checks},
    clock::wall,
    faults::{Class, Profile},
    intruder::Intruder,
    network::Trouble,
    node,
    plant::Plant,
    store::{Death, StoreFaults},
    trace::Keep,
    world::{Device, Place, Tokens, World},
};
use crate::random::Random;

/// Within this much virtual time a healed world comes to rest.
const REST_MS: u64 = 600_000;
/// How often sessions get a newer cursor; ten times as long, and one that was
/// not told of anything looks.
const CURSOR_INTERVAL: Duration = Duration::from_secs(5);
/// The seeds that ordinary tests run, from zero on.
pub const SEEDS: u64 = 300;
/// Turns of a run unless told otherwise.
pub const TURNS: u32 = 72;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// How many turns there are.
    pub turns: u32,
    /// Turns that are left out.
    pub skipped: BTreeSet<u32>,
    /// What does not go wrong.
    pub without: BTreeSet<Class>,
    /// A fault that was planted.
    pub plant: Option<Plant>,
    /// What becomes of the trace.
    pub keep: Keep,
}

impl Plan {
    /// A whole run of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, turns: TURNS, skipped: BTreeSet::new(), without: BTreeSet::new(), plant: None, keep: Keep::Digest }
    }
}

/// What happened in a run that found nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Turns by class.
    pub classes: BTreeMap<Class, u32>,
    /// Commands by kind.
    pub kinds: BTreeMap<Kind, u32>,
    /// What was admitted, by what it states.
    pub stated: BTreeMap<&'static str, u32>,
    /// Hostile changes that were sent.
    pub hostile: u32,
    /// Words that people were told are safe.
    pub said: usize,
    /// Entries in the journal.
    pub entries: usize,
    /// Refusals by code.
    pub refusals: BTreeMap<Code, u32>,
    /// Sessions that nodes ended, by code.
    pub endings: BTreeMap<Code, u32>,
    /// A digest of the trace.
    pub digest: String,
    /// The trace, if it was kept.
    pub lines: Vec<String>,
    /// Virtual time, ms.
    pub time_ms: u64,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In which turn; none at rest.
    pub turn: Option<u32>,
    /// What is wrong.
    pub problem: String,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.turn {
            Some(turn) => write!(formatter, "turn {turn}: {}", self.problem),
            None => write!(formatter, "at rest: {}", self.problem),
        }
    }
}

/// Runs a plan.
///
/// # Errors
/// What it found.
pub fn run(plan: &Plan) -> Result<Report, Failure> {
    let mut turn = None;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::new(plan);
        for index in 0..plan.turns {
            turn = Some(index);
            if !plan.skipped.contains(&index) {
                run.turn(index)?;
            }
        }
        turn = None;
        run.rest()?;
        Ok(run.report())
    }));
    match result {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(problem)) => Err(Failure { turn, problem }),
        Err(panic) => Err(Failure { turn, problem: format!("a panic: {}", panic_text(panic.as_ref())) }),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Words on their way to be safe, or safe.
#[derive(Debug, Clone)]
struct Words {
    account: AccountId,
    /// Whether they may be lost, or said twice: the device was copied, restored,
    /// or went down before it told that they are safe.
    doubtful: bool,
}

struct Run<'a> {
    plan: &'a Plan,
    profile: Profile,
    world: World,
    checks: Checks,
    conversations: Vec<ConversationId>,
    /// Commands that were not answered yet, with their words.
    asked: BTreeMap<(Device, u64), Option<String>>,
    said: BTreeMap<String, Words>,
    backups: BTreeMap<Device, tidings_core::storage::MemoryStore>,
    next_words: u32,
    intruder: Intruder,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let profile = Profile::draw(&mut random, &plan.without);
        let limits = Limits {
            // The hostile client's conversation has a page of thirteen.
            page_changes_soft: 14,
            page_changes_max: 60,
            catch_up_entries_max: 25,
            changes_burst: 60,
            ..Limits::default()
        };
        let seed = random.number();
        let mut config = node::config(&limits);
        config.node.snapshot_entries = profile.snapshot_entries;
        config.node.cursor_interval = CURSOR_INTERVAL;
        let mut world = World::with(seed, config, profile.nodes, plan.plant, plan.keep);
        world.delay_ms_max = profile.delay_ms_max;
        world.disk_ms_max = profile.disk_ms_max;
        for place in 0..world.places() {
            world.fate(place).set_faults(profile.store);
        }
        world.administrator = Some(AccountId::parse(OPERATOR).expect("legal"));
        // Ann has two devices, of which one decides anew about every entry.
        world.add("ann");
        world.add("bob");
        world.verify = true;
        for name in ["carl", "dora", "ann", OPERATOR] {
            world.add(name);
        }
        world.verify = false;
        Self {
            plan,
            profile,
            world,
            checks: Checks::new(limits),
            conversations: Vec::new(),
            asked: BTreeMap::new(),
            said: BTreeMap::new(),
            backups: BTreeMap::new(),
            next_words: 0,
            intruder: Intruder::default(),
            report: Report::default(),
        }
    }

    fn turn(&mut self, index: u32) -> Checked {
        let mut random = Random::new(self.plan.seed ^ (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let class = self.profile.pick(&mut random);
        *self.report.classes.entry(class).or_default() += 1;
        self.world.trace.note(self.world.time_ms, format_args!("turn {index}: {class:?}"));
        match class {
            Class::Act => {
                for _ in 0..=random.below(3) {
                    self.act(&mut random);
                }
            }
            Class::Hostile => self.intruder.attack(&mut self.world, &mut random)?,
            class => self.happen(class, &mut random),
        }
        let pause_ms = if random.chance(10) { 1_000 + random.below(40_000) } else { random.below(400) };
        self.world.run_ms(pause_ms);
        self.listen();
        self.checks.step(&mut self.world)
    }

    fn device(&self, random: &mut Random) -> Device {
        usize::try_from(random.below(self.world.clients().len() as u64)).expect("devices are few")
    }

    fn place(&self, random: &mut Random) -> Place {
        usize::try_from(random.below(self.world.places() as u64)).expect("places are few")
    }

    // ------------------------------------------------------------ people

    fn act(&mut self, random: &mut Random) {
        let device = self.device(random);
        self.next_words += 1;
        let person = Person {
            client: &self.world.clients()[device],
            conversations: &self.conversations,
            words: format!("{WORDS}{}", self.next_words),
            now: wall(self.world.time_ms, 0),
        };
        if random.chance(25) {
            if let Some(input) = person.look(random) {
                self.world.input(device, input);
            }
            return;
        }
        let refused: Vec<u64> = person.client.screen.refused.keys().copied().collect();
        if random.chance(3) && !refused.is_empty() {
            let id = *random.pick(&refused);
            let words = self.world.clients()[device].screen.refused[&id].words.clone();
            let request = self.world.retry(device, id, None);
            self.asked.insert((device, request), words);
            return;
        }
        let Some(command) = person.draw(random) else { return };
        self.command(device, command);
    }

    fn command(&mut self, device: Device, command: Command) {
        *self.report.kinds.entry(actions::kind(&command)).or_default() += 1;
        let words = command.words().map(str::to_owned);
        let name = command.name();
        self.world.trace.note(self.world.time_ms, format_args!("device {device}: {name} {words:?}"));
        let request = self.world.command(device, command);
        self.asked.insert((device, request), words);
    }

    /// Hears how commands ended.
    fn listen(&mut self) {
        let mut opened = Vec::new();
        let (world, said) = (&self.world, &mut self.said);
        self.asked.retain(|(device, request), words| {
            let client = &world.clients()[*device];
            let Some(answer) = client.screen.answers.get(request) else { return true };
            if let Ok((conversation, _)) = answer {
                opened.extend(*conversation);
                let account = client.account.clone();
                if let Some(words) = words.take() {
                    said.entry(words).or_insert(Words { account, doubtful: false });
                }
            }
            false
        });
        for conversation in opened {
            if !self.conversations.contains(&conversation) {
                self.conversations.push(conversation);
                for device in 0..self.world.clients().len() {
                    self.world.input(device, Input::OpenConversation(conversation));
                }
            }
        }
    }

    /// What a device said may be lost, or said twice: it starts from another state.
    fn doubt(&mut self, device: Device, all: bool) {
        self.listen();
        let account = self.world.clients()[device].account.clone();
        let unanswered: Vec<_> = self.asked.keys().filter(|(asked, _)| *asked == device).copied().collect();
        for key in unanswered {
            if let Some(Some(words)) = self.asked.remove(&key) {
                self.said.insert(words, Words { account: account.clone(), doubtful: true });
            }
        }
        if all {
            for words in self.said.values_mut().filter(|words| words.account == account) {
                words.doubtful = true;
            }
        }
    }

    fn open_all(&mut self, device: Device) {
        for conversation in self.conversations.clone() {
            self.world.input(device, Input::OpenConversation(conversation));
        }
    }

    // ------------------------------------------------------------ faults

    fn happen(&mut self, class: Class, random: &mut Random) {
        let (device, place) = (self.device(random), self.place(random));
        match class {
            Class::Act | Class::Hostile => unreachable!("people act by themselves"),
            Class::Cut => self.world.cut(device),
            Class::Network => self.world.set_network(device, random.chance(60)),
            Class::Silence => {
                let trouble = *random.pick(&[Trouble::None, Trouble::Silent]);
                self.world.trouble(device, trouble);
            }
            Class::SlowReader => self.world.trouble(device, Trouble::Stalled),
            Class::Partition => {
                let reachable = random.chance(50);
                self.world.set_reachable(device, place, reachable);
            }
            Class::ClientCrash => {
                self.doubt(device, false);
                self.world.crash_client(device);
                self.open_all(device);
            }
            Class::Disk => self.disk(device, random),
            Class::Backup => match self.backups.remove(&device) {
                None => {
                    let store = self.world.client(device).disk.crash();
                    self.backups.insert(device, store);
                }
                Some(store) => {
                    self.doubt(device, true);
                    self.world.restart(device, store);
                    self.open_all(device);
                }
            },
            Class::Copy => self.copy(device),
            Class::NodeCrash => self.node_crash(place, random),
            Class::NodeDrain => self.world.drain_node(place),
            Class::NodeStop => {
                let stopped = random.chance(50);
                self.world.set_stopped(place, stopped);
            }
            Class::Store => {
                let faults = if random.chance(40) { self.profile.store } else { draw_faults(random) };
                self.world.trace.note(self.world.time_ms, format_args!("place {place}: {faults:?}"));
                self.world.fate(place).set_faults(faults);
            }
            Class::ClientSkew => {
                let skew_ms = draw_skew(random, 3_600_000);
                self.world.set_client_skew(device, skew_ms);
            }
            Class::NodeSkew => {
                let skew_ms = draw_skew(random, 30_000);
                self.world.set_node_skew(place, skew_ms);
            }
            Class::Tokens => {
                let tokens = match random.below(3) {
                    0 => Tokens::Fail,
                    1 => Tokens::Hold(Duration::from_secs(2 + random.below(30))),
                    _ => Tokens::Hold(Duration::from_secs(86_400)),
                };
                self.world.set_tokens(device, tokens);
                if random.chance(50) {
                    self.world.input(device, Input::ConnectNow);
                }
            }
            Class::Suspension => {
                let account = AccountId::parse(random.pick::<&str>(&ACCOUNTS)).expect("legal");
                let suspension = if random.chance(30) { Suspension::Suspended } else { Suspension::Lifted };
                self.world.suspend(&account, suspension);
                if suspension == Suspension::Lifted {
                    self.connect_all();
                }
            }
        }
    }

    fn disk(&mut self, device: Device, random: &mut Random) {
        let roll = random.below(6);
        let disk = &mut self.world.client(device).disk;
        match roll {
            0 => disk.store().set_bytes_max(Some(0)),
            1 => disk.failure = Some(StorageError::Blocked),
            2 => disk.delay_ms_max = 3_000,
            _ => {
                disk.store().set_bytes_max(None);
                disk.failure = None;
                disk.delay_ms_max = self.profile.disk_ms_max;
            }
        }
        self.world.trace.note(self.world.time_ms, format_args!("the disk of device {device}: {roll}"));
    }

    /// A copy of a profile, or a second tab: two devices with one id.
    fn copy(&mut self, device: Device) {
        if self.world.clients().len() >= 8 {
            return;
        }
        self.doubt(device, true);
        let copy = self.world.copy(device);
        self.world.set_network(copy, true);
        self.world.input(copy, Input::ConnectNow);
        self.open_all(copy);
    }

    fn node_crash(&mut self, place: Place, random: &mut Random) {
        let death = match random.below(4) {
            0 => Some(Death::BeforeCommit),
            1 => Some(Death::AfterCommit),
            _ => None,
        };
        match death {
            Some(_) if self.world.node(place).is_some() => self.world.fate(place).set_death(death),
            _ if self.world.node(place).is_none() => self.world.start_node(place),
            _ => {
                self.world.kill_node(place);
                if random.chance(70) {
                    self.world.start_node(place);
                }
            }
        }
    }

    fn connect_all(&mut self) {
        for device in 0..self.world.clients().len() {
            self.world.input(device, Input::ConnectNow);
        }
    }

    // ------------------------------------------------------------ rest

    fn heal(&mut self) {
        self.world.trace.note(self.world.time_ms, format_args!("everything is healed"));
        let quiet = StoreFaults { delay_ms_max: 2, notice_ms_max: 10, ..StoreFaults::default() };
        for place in 0..self.world.places() {
            self.world.set_stopped(place, false);
            self.world.set_node_skew(place, 0);
            self.world.fate(place).set_faults(quiet);
            self.world.fate(place).set_death(None);
            // One that goes down is replaced, as one that is dead.
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
            self.world.set_client_skew(device, 0);
            self.world.set_tokens(device, Tokens::Hold(Duration::from_secs(86_400)));
            self.world.trouble(device, Trouble::None);
            self.world.set_network(device, true);
            for place in 0..self.world.places() {
                self.world.set_reachable(device, place, true);
            }
        }
        self.connect_all();
    }

    fn settle(&mut self) -> Checked {
        let settled = self.world.settle_ms(REST_MS);
        self.listen();
        if settled { Ok(()) } else { Err(format!("a healed world does not come to rest: {}", self.world.unrest())) }
    }

    fn rest(&mut self) -> Checked {
        self.heal();
        // Those whose session was refused for good, as late as this, try again.
        self.world.run_ms(60_000);
        self.connect_all();
        self.settle()?;
        // Everybody looks at everything, from the beginning.
        self.checks.step(&mut self.world)?;
        let there_are = self.checks.journal.streams().keys().filter_map(StreamId::conversation);
        self.conversations = there_are.collect();
        for device in 0..self.world.clients().len() {
            self.open_all(device);
        }
        for _ in 0..40 {
            let mut more = false;
            for device in 0..self.world.clients().len() {
                for conversation in self.conversations.clone() {
                    if self.world.client(device).screen.has_older.get(&conversation) == Some(&true) {
                        more = true;
                        self.world.input(device, Input::LoadOlder(conversation));
                    }
                }
            }
            if !more {
                break;
            }
            self.world.run_ms(500);
        }
        self.settle()?;
        self.checks.rest(&mut self.world)?;
        self.check_words()
    }

    /// Everything said is in a journal once, or refused with its words.
    fn check_words(&self) -> Checked {
        let mut admitted: BTreeMap<&String, u32> = BTreeMap::new();
        for stream in self.checks.journal.streams().values() {
            for words in &stream.words {
                *admitted.entry(words).or_default() += 1;
            }
        }
        for (text, words) in self.said.iter().filter(|(_, words)| !words.doubtful) {
            let refused = self
                .world
                .clients()
                .iter()
                .filter(|client| client.account == words.account)
                .any(|client| client.screen.refused.values().any(|row| row.words.as_deref() == Some(text)));
            match (admitted.get(text).copied().unwrap_or(0), refused) {
                (1, false) | (0, true) => {}
                (count, refused) => {
                    return Err(format!("{text:?} of {}: admitted {count} times, refused: {refused}", words.account));
                }
            }
        }
        Ok(())
    }

    fn report(mut self) -> Report {
        self.report.hostile = self.intruder.sent;
        self.report.said = self.said.len();
        self.report.entries = self.checks.journal.count();
        for stream in self.checks.journal.streams().values() {
            stream.stated.iter().for_each(|(name, count)| *self.report.stated.entry(name).or_default() += count);
        }
        self.report.refusals = std::mem::take(&mut self.world.told.refusals);
        self.report.endings = std::mem::take(&mut self.world.told.endings);
        self.report.digest = self.world.trace.digest();
        self.report.lines = self.world.trace.lines().to_vec();
        self.report.time_ms = self.world.time_ms;
        self.report
    }
}

fn draw_faults(random: &mut Random) -> StoreFaults {
    StoreFaults {
        delay_ms_max: *random.pick(&[0, 5, 50, 500]),
        unavailable_per_mille: *random.pick(&[0, 20, 200, 1_000]),
        unanswered_per_mille: *random.pick(&[0, 50, 300]),
        full: random.chance(20),
        lost_percent: *random.pick(&[0, 20, 100]),
        notice_ms_max: *random.pick(&[0, 50, 3_000]),
    }
}

fn draw_skew(random: &mut Random, bound_ms: u64) -> i64 {
    let skew_ms = i64::try_from(random.below(bound_ms)).expect("bounds are small");
    if random.chance(50) { skew_ms } else { -skew_ms }
}
