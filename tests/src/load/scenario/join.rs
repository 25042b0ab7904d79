//! A new device of a member opens a long conversation: until the newest fifty messages are readable, and until
//! every page is fetched and loaded.

use std::time::Instant;

use serde_json::{Value, json};
use tidings_core::{
    doc::Message,
    engine::Input,
    ids::{DocumentId, StreamId},
    journal::Position,
    wire::{FetchScope, Fetched},
};

use super::{
    super::{
        author::{account, conversation, device, restore},
        device::Device,
        measure::{kibibytes, median_ms, millis},
        session::Session,
    },
    Author, Bench, Running,
};

const SIZES: [usize; 2] = [10_000, 50_000];
/// Number of rows of a first screen.
const NEWEST: usize = 50;
const ROUNDS: u64 = 5;
/// The number of authors, and of messages in each one's turn.
const AUTHORS: usize = 20;
const TURN: usize = 25;
/// Pages fetched at the same time.
const FETCHES: usize = 8;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Value> {
    let running = Running::start(bench).await?;
    let mut history = History::begin(&running).await?;
    let mut sizes = Vec::new();
    for size in SIZES {
        history.grow(size).await?;
        let (author, reader) = (&history.author, &mut history.writers[0]);
        running.settled(reader, &author.stream()).await?;
        sizes.push(join(&running, size).await?);
    }
    running.end().await?;
    Ok(json!({ "sizes": sizes }))
}

/// A conversation that grows.
struct History {
    author: Author,
    writers: Vec<Session>,
    messages: usize,
}

impl History {
    async fn begin(running: &Running) -> anyhow::Result<Self> {
        let names: Vec<String> = (0..AUTHORS).map(|number| format!("writer{number}")).collect();
        let mut members: Vec<&str> = names.iter().map(String::as_str).collect();
        members.push("bob");
        let (_, author) = running.group(1, &members).await?;
        let mut writers = Vec::new();
        for name in &names {
            writers.push(running.session(name).await?);
        }
        Ok(Self { author, writers, messages: 0 })
    }

    async fn grow(&mut self, messages: usize) -> anyhow::Result<()> {
        let stream = self.author.stream();
        while self.messages < messages {
            let turn = self.messages / TURN % AUTHORS;
            let writer = &mut self.writers[turn];
            let changes = (0..TURN).map(|_| self.author.say(&writer.account, writer.device)).collect();
            writer.push_accepted(&stream, changes).await?;
            self.messages += TURN;
            if turn == AUTHORS - 1 {
                // The writers' incoming entries are dropped, so that none becomes a slow reader.
                for writer in &mut self.writers {
                    writer.discard().await?;
                }
            }
        }
        Ok(())
    }
}

async fn join(running: &Running, size: usize) -> anyhow::Result<Value> {
    let mut times = Vec::new();
    let mut down = Vec::new();
    for round in 0..ROUNDS {
        let start = Instant::now();
        let mut bob = Device::new(running.process.address, &account("bob"), 1 + round)?;
        bob.handle(Input::OpenConversation(conversation(1)));
        bob.until("the newest readable", |bob| bob.rows().count() >= NEWEST).await?;
        times.push(start.elapsed());
        down.push(bob.traffic().down);
    }
    down.sort_unstable();
    let (all_ms, all_kib) = all(running, size).await?;
    Ok(json!({
        "messages": size,
        "newest_ms": median_ms(times),
        "newest_kib": kibibytes(down[down.len() / 2]),
        "all_ms": all_ms,
        "all_kib": all_kib,
    }))
}

/// Fetches and loads every page.
async fn all(running: &Running, size: usize) -> anyhow::Result<(f64, f64)> {
    let bob = account("bob");
    let start = Instant::now();
    let mut session = Session::open(running.process.address, &bob, device(&bob, 100), None).await?;
    let stream = StreamId::Conversation(conversation(1));
    session.fetch(&stream, FetchScope::After(Position::ZERO)).await?;
    let newest = session.fetched().await?;
    let mut messages = load(&newest)?;
    let mut asked = newest.page;
    let mut missing = 0;
    while asked > 1 || missing > 0 {
        while asked > 1 && missing < FETCHES {
            asked -= 1;
            missing += 1;
            session.fetch(&stream, FetchScope::Page(asked)).await?;
        }
        messages += load(&session.fetched().await?)?;
        missing -= 1;
    }
    let time = millis(start.elapsed());
    anyhow::ensure!(messages == size, "{messages} of {size} messages were fetched");
    Ok((time, kibibytes(session.traffic().down)))
}

/// Loads what was fetched; returns the number of messages in it.
pub(super) fn load(fetched: &Fetched) -> anyhow::Result<usize> {
    let mut messages = 0;
    for document in &fetched.documents {
        let loaded = restore(fetched, document)?;
        if matches!(document.document, DocumentId::Page(..)) {
            messages += Message::read_all(&loaded).len();
        }
    }
    Ok(messages)
}
