//! Devices, a network, nodes and their one database on one virtual clock. The world takes turns with the nodes:
//! it runs each up to the next event on a device or a link, and delivers what they wrote to each other.
//!
//! It is long because it lists everything that can be done to a world: many functions of a few lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidings_core::{
    authority::Stream,
    code::Code,
    doc::Document,
    engine::{ConnectionState, EngineConfig, Input, Settings},
    ids::{AccountId, ChangeHash, ConversationId, StreamId, TenantId},
    journal::{Entry, Position},
    limits::Limits,
    model::Receipt,
    storage::MemoryStore,
    time::{MonotonicTime, Now},
    wire::{ClientFrame, MemberReceipt, ServerFrame, decode_frame, encode_frame},
};
use tidings_server::{auth::Keys, config::Config};

use super::{
    client::Client,
    clock::wall,
    database::{Database, NodeNumber, StoreCopy, wait},
    disk::Disk,
    happened::{Happened, Tally},
    network::{Link, Trouble},
    node::{self, Ran, SimNode},
    plant::Plant,
    store::Fate,
    trace::{Keep, Trace, brief},
};
use crate::random::Random;

/// A device of the world.
pub type Device = usize;

/// A place where a node may run; places are permanent.
pub type Place = usize;

/// Device numbers from here on are links without an engine.
const STRANGERS: Device = 1_000;

/// The tenant of every world.
pub fn tenant() -> TenantId {
    TenantId::parse("acme").expect("legal")
}

/// A place for a node, and what it keeps from one start to the next.
struct Slot {
    node: Option<SimNode>,
    fate: Arc<Fate>,
    skew_ms: i64,
    /// Frozen, with everything in it, until it is woken.
    stopped: bool,
}

/// How a device gets its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Each is valid for this long.
    Hold(Duration),
    /// The app cannot supply one.
    Fail,
}

/// The world's state of a device, beside its client.
#[derive(Debug, Clone)]
struct Around {
    network: bool,
    skew_ms: i64,
    tokens: Tokens,
}

/// Everything that nodes have sent, for checks.
#[derive(Debug, Default)]
pub struct Sent {
    /// Changes that a node reported as admitted, and their positions.
    pub accepted: Vec<(StreamId, Position, ChangeHash)>,
    /// The last position of each stream of which an account was sent anything.
    pub positions: BTreeMap<(AccountId, StreamId), Position>,
    /// The furthest receipts that were sent.
    pub receipts: BTreeMap<(ConversationId, AccountId), Receipt>,
    /// Refused changes, by code.
    pub refusals: BTreeMap<Code, u32>,
    /// Sessions that a node ended, by code.
    pub endings: BTreeMap<Code, u32>,
    /// Fetches of devices.
    pub fetches: u32,
}

/// The world.
pub struct World {
    /// The virtual time, ms since the beginning.
    pub time_ms: u64,
    /// The generator, for whoever decides what happens.
    pub random: Random,
    /// True if new devices judge again what the server admitted.
    pub verify: bool,
    /// The settings of devices that start.
    pub settings: Settings,
    /// The account whose tokens name it a tenant administrator.
    pub administrator: Option<AccountId>,
    /// The longest delay of a frame, ms.
    pub delay_ms_max: u64,
    /// The longest duration of a disk task, ms; for devices that start.
    pub disk_ms_max: u64,
    /// Applied to every frame that a node sends.
    pub tamper: Option<fn(&mut ServerFrame)>,
    /// True if nodes admit what membership and roles forbid.
    pub is_lax: bool,
    /// Everything that nodes have sent.
    pub sent: Sent,
    /// The trace.
    pub trace: Trace,
    /// Counts of what happened.
    pub tally: Tally,
    /// The nodes' settings.
    pub config: Config,
    database: Arc<Database>,
    network_random: Random,
    slots: Vec<Slot>,
    next_node: NodeNumber,
    clients: Vec<Client>,
    around: Vec<Around>,
    links: BTreeMap<Device, Link>,
    /// The accounts of links without an engine, and the frames received over them.
    strangers: BTreeMap<Device, (AccountId, Vec<ServerFrame>)>,
    next_stranger: Device,
    /// Devices that do not send to a stream any more: a planted fault.
    mute: BTreeSet<(Device, StreamId)>,
    /// Devices that cannot reach a place.
    blocked: BTreeSet<(Device, Place)>,
    keys: Keys,
}

impl World {
    /// A world with one node and no devices.
    pub fn new(seed: u64, limits: Limits) -> Self {
        Self::with(seed, node::config(&limits), 1, None, Keep::Digest)
    }

