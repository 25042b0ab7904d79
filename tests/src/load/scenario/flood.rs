//! One member does everything that the default rates allow against one conversation: writes the longest
//! messages on four devices, renames themselves, reads, sends presence, and reconnects. Meanwhile the others
//! talk. Compared with bounds are the server's memory, the others' latency, and what a new device is sent.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use tidings_core::{
    code::Code,
    command::SetMemberText,
    ids::StreamId,
    journal::Position,
    limits::Limits,
    model::{MemberField, PresenceKind},
    wire::{ClientFrame, FetchScope, PresenceNotice, PushedChange, ReceiptNotice, Refused, ServerFrame},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{interval, sleep_until, timeout},
};

use super::{
    super::{
        PATIENCE,
        author::{account, conversation, device},
        measure::{kibibytes, median_ms, percentiles, round, wall_now},
        process::Process,
        session::Session,
    },
    Author, Bench, Running, join,
};
use crate::random::Random;

/// Devices that write: each as much as a session may, together as much as an account may.
const WRITERS: u64 = 4;
/// Changes of one push.
const PUSH_CHANGES: usize = 20;
/// Characters of a message, of three bytes each.
const CHARACTERS: usize = 4_000;
/// Interval between messages of the others.
const TALK_EVERY: Duration = Duration::from_millis(500);
/// The quiet run lasts this fraction of the flood.
const QUIET_SHARE: u32 = 10;
/// Heartbeats are due within three times this.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// The server's memory, MiB: 256 of documents, and as much again for everything else.
const MEMORY_MIB_MAX: f64 = 512.0;
/// The others' median may be this many times that of the quiet run.
const LATENCY_TIMES_MAX: f64 = 10.0;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start_as_shipped(bench).await?;
    drop(running.group(1, &["bob", "eve"]).await?);
    let address = running.process.address;
    let mut others = Others::meet(address).await?;
    let quiet = others.talk(bench.flood / QUIET_SHARE, &running.process).await?;
    let flood = Arc::new(Flood::default());
    let mut tasks = Flood::start(&flood, address);
    let flooded = tokio::select! {
        talked = others.talk(bench.flood, &running.process) => talked?,
        ended = tasks.join_next() => ended.context("somebody floods")??.map(|never| match never {})?,
    };
    tasks.shutdown().await;
    let new_device_kib = new_device(address).await?;
    running.end().await?;

    let limits = Limits::DEFAULT;
    let bound_kib = kibibytes(u64::from(limits.page_bytes_max) + u64::from(limits.document_bytes_max));
    let (quiet_ms, flooded_ms) = (quiet.median_ms(), flooded.median_ms());
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(json!({
        "seconds": bench.flood.as_secs(),
        "changes": count(&flood.changes),
        "mib": round(kibibytes(count(&flood.bytes)) / 1_024.0),
        "fetches": count(&flood.fetches),
        "cut_off": count(&flood.cut_off),
        "quiet": percentiles(quiet.times),
        "flooded": percentiles(flooded.times),
        "latency_times": round(flooded_ms / quiet_ms),
        "quiet_memory_mib": quiet.memory_mib,
        "memory_mib": flooded.memory_mib,
        "new_device_kib": new_device_kib,
        "bounds": {
            "memory_mib": MEMORY_MIB_MAX,
            "latency_times": LATENCY_TIMES_MAX,
            "new_device_kib": bound_kib,
        },
        "within": {
            "memory_mib": flooded.memory_mib <= MEMORY_MIB_MAX,
            "latency_times": flooded_ms <= quiet_ms * LATENCY_TIMES_MAX,
            "new_device_kib": new_device_kib <= bound_kib,
        },
    }))
}

/// Downloads of an empty device until it has loaded the newest page.
async fn new_device(address: SocketAddr) -> anyhow::Result<f64> {
    let bob = account("bob");
    let mut session = Session::open(address, &bob, device(&bob, 100), None).await?;
    session.fetch(&StreamId::Conversation(conversation(1)), FetchScope::After(Position::ZERO)).await?;
    join::load(&session.fetched().await?)?;
    Ok(kibibytes(session.traffic().down))
}

/// A device that writes on top of what it has received.
struct Member {
    session: Session,
    author: Author,
    texts: Random,
}

impl Member {
    async fn join(address: SocketAddr, name: &str, number: u64) -> anyhow::Result<Self> {
        let account = account(name);
        let session = Session::open(address, &account, device(&account, number), None).await?;
        Ok(Self { session, author: Author::new(conversation(1)), texts: Random::new(number) })
    }

