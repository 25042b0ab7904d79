//! One run: a seed gives a world and a list of turns, in each of which somebody does something or something
//! goes wrong. Every turn has a generator of its own, so that one can be left out without changing the others:
//! that is how a failing run is shrunk.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tidings_core::{
    code::Code,
    command::{Command, DeleteMessage},
    engine::Input,
    ids::{AccountId, ConversationId, MessageId},
    limits::Limits,
    model::InfoField,
    storage::StorageError,
};
use tidings_server::store::Suspension;

use super::{
    actions::{self, ACCOUNTS, Kind, OPERATOR, Person},
    callers::{self, Called},
    checks::{Checked, Checks},
    clock::{BEGIN_MS, wall},
    draw::{draw_config, draw_faults, draw_limits, draw_settings, draw_skew, draw_words},
    faults::{Class, Profile},
    happened::{Counts, Happened},
    intruder::Intruder,
    negotiations,
    network::Trouble,
    node,
    plant::Plant,
    restored::Copied,
    squashes::{self, Squashing},
    store::Death,
    trace::Keep,
    words::{Asked, Words, of_conversation, subject},
    world::{Device, Place, Tokens, World},
};
use crate::random::Random;

/// In one of this many worlds people are removed while they speak.
const RACING: u64 = 4;
/// Bounds have a generator of their own, so that a new one leaves everything else of a seed unchanged.
const BOUNDS: u64 = 0x0b0d_5000;
/// Interval of new cursors; after ten of them a session that was sent nothing polls.
const CURSOR_INTERVAL: Duration = Duration::from_secs(5);
/// Skews of clocks that stay wrong: minutes, hours, a day, ten years, at 1970, ms.
const WRONG_MS: [i64; 6] = [600_000, -7_200_000, 7_200_000, 86_400_000, 10 * 365 * 86_400_000, -(BEGIN_MS as i64)];
/// The seeds that ordinary tests run, from zero.
pub const SEEDS: u64 = 300;
/// Turns of a run unless told otherwise.
pub const TURNS: u32 = 72;

/// The parameters of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The source of all randomness.
    pub seed: u64,
    /// The number of turns.
    pub turns: u32,
    /// Turns that are left out.
    pub skipped: BTreeSet<u32>,
    /// Excluded faults.
    pub without: BTreeSet<Class>,
    /// True if the database is restored from earlier copies.
    pub is_restored: bool,
    /// A fault that was planted.
    pub plant: Option<Plant>,
    /// Handling of the trace.
    pub keep: Keep,
}

impl Plan {
    /// A whole run of a seed.
    pub fn new(seed: u64) -> Self {
        let (skipped, without) = (BTreeSet::new(), BTreeSet::new());
        Self { seed, turns: TURNS, skipped, without, is_restored: false, plant: None, keep: Keep::Digest }
    }
}

/// The statistics of a run without failure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Turns by class.
    pub classes: BTreeMap<Class, u32>,
    /// Commands by kind.
    pub kinds: BTreeMap<Kind, u32>,
    /// Number of admitted facts, by kind.
    pub stated: BTreeMap<&'static str, u32>,
    /// Number of events that took effect.
    pub happened: Counts,
    /// Hostile changes that were sent.
    pub hostile: u32,
    /// Pages that closed.
    pub pages_closed: usize,
    /// Texts that were reported safe.
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

/// The failure of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The turn; none at rest.
    pub turn: Option<u32>,
    /// The violation.
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
/// The failure.
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