    /// A world of several nodes with this configuration, and possibly a planted fault.
    pub fn with(seed: u64, config: Config, nodes: usize, plant: Option<Plant>, keep: Keep) -> Self {
        let tally = Tally::default();
        let slot = || Slot { node: None, fate: Arc::default(), skew_ms: 0, stopped: false };
        let mut world = Self {
            time_ms: 0,
            random: Random::new(seed),
            verify: false,
            settings: Settings::default(),
            administrator: None,
            delay_ms_max: 20,
            disk_ms_max: 0,
            tamper: None,
            is_lax: false,
            sent: Sent::default(),
            trace: Trace::new(keep),
            database: Database::new(config.node.bounds, plant, &tally),
            config,
            tally,
            network_random: Random::new(!seed),
            slots: std::iter::repeat_with(slot).take(nodes).collect(),
            next_node: 0,
            clients: Vec::new(),
            around: Vec::new(),
            links: BTreeMap::new(),
            strangers: BTreeMap::new(),
            next_stranger: STRANGERS,
            mute: BTreeSet::new(),
            blocked: BTreeSet::new(),
            keys: node::keys(),
        };
        for place in 0..nodes {
            world.start_node(place);
        }
        world
    }

    /// Both times of this moment, by an accurate clock.
    pub fn now(&self) -> Now {
        self.now_with(0)
    }

    fn now_with(&self, skew_ms: i64) -> Now {
        Now { monotonic: MonotonicTime::from_millis(self.time_ms), wall: wall(self.time_ms, skew_ms) }
    }

    fn now_of(&self, device: Device) -> Now {
        self.now_with(self.around[device].skew_ms)
    }

    fn note(&mut self, line: core::fmt::Arguments<'_>) {
        self.trace.note(self.time_ms, line);
    }

    // ------------------------------------------------------------ devices

    /// Adds a device of an account.
    pub fn add(&mut self, account: &str) -> Device {
        let seed = self.random.seed();
        self.add_seeded(account, seed)
    }

    /// Adds a device whose engine has this seed: two with the same seed get the same id.
    pub fn add_seeded(&mut self, account: &str, seed: [u8; 32]) -> Device {
        self.add_with(account, seed, MemoryStore::default(), true)
    }

    /// Adds a device whose store is a copy of another one's, without a network.
    pub fn copy(&mut self, device: Device) -> Device {
        let account = self.clients[device].account.to_string();
        let store = self.clients[device].store().clone();
        let seed = self.random.seed();
        self.add_with(&account, seed, store, false)
    }

    fn add_with(&mut self, account: &str, seed: [u8; 32], store: MemoryStore, network: bool) -> Device {
        let device = self.clients.len();
        let tokens = Tokens::Hold(Duration::from_secs(30 * 86_400));
        self.around.push(Around { network, skew_ms: 0, tokens });
        let client = self.start(device, account, self.verify, seed, store);
        self.clients.push(client);
        self.note(format_args!("device {device} of {account} starts"));
        device
    }

    fn start(&mut self, device: Device, account: &str, verify: bool, seed: [u8; 32], store: MemoryStore) -> Client {
        let account = AccountId::parse(account).expect("legal");
        let mut disk = Disk::new(store, self.network_random.number());
        disk.delay_ms_max = self.disk_ms_max;
        disk.plant = self.database.plant;
        disk.tally = self.tally.clone();
        let config = EngineConfig { tenant: tenant(), account, seed, verify, settings: self.settings };
        Client::start(config, disk, self.now_of(device))
    }

    /// A device.
    pub fn client(&mut self, device: Device) -> &mut Client {
        &mut self.clients[device]
    }

    /// The devices.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Gives a device an input at this moment.
    pub fn input(&mut self, device: Device, input: Input) {
        let now = self.now_of(device);
        self.clients[device].handle(now, input);
    }

    /// Has a person execute a command; returns its request id.
    pub fn command(&mut self, device: Device, command: impl Into<tidings_core::command::Command>) -> u64 {
        let now = self.now_of(device);
        self.clients[device].command(now, command)
    }

    /// Has a person request a page of a list; returns the request id.
    pub fn list(&mut self, device: Device, query: tidings_core::model::Query) -> u64 {
        let now = self.now_of(device);
        self.clients[device].list(now, query)
    }

    /// Retries a refused command; returns the request id.
    pub fn retry(&mut self, device: Device, id: u64, words: Option<String>) -> u64 {
        let now = self.now_of(device);
        self.clients[device].retry(now, id, words)
    }