    /// Receives what it has missed.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        loop {
            let request = self.session.fetch(&self.author.stream(), FetchScope::After(self.author.position())).await?;
            match self.answer(request).await? {
                ServerFrame::Fetched(fetched) => return self.author.apply_fetched(&fetched),
                ServerFrame::Refused(refused) => self.wait_for(&refused).await?,
                _ => {}
            }
        }
    }

    /// Pushes until all is accepted, or something has to be rewritten; returns how many were accepted.
    async fn offer(&mut self, changes: &[PushedChange]) -> anyhow::Result<usize> {
        loop {
            let request = self.session.push(&self.author.stream(), changes.to_vec()).await?;
            let mut accepted = 0;
            let refused = loop {
                match self.answer(request).await? {
                    ServerFrame::Accepted(more) => accepted += more.positions.len(),
                    ServerFrame::Refused(refused) => break refused,
                    _ => {}
                }
                if accepted == changes.len() {
                    return Ok(accepted);
                }
            };
            if accepted > 0 || refused.code.is_outdated() {
                return Ok(accepted);
            }
            self.wait_for(&refused).await?;
        }
    }

    /// The answer to a request.
    async fn answer(&mut self, request: u64) -> anyhow::Result<ServerFrame> {
        let answer = timeout(PATIENCE, async {
            loop {
                let frame = self.session.frame().await?;
                let answered = match &frame {
                    ServerFrame::Accepted(accepted) => accepted.request,
                    ServerFrame::Refused(refused) => refused.request,
                    ServerFrame::Fetched(fetched) => fetched.request,
                    ServerFrame::Closed(closed) => anyhow::bail!("the server closed the session: {:?}", closed.code),
                    _ => continue,
                };
                if answered == request {
                    return Ok(frame);
                }
            }
        });
        answer.await.context("no answer comes")?
    }

    /// Waits as long as a refusal says, and keeps reading.
    async fn wait_for(&mut self, refused: &Refused) -> anyhow::Result<()> {
        let retry_at = refused.retry_at.with_context(|| format!("refused: {:?} {}", refused.code, refused.detail))?;
        let wait = retry_at.as_millis().saturating_sub(wall_now().as_millis());
        self.rest(Duration::from_millis(wait)).await
    }

    /// Receives and drops frames for this long.
    async fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + time;
        let mut heartbeat = interval(HEARTBEAT);
        loop {
            tokio::select! {
                frame = self.session.frame() => {
                    if let ServerFrame::Closed(closed) = frame? {
                        anyhow::bail!("the server closed the session: {:?}", closed.code);
                    }
                }
                _ = heartbeat.tick() => self.session.send(&ClientFrame::Ping(0)).await?,
                () = sleep_until(until) => return Ok(()),
            }
        }
    }

    fn long_text(&mut self) -> String {
        let character = |_| char::from_u32(0x4e00 + u32::try_from(self.texts.below(20_000)).unwrap_or_default());
        (0..CHARACTERS).filter_map(character).collect()
    }
}

/// The members who are flooded: Ann talks, Bob listens.
struct Others {
    ann: Member,
    heard: UnboundedReceiver<Instant>,
    _bob: JoinSet<anyhow::Result<Infallible>>,
}

/// The outcome of a conversation.
struct Talk {
    times: Vec<Duration>,
    memory_mib: f64,
}

impl Talk {
    fn median_ms(&self) -> f64 {
        median_ms(self.times.clone())
    }
}

impl Others {
    async fn meet(address: SocketAddr) -> anyhow::Result<Self> {
        let ann = Member::join(address, "ann", 1).await?;
        let bob = Member::join(address, "bob", 1).await?;
        let (tell, heard) = unbounded_channel();
        let mut listening = JoinSet::new();
        listening.spawn(listen(bob, tell));
        Ok(Self { ann, heard, _bob: listening })
    }

    /// Ann talks for this long; records how long each message took to Bob, and the server's peak memory.
    async fn talk(&mut self, time: Duration, server: &Process) -> anyhow::Result<Talk> {
        let until = Instant::now() + time;
        let mut ticks = interval(TALK_EVERY);
        let mut talk = Talk { times: Vec::new(), memory_mib: 0.0 };
        while Instant::now() < until {
            ticks.tick().await;
            talk.memory_mib = talk.memory_mib.max(round(server.memory_kib()? / 1_024.0));
            self.ann.catch_up().await?;
            let start = Instant::now();
            loop {
                let ann = &self.ann.session;
                let said = self.ann.author.clone().say(&ann.account, ann.device);
                if self.ann.offer(&[said]).await? > 0 {
                    break;
                }
                self.ann.catch_up().await?;
            }
            let heard = timeout(PATIENCE, self.heard.recv()).await.context("Bob hears nothing")?;
            talk.times.push(heard.context("Bob is gone")? - start);
        }
        Ok(talk)
    }
}

