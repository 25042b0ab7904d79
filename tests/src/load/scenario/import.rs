//! Export of a tenant by the command line, and its import into an empty store.

use std::{process::Stdio, time::Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tidings_core::wire::PushedChange;
use tokio::process::Command;

use super::{
    super::author::{conversation, tenant},
    Bench, Running,
};

const CONVERSATIONS: u64 = 20;
const MESSAGES_EACH: usize = 1_000;
/// Messages of one push.
const PUSH: usize = 500;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    for number in 0..CONVERSATIONS {
        let (mut ann, mut author) = running.group(number, &["bob"]).await?;
        let stream = author.stream();
        for _ in 0..MESSAGES_EACH / PUSH {
            let changes: Vec<PushedChange> = (0..PUSH).map(|_| author.say(&ann.account, ann.device)).collect();
            ann.push_accepted(&stream, changes).await?;
        }
    }
    let messages = CONVERSATIONS as f64 * MESSAGES_EACH as f64;
    let archive = std::env::temp_dir().join(format!("tidings-bench-{}-{}.jsonl", std::process::id(), conversation(0)));
    let archive = archive.to_str().context("the folder's name is text")?;
    let started = Instant::now();
    command(bench, &["export", "--store", &running.store.url, "--output", archive]).await?;
    let exported = started.elapsed();
    running.end().await?;

    let store = bench.stores.make().await?;
    // Its tables are made by a server.
    Running::serve(bench, &store).await?.kill().await?;
    let started = Instant::now();
    command(bench, &["import", "--store", &store.url, "--from", "tidings", archive]).await?;
    let imported = started.elapsed();
    store.remove().await?;
    std::fs::remove_file(archive)?;
    Ok(json!({
        "exported_per_second": (messages / exported.as_secs_f64()).round(),
        "imported_per_second": (messages / imported.as_secs_f64()).round(),
    }))
}

async fn command(bench: &Bench, arguments: &[&str]) -> anyhow::Result<()> {
    let (name, options) = arguments.split_first().context("a command has a name")?;
    let mut command = Command::new(&bench.server);
    command.args([*name, "--tenant", tenant().as_str()]).args(options);
    let output = command.stdin(Stdio::null()).output().await?;
    let error = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{name} failed: {error}");
    Ok(())
}
