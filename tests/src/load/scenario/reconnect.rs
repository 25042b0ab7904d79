//! An account in a thousand conversations returns when ten have changed; and the server's memory after a
//! thousand were written to.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    super::{
        author::{account, conversation, device},
        measure::{kibibytes, median_ms, round},
        session::Session,
    },
    Author, Bench, Running,
};

const CONVERSATIONS: u64 = 1_000;
const CHANGED: u64 = 10;
const ROUNDS: u32 = 40;
/// Messages in each conversation.
const MESSAGES: usize = 5;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let mut bob = running.session("bob").await?;
    let ann = account("ann");
    // One conversation before the measurement, so that one-time costs are not counted.
    let mut authors = vec![touch(&mut bob, CONVERSATIONS).await?];
    let before = running.process.memory_kib()?;
    for number in 0..CONVERSATIONS - 1 {
        authors.push(touch(&mut bob, number).await?);
    }
    let touched = running.process.memory_kib()?;

    let session = Session::open(running.process.address, &ann, device(&ann, 1), None).await?;
    let first_kib = kibibytes(session.traffic().down);
    let cursor = session.cursor;
    drop(session);
    for author in authors.iter_mut().take(CHANGED as usize) {
        let stream = author.stream();
        let change = author.say(&bob.account, bob.device);
        bob.push_accepted(&stream, vec![change]).await?;
    }

    running.store.analyze().await?;
    let (mut times, mut traffic) = (Vec::new(), Default::default());
    let cpu = running.process.cpu_ms()?;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let session = Session::open(running.process.address, &ann, device(&ann, 1), Some(cursor)).await?;
        times.push(start.elapsed());
        traffic = session.traffic();
    }
    let cpu = (running.process.cpu_ms()? - cpu) / f64::from(ROUNDS);
    running.end().await?;
    Ok(json!({
        "time_ms": median_ms(times),
        "up_kib": kibibytes(traffic.up),
        "down_kib": kibibytes(traffic.down),
        "cpu_ms": round(cpu),
        "first_down_kib": first_kib,
        "memory_per_conversation_kib": round((touched - before) / (CONVERSATIONS - 1) as f64),
    }))
}

/// A conversation of Bob with Ann, and a few messages in it.
async fn touch(bob: &mut Session, number: u64) -> anyhow::Result<Author> {
    let mut author = Author::new(conversation(number));
    let stream = author.stream();
    let mut changes = vec![author.create(&bob.account, bob.device, &[account("ann")])];
    changes.extend((0..MESSAGES).map(|_| author.say(&bob.account, bob.device)));
    bob.push_accepted(&stream, changes).await?;
    Ok(author)
}