    /// Kills the device's process; it restarts on its disk.
    pub fn crash_client(&mut self, device: Device) {
        self.tally.count_if(Happened::WriteLost, self.clients[device].disk.is_writing());
        let store = self.clients[device].disk.crash();
        self.restart(device, store);
    }

    /// Kills the device's process, possibly leaving the store in a state that makes the platform discard it.
    pub fn crash_client_badly(&mut self, device: Device) {
        self.tally.count_if(Happened::WriteLost, self.clients[device].disk.is_writing());
        let store = self.clients[device].disk.crash_badly();
        self.restart(device, store);
    }

    /// Kills the device's process; it restarts on this store.
    pub fn restart(&mut self, device: Device, store: MemoryStore) {
        self.drop_link(device);
        let (account, verify) = (self.clients[device].account.to_string(), self.clients[device].verify);
        let seed = self.random.seed();
        self.clients[device] = self.start(device, &account, verify, seed, store);
        self.note(format_args!("device {device} starts again"));
    }

    /// Sets the skew of a device's wall clock; its monotonic one is not affected.
    pub fn set_client_skew(&mut self, device: Device, skew_ms: i64) {
        self.around[device].skew_ms = skew_ms;
        self.note(format_args!("device {device} is wrong by {skew_ms} ms"));
    }

    /// The skew of a device's wall clock, ms.
    pub fn client_skew(&self, device: Device) -> i64 {
        self.around[device].skew_ms
    }

    /// Sets how a device gets its tokens from now on.
    pub fn set_tokens(&mut self, device: Device, tokens: Tokens) {
        self.around[device].tokens = tokens;
    }

    // ------------------------------------------------------------ network

    /// Cuts or restores a device's network, without notifying it.
    pub fn set_network(&mut self, device: Device, on: bool) {
        self.around[device].network = on;
        if !on {
            self.cut(device);
        }
    }

    /// Returns true if a device has a network.
    pub fn has_network(&self, device: Device) -> bool {
        self.around[device].network
    }

    /// Sets whether a device can reach the node of a place.
    pub fn set_reachable(&mut self, device: Device, place: Place, reachable: bool) {
        if reachable {
            self.blocked.remove(&(device, place));
        } else {
            self.blocked.insert((device, place));
            if self.links.get(&device).is_some_and(|link| link.place == place) {
                self.cut(device);
            }
        }
    }

    /// Breaks a link; what was in transit is lost.
    pub fn cut(&mut self, device: Device) {
        if self.drop_link(device) {
            self.note(format_args!("the link of device {device} is cut"));
            if device < STRANGERS {
                self.input(device, Input::LinkLost);
            }
        }
    }

    /// Makes a link silent, or stalls it. A silent link has lost frames, and cannot go on afterwards.
    pub fn trouble(&mut self, device: Device, trouble: Trouble) {
        if self.links.get(&device).is_some_and(|link| link.trouble == Trouble::Silent) {
            return self.cut(device);
        }
        if let Some(link) = self.links.get_mut(&device) {
            link.trouble = trouble;
            self.trace.note(self.time_ms, format_args!("the link of device {device}: {trouble:?}"));
        }
    }

    /// Sends a frame over a device's link without its engine.
    pub fn inject(&mut self, device: Device, frame: Vec<u8>) {
        let (time_ms, delay_ms_max) = (self.time_ms, self.delay_ms_max);
        if let Some(link) = self.links.get_mut(&device) {
            self.trace.note(time_ms, format_args!("device {device} injects {} {}", frame.len(), brief(&frame)));
            link.send_up(time_ms, delay_ms_max, frame);
        }
    }

    /// Opens a link without an engine, for an account.
    pub fn open_stranger(&mut self, account: &AccountId) -> Option<Device> {
        let places: Vec<Place> = (0..self.slots.len()).filter(|place| self.slots[*place].node.is_some()).collect();
        let place = (!places.is_empty()).then(|| *self.network_random.pick(&places))?;
        let pipe = self.slots[place].node.as_ref().and_then(SimNode::accept)?;
        let device = self.next_stranger;
        self.next_stranger += 1;
        let seed = self.network_random.number();
        self.links.insert(device, Link::new(place, pipe, seed, &self.tally));
        self.strangers.insert(device, (account.clone(), Vec::new()));
        self.note(format_args!("a stranger of {account} is linked to place {place} as {device}"));
        Some(device)
    }

    /// The frames received over a stranger's link.
    pub fn drain_strange(&mut self, device: Device) -> Vec<ServerFrame> {
        self.strangers.get_mut(&device).map(|(_, frames)| std::mem::take(frames)).unwrap_or_default()
    }