/// Reports when Bob receives something from Ann.
async fn listen(mut bob: Member, tell: UnboundedSender<Instant>) -> anyhow::Result<Infallible> {
    let ann = account("ann");
    let mut heartbeat = interval(HEARTBEAT);
    loop {
        let frame = tokio::select! {
            frame = bob.session.frame() => frame?,
            _ = heartbeat.tick() => {
                bob.session.send(&ClientFrame::Ping(0)).await?;
                continue;
            }
        };
        match frame {
            ServerFrame::Entries(entries) if entries.entries.iter().any(|entry| entry.account == ann) => {
                tell.send(Instant::now())?;
            }
            ServerFrame::Closed(closed) => anyhow::bail!("the server closed Bob's session: {:?}", closed.code),
            _ => {}
        }
    }
}

/// Counts of what Eve has done.
#[derive(Debug, Default)]
struct Flood {
    changes: AtomicU64,
    bytes: AtomicU64,
    fetches: AtomicU64,
    cut_off: AtomicU64,
}

/// The activity of one of her devices.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Writing,
    Renaming,
    Reading,
    Being,
    Coming,
}

impl Flood {
    fn start(flood: &Arc<Self>, address: SocketAddr) -> JoinSet<anyhow::Result<Infallible>> {
        let others = [Doing::Renaming, Doing::Reading, Doing::Being, Doing::Coming];
        let mut tasks = JoinSet::new();
        for (number, doing) in (1..).zip((0..WRITERS).map(|_| Doing::Writing).chain(others)) {
            let flood = Arc::clone(flood);
            tasks.spawn(async move {
                loop {
                    let mut eve = Member::join(address, "eve", number).await?;
                    // Whoever is cut off reconnects.
                    let Err(error) = flood.go_on(address, &mut eve, doing).await;
                    eprintln!("eve, {doing:?}: {error}");
                    flood.cut_off.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tasks
    }

    async fn go_on(&self, address: SocketAddr, eve: &mut Member, doing: Doing) -> anyhow::Result<Infallible> {
        let conversation = conversation(1);
        let mut ticks = interval(match doing {
            // The server paces a session's changes, and so its renamings.
            Doing::Writing | Doing::Renaming => Duration::from_millis(1),
            // Her writers fetch, too.
            Doing::Reading => Duration::from_millis(33),
            Doing::Being => Duration::from_millis(25),
            Doing::Coming => Duration::from_secs(1),
        });
        let (mut number, mut page) = (0_u64, 1);
        loop {
            ticks.tick().await;
            number += 1;
            let (who, device) = (eve.session.account.clone(), eve.session.device);
            match doing {
                Doing::Writing => {
                    eve.catch_up().await?;
                    let mut ahead = eve.author.clone();
                    let texts: Vec<String> = (0..PUSH_CHANGES).map(|_| eve.long_text()).collect();
                    let changes: Vec<PushedChange> =
                        texts.into_iter().map(|text| ahead.say_text(&who, device, text)).collect();
                    self.push(eve, &changes).await?;
                }
                Doing::Renaming => {
                    eve.catch_up().await?;
                    let (field, text) = (MemberField::DisplayName, Some(format!("Eve {number}")));
                    let renamed = eve.author.clone().write(&who, device, SetMemberText { conversation, field, text });
                    self.push(eve, &[renamed]).await?;
                }
                Doing::Reading => {
                    let request = eve.session.fetch(&eve.author.stream(), FetchScope::Page(page)).await?;
                    match eve.answer(request).await? {
                        ServerFrame::Fetched(fetched) => page = fetched.page,
                        ServerFrame::Refused(refused) if refused.code == Code::DocumentUnknown => {}
                        ServerFrame::Refused(refused) => eve.wait_for(&refused).await?,
                        _ => {}
                    }
                    self.fetches.fetch_add(1, Ordering::Relaxed);
                }
                Doing::Being => {
                    let kind = [PresenceKind::Typing, PresenceKind::Idle][usize::from(number % 2 == 0)];
                    eve.session.send(&ClientFrame::Presence(PresenceNotice { conversation, kind })).await?;
                    let upto = Position::new(number);
                    let read = ReceiptNotice { conversation, delivered: upto, read: upto };
                    eve.session.send(&ClientFrame::Receipts(vec![read])).await?;
                    eve.session.discard().await?;
                }
                Doing::Coming => {
                    drop(Session::open(address, &who, super::device(&who, 50 + number % 5), None).await?);
                    eve.session.send(&ClientFrame::Ping(number)).await?;
                    eve.session.discard().await?;
                }
            }
        }
    }

    async fn push(&self, eve: &mut Member, changes: &[PushedChange]) -> anyhow::Result<()> {
        let accepted = eve.offer(changes).await?;
        let bytes: usize = changes[..accepted].iter().map(|change| change.change.len()).sum();
        self.changes.fetch_add(accepted as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }
}
