//! Devices, a network and a server on one virtual clock. Frames travel in
//! order on each link, with a delay; links break, and what was under way on
//! them is lost.

use std::collections::{BTreeMap, VecDeque};

use tidings_core::{
    engine::{ConnectionState, EngineConfig, Input},
    ids::{AccountId, TenantId},
    limits::Limits,
    storage::MemoryStore,
    time::{MonotonicTime, Now, WallTime},
    wire::{ClientFrame, decode_frame, encode_frame},
};

use crate::{
    client::Client,
    random::Random,
    server::{Server, SessionId},
};

/// 2026-01-01, when worlds begin.
const BEGIN_MS: u64 = 1_767_225_600_000;

/// Frames under way on a link, each with the time at which it arrives.
type Lane = VecDeque<(u64, Vec<u8>)>;

#[derive(Debug, Default)]
struct Wire {
    up: Lane,
    down: Lane,
}

/// Names a device of the world.
pub type Device = usize;

/// The world.
pub struct World {
    /// The virtual time, ms since the beginning.
    pub time_ms: u64,
    /// Chance.
    pub random: Random,
    /// The server.
    pub server: Server,
    /// Whether devices that are added decide anew about what the server admitted.
    pub verify: bool,
    clients: Vec<Client>,
    links: BTreeMap<Device, (SessionId, Wire)>,
    network: Vec<bool>,
    next_session: SessionId,
    delay_ms_max: u64,
    server_up: bool,
}

impl World {
    /// A world without a device.
    pub fn new(seed: u64, limits: Limits) -> Self {
        let tenant = TenantId::parse("acme").expect("legal");
        Self {
            time_ms: 0,
            random: Random::new(seed),
            server: Server::new(tenant, limits),
            verify: false,
            clients: Vec::new(),
            links: BTreeMap::new(),
            network: Vec::new(),
            next_session: 1,
            delay_ms_max: 20,
            server_up: true,
        }
    }

    /// Both times of this moment.
    pub fn now(&self) -> Now {
        Now {
            monotonic: MonotonicTime::from_millis(self.time_ms),
            wall: WallTime::from_millis(BEGIN_MS + self.time_ms),
        }
    }

    /// Adds a device of an account.
    pub fn add(&mut self, account: &str) -> Device {
        let seed = self.random.seed();
        self.add_seeded(account, seed)
    }

    /// Adds a device whose engine has this seed: two of one seed take one id.
    pub fn add_seeded(&mut self, account: &str, seed: [u8; 32]) -> Device {
        let client = self.start(account, self.verify, seed, MemoryStore::default());
        self.clients.push(client);
        self.network.push(true);
        self.clients.len() - 1
    }

    /// Adds a device whose store is a copy of another one's, without a network.
    pub fn copy(&mut self, device: Device) -> Device {
        let account = self.clients[device].account.to_string();
        let store = self.clients[device].store().clone();
        let seed = self.random.seed();
        let client = self.start(&account, self.verify, seed, store);
        self.clients.push(client);
        self.network.push(false);
        self.clients.len() - 1
    }

    fn start(&self, account: &str, verify: bool, seed: [u8; 32], store: MemoryStore) -> Client {
        let tenant = TenantId::parse("acme").expect("legal");
        let account = AccountId::parse(account).expect("legal");
        Client::start(EngineConfig { tenant, account, seed, verify }, store, self.now())
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
        let now = self.now();
        self.clients[device].handle(now, input);
    }

    /// Has a person command something; the number of the answer.
    pub fn command(&mut self, device: Device, command: impl Into<tidings_core::command::Command>) -> u64 {
        let now = self.now();
        self.clients[device].command(now, command)
    }

    /// Cuts or restores a device's network, behind its back.
    pub fn set_network(&mut self, device: Device, on: bool) {
        self.network[device] = on;
        if !on {
            self.cut(device);
        }
    }

    /// Breaks a link; what was under way is lost.
    pub fn cut(&mut self, device: Device) {
        if let Some((session, _)) = self.links.remove(&device) {
            self.server.close(session);
            self.input(device, Input::LinkLost);
        }
    }

    /// The device's process dies; it starts again on what its store holds.
    pub fn crash_client(&mut self, device: Device) {
        let store = self.clients[device].store().clone();
        self.restart(device, store);
    }

    /// The device's process dies; it starts again on this store.
    pub fn restart(&mut self, device: Device, store: MemoryStore) {
        if let Some((session, _)) = self.links.remove(&device) {
            self.server.close(session);
        }
        let (account, verify) = (self.clients[device].account.to_string(), self.clients[device].verify);
        let seed = self.random.seed();
        self.clients[device] = self.start(&account, verify, seed, store);
    }

    /// The server dies with everything that it has not sent.
    pub fn crash_server(&mut self) {
        self.server.crash();
        for device in self.links.keys().copied().collect::<Vec<_>>() {
            self.cut(device);
        }
    }

    /// Whether the server can be reached.
    pub fn set_server(&mut self, up: bool) {
        self.server_up = up;
        if !up {
            self.crash_server();
        }
    }

