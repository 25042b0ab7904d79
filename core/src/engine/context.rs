//! The context that every part of the engine works with: time, session, limits, randomness, store,
//! timers and outputs.

use core::time::Duration;
use std::collections::VecDeque;

use crate::{
    authority::Session,
    code::Code,
    engine::{
        Counts, EngineConfig, Output, Settings, Update,
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
    time::{MonotonicTime, Now, WallTime},
    wire::ClientFrame,
};

pub(super) struct Context {
    pub(super) now: Now,
    pub(super) session: Session,
    /// The ids that this device had before, the latest last.
    pub(super) former_devices: Vec<DeviceId>,
    pub(super) verify: bool,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) random: Random,
    clock: HybridClock,
    server_clock: ServerClock,
    pub(super) store: Store,
    pub(super) timers: Timers,
    counter: Counter,
    outputs: VecDeque<Output>,
    /// When the last frame was sent.
    sent_at: MonotonicTime,
    /// The number of the next command, or membership request.
    next_sequence: u64,
    /// The number of the next request on the link.
    next_request: u64,
    /// Whether the device's own state has changed since it was stored.
    dirty_meta: bool,
}

impl Context {
    pub(super) fn new(now: Now, config: EngineConfig) -> Self {
        let EngineConfig { tenant, account, seed, verify, settings } = config;
        let mut random = Random::new(seed);
        let device = DeviceId::from_bytes(random.bytes());
        Self {
            now,
            session: Session { tenant, account, device, administrator: false },
            former_devices: Vec::new(),
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
            sent_at: now.monotonic,
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
        self.count(|counts| counts.frames += 1);
        self.outputs.push_back(Output::Send(frame.to_bytes()));
        self.sent_at = self.now.monotonic;
    }

    pub(super) fn sent_at(&self) -> MonotonicTime {
        self.sent_at
    }

    /// Asks whether the server is there, and for its time.
    pub(super) fn ping(&mut self) {
        let request = self.new_request();
        self.send(&ClientFrame::Ping(request));
    }

    pub(super) fn counts(&self) -> Counts {
        self.counter.get()
    }

    pub(super) fn count(&self, add: impl FnOnce(&mut Counts)) {
        self.counter.add(add);
    }

    /// The end of the input stores the device's own state.
    pub(super) fn store_meta(&mut self) {
        self.dirty_meta = true;
    }

    pub(super) fn drain_dirty_meta(&mut self) -> bool {
        core::mem::take(&mut self.dirty_meta)
    }

    /// Sets the server's clock, and the hybrid clock back to it if its stamps would be refused.
    pub(super) fn set_server_time(&mut self, time: WallTime) {
        self.server_clock.set(time, self.now);
        let (wall, ahead_max) = (self.wall(), self.limits.clock_ahead_max());
        self.dirty_meta |= self.clock.set_back(wall, ahead_max);
    }

    /// Whether the server is to be asked for its time again; true once for each cause.
    pub(super) fn must_ask_time(&mut self) -> bool {
        self.server_clock.must_ask(self.now)
    }

    /// A wall time of the device by the server's clock.
    pub(super) fn corrected(&self, wall: WallTime) -> WallTime {
        self.server_clock.corrected(wall)
    }

    /// The wall time by the server's clock, when this device's is far off.
    pub(super) fn wall(&self) -> WallTime {
        self.server_clock.corrected(self.now.wall)
    }

    /// When something is sent again that the server defers until a time of its clock.
    pub(super) fn deferred(&self, until: WallTime) -> MonotonicTime {
        self.now.monotonic.plus(self.server_clock.deferral(until, self.now))
    }

    pub(super) fn next_stamp(&mut self) -> Stamp {
        let wall = self.wall();
        self.dirty_meta = true;
        self.clock.tick(wall, self.random.bytes())
    }

    pub(super) fn latest_stamp(&self) -> Stamp {
        self.clock.latest()
    }

    pub(super) fn resume_clock(&mut self, latest: Stamp) {
        self.clock = HybridClock::resume(latest);
    }

    /// Own stamps are greater than those of others, unless these are too far ahead.
    pub(super) fn observe_stamp(&mut self, stamp: Stamp) {
        let wall = self.wall();
        self.clock.observe(stamp, wall, self.limits.clock_ahead_max());
    }

    /// Sets the hybrid clock back to a time, if it is ahead of it at all.
    pub(super) fn set_clock_back(&mut self, time: WallTime) {
        self.dirty_meta = true;
        self.clock.set_back(time, Duration::ZERO);
    }

    /// The number that the next command has if it is stored.
    pub(super) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Numbers below this one were used before.
    pub(super) fn reserve_sequences(&mut self, next: u64) {
        self.next_sequence = self.next_sequence.max(next);
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

    /// Reports damage that repairs itself: the next write reports recovery.
    pub(super) fn report_damage(&mut self) {
        self.store.is_damaged = true;
        self.update(Update::StorageFailed(Code::StorageCorrupt));
    }

    /// Outputs the tasks of the store and the time of the first timer.
    pub(super) fn flush(&mut self) {
        let now = self.now.monotonic;
        let tasks = self.store.flush(now, &mut self.timers);
        for task in &tasks {
            if let StorageRequest::Write(writes) = &task.request {
                self.count(|counts| counts.records += writes.len() as u64);
            }
        }
        self.outputs.extend(tasks.into_iter().map(Output::Storage));
        self.outputs.extend(self.timers.arm(now).map(Output::WakeAt));
    }
}
