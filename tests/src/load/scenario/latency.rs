//! Send to visible: one message at a time, from one person's send until the other has it. With whole clients
//! the clock stops when the row is in the other's timeline; with light ones, and the bare server, when the
//! frame arrives.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidings_core::{command::SendMessage, engine::Input};

use super::{
    super::{
        author::{Words, account, conversation},
        device::Device,
        measure::percentiles,
        raw::RawClient,
    },
    Bench, Running,
};

/// Messages before the first measured one.
const WARM_UP: usize = 50;
const FRAMES: usize = 1_000;
const ENGINES: usize = 400;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    // In turns, so that other load on the machine affects all alike.
    let raw = raw(bench).await?;
    let frames = frames(bench).await?;
    let engines = engines(bench).await?;
    Ok(json!({ "frames": percentiles(frames), "engines": percentiles(engines), "raw": percentiles(raw) }))
}

async fn frames(bench: &Bench) -> anyhow::Result<Vec<Duration>> {
    let running = Running::start(bench).await?;
    let (mut ann, mut author) = running.group(1, &["bob"]).await?;
    let mut bob = running.session("bob").await?;
    let stream = author.stream();
    let mut times = Vec::new();
    for _ in 0..WARM_UP + FRAMES {
        let change = author.say(&ann.account, ann.device);
        let start = Instant::now();
        ann.push(&stream, vec![change]).await?;
        bob.entries(1).await?;
        times.push(start.elapsed());
        ann.accepted(1).await?;
    }
    running.end().await?;
    Ok(times.split_off(WARM_UP))
}

async fn raw(bench: &Bench) -> anyhow::Result<Vec<Duration>> {
    let running = Running::start_raw(bench).await?;
    let mut author = super::Author::new(conversation(1));
    let who = account("ann");
    let device = super::device(&who, 1);
    author.create(&who, device, &[account("bob")]);
    let mut ann = RawClient::open(running.process.address, 1).await?;
    let mut bob = RawClient::open(running.process.address, 1).await?;
    let mut times = Vec::new();
    for _ in 0..WARM_UP + FRAMES {
        let change = author.say(&who, device).change;
        let start = Instant::now();
        ann.send(change).await?;
        bob.take(1).await?;
        times.push(start.elapsed());
        ann.take(1).await?;
    }
    running.end().await?;
    Ok(times.split_off(WARM_UP))
}

async fn engines(bench: &Bench) -> anyhow::Result<Vec<Duration>> {
    let running = Running::start(bench).await?;
    let (creator, _) = running.group(1, &["bob", "eve"]).await?;
    drop(creator);
    let conversation = conversation(1);
    let mut devices = Vec::new();
    for (seed, name) in [(1, "bob"), (2, "eve")] {
        let mut device = Device::new(running.process.address, &account(name), seed)?;
        device.until("online", Device::is_online).await?;
        device.handle(Input::OpenConversation(conversation));
        devices.push(device);
    }
    let [mut bob, mut eve] = <[Device; 2]>::try_from(devices).map_err(|_| anyhow::anyhow!("there are two"))?;
    let mut words = Words::new(1);
    let mut times = Vec::new();
    for index in 0..WARM_UP + ENGINES {
        let start = Instant::now();
        bob.command(SendMessage::new(conversation, words.text()));
        let sent = bob.until("sent", |bob| bob.has_sent(index + 1));
        let seen = async {
            eve.until("visible", |eve| eve.rows().count() > index).await?;
            anyhow::Ok(start.elapsed())
        };
        let (sent, seen) = tokio::join!(sent, seen);
        sent?;
        times.push(seen?);
    }
    running.end().await?;
    Ok(times.split_off(WARM_UP))
}
