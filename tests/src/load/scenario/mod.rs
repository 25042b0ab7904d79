//! The scenarios by name. Each starts servers of its own on fresh stores and
//! answers one JSON value.

mod channel;
mod crash;
mod fan_out;
mod flood;
mod import;
mod join;
mod latency;
mod memory;
mod offline;
mod reconnect;
mod rest;
mod throughput;
mod webhook;

use std::time::Duration;

use serde_json::Value;
use tidings_core::{
    ids::{AccountId, StreamId},
    journal::Position,
    wire::FetchScope,
};
use tokio::time::{sleep, timeout};

use super::{
    Bench, PATIENCE,
    author::{Author, account, conversation, device},
    process::Process,
    session::Session,
    store::Store,
};

/// Every scenario: those of clients over sockets, then those of other services.
pub const NAMES: [&str; 16] = [
    "latency",
    "one_sender",
    "many_senders",
    "cold_join",
    "offline_burst",
    "reconnect",
    "fan_out",
    "channel",
    "connections",
    "crash",
    "flood",
    "rest_send",
    "rest_list",
    "permission_checks",
    "webhooks",
    "import",
];

/// Runs one.
///
/// # Errors
/// When there is no scenario with this name, or it fails.
pub async fn run(name: &str, bench: &Bench) -> anyhow::Result<Value> {
    match name {
        "latency" => latency::run(bench).await,
        "one_sender" => throughput::one_sender(bench).await,
        "many_senders" => throughput::many_senders(bench).await,
        "cold_join" => join::run(bench).await,
        "offline_burst" => offline::run(bench).await,
        "reconnect" => reconnect::run(bench).await,
        "fan_out" => fan_out::run(bench).await,
        "channel" => channel::run(bench).await,
        "connections" => memory::run(bench).await,
        "crash" => crash::run(bench).await,
        "flood" => flood::run(bench).await,
        "rest_send" => rest::send(bench).await,
        "rest_list" => rest::list(bench).await,
        "permission_checks" => rest::permission_checks(bench).await,
        "webhooks" => webhook::lag(bench).await,
        "import" => import::run(bench).await,
        _ => anyhow::bail!("no scenario `{name}`; there are {}", NAMES.join(", ")),
    }
}

/// A server as it ships, except for the rates of one account, and with more frequent snapshots, so that no
/// scenario has to wait.
const UNBOUNDED: [&str; 12] = [
    "--snapshot-interval",
    "1s",
    "--changes-burst",
    "1000000",
    "--changes-per-second",
    "1000000",
    "--account-changes",
    "1000000+1000000/s",
    "--account-fetches",
    "1000000+1000000/s",
    "--account-checks",
    "1000000+1000000/s",
];

/// Members named in the change that creates a conversation.
const CREATED_WITH_MAX: usize = 400;
/// Number of entries after a snapshot at which the server makes another, plus a few.
const SNAPSHOT_ENTRIES: usize = 84;

/// A server on a fresh store.
struct Running {
    process: Process,
    store: Store,
}

impl Running {
    async fn start(bench: &Bench) -> anyhow::Result<Self> {
        let store = bench.stores.make().await?;
        Ok(Self { process: Self::serve(bench, &store).await?, store })
    }

    /// Starts a server with all limits as shipped.
    async fn start_as_shipped(bench: &Bench) -> anyhow::Result<Self> {
        let store = bench.stores.make().await?;
        Ok(Self { process: Self::serve_with(bench, &store, &[]).await?, store })
    }

    async fn serve(bench: &Bench, store: &Store) -> anyhow::Result<Process> {
        Self::serve_with(bench, store, &UNBOUNDED).await
    }

    async fn serve_with(bench: &Bench, store: &Store, flags: &[&str]) -> anyhow::Result<Process> {
        let mut arguments = vec!["serve", "--dev", "--listen", "127.0.0.1:0", "--log", "error", "--store", &store.url];
        arguments.extend(flags);
        Process::start(&bench.server, &arguments).await
    }

    /// Starts the bare server, which is this program itself.
    async fn start_raw(bench: &Bench) -> anyhow::Result<Self> {
        let store = bench.stores.make().await?;
        let process = Process::start(&std::env::current_exe()?, &["raw", "--store", &store.url]).await?;
        Ok(Self { process, store })
    }

    async fn end(self) -> anyhow::Result<()> {
        self.process.kill().await?;
        self.store.remove().await
    }

    async fn session(&self, name: &str) -> anyhow::Result<Session> {
        let account = account(name);
        let device = device(&account, 1);
        Session::open(self.process.address, &account, device, None).await
    }

    /// The conversation with this number, created by Ann with these members.
    async fn group(&self, number: u64, members: &[&str]) -> anyhow::Result<(Session, Author)> {
        let mut ann = self.session("ann").await?;
        let mut author = Author::new(conversation(number));
        let members: Vec<AccountId> = members.iter().map(|name| account(name)).collect();
        // One change is bounded; further members are added one by one.
        let (first, others) = members.split_at(members.len().min(CREATED_WITH_MAX));
        let mut changes = vec![author.create(&ann.account, ann.device, first)];
        changes.extend(others.iter().map(|other| author.add(&ann.account, ann.device, other.clone())));
        ann.push_accepted(&author.stream(), changes).await?;
        Ok((ann, author))
    }

    /// Waits until the due snapshots are made, so that recent writes do not affect the measurement.
    async fn settled(&self, reader: &mut Session, stream: &StreamId) -> anyhow::Result<()> {
        let settled = timeout(PATIENCE, async {
            loop {
                reader.fetch(stream, FetchScope::After(Position::ZERO)).await?;
                let newest = reader.fetched().await?;
                let mut behind = newest.entries.len();
                for page in 1..newest.page {
                    reader.fetch(stream, FetchScope::Page(page)).await?;
                    behind = behind.max(reader.fetched().await?.entries.len());
                }
                if behind < SNAPSHOT_ENTRIES {
                    return anyhow::Ok(());
                }
                sleep(Duration::from_millis(500)).await;
            }
        });
        settled.await?
    }
}
