//! An offline burst: somebody wrote 200 messages without a network while the others wrote 500; measured from
//! the connection until everybody has everything.

use std::time::Instant;

use serde_json::{Value, json};
use tidings_core::{command::SendMessage, engine::Input};

use super::{
    super::{
        author::{Words, account, conversation},
        device::Device,
        measure::{kibibytes, median_ms},
    },
    Bench, Running,
};

const LOCAL: usize = 200;
const REMOTE: usize = 500;
/// Messages that existed before.
const BEFORE: usize = 100;
const ROUNDS: u64 = 3;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let (mut times, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let running = Running::start(bench).await?;
        let (mut ann, mut author) = running.group(1, &["bob"]).await?;
        let stream = author.stream();
        let before = (0..BEFORE).map(|_| author.say(&ann.account, ann.device)).collect();
        ann.push_accepted(&stream, before).await?;

        let mut bob = Device::new(running.process.address, &account("bob"), round)?;
        bob.handle(Input::OpenConversation(conversation(1)));
        bob.until("the newest readable", |bob| bob.rows().count() >= 50).await?;
        bob.handle(Input::SetNetwork(false));
        let mut words = Words::new(round);
        for _ in 0..LOCAL {
            bob.command(SendMessage::new(conversation(1), words.text()));
        }
        let remote = (0..REMOTE).map(|_| author.say(&ann.account, ann.device)).collect();
        ann.push_accepted(&stream, remote).await?;
        ann.discard().await?;
        running.settled(&mut ann, &stream).await?;

        let traffic = bob.traffic();
        let start = Instant::now();
        bob.handle(Input::SetNetwork(true));
        let last = author.last_text().to_owned();
        let here = bob.until("an empty outbox and every message", |bob| {
            bob.is_online() && bob.screen.unsynced == 0 && bob.rows().any(|row| row.text() == last)
        });
        let (here, there) = tokio::join!(here, ann.entries(LOCAL));
        here.and(there)?;
        times.push(start.elapsed());
        let traffic = bob.traffic().since(traffic);
        up.push(traffic.up);
        down.push(traffic.down);
        running.end().await?;
    }
    let middle = |mut bytes: Vec<u64>| {
        bytes.sort_unstable();
        bytes[bytes.len() / 2]
    };
    let (up, down) = (middle(up), middle(down));
    Ok(json!({
        "converged_ms": median_ms(times),
        "up_kib": kibibytes(up),
        "down_kib": kibibytes(down),
        "together_kib": kibibytes(up + down),
    }))
}