    /// Ends a stranger's link.
    pub fn close_stranger(&mut self, device: Device) {
        self.drop_link(device);
        self.strangers.remove(&device);
    }

    /// A token of an account.
    ///
    /// # Panics
    /// When it cannot be signed.
    pub fn token_of(&self, account: &AccountId) -> String {
        let ttl = Duration::from_secs(86_400);
        self.sign(account, ttl)
    }

    fn sign(&self, account: &AccountId, ttl: Duration) -> String {
        let labels: &[String] = match self.administrator.as_ref() == Some(account) {
            true => &["admin".to_owned()],
            false => &[],
        };
        let token = self.keys.issue(&tenant(), account, labels, wall(self.time_ms, 0), ttl);
        token.expect("there is a secret to sign with")
    }

    /// Returns true if a device has a link.
    pub fn is_linked(&self, device: Device) -> bool {
        self.links.contains_key(&device)
    }

    /// Bytes that nodes wrote and no device has read, for the link with most of them.
    pub fn bytes_waiting(&self) -> usize {
        self.links.values().map(|link| link.pipe.bytes_waiting()).max().unwrap_or(0)
    }

    fn drop_link(&mut self, device: Device) -> bool {
        let Some(link) = self.links.remove(&device) else { return false };
        link.pipe.cut();
        true
    }

    // ------------------------------------------------------------ nodes

    /// The number of places for nodes.
    pub fn places(&self) -> usize {
        self.slots.len()
    }

    /// The node of a place, if one is running.
    pub fn node(&self, place: Place) -> Option<&SimNode> {
        self.slots[place].node.as_ref()
    }

    /// The store settings of a place.
    pub fn fate(&self, place: Place) -> &Fate {
        &self.slots[place].fate
    }

    /// Starts a node, if none is running.
    pub fn start_node(&mut self, place: Place) {
        let number = self.next_node;
        let (time_ms, seed) = (self.time_ms, self.network_random.number());
        let slot = &mut self.slots[place];
        if slot.node.is_some() {
            return;
        }
        let node = SimNode::start(number, time_ms, seed, self.config.clone(), &self.database, &slot.fate);
        node.clock.set_skew(slot.skew_ms);
        slot.node = Some(node);
        slot.stopped = false;
        self.next_node += 1;
        self.note(format_args!("node {number} starts at place {place}"));
    }

    /// Kills a node, with everything that it has not sent.
    pub fn kill_node(&mut self, place: Place) {
        let Some(node) = self.slots[place].node.take() else { return };
        let number = node.number;
        self.slots[place].fate.set_death(None);
        drop(node);
        self.database.forget(number);
        self.note(format_args!("node {number} dies"));
        let linked: Vec<Device> =
            self.links.iter().filter(|(_, link)| link.place == place).map(|(device, _)| *device).collect();
        for device in linked {
            self.cut(device);
        }
    }

    /// Starts the orderly shutdown of a node.
    pub fn drain_node(&mut self, place: Place) {
        if let Some(node) = &self.slots[place].node {
            node.begin_end();
            let number = node.number;
            self.note(format_args!("node {number} is told to end"));
        }
    }

    /// Freezes a node, or lets it continue: all of the time has passed then.
    pub fn set_stopped(&mut self, place: Place, stopped: bool) {
        let (time_ms, slot) = (self.time_ms, &mut self.slots[place]);
        if slot.stopped
            && !stopped
            && let Some(node) = &slot.node
        {
            node.wake(time_ms);
            self.tally.count(Happened::NodeWoken);
        }
        slot.stopped = stopped;
        self.note(format_args!("the node of place {place} is stopped: {stopped}"));
    }

    /// Sets the skew of a node's wall clock.
    pub fn set_node_skew(&mut self, place: Place, skew_ms: i64) {
        let slot = &mut self.slots[place];
        slot.skew_ms = skew_ms;
        if let Some(node) = &slot.node {
            node.clock.set_skew(skew_ms);
        }
        self.note(format_args!("the node of place {place} is wrong by {skew_ms} ms"));
    }

    /// Kills and restarts every node.
    pub fn crash_server(&mut self) {
        for place in 0..self.slots.len() {
            self.kill_node(place);
            self.start_node(place);
        }
    }

    /// Kills every node, restores the database from a copy, and starts nodes on it.
    pub fn put_back(&mut self, copy: &StoreCopy, is_said: bool) {
        for place in 0..self.slots.len() {
            self.kill_node(place);
        }
        self.database = self.database.put_back(copy, is_said);
        self.note(format_args!("the database is put back, which is said: {is_said}"));
        for place in 0..self.slots.len() {
            self.start_node(place);
        }
    }

