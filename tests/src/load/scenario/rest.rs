//! What a backend asks over HTTP: messages sent and listed, and permission checks, by one connection and by many.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidings_core::wire::PushedChange;
use tokio::task::JoinSet;

use super::{
    super::{
        author::{Words, account, conversation},
        http::{HttpClient, json},
        measure::{percentiles, round},
    },
    Bench, Running,
};

/// Requests before the first measured one.
const WARM_UP: usize = 50;
const REQUESTS: usize = 1_000;
/// Connections of a backend that asks much at once.
const CONNECTIONS: u64 = 16;
const REQUESTS_EACH: usize = 500;
/// Messages of the conversation that is listed.
const MESSAGES: usize = 10_000;
/// Messages of a page.
const LIMIT: usize = 50;
/// Messages of one push while a conversation is filled.
const PUSH: usize = 500;

/// One request, made over and over on a connection.
#[derive(Clone)]
struct Call {
    path: String,
    /// A message is sent, or something is read.
    sends: bool,
}

impl Call {
    fn read(path: String) -> Self {
        Self { path, sends: false }
    }

    async fn make(&self, client: &mut HttpClient, words: &mut Words) -> anyhow::Result<()> {
        match self.sends {
            true => client.post(&self.path, json!({ "content": words.text() }).to_string().into_bytes()).await?,
            false => client.get(&self.path).await?,
        };
        Ok(())
    }
}

pub(super) async fn send(bench: &Bench) -> anyhow::Result<Value> {
    let call = |path| Call { path, sends: true };
    let running = Running::start_raw(bench).await?;
    let raw = measure(&running, |number| call(format!("/{number}"))).await?;
    running.end().await?;
    let running = Running::start(bench).await?;
    for number in 0..=CONNECTIONS {
        running.group(number, &["bob"]).await?;
    }
    let path = |number| format!("/v1/conversations/{}/messages", conversation(number));
    let tidings = measure(&running, |number| call(path(number))).await?;
    running.end().await?;
    Ok(json!({ "tidings": tidings, "raw": raw }))
}

pub(super) async fn list(bench: &Bench) -> anyhow::Result<Value> {
    let (running, raw) = filled(bench).await?;
    let path = format!("/v1/conversations/{}/messages?limit={LIMIT}", conversation(1));
    let newest = measure(&running, |_| Call::read(path.clone())).await?;
    let mut ann = HttpClient::connect(running.process.address, &account("ann")).await?;
    let mut older = String::new();
    for _ in 0..MESSAGES / LIMIT / 2 {
        let before = if older.is_empty() { String::new() } else { format!("&before={older}") };
        let page = json(&ann.get(&format!("{path}{before}")).await?)?;
        older = page["older"].as_str().unwrap_or_default().to_owned();
    }
    let middle = measure(&running, |_| Call::read(format!("{path}&before={older}"))).await?;
    running.end().await?;
    let bare = measure(&raw, |_| Call::read(format!("/1/newest/{LIMIT}"))).await?;
    raw.end().await?;
    Ok(json!({ "tidings": newest, "middle": middle, "raw": bare }))
}

pub(super) async fn permission_checks(bench: &Bench) -> anyhow::Result<Value> {
    let (running, raw) = filled(bench).await?;
    let path = format!("/v1/conversations/{}/members/bob/permissions", conversation(1));
    let tidings = measure(&running, |_| Call::read(path.clone())).await?;
    running.end().await?;
    let bare = measure(&raw, |_| Call::read(String::from("/1/newest/1"))).await?;
    raw.end().await?;
    Ok(json!({ "tidings": tidings, "raw": bare }))
}

/// A conversation of many messages, and as many messages with a bare server.
async fn filled(bench: &Bench) -> anyhow::Result<(Running, Running)> {
    let (running, raw) = (Running::start(bench).await?, Running::start_raw(bench).await?);
    let (mut ann, mut author) = running.group(1, &["bob"]).await?;
    let stream = author.stream();
    let mut sender = HttpClient::connect(raw.process.address, &account("ann")).await?;
    for _ in 0..MESSAGES / PUSH {
        let changes: Vec<PushedChange> = (0..PUSH).map(|_| author.say(&ann.account, ann.device)).collect();
        ann.push_accepted(&stream, changes).await?;
    }
    let mut words = Words::new(1);
    for _ in 0..LIMIT * 2 {
        sender.post("/1", words.text().into_bytes()).await?;
    }
    running.settled(&mut ann, &stream).await?;
    running.store.analyze().await?;
    Ok((running, raw))
}

/// Makes a request by one connection, one after the other, then by many at once, each with its number from 1 on.
async fn measure(running: &Running, call: impl Fn(u64) -> Call) -> anyhow::Result<Value> {
    let address = running.process.address;
    let mut ann = HttpClient::connect(address, &account("ann")).await?;
    let (alone, mut words) = (call(0), Words::new(0));
    let mut times = Vec::new();
    for _ in 0..WARM_UP + REQUESTS {
        let start = Instant::now();
        alone.make(&mut ann, &mut words).await?;
        times.push(start.elapsed());
    }
    let mut clients = Vec::new();
    for number in 1..=CONNECTIONS {
        clients.push((HttpClient::connect(address, &account("ann")).await?, call(number), Words::new(number)));
    }
    let (cpu, start) = (running.process.cpu_ms()?, Instant::now());
    let mut tasks = JoinSet::new();
    for (mut client, call, mut words) in clients {
        tasks.spawn(async move {
            for _ in 0..REQUESTS_EACH {
                call.make(&mut client, &mut words).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let (took, cpu) = (start.elapsed(), running.process.cpu_ms()? - cpu);
    let count = CONNECTIONS as usize * REQUESTS_EACH;
    Ok(json!({
        "alone": percentiles(times.split_off(WARM_UP)),
        "per_second": per_second(count, took),
        "cpu_ms_each": round(cpu / count as f64),
        "per_second_of_a_core": (count as f64 / (cpu / 1_000.0)).round(),
    }))
}

fn per_second(count: usize, took: Duration) -> f64 {
    (count as f64 / took.as_secs_f64()).round()
}
