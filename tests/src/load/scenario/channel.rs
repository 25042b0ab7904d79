//! A channel with a hundred thousand subscribers: how fast they join, what they cost the server, and how long a
//! post takes to those who are online.

use std::time::Instant;

use serde_json::{Value, json};
use tidings_core::{journal::Position, model::MembershipAction};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    super::{
        author::{account, conversation, device},
        measure::{median_ms, millis, percentiles, round},
        session::Session,
    },
    Author, Bench, Running,
    fan_out::last,
};

const SUBSCRIBERS: usize = 100_000;
/// Number of accounts that join at the same time, each in its own session.
const JOINING: usize = 64;
/// Subscribers who join before the measurement, so that one-time costs are not counted.
const WARM_UP: usize = 200;
const LIVE: usize = 1_000;
const POSTS: usize = 100;
const WARM_UP_POSTS: usize = 10;
const PAGES: usize = 20;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let mut ann = running.session("ann").await?;
    let mut author = Author::new(conversation(1));
    ann.push_accepted(&author.stream(), vec![author.create_channel(&ann.account, ann.device)]).await?;
    drop(ann);
    join(&running, 0..WARM_UP).await?;
    let before_kib = running.process.memory_kib()?;
    let start = Instant::now();
    join(&running, WARM_UP..SUBSCRIBERS).await?;
    let (seconds, joined) = (start.elapsed().as_secs_f64(), (SUBSCRIBERS - WARM_UP) as f64);
    let grown_kib = running.process.memory_kib()? - before_kib;
    // A session without any traffic for that long would be ended.
    let mut ann = running.session("ann").await?;
    let posts = posts(&running, &mut ann, &mut author).await?;
    let (page_ms, counted) = page(&mut ann).await?;
    anyhow::ensure!(counted as usize == SUBSCRIBERS, "{counted} of {SUBSCRIBERS} subscribe");
    let restarted_ms = restarted(bench, running, &mut author).await?;
    Ok(json!({
        "subscribers": SUBSCRIBERS,
        "joins_per_second": round(joined / seconds),
        "memory_bytes_each": round(grown_kib * 1024.0 / joined),
        "live": LIVE,
        "posts": posts,
        "page_of_100_ms": page_ms,
        "first_post_after_restart_ms": restarted_ms,
    }))
}

/// Opens sessions, each of which joins and closes.
async fn join(running: &Running, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let address = running.process.address;
    let mut joining = JoinSet::new();
    for number in numbers {
        if joining.len() >= JOINING
            && let Some(joined) = joining.join_next().await
        {
            joined??;
        }
        joining.spawn(async move {
            let account = account(&format!("bob{number}"));
            let mut session = Session::open(address, &account, device(&account, 1), None).await?;
            session.ask(conversation(1), MembershipAction::Join(None)).await
        });
    }
    while let Some(joined) = joining.join_next().await {
        joined??;
    }
    Ok(())
}

/// Opens sessions of some subscribers together.
async fn live(running: &Running) -> anyhow::Result<Vec<Session>> {
    let address = running.process.address;
    let mut sessions = Vec::new();
    for first in (0..LIVE).step_by(JOINING) {
        let mut opening = JoinSet::new();
        for number in first..LIVE.min(first + JOINING) {
            opening.spawn(async move {
                let account = account(&format!("bob{number}"));
                Session::open(address, &account, device(&account, 1), None).await
            });
        }
        while let Some(opened) = opening.join_next().await {
            sessions.push(opened??);
        }
    }
    Ok(sessions)
}

/// Sends posts, each until the last subscriber online has it.
async fn posts(running: &Running, ann: &mut Session, author: &mut Author) -> anyhow::Result<Value> {
    let (told, mut arrivals) = mpsc::channel(LIVE);
    let mut tasks = JoinSet::new();
    for session in live(running).await? {
        let (mut session, told) = (session, told.clone());
        tasks.spawn(async move {
            while session.entries(1).await.is_ok() {
                let _ = told.send(Instant::now()).await;
            }
        });
    }
    let stream = author.stream();
    let mut times = Vec::new();
    for _ in 0..WARM_UP_POSTS + POSTS {
        let change = author.say(&account("ann"), ann.device);
        let start = Instant::now();
        ann.push(&stream, vec![change]).await?;
        times.push(last(&mut arrivals, LIVE).await?.duration_since(start));
        ann.accepted(1).await?;
    }
    tasks.shutdown().await;
    Ok(percentiles(times.split_off(WARM_UP_POSTS)))
}

/// The time in which staff get a page of the subscribers, and their number.
async fn page(ann: &mut Session) -> anyhow::Result<(f64, u32)> {
    let (mut times, mut count) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let start = Instant::now();
        count = ann.subscribers(conversation(1), Position::new(1)).await?.count;
        times.push(start.elapsed());
    }
    Ok((median_ms(times), count))
}

/// Kills the server; returns the time of the first post after that, which has to load the channel.
async fn restarted(bench: &Bench, running: Running, author: &mut Author) -> anyhow::Result<f64> {
    let Running { process, store } = running;
    process.kill().await?;
    let running = Running { process: Running::serve(bench, &store).await?, store };
    let mut ann = running.session("ann").await?;
    let change = author.say(&account("ann"), ann.device);
    let start = Instant::now();
    ann.push_accepted(&author.stream(), vec![change]).await?;
    let time = millis(start.elapsed());
    running.end().await?;
    Ok(time)
}