    // ------------------------------------------------------------ what is stored

    /// The one database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The entries of a stream.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn journal(&self, stream: &StreamId) -> Vec<Entry> {
        let tenant = tenant();
        let entries = self.database.store().entries_after(&tenant, stream, Position::ZERO, u32::MAX);
        wait(entries).expect("the journal can be read")
    }

    /// The state of a stream, built from its entries; none without any.
    ///
    /// # Panics
    /// When its entries do not apply.
    pub fn stream(&self, id: &StreamId) -> Option<Stream> {
        let entries = self.journal(id);
        let mut stream = Stream::new(tenant(), id.clone());
        for entry in &entries {
            while let Some(missing) = stream.missing_for(&entry.document, &entry.change).into_iter().next() {
                stream.insert(Document::new(missing));
            }
            stream.apply_entry(entry).expect("the journal applies");
        }
        (!entries.is_empty()).then_some(stream)
    }

    /// The streams that have an entry.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn stream_ids(&self) -> Vec<StreamId> {
        let records = self.database.store().records();
        let mut ids = Vec::new();
        let mut after = None;
        while let Some(next) = wait(records.next_stream(Some(&tenant()), after.as_ref())).expect("streams are listed") {
            ids.push(next.1.clone());
            after = Some(next);
        }
        ids
    }

    /// The number of open sessions of an account.
    pub fn session_count(&self, account: &AccountId) -> usize {
        let nodes = self.slots.iter().filter_map(|slot| slot.node.as_ref());
        nodes.map(|node| node.node.live.sessions.of(&tenant(), account).len()).sum()
    }

    /// Suspends an account, or lifts its suspension; nodes are notified unless the notice is lost.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn suspend(&mut self, account: &AccountId, suspension: tidings_server::store::Suspension) {
        wait(self.database.store().set_suspension(&tenant(), account, suspension)).expect("it can be written");
        self.note(format_args!("{account}: {suspension:?}"));
    }

    // ------------------------------------------------------------ time

    /// Lets time pass, event by event.
    pub fn run_ms(&mut self, duration_ms: u64) {
        let end_ms = self.time_ms + duration_ms;
        while self.time_ms < end_ms {
            self.step();
            let next_ms = self.next_event().clamp(self.time_ms + 1, end_ms);
            self.time_ms = self.run_nodes(next_ms);
        }
        self.step();
    }

    /// Runs until every device with a network is online with an empty outbox and nothing is in transit. Returns
    /// true if that happened within the time.
    pub fn settle_ms(&mut self, duration_ms: u64) -> bool {
        let end_ms = self.time_ms + duration_ms;
        while self.time_ms < end_ms {
            self.run_ms(50);
            if self.is_settled() {
                // Receipts are sent in bundles, a little later.
                self.run_ms(2_000);
                if self.is_settled() {
                    return true;
                }
            }
        }
        eprintln!("{}", self.unrest());
        false
    }

    /// Describes who is not at rest.
    pub fn unrest(&self) -> String {
        let devices = self.clients.iter().enumerate().filter(|(device, _)| self.is_busy(*device));
        let line = |(device, client): (Device, &Client)| {
            let screen = &client.screen;
            format!("device {device} of {}: {:?}, {} unsynced", client.account, screen.connection, screen.unsynced)
        };
        devices.map(line).collect::<Vec<_>>().join("; ")
    }

    fn is_busy(&self, device: Device) -> bool {
        let client = &self.clients[device];
        let is_behind = client.screen.connection != Some(ConnectionState::Online) || client.screen.unsynced > 0;
        self.around[device].network && (is_behind || client.defers_a_fetch())
    }

    fn is_settled(&self) -> bool {
        self.links.values().all(Link::is_quiet) && !(0..self.clients.len()).any(|device| self.is_busy(device))
    }

    /// Runs every node up to a time, or less far if one has written something; returns the time reached.
    fn run_nodes(&mut self, until_ms: u64) -> u64 {
        let mut reached_ms = until_ms;
        let mut dying = Vec::new();
        for (place, slot) in self.slots.iter().enumerate().filter(|(_, slot)| !slot.stopped) {
            let Some(node) = &slot.node else { continue };
            match node.run_until(reached_ms) {
                Ran::Until(at_ms) => reached_ms = reached_ms.min(at_ms),
                Ran::Dying(at_ms) => {
                    reached_ms = reached_ms.min(at_ms);
                    dying.push(place);
                }
            }
        }
        let reached_ms = reached_ms.max(self.time_ms);
        self.time_ms = reached_ms;
        for place in dying {
            self.collect();
            self.kill_node(place);
        }
        reached_ms
    }

    fn step(&mut self) {
        for device in 0..self.clients.len() {
            self.wake(device);
            self.obey(device);
        }
        self.deliver_up();
        self.collect();
        for device in 0..self.clients.len() {
            while let Some(frame) = self.next_arrived(device) {
                self.input(device, Input::FrameReceived(frame));
                self.obey(device);
            }
            self.note_end(device);
            self.obey(device);
        }
    }

    fn wake(&mut self, device: Device) {
        let now = self.now_of(device);
        self.clients[device].run_disk(now);
        let due = self.clients[device].wake_at.is_some_and(|at| at.as_millis() <= self.time_ms);
        if due {
            self.clients[device].wake_at = None;
            self.input(device, Input::TimerDue);
        }
    }

    /// Does what a device wants from the network and its app.
    fn obey(&mut self, device: Device) {
        for line in std::mem::take(&mut self.clients[device].painted) {
            self.note(format_args!("{device} shows {line}"));
        }
        if std::mem::take(&mut self.clients[device].wanted.token) {
            let input = self.token(device);
            self.input(device, input);
        }
        if std::mem::take(&mut self.clients[device].wanted.disconnect) {
            self.drop_link(device);
        }
        if std::mem::take(&mut self.clients[device].wanted.connect) {
            self.connect(device);
        }
        let frames = std::mem::take(&mut self.clients[device].wanted.frames);
        for frame in frames {
            self.send(device, frame);
        }
    }

    fn token(&mut self, device: Device) -> Input {
        match self.around[device].tokens {
            Tokens::Fail => {
                self.tally.count(Happened::TokenMissing);
                Input::TokenFailed("the app is not asked".to_owned())
            }
            Tokens::Hold(ttl) => Input::Token(self.sign(&self.clients[device].account, ttl)),
        }
    }

    fn connect(&mut self, device: Device) {
        let runs = |place: &Place| self.around[device].network && self.slots[*place].node.is_some();
        let mut places: Vec<Place> = (0..self.slots.len()).filter(runs).collect();
        let running = places.len();
        places.retain(|place| !self.blocked.contains(&(device, *place)));
        self.tally.count_if(Happened::NodeUnreachable, places.len() < running);
        let pipe = if places.is_empty() {
            None
        } else {
            let place = *self.network_random.pick(&places);
            let node = self.slots[place].node.as_ref();
            node.and_then(SimNode::accept).map(|pipe| (place, pipe))
        };
        let Some((place, pipe)) = pipe else { return self.input(device, Input::LinkLost) };
        let seed = self.network_random.number();
        if let Some(former) = self.links.insert(device, Link::new(place, pipe, seed, &self.tally)) {
            former.pipe.cut();
        }
        self.note(format_args!("device {device} is linked to place {place}"));
        self.input(device, Input::LinkOpened);
    }

    fn send(&mut self, device: Device, frame: Vec<u8>) {
        let (time_ms, delay_ms_max) = (self.time_ms, self.delay_ms_max);
        let Some(link) = self.links.get_mut(&device) else { return };
        let mut frame = frame;
        let decoded = decode_frame(&frame, usize::MAX).expect("engines send frames");
        let said = asked(&decoded);
        match decoded {
            ClientFrame::Push(push) if self.mute.contains(&(device, push.stream.clone())) => return,
            ClientFrame::Push(push) => {
                let hashes = push.changes.iter().filter_map(|pushed| ChangeHash::of_change(&pushed.change)).collect();
                link.pushed.insert(push.request, hashes);
            }
            ClientFrame::Fetch(_) => self.sent.fetches += 1,
            ClientFrame::MembershipRequest(asked) => {
                link.pushed.insert(asked.request, Vec::new());
            }
            ClientFrame::Hello(mut hello) if self.is_lax => {
                let account = &self.clients[device].account;
                let (labels, ttl) = (["admin".to_owned()], Duration::from_secs(86_400));
                let token = self.keys.issue(&tenant(), account, &labels, wall(time_ms, 0), ttl);
                hello.token = token.expect("there is a secret to sign with");
                frame = ClientFrame::Hello(hello).to_bytes();
            }
            _ => {}
        }
        self.trace.note(time_ms, format_args!("{device} > {said} {} {}", frame.len(), brief(&frame)));
        link.send_up(time_ms, delay_ms_max, frame);
    }

    fn deliver_up(&mut self) {
        for link in self.links.values_mut() {
            while let Some(frame) = link.up.take(self.time_ms) {
                link.pipe.send(frame);
            }
        }
    }

    /// Collects what nodes wrote and sends it on its way.
    fn collect(&mut self) {
        for (device, link) in &mut self.links {
            if link.trouble == Trouble::Stalled {
                self.tally.count_if(Happened::ReaderStalled, link.pipe.bytes_waiting() > 0);
                continue;
            }
            while let Some((written_ms, mut bytes)) = link.pipe.take() {
                let mut frame: ServerFrame = decode_frame(&bytes, usize::MAX).expect("nodes write frames");
                let stranger = self.strangers.get_mut(device);
                let account = stranger.as_ref().map_or_else(|| &self.clients[*device].account, |(account, _)| account);
                let whole = link.put_together(frame.clone());
                if let Some(whole) = &whole {
                    self.sent.note(account, link, whole);
                }
                if self.database.plant == Some(Plant::RevokedUnsent) && matches!(frame, ServerFrame::Revoked(_)) {
                    continue;
                }
                if let Some((_, frames)) = stranger {
                    frames.extend(whole);
                    continue;
                }
                if self.is_lax {
                    hide_administrators(&mut frame);
                }
                if let Some(stream) = written_on_former_generation(&frame) {
                    self.tally.count(Happened::WaitedOverSquash);
                    if self.database.plant == Some(Plant::NotWrittenAnew) {
                        self.mute.insert((*device, stream.clone()));
                    }
                }
                if let Some(tamper) = self.tamper {
                    tamper(&mut frame);
                }
                if self.is_lax || self.tamper.is_some() {
                    bytes = encode_frame(&frame);
                }
                let (said, bytes_count) = (summary(&frame), bytes.len());
                self.trace.note(written_ms, format_args!("{device} < {said} {bytes_count} {}", brief(&bytes)));
                link.send_down(written_ms.max(self.time_ms.saturating_sub(1)), self.delay_ms_max, bytes);
            }
        }
    }

    fn next_arrived(&mut self, device: Device) -> Option<Vec<u8>> {
        let link = self.links.get_mut(&device)?;
        link.down.take(self.time_ms)
    }

    /// Tells a device that the node closed its side, after everything it wrote.
    fn note_end(&mut self, device: Device) {
        let over = |link: &Link| link.down.is_empty() && link.trouble != Trouble::Silent && link.pipe.is_over();
        if self.links.get(&device).is_some_and(over) {
            self.cut(device);
        }
    }

    fn next_event(&self) -> u64 {
        let lanes = self.links.values().flat_map(|link| [link.up.next_ms(), link.down.next_ms()]);
        let clients =
            self.clients.iter().flat_map(|client| [client.wake_at.map(MonotonicTime::as_millis), client.disk.due_ms()]);
        lanes.chain(clients).flatten().min().unwrap_or(u64::MAX)
    }
}

