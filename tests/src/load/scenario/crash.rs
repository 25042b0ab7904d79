//! What was acknowledged is still there after the server was killed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_core::{doc::Change, ids::ChangeHash, journal::Position, wire::FetchScope};

use super::{
    super::{
        author::{account, device},
        session::Session,
    },
    Bench, Running,
};

const MESSAGES: usize = 200;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let (mut ann, mut author) = running.group(1, &[]).await?;
    let stream = author.stream();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..MESSAGES {
        let change = author.say(&ann.account, ann.device);
        acknowledged.insert(hash(&change.change)?);
        ann.push_accepted(&stream, vec![change]).await?;
    }
    let Running { process, store } = running;
    process.kill().await?;
    let process = Running::serve(bench, &store).await?;
    let who = account("ann");
    let mut ann = Session::open(process.address, &who, device(&who, 1), None).await?;
    // After the creation there are exactly as many as one answer may have.
    ann.fetch(&stream, FetchScope::After(Position::new(1))).await?;
    let fetched = ann.fetched().await?;
    anyhow::ensure!(!fetched.restart, "so few entries need no new start");
    for entry in &fetched.entries {
        acknowledged.remove(&hash(&entry.change)?);
    }
    let running = Running { process, store };
    running.end().await?;
    Ok(json!({ "acknowledged": MESSAGES, "lost": acknowledged.len() }))
}

fn hash(change: &[u8]) -> anyhow::Result<ChangeHash> {
    Ok(Change::parse(change)?.hash())
}
