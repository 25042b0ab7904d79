//! Throughput: one sender in one conversation, a hundred in a hundred.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidings_core::wire::PushedChange;
use tokio::task::JoinSet;

use super::{
    super::{
        author::{account, conversation, device},
        measure::round,
        raw::RawClient,
        session::Session,
    },
    Author, Bench, Running,
};

const MESSAGES: usize = 5_000;
/// Changes of one push, and one push at a time, as the engine does.
const PUSH: usize = 500;
const SENDERS: u64 = 100;
const MESSAGES_EACH: usize = 200;
/// Messages that each of many senders has in flight, each in a push of its own.
const UNDER_WAY: usize = 10;

pub(super) async fn one_sender(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let (mut ann, mut author) = running.group(1, &["bob"]).await?;
    let mut bob = running.session("bob").await?;
    let stream = author.stream();
    let changes: Vec<PushedChange> = (0..MESSAGES).map(|_| author.say(&ann.account, ann.device)).collect();
    let cpu = running.process.cpu_ms()?;
    let start = Instant::now();
    let sent = async {
        for push in changes.chunks(PUSH) {
            ann.push_accepted(&stream, push.to_vec()).await?;
        }
        anyhow::Ok(())
    };
    let (sent, seen) = tokio::join!(sent, bob.entries(MESSAGES));
    sent.and(seen)?;
    let figures = rate(MESSAGES, start.elapsed(), running.process.cpu_ms()? - cpu);
    running.end().await?;

    let running = Running::start_raw(bench).await?;
    let mut ann = RawClient::open(running.process.address, 1).await?;
    let mut bob = RawClient::open(running.process.address, 1).await?;
    let cpu = running.process.cpu_ms()?;
    let start = Instant::now();
    let sent = async {
        for push in changes.chunks(PUSH) {
            for pushed in push {
                ann.send(pushed.change.clone()).await?;
            }
            ann.take(push.len()).await?;
        }
        anyhow::Ok(())
    };
    let (sent, seen) = tokio::join!(sent, bob.take(MESSAGES));
    sent.and(seen)?;
    let raw = rate(MESSAGES, start.elapsed(), running.process.cpu_ms()? - cpu);
    running.end().await?;
    Ok(json!({ "tidings": figures, "raw": raw }))
}

pub(super) async fn many_senders(bench: &Bench) -> anyhow::Result<Value> {
    let count = SENDERS as usize * MESSAGES_EACH;
    let running = Running::start(bench).await?;
    let mut senders = Vec::new();
    for number in 0..SENDERS {
        let who = account(&format!("ann{number}"));
        let device = device(&who, 1);
        let mut session = Session::open(running.process.address, &who, device, None).await?;
        let mut author = Author::new(conversation(number));
        let created = author.create(&who, device, &[]);
        let stream = author.stream();
        session.push_accepted(&stream, vec![created]).await?;
        let changes: Vec<PushedChange> = (0..MESSAGES_EACH).map(|_| author.say(&who, device)).collect();
        senders.push((session, stream, changes));
    }
    let bodies: Vec<Vec<Vec<u8>>> =
        senders.iter().map(|(_, _, changes)| changes.iter().map(|pushed| pushed.change.clone()).collect()).collect();
    let cpu = running.process.cpu_ms()?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (mut session, stream, changes) in senders {
        tasks.spawn(async move {
            for (index, change) in changes.into_iter().enumerate() {
                if index >= UNDER_WAY {
                    session.accepted(1).await?;
                }
                session.push(&stream, vec![change]).await?;
            }
            session.accepted(UNDER_WAY).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let figures = rate(count, start.elapsed(), running.process.cpu_ms()? - cpu);
    running.end().await?;

    let running = Running::start_raw(bench).await?;
    let mut senders = Vec::new();
    for (number, bodies) in (0..).zip(bodies) {
        senders.push((RawClient::open(running.process.address, number).await?, bodies));
    }
    let cpu = running.process.cpu_ms()?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (mut client, bodies) in senders {
        tasks.spawn(async move {
            for (index, body) in bodies.into_iter().enumerate() {
                if index >= UNDER_WAY {
                    client.take(1).await?;
                }
                client.send(body).await?;
            }
            client.take(UNDER_WAY).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let raw = rate(count, start.elapsed(), running.process.cpu_ms()? - cpu);
    running.end().await?;
    Ok(json!({ "tidings": figures, "raw": raw }))
}

fn rate(count: usize, duration: Duration, cpu_ms: f64) -> Value {
    let per_second = (count as f64 / duration.as_secs_f64()).round();
    json!({ "messages_per_second": per_second, "cpu_ms_per_message": round(cpu_ms / count as f64) })
}