impl Sent {
    fn note(&mut self, account: &AccountId, link: &mut Link, frame: &ServerFrame) {
        let mut told = |stream: &StreamId, position: Position| {
            let last = self.positions.entry((account.clone(), stream.clone())).or_default();
            *last = position.max(*last);
        };
        match frame {
            ServerFrame::Accepted(accepted) => {
                let hashes = link.pushed.get(&accepted.request).cloned().unwrap_or_default();
                let places = accepted.positions.iter().zip(hashes);
                self.accepted.extend(places.map(|(position, hash)| (accepted.stream.clone(), *position, hash)));
            }
            // A fetch may be refused too.
            ServerFrame::Refused(refused) if link.pushed.contains_key(&refused.request) => {
                *self.refusals.entry(refused.code).or_default() += 1;
            }
            ServerFrame::Closed(closed) => *self.endings.entry(closed.code).or_default() += 1,
            ServerFrame::Entries(entries) => {
                entries.entries.iter().for_each(|entry| told(&entries.stream, entry.position));
            }
            ServerFrame::Fetched(fetched) => {
                fetched.entries.iter().for_each(|entry| told(&fetched.stream, entry.position));
                fetched.documents.iter().for_each(|document| told(&fetched.stream, document.position));
            }
            ServerFrame::Summaries(summaries) => {
                let of = |conversation: ConversationId| StreamId::Conversation(conversation);
                summaries.iter().for_each(|summary| told(&of(summary.conversation), summary.position));
            }
            ServerFrame::Receipts(receipts) => self.note_receipts(receipts),
            _ => {}
        }
        if let ServerFrame::Fetched(fetched) = frame {
            self.note_receipts(&fetched.receipts);
        }
    }

