//! The server's cost of an idle connection.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    super::{
        author::{account, device},
        measure::round,
        raw::RawClient,
        session::Session,
    },
    Bench, Running,
};

const CONNECTIONS: [usize; 2] = [1_000, 10_000];
/// Connections opened at the same time.
const OPENING: usize = 50;
/// Connections before the first measured one, so that one-time costs are not counted.
const WARM_UP: usize = 100;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let address = running.process.address;
    let mut sessions = Vec::new();
    let mut memory = Vec::new();
    for (count, next) in steps() {
        while sessions.len() < next {
            let mut opening = JoinSet::new();
            for number in sessions.len()..next.min(sessions.len() + OPENING) {
                opening.spawn(async move {
                    let account = account(&format!("idle{number}"));
                    Session::open(address, &account, device(&account, 1), None).await
                });
            }
            while let Some(opened) = opening.join_next().await {
                sessions.push(opened??);
            }
        }
        memory.push((count, running.process.memory_kib()?));
    }
    let tidings = per_connection(&memory);
    drop(sessions);
    running.end().await?;

    let running = Running::start_raw(bench).await?;
    let mut clients = Vec::new();
    let mut memory = Vec::new();
    for (count, next) in steps() {
        while clients.len() < next {
            clients.push(RawClient::open(running.process.address, 1).await?);
        }
        memory.push((count, running.process.memory_kib()?));
    }
    let raw = per_connection(&memory);
    running.end().await?;
    Ok(json!({ "tidings": tidings, "raw": raw }))
}

/// For each step, the number of measured connections, and the total to open by then.
fn steps() -> impl Iterator<Item = (usize, usize)> {
    std::iter::once(0).chain(CONNECTIONS).map(|count| (count, count + WARM_UP))
}

fn per_connection(memory: &[(usize, f64)]) -> Value {
    let before = memory.first().map_or(0.0, |(_, kib)| *kib);
    let figures = memory.iter().skip(1);
    let figures =
        figures.map(|&(count, kib)| json!({ "connections": count, "kib_each": round((kib - before) / count as f64) }));
    Value::Array(figures.collect())
}
