//! One message to many, measured until the last of them has it.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{
    super::{PATIENCE, author::account, measure::percentiles, raw::RawClient},
    Bench, Running,
};

const RECEIVERS: [usize; 2] = [100, 500];
const MESSAGES: usize = 100;
const WARM_UP: usize = 10;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let mut sizes = Vec::new();
    for receivers in RECEIVERS {
        let tidings = tidings(bench, receivers).await?;
        let raw = raw(bench, receivers).await?;
        sizes.push(json!({ "receivers": receivers, "tidings": tidings, "raw": raw }));
    }
    Ok(json!({ "sizes": sizes }))
}

async fn tidings(bench: &Bench, receivers: usize) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let names: Vec<String> = (0..receivers).map(|number| format!("bob{number}")).collect();
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut ann, mut author) = running.group(1, &members).await?;
    let (told, mut arrivals) = mpsc::channel(receivers);
    let mut tasks = JoinSet::new();
    for name in names {
        let mut session = running.session(&name).await?;
        let told = told.clone();
        tasks.spawn(async move {
            while session.entries(1).await.is_ok() {
                let _ = told.send(Instant::now()).await;
            }
        });
    }
    let stream = author.stream();
    let mut times = Vec::new();
    for _ in 0..WARM_UP + MESSAGES {
        let change = author.say(&account("ann"), ann.device);
        let start = Instant::now();
        ann.push(&stream, vec![change]).await?;
        times.push(last(&mut arrivals, receivers).await?.duration_since(start));
        ann.accepted(1).await?;
    }
    tasks.shutdown().await;
    running.end().await?;
    Ok(percentiles(times.split_off(WARM_UP)))
}

async fn raw(bench: &Bench, receivers: usize) -> anyhow::Result<Value> {
    let running = Running::start_raw(bench).await?;
    let (told, mut arrivals) = mpsc::channel(receivers);
    let mut tasks = JoinSet::new();
    for _ in 0..receivers {
        let mut client = RawClient::open(running.process.address, 1).await?;
        let told = told.clone();
        tasks.spawn(async move {
            while client.take(1).await.is_ok() {
                let _ = told.send(Instant::now()).await;
            }
        });
    }
    let mut ann = RawClient::open(running.process.address, 1).await?;
    let mut times = Vec::new();
    for _ in 0..WARM_UP + MESSAGES {
        let start = Instant::now();
        // As many bytes as a change with one short message.
        ann.send(vec![7; 220]).await?;
        times.push(last(&mut arrivals, receivers).await?.duration_since(start));
        ann.take(1).await?;
    }
    tasks.shutdown().await;
    running.end().await?;
    Ok(percentiles(times.split_off(WARM_UP)))
}

/// The arrival of the last of `count`.
pub(super) async fn last(arrivals: &mut mpsc::Receiver<Instant>, count: usize) -> anyhow::Result<Instant> {
    let mut last = None;
    for _ in 0..count {
        let arrival = timeout(PATIENCE, arrivals.recv()).await?;
        last = last.max(arrival);
    }
    last.ok_or_else(|| anyhow::anyhow!("nobody receives"))
}