    fn note_receipts(&mut self, receipts: &[MemberReceipt]) {
        for MemberReceipt { conversation, account, receipt } in receipts {
            let told = self.receipts.entry((*conversation, account.clone())).or_default();
            *told = told.merge(*receipt);
        }
    }
}

/// The stream in which something was written on a replaced generation, according to a node's refusal.
fn written_on_former_generation(frame: &ServerFrame) -> Option<&StreamId> {
    let ServerFrame::Refused(refused) = frame else { return None };
    (refused.code == Code::Stale && refused.detail.contains("former generation")).then_some(&refused.stream)
}

/// A frame in a few words.
fn summary(frame: &ServerFrame) -> String {
    match frame {
        ServerFrame::Welcome(_) => "welcome".to_owned(),
        ServerFrame::Summaries(summaries) => format!("{} summaries", summaries.len()),
        ServerFrame::Profiles(profiles) => format!("{} profiles", profiles.len()),
        ServerFrame::Entries(entries) => {
            let positions: Vec<_> = entries.entries.iter().map(|entry| entry.position.number()).collect();
            format!("entries {positions:?} of {}", entries.stream)
        }
        ServerFrame::CaughtUp(cursor) => format!("caught up {}", cursor.tick),
        ServerFrame::Accepted(accepted) => {
            let positions: Vec<_> = accepted.positions.iter().map(|position| position.number()).collect();
            format!("accepted #{} {positions:?} of {}", accepted.request, accepted.stream)
        }
        ServerFrame::Refused(refused) => {
            format!("refused #{} {} {}: {}", refused.request, refused.index, refused.code, refused.detail)
        }
        ServerFrame::Fetched(fetched) => format!("fetched #{} up to {}", fetched.request, fetched.head),
        ServerFrame::Receipts(receipts) => format!("{} receipts", receipts.len()),
        ServerFrame::Presence(_) => "presence".to_owned(),
        ServerFrame::Present(present) => format!("{} are there", present.members.len()),
        ServerFrame::Revoked(revoked) => format!("revoked {} at {}", revoked.conversation, revoked.position),
        ServerFrame::Closed(closed) => format!("closed {}", closed.code),
        ServerFrame::ContactMatches(answer) => format!("{} matches", answer.matches.len()),
        ServerFrame::Subscribers(answer) => format!("{} of {} subscribers", answer.subscribers.len(), answer.count),
        ServerFrame::SubscriberCount(told) => format!("{} subscribe", told.count),
        ServerFrame::HeldMessages(late) => format!("{} held in {}", late.messages.len(), late.conversation),
        ServerFrame::Listed(listed) => format!("listed #{}", listed.request),
        ServerFrame::Piece(piece) => format!("{} bytes of a frame", piece.bytes.len()),
        ServerFrame::Pong(_) => "pong".to_owned(),
    }
}

