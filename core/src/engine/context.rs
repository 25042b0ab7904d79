//! What every part of the engine works with: the time, the session, the bounds,
//! chance, the store, the timers, and what is given out.

use std::collections::VecDeque;

use crate::{
    authority::Session,
    code::Code,
    engine::{
        EngineConfig, Output, Settings, Update,
        counts::Counter,
        link::clock::ServerClock,
        random::Random,
        store::transactions::{ReadPurpose, Store},
        timers::Timers,
    },
    hlc::HybridClock,
    ids::{DeviceId, Stamp},
    limits::Limits,
    storage::{RecordKey, StorageRequest},
    time::{Now, WallTime},
    wire::ClientFrame,
};

pub(super) struct Context {
    pub(super) now: Now,
    pub(super) session: Session,
    pub(super) verify: bool,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) random: Random,
    pub(super) clock: HybridClock,
    pub(super) server_clock: ServerClock,
    pub(super) store: Store,
    pub(super) timers: Timers,
    pub(super) counter: Counter,
    outputs: VecDeque<Output>,
    /// The number of the next command, or membership request.
    pub(super) next_sequence: u64,
    /// The number of the next request on the link.
    next_request: u64,
    /// Whether what the engine knows of itself has changed since it was stored.
    pub(super) dirty_meta: bool,
}

impl Context {
    pub(super) fn new(now: Now, config: EngineConfig) -> Self {
        let EngineConfig { tenant, account, seed, verify, settings } = config;
        let mut random = Random::new(seed);
        let device = DeviceId::from_bytes(random.bytes());
        Self {
            now,
            session: Session { tenant, account, device, administrator: false },
            verify,
            settings,
            limits: Limits::default(),
            random,
            clock: HybridClock::default(),
            server_clock: ServerClock::default(),
            store: Store::default(),
            timers: Timers::default(),
            counter: Counter::default(),
            outputs: VecDeque::new(),
            next_sequence: 1,
            next_request: 1,
            dirty_meta: false,
        }
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the caller has drained the outputs of the last input.
    pub(super) fn is_drained(&self) -> bool {
        self.outputs.is_empty()
    }

    pub(super) fn update(&mut self, update: Update) {
        self.output(Output::Update(update));
    }

    /// Reads from the store at once; `Store::read_later` waits for the writes before it.
    pub(super) fn read(&mut self, purpose: ReadPurpose, prefixes: Vec<RecordKey>) {
        let task = self.store.read(purpose, prefixes);
        self.output(Output::Storage(task));
    }

    pub(super) fn send(&mut self, frame: &ClientFrame) {
        self.counter.add(|counts| counts.frames += 1);
        self.outputs.push_back(Output::Send(frame.to_bytes()));
    }

    /// Asks whether the server is there, and for its time.
    pub(super) fn ping(&mut self) {
        let request = self.new_request();
        self.send(&ClientFrame::Ping(request));
    }

    /// The wall time by the server's clock, when this device's is far off.
    pub(super) fn wall(&self) -> WallTime {
        self.server_clock.corrected(self.now.wall)
    }

    pub(super) fn next_stamp(&mut self) -> Stamp {
        let wall = self.wall();
        self.dirty_meta = true;
        self.clock.tick(wall, self.random.bytes())
    }

    /// A number that no command, or membership request, had before.
    pub(super) fn new_sequence(&mut self) -> u64 {
        self.dirty_meta = true;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        sequence
    }

    /// A number for a frame that the server answers.
    pub(super) fn new_request(&mut self) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        request
    }

    /// Tells of damage that mends itself: told as over with the next write.
    pub(super) fn report_damage(&mut self) {
        self.store.is_damaged = true;
        self.update(Update::StorageFailed(Code::StorageCorrupt));
    }

    /// Gives out what the store is to do, and asks to be called when the first timer is due.
    pub(super) fn flush(&mut self) {
        let now = self.now.monotonic;
        let tasks = self.store.flush(now, &mut self.timers);
        for task in &tasks {
            if let StorageRequest::Write(writes) = &task.request {
                self.counter.add(|counts| counts.records += writes.len() as u64);
            }
        }
        self.outputs.extend(tasks.into_iter().map(Output::Storage));
        self.outputs.extend(self.timers.arm(now).map(Output::WakeAt));
    }
}
