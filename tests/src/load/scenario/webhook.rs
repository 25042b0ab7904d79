//! Webhooks while a thousand messages a second are sent: the time from a push until its event is received.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    time::{interval, sleep, timeout},
};

use super::{
    super::{
        author::{Author, account, conversation, device},
        http::HttpClient,
        measure::{percentiles, round},
        session::Session,
    },
    Bench, PATIENCE, Running, UNBOUNDED,
};

const CONVERSATIONS: usize = 50;
/// Messages of one turn, each of another conversation, and the time between turns.
const TURN: usize = 10;
const TURN_EVERY: Duration = Duration::from_millis(10);
const TURNS: usize = 1_000;

/// A message: its conversation and its position there.
type Place = (String, u64);

/// When each message was received.
type Received = Arc<Mutex<HashMap<Place, Instant>>>;

pub(super) async fn lag(bench: &Bench) -> anyhow::Result<Value> {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let router = Router::new().route("/", post(receive)).with_state(received.clone());
    let receiver = tokio::spawn(async move { axum::serve(listener, router).await });

    let store = bench.stores.make().await?;
    let flags = [UNBOUNDED.as_slice(), &["--webhook-allow-private"]].concat();
    let running = Running { process: Running::serve_with(bench, &store, &flags).await?, store };
    let ann = account("ann");
    let mut session = Session::open(running.process.address, &ann, device(&ann, 1), None).await?;
    let mut authors = Vec::new();
    for number in 0..CONVERSATIONS as u64 {
        let mut author = Author::new(conversation(number));
        let created = author.create(&ann, session.device, &[account("bob")]);
        session.push_accepted(&author.stream(), vec![created]).await?;
        authors.push((author, conversation(number).to_string(), 1));
    }
    let mut root = HttpClient::connect_administrator(running.process.address, &account("root")).await?;
    let webhook = json!({ "url": url, "events": ["message.created"] });
    root.post("/v1/webhooks", webhook.to_string().into_bytes()).await?;

    let (cpu, start) = (running.process.cpu_ms()?, Instant::now());
    let mut pushed: Vec<(Place, Instant)> = Vec::new();
    let mut turns = interval(TURN_EVERY);
    for turn in 0..TURNS {
        turns.tick().await;
        for index in (0..TURN).map(|index| (turn * TURN + index) % CONVERSATIONS) {
            let (author, conversation, position) = &mut authors[index];
            let change = author.say(&ann, session.device);
            *position += 1;
            pushed.push(((conversation.clone(), *position), Instant::now()));
            session.push(&author.stream(), vec![change]).await?;
        }
        session.accepted(TURN).await?;
    }
    let sent_for = start.elapsed();
    let all = async {
        while received.lock().unwrap_or_else(PoisonError::into_inner).len() < pushed.len() {
            sleep(TURN_EVERY).await;
        }
    };
    timeout(PATIENCE, all).await.context("not every event is received in time")?;
    let (told_for, cpu) = (start.elapsed(), running.process.cpu_ms()? - cpu);
    let received = std::mem::take(&mut *received.lock().unwrap_or_else(PoisonError::into_inner));
    let lag = |(place, at): &(Place, Instant)| received.get(place).map(|received| *received - *at);
    let lags: Vec<Duration> = pushed.iter().filter_map(lag).collect();
    anyhow::ensure!(lags.len() == pushed.len(), "each message is received");
    running.end().await?;
    receiver.abort();
    let count = pushed.len() as f64;
    Ok(json!({
        "lag": percentiles(lags),
        "sent_per_second": (count / sent_for.as_secs_f64()).round(),
        "told_per_second": (count / told_for.as_secs_f64()).round(),
        "cpu_ms_per_message": round(cpu / count),
    }))
}

async fn receive(State(received): State<Received>, Json(event): Json<Value>) {
    let data = &event["data"];
    let place = data["conversation"].as_str().map(str::to_owned).zip(data["position"].as_u64());
    if let Some(place) = place {
        received.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_insert_with(Instant::now);
    }
}