pub(super) struct Run<'a> {
    pub(super) world: World,
    pub(super) checks: Checks,
    pub(super) limits: Limits,
    pub(super) conversations: Vec<ConversationId>,
    /// Texts that were said, and are safe.
    pub(super) said: BTreeMap<String, Words>,
    /// What the texts of statements are said of; a later one stands over an older one.
    pub(super) subjects: BTreeMap<String, String>,
    /// Texts that were said by a clock that was wrong.
    pub(super) mistimed: BTreeSet<String>,
    /// Messages that somebody deleted: pending changes put aside for them are not sent then (S21).
    pub(super) taken_back: BTreeSet<MessageId>,
    pub(super) plan: &'a Plan,
    profile: Profile,
    /// Commands without an answer yet, with their texts.
    pub(super) asked: BTreeMap<(Device, u64), Asked>,
    backups: BTreeMap<Device, tidings_core::storage::MemoryStore>,
    /// Devices whose clocks stay wrong when everything else is healed.
    pub(super) wrong_clocks: BTreeSet<Device>,
    /// Texts that they said in the healed world.
    pub(super) heard: BTreeSet<String>,
    /// Devices without a network until deleted conversations are erased.
    pub(super) away: Vec<Device>,
    /// Copies of the database that were made.
    pub(super) copies: Vec<Copied>,
    /// Texts that the database had lost, or a generation that states them, and that a device of their author keeps.
    pub(super) lost: BTreeSet<String>,
    /// What services have asked for, and were not answered yet.
    pub(super) called: Vec<Called>,
    /// Conversations that were created, and that nobody has opened.
    pub(super) opened: Vec<ConversationId>,
    /// Texts that services were refused, which nobody keeps.
    pub(super) refused_to_services: BTreeMap<String, Code>,
    pub(super) next_words: u32,
    pub(super) intruder: Intruder,
    pub(super) squashing: Squashing,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let profile = Profile::draw(&mut random, &plan.without, plan.is_restored);
        let mut bounds = Random::new(plan.seed ^ BOUNDS);
        let limits = draw_limits(&mut bounds, profile.has(Class::Hostile));
        limits.check().expect("worlds are usable");
        let seed = random.number();
        let mut config = node::config(&limits);
        draw_config(&mut bounds, &mut config, plan.is_restored);
        let squashing = Squashing::draw(plan.seed, &plan.without);
        config.node.squash_percent = squashing.filled_percent;
        config.node.snapshot_entries = profile.snapshot_entries;
        config.node.cursor_interval = CURSOR_INTERVAL;
        let mut world = World::with(seed, config, profile.nodes, plan.plant, plan.keep);
        world.delay_ms_max = profile.delay_ms_max;
        world.disk_ms_max = profile.disk_ms_max;
        for place in 0..world.places() {
            world.fate(place).set_faults(profile.store);
        }
        world.settings = draw_settings(&mut random);
        world.administrator = Some(AccountId::parse(OPERATOR).expect("legal"));
        // Ann has two devices, one of which judges every entry again.
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
            checks: Checks::new(limits.clone()),
            limits,
            conversations: Vec::new(),
            asked: BTreeMap::new(),
            said: BTreeMap::new(),
            subjects: BTreeMap::new(),
            mistimed: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            backups: BTreeMap::new(),
            wrong_clocks: BTreeSet::new(),
            heard: BTreeSet::new(),
            away: Vec::new(),
            copies: Vec::new(),
            lost: BTreeSet::new(),
            called: Vec::new(),
            opened: Vec::new(),
            refused_to_services: BTreeMap::new(),
            next_words: 0,
            intruder: Intruder::default(),
            squashing,
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
                    let device = self.device(&mut random);
                    self.act(device, &mut random);
                }
                if self.plan.seed % RACING == 1 && random.chance(20) {
                    self.race(&mut random);
                }
                if self.is_erasing() && random.chance(1) {
                    self.bury(&mut random);
                }
            }
            Class::Hostile => self.intruder.attack(&mut self.world, &mut random)?,
            Class::Restored => self.restored(&mut random)?,
            class => self.happen(class, &mut random),
        }
        let mut of_squashes = squashes::chance_of(self.plan.seed, index.into());
        if of_squashes.chance(self.squashing.turns_percent) {
            *self.report.classes.entry(Class::Squash).or_default() += 1;
            self.squash(&mut of_squashes);
        }
        let mut of_negotiations = negotiations::chance_of(self.plan.seed, index.into());
        if of_negotiations.chance(negotiations::turns_percent(self.plan.seed, &self.plan.without)) {
            *self.report.classes.entry(Class::Negotiation).or_default() += 1;
            self.negotiate(&mut of_negotiations);
        }
        let mut of_callers = callers::chance_of(self.plan.seed, index.into());
        if of_callers.chance(callers::turns_percent(self.plan.seed, &self.plan.without)) {
            *self.report.classes.entry(Class::Caller).or_default() += 1;
            self.call(&mut of_callers);
        }
        let pause_ms = if random.chance(10) { 1_000 + random.below(40_000) } else { random.below(400) };
        self.world.run_ms(pause_ms);
        self.listen();
        self.checks.step(&mut self.world)
    }

    pub(super) fn device(&self, random: &mut Random) -> Device {
        usize::try_from(random.below(self.world.clients().len() as u64)).expect("devices are few")
    }

    fn place(&self, random: &mut Random) -> Place {
        usize::try_from(random.below(self.world.places() as u64)).expect("places are few")
    }

    // ------------------------------------------------------------ people

    fn act(&mut self, device: Device, random: &mut Random) {
        self.next_words += 1;
        let words = draw_words(random, self.next_words, &self.limits);
        let person = self.person(device, words);
        if random.chance(25) {
            if let Some(input) = person.look(random) {
                self.world.input(device, input);
            }
            return;
        }
        let refused: Vec<u64> = person.client.screen.refused.keys().copied().collect();
        if random.chance(3) && !refused.is_empty() {
            let id = *random.pick(&refused);
            return self.retry(device, id);
        }
        let Some(command) = person.draw(random) else { return };
        self.command(device, command);
    }

    /// The person at a device.
    pub(super) fn person(&self, device: Device, words: String) -> Person<'_> {
        Person {
            client: &self.world.clients()[device],
            conversations: &self.conversations,
            words,
            now: wall(self.world.time_ms, 0),
        }
    }

    pub(super) fn command(&mut self, device: Device, command: Command) {
        *self.report.kinds.entry(actions::kind(&command)).or_default() += 1;
        let words = command.words().map(str::to_owned);
        let subject = subject(&self.world.clients()[device].account, &command);
        self.subjects.extend(words.clone().zip(subject));
        let name = command.name();
        let is_title = matches!(command, Command::CreateConversation(_));
        self.world.trace.note(self.world.time_ms, format_args!("device {device}: {name} {words:?}"));
        if let Command::DeleteMessage(DeleteMessage { message, .. }) = &command {
            self.taken_back.insert(message.clone());
        }
        if self.world.client_skew(device) != 0 {
            self.mistimed.extend(words.clone());
        }
        let request = self.world.command(device, command);
        self.asked.insert((device, request), Asked { words, is_title });
    }

    /// Collects the outcomes of commands.
    pub(super) fn listen(&mut self) {
        self.listen_for_services();
        let (world, said, opened) = (&self.world, &mut self.said, &mut self.opened);
        let subjects = &mut self.subjects;
        self.asked.retain(|(device, request), asked| {
            let client = &world.clients()[*device];
            let Some(answer) = client.screen.answers.get(request) else { return true };
            if let Ok((conversation, message)) = answer {
                opened.extend(*conversation);
                let account = client.account.clone();
                if let Some(words) = asked.words.take() {
                    if let Some(conversation) = conversation.filter(|_| asked.is_title) {
                        subjects.insert(words.clone(), of_conversation(InfoField::Title, conversation));
                    }
                    let said = said.entry(words).or_insert(Words { account, doubtful: false, message: None });
                    said.message.clone_from(message);
                }
            }
            false
        });
        for conversation in std::mem::take(&mut self.opened) {
            if !self.conversations.contains(&conversation) {
                self.conversations.push(conversation);
                for device in 0..self.world.clients().len() {
                    self.world.input(device, Input::OpenConversation(conversation));
                }
            }
        }
    }

    /// Marks texts of a device as possibly lost or said twice: it starts from another state.
    pub(super) fn doubt(&mut self, device: Device, all: bool) {
        self.listen();
        let account = self.world.clients()[device].account.clone();
        let unanswered: Vec<_> = self.asked.keys().filter(|(asked, _)| *asked == device).copied().collect();
        for key in unanswered {
            if let Some(Asked { words: Some(words), .. }) = self.asked.remove(&key) {
                self.said.insert(words, Words { account: account.clone(), doubtful: true, message: None });
            }
        }
        if all {
            self.checks.copied.insert(account.clone());
            for words in self.said.values_mut().filter(|words| words.account == account) {
                words.doubtful = true;
            }
        }
    }

    pub(super) fn open_all(&mut self, device: Device) {
        for conversation in self.conversations.clone() {
            self.world.input(device, Input::OpenConversation(conversation));
        }
    }

    // ------------------------------------------------------------ faults

    fn happen(&mut self, class: Class, random: &mut Random) {
        let (device, place) = (self.device(random), self.place(random));
        match class {
            Class::Act | Class::Hostile | Class::Restored | Class::Squash | Class::Negotiation | Class::Caller => {
                unreachable!("a turn has these by itself")
            }
            Class::Cut => {
                self.world.tally.count_if(Happened::LinkCut, self.world.is_linked(device));
                self.world.cut(device);
            }
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
                // Their last actions may not be stored yet.
                self.act(device, random);
                self.doubt(device, false);
                let kept = self.kept(device);
                self.world.crash_client_badly(device);
                self.doubt_lost(device, &kept);
                if random.chance(50) {
                    // Otherwise nobody looks at anything until somebody looks at everything.
                    self.open_all(device);
                }
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
                    self.world.tally.count(Happened::SetBack);
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
            Class::ClientSkew if self.wrong_clocks.contains(&device) => {}
            Class::ClientSkew => {
                let skew_ms = draw_skew(random, 3_600_000);
                self.world.set_client_skew(device, skew_ms);
            }
            Class::WrongClock if self.wrong_clocks.remove(&device) => self.world.set_client_skew(device, 0),
            Class::WrongClock => {
                self.wrong_clocks.insert(device);
                let skew_ms = *random.pick(&WRONG_MS);
                self.world.set_client_skew(device, skew_ms);
            }
            Class::NodeSkew => {
                let skew_ms = draw_skew(random, 30_000);
                self.world.set_node_skew(place, skew_ms);
            }
            Class::Tokens => {
                let tokens = match random.below(4) {
                    0 => Tokens::Fail,
                    1 | 2 => Tokens::Hold(Duration::from_secs(2 + random.below(10))),
                    _ => Tokens::Hold(Duration::from_secs(86_400)),
                };
                self.world.set_tokens(device, tokens);
                if tokens == Tokens::Fail && random.chance(50) {
                    // A device that has just started has none.
                    self.doubt(device, false);
                    self.world.crash_client(device);
                    self.open_all(device);
                }
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

    pub(super) fn connect_all(&mut self) {
        for device in 0..self.world.clients().len() {
            self.world.input(device, Input::ConnectNow);
        }
    }

    // ------------------------------------------------------------ told

    fn report(mut self) -> Report {
        self.report.happened = self.world.tally.counts();
        self.report.hostile = self.intruder.sent;
        self.report.pages_closed = self.checks.journal.pages_closed();
        self.report.said = self.said.len();
        self.report.entries = self.checks.journal.count();
        for stream in self.checks.journal.streams().values() {
            stream.stated.iter().for_each(|(name, count)| *self.report.stated.entry(name).or_default() += count);
        }
        self.report.refusals = std::mem::take(&mut self.world.sent.refusals);
        self.report.endings = std::mem::take(&mut self.world.sent.endings);
        self.report.digest = self.world.trace.digest();
        self.report.lines = self.world.trace.lines().to_vec();
        self.report.time_ms = self.world.time_ms;
        self.report
    }
}