    /// Lets time pass, event by event.
    pub fn run_ms(&mut self, duration_ms: u64) {
        let end = self.time_ms + duration_ms;
        while self.time_ms < end {
            self.step();
            self.time_ms = self.next_event().clamp(self.time_ms + 1, end);
        }
        self.step();
    }

    /// Runs until every device with a network is online with an empty outbox
    /// and nothing is under way; whether that came within the time.
    pub fn settle_ms(&mut self, duration_ms: u64) -> bool {
        let end = self.time_ms + duration_ms;
        while self.time_ms < end {
            self.run_ms(50);
            let busy = |device: &Device| {
                let screen = &self.clients[*device].screen;
                self.network[*device] && (screen.connection != Some(ConnectionState::Online) || screen.unsynced > 0)
            };
            let quiet = self.links.values().all(|(_, wire)| wire.up.is_empty() && wire.down.is_empty());
            if quiet && !(0..self.clients.len()).any(|device| busy(&device)) {
                // Receipts are told in bundles, a little later.
                self.run_ms(2_000);
                return true;
            }
        }
        for (device, client) in self.clients.iter().enumerate() {
            let screen = &client.screen;
            eprintln!("device {device} of {}: {:?}, {} unsynced", client.account, screen.connection, screen.unsynced);
        }
        false
    }

    fn step(&mut self) {
        for device in 0..self.clients.len() {
            self.wake(device);
            self.obey(device);
        }
        self.deliver_up();
        self.collect_server();
        self.deliver_down();
        for device in 0..self.clients.len() {
            self.obey(device);
        }
    }

    fn wake(&mut self, device: Device) {
        let due = self.clients[device].wake_at.is_some_and(|at| at.as_millis() <= self.time_ms);
        if due {
            self.clients[device].wake_at = None;
            self.input(device, Input::TimerDue);
        }
    }

    /// Does what a device wants of the network.
    fn obey(&mut self, device: Device) {
        let wishes = &mut self.clients[device].wishes;
        if std::mem::take(&mut wishes.disconnect)
            && let Some((session, _)) = self.links.remove(&device)
        {
            self.server.close(session);
        }
        if std::mem::take(&mut self.clients[device].wishes.connect) {
            if self.network[device] && self.server_up {
                let session = self.next_session;
                self.next_session += 1;
                self.links.insert(device, (session, Wire::default()));
                self.input(device, Input::LinkOpened);
            } else {
                self.input(device, Input::LinkLost);
            }
        }
        let frames = std::mem::take(&mut self.clients[device].wishes.frames);
        for frame in frames {
            let at = self.arrival(|wire| &wire.up, device);
            if let Some((_, wire)) = self.links.get_mut(&device) {
                wire.up.push_back((at, frame));
            }
        }
    }

    /// When a frame sent now arrives: after those sent before it.
    fn arrival(&mut self, lane: impl Fn(&Wire) -> &Lane, device: Device) -> u64 {
        let at = self.time_ms + 1 + self.random.below(self.delay_ms_max);
        let last = self.links.get(&device).and_then(|(_, wire)| lane(wire).back()).map_or(0, |(at, _)| *at);
        at.max(last)
    }

    fn deliver_up(&mut self) {
        let wall = self.now().wall;
        for (session, wire) in self.links.values_mut() {
            while wire.up.front().is_some_and(|(at, _)| *at <= self.time_ms) {
                let (_, bytes) = wire.up.pop_front().expect("there is one");
                let frame: ClientFrame = decode_frame(&bytes, usize::MAX).expect("clients send frames");
                self.server.receive(*session, frame, wall);
            }
        }
    }

    fn collect_server(&mut self) {
        for (session, frame) in self.server.take_outgoing() {
            let device = self.links.iter().find(|(_, (id, _))| *id == session).map(|(device, _)| *device);
            if let Some(device) = device {
                let at = self.arrival(|wire| &wire.down, device);
                if let Some((_, wire)) = self.links.get_mut(&device) {
                    wire.down.push_back((at, encode_frame(&frame)));
                }
            }
        }
    }

    fn deliver_down(&mut self) {
        for device in 0..self.clients.len() {
            while let Some(bytes) = self.next_arrived(device) {
                self.input(device, Input::FrameReceived(bytes));
                self.obey(device);
            }
        }
    }

    fn next_arrived(&mut self, device: Device) -> Option<Vec<u8>> {
        let (_, wire) = self.links.get_mut(&device)?;
        wire.down.pop_front_if(|(at, _)| *at <= self.time_ms).map(|(_, bytes)| bytes)
    }

    fn next_event(&self) -> u64 {
        let lanes = self.links.values().flat_map(|(_, wire)| [wire.up.front(), wire.down.front()]);
        let frames = lanes.flatten().map(|(at, _)| *at);
        let timers = self.clients.iter().filter_map(|client| client.wake_at).map(MonotonicTime::as_millis);
        frames.chain(timers).min().unwrap_or(u64::MAX)
    }
}