fn asked(frame: &ClientFrame) -> String {
    match frame {
        ClientFrame::Hello(hello) => format!("hello of {}", hello.device),
        ClientFrame::Push(push) => format!("push #{} of {} to {}", push.request, push.changes.len(), push.stream),
        ClientFrame::Fetch(fetch) => format!("fetch #{} {:?} of {}", fetch.request, fetch.scope, fetch.stream),
        ClientFrame::MembershipRequest(asked) => {
            format!("membership request #{} of {}", asked.request, asked.conversation)
        }
        ClientFrame::Receipts(receipts) => format!("{} receipts", receipts.len()),
        ClientFrame::Presence(_) => "presence".to_owned(),
        ClientFrame::MatchContacts(asked) => format!("match #{} of {}", asked.request, asked.points.len()),
        ClientFrame::ListSubscribers(list) => format!("list #{} of {}", list.request, list.conversation),
        ClientFrame::ListHeld(list) => format!("list #{} of what is held in {}", list.request, list.conversation),
        ClientFrame::Unwatch(conversation) => format!("unwatch {conversation}"),
        ClientFrame::List(list) => format!("list #{} {:?}", list.request, list.query),
        ClientFrame::Ping(_) => "ping".to_owned(),
    }
}

/// Makes administrators' entries look like anybody's.
fn hide_administrators(frame: &mut ServerFrame) {
    match frame {
        ServerFrame::Welcome(welcome) => welcome.administrator = false,
        ServerFrame::Entries(entries) => entries.entries.iter_mut().for_each(|entry| entry.administrator = false),
        ServerFrame::Fetched(fetched) => fetched.entries.iter_mut().for_each(|entry| entry.administrator = false),
        _ => {}
    }
}
