//! A whole client: the engine that ships, on a memory store and a real socket.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tidings_core::{
    api::{MessageState, TimelineRow},
    command::Command,
    engine::{ConnectionState, Engine, EngineConfig, Input, Output, Settings},
    ids::AccountId,
    storage::{MemoryStore, StorageTask},
    time::{MonotonicTime, Now},
};
use tokio::time::{sleep, timeout};

use super::{
    PATIENCE,
    author::tenant,
    link::{Link, Traffic},
    measure::wall_now,
    session::token,
};
use crate::{
    random::Random,
    sim::client::{Answer, Screen},
};

/// The longest time that a device waits before looking around.
const IDLE: Duration = Duration::from_secs(1);

/// A device and its screen.
pub struct Device {
    engine: Engine,
    store: MemoryStore,
    tasks: VecDeque<StorageTask>,
    address: SocketAddr,
    token: String,
    link: Option<Link>,
    frames: VecDeque<Vec<u8>>,
    connect: bool,
    started: Instant,
    wake_at: Option<MonotonicTime>,
    next_request: u64,
    /// Its screen.
    pub screen: Screen,
    /// Traffic over closed links.
    traffic: Traffic,
}

impl Device {
    /// A new device of an account, which connects on its own.
    pub fn new(address: SocketAddr, account: &AccountId, seed: u64) -> anyhow::Result<Self> {
        let started = Instant::now();
        let seed = Random::new(seed).seed();
        let config = EngineConfig {
            tenant: tenant(),
            account: account.clone(),
            seed,
            verify: false,
            settings: Settings::default(),
        };
        let now = Now { monotonic: MonotonicTime::default(), wall: wall_now() };
        let mut device = Self {
            engine: Engine::new(now, config),
            store: MemoryStore::default(),
            tasks: VecDeque::new(),
            address,
            token: token(account)?,
            link: None,
            frames: VecDeque::new(),
            connect: false,
            started,
            wake_at: None,
            next_request: 1,
            screen: Screen::default(),
            traffic: Traffic::default(),
        };
        device.drain();
        Ok(device)
    }

    /// Connects to another address from now on.
    pub fn move_to(&mut self, address: SocketAddr) {
        self.address = address;
    }

    /// The rows of the open timelines.
    pub fn rows(&self) -> impl Iterator<Item = &TimelineRow> {
        self.screen.timelines.values().flat_map(BTreeMap::values)
    }

    /// Returns true once it has caught up.
    pub fn is_online(&self) -> bool {
        self.screen.connection == Some(ConnectionState::Online)
    }

    /// Traffic over its links.
    pub fn traffic(&self) -> Traffic {
        let now = self.link.as_ref().map_or(Traffic::default(), Link::traffic);
        Traffic { up: self.traffic.up + now.up, down: self.traffic.down + now.down }
    }

    /// Returns true if each of the last `count` rows is admitted.
    pub fn has_sent(&self, count: usize) -> bool {
        self.rows().filter(|row| row.own && row.state != MessageState::Pending).count() >= count
    }

    /// Gives the engine an input.
    pub fn handle(&mut self, input: Input) {
        let now = self.now();
        self.engine.handle(now, input).expect("outputs are drained and the engine is open");
        self.drain();
    }

    /// Executes a command; returns its outcome, which is immediate if the conversation is loaded.
    pub fn command(&mut self, command: impl Into<Command>) -> Option<Answer> {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(Input::Command { request, command: command.into() });
        self.screen.answers.remove(&request)
    }

    /// Retries a refused command unchanged.
    pub fn retry(&mut self, id: u64) {
        let request = self.next_request;
        self.next_request += 1;
        self.handle(Input::RetryRefused { request, id, words: None });
    }

    /// Steps until a condition holds.
    pub async fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) -> anyhow::Result<()> {
        let worked = timeout(PATIENCE, async {
            while !done(self) {
                self.step(IDLE).await?;
            }
            Ok(())
        });
        worked.await.with_context(|| format!("a device never came to: {what}"))?
    }

    /// Does what is due, then waits for one frame or for the timer, at most for `longest`.
    ///
    /// # Errors
    /// When the link is lost; it reconnects on its own.
    pub async fn step(&mut self, longest: Duration) -> anyhow::Result<()> {
        let stepped = self.try_step(longest).await;
        if stepped.is_err() {
            self.disconnect();
            self.handle(Input::LinkLost);
        }
        stepped
    }

    async fn try_step(&mut self, longest: Duration) -> anyhow::Result<()> {
        if std::mem::take(&mut self.connect) {
            self.link = Some(Link::open(self.address, "/v1/sync").await?);
            self.handle(Input::LinkOpened);
        }
        while let Some(frame) = self.frames.pop_front() {
            let link = self.link.as_mut().context("a frame for no link")?;
            link.send(frame).await?;
        }
        let now = self.now().monotonic;
        let wake_at = self.wake_at.map_or(u64::MAX, MonotonicTime::as_millis).saturating_sub(now.as_millis());
        let timer = sleep(Duration::from_millis(wake_at).min(longest));
        let frame = match &mut self.link {
            Some(link) => tokio::select! {
                frame = link.receive() => Some(frame?),
                () = timer => None,
            },
            None => {
                timer.await;
                None
            }
        };
        match frame {
            Some(frame) => self.handle(Input::FrameReceived(frame.to_vec())),
            None if self.wake_at.is_some_and(|at| at <= self.now().monotonic) => {
                self.wake_at = None;
                self.handle(Input::TimerDue);
            }
            None => {}
        }
        Ok(())
    }

    fn now(&self) -> Now {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: MonotonicTime::from_millis(millis), wall: wall_now() }
    }

    fn drain(&mut self) {
        loop {
            let mut needs_token = false;
            while let Some(output) = self.engine.poll() {
                match output {
                    Output::Send(frame) => self.frames.push_back(frame),
                    Output::Storage(task) => self.tasks.push_back(task),
                    Output::Update(update) => self.screen.paint(update),
                    Output::NeedToken { .. } => needs_token = true,
                    Output::Connect => self.connect = true,
                    Output::Disconnect => self.disconnect(),
                    Output::WakeAt(at) => self.wake_at = Some(at),
                }
            }
            let now = self.now();
            let input = if needs_token {
                Input::Token(self.token.clone())
            } else if let Some(task) = self.tasks.pop_front() {
                Input::StorageFinished(task.id, self.store.run(&task.request))
            } else {
                return;
            };
            self.engine.handle(now, input).expect("outputs are drained and the engine is open");
        }
    }

    fn disconnect(&mut self) {
        self.traffic = self.traffic();
        self.link = None;
        self.frames.clear();
        self.connect = false;
    }
}
