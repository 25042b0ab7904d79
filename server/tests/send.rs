//! `tidings-server send`: a program beside the servers of a store writes on behalf of an
//! account, and everybody who is connected to them sees it.

use std::{
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use rand::Rng as _;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use tidings_core::{
    command::{BlockAccount, CreateDirect, CreateThread, SendMessage},
    ids::{ConversationId, DeviceId, Stamp, StreamId, TenantId},
    journal::{Entry, Position},
    wire::ClientFrame,
};
use tidings_server::{
    clock::{self, SystemClock},
    environment::Environment,
    live::Live,
    stream::Streams,
};
use tokio::task::JoinSet;

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, hello, stream},
    crowd::dice,
    database::Database,
    on_each_store,
    process::{Fleet, Process, program, verify},
    server::{config, token},
};

on_each_store! {
    p60_what_a_program_sends_is_heard_live_on_every_node,
    p60_calls_that_come_together_follow_on_one_another,
    p61_a_program_is_refused_what_its_account_would_be,
    p61_a_program_does_not_reach_whoever_blocks_its_account,
    p62_a_device_that_another_account_has_taken_keeps_no_program_from_writing,
    p63_what_was_not_answered_in_time_is_not_called_written,
    p63_a_program_that_is_killed_leaves_all_of_its_message_or_nothing,
}

/// Nothing but fan-out tells sessions of entries: they do not look.
const FLAGS: [&str; 3] = ["--dev", "--cursor-interval", "1h"];

/// The arguments that send a text of an account into boats.
fn sending(database: &Database, account: &str, text: &str) -> Vec<String> {
    into(database, account, &boats().to_string(), text)
}

fn into(database: &Database, account: &str, conversation: &str, text: &str) -> Vec<String> {
    let whose = ["send", "--tenant", "acme", "--account", account, "--conversation", conversation];
    let arguments = whose.into_iter().chain(["--text", text, "--store", &database.address]);
    arguments.map(str::to_owned).collect()
}

fn command(arguments: &[String]) -> Command {
    program(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Runs the program to its end: how that was, and what it said.
fn run(arguments: &[String]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
}

#[track_caller]
fn is_sent(arguments: &[String], position: u64) {
    let (code, said) = run(arguments);
    assert!(code == Some(0) && said.ends_with(&format!(" at position {position}\n")), "{code:?} {said}");
}

#[track_caller]
fn is_refused(arguments: &[String], expected: &str) {
    let (code, said) = run(arguments);
    assert!(code == Some(1) && said.starts_with(&format!("tidings-server: {expected}: ")), "{code:?} {said}");
}

/// Ann's group with bob, in which she has said one thing.
async fn begin(server: &Process) -> (Client, Author) {
    let mut ann = Client::at(server.address, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"]), author.say("one")]).await;
    (ann, author)
}

async fn p60_what_a_program_sends_is_heard_live_on_every_node(database: Database) {
    let nodes = if database.address.starts_with("sqlite:") { 1 } else { 2 };
    let fleet = Fleet::start(&database.address, nodes, &FLAGS);
    let (mut ann, mut author) = begin(&fleet.nodes[0]).await;
    let mut listening = Vec::new();
    for (node, number) in fleet.nodes.iter().zip(10..) {
        listening.push(Client::at(node.address, "bob", device(number)).await);
    }
    is_sent(&sending(&database, "bob", "two"), 3);
    let heard: Vec<Entry> = ann.entries_to(&stream(boats()), 3).await;
    author.apply(&heard);
    assert_eq!(author.stream.last_message().unwrap().preview, Some("two".into()));
    for client in &mut listening {
        let heard = client.entries_to(&stream(boats()), 3).await;
        assert_eq!(heard.last().unwrap().account, account("bob"));
    }
    // The task that has the stream in memory goes on behind it, and so does the next program.
    let accepted = ann.push_accepted(stream(boats()), vec![author.say("three")]).await;
    assert_eq!(accepted.positions, [Position::new(4)]);
    is_sent(&sending(&database, "bob", "four"), 5);
    for client in &mut listening {
        client.entries_to(&stream(boats()), 5).await;
    }
    let counts = verify(&database.address);
    assert!(counts.contains("5 entries"), "{counts}");
}

async fn p60_calls_that_come_together_follow_on_one_another(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, mut author) = begin(&server).await;
    let thread = author.write(CreateThread {
        conversation: boats(),
        message: author.newest_message(1),
        title: Some("Masts".into()),
    });
    ann.push_accepted(stream(boats()), vec![thread]).await;
    let thread = author.stream.threads().next().unwrap().id;
    // A node that serves nobody.
    let (mut tasks, store) = (JoinSet::new(), database.open().await);
    let env = Environment::new(config(&["--store", &database.address]), store, Arc::new(SystemClock));
    let streams = Arc::new(Streams::start(&mut tasks, &env, &Live::new(&env)));
    let mut calls = JoinSet::new();
    for number in 0..20 {
        let streams = Arc::clone(&streams);
        calls.spawn(async move {
            let stamp = Stamp::new(clock::wall_now(), number, rand::random());
            let text = SendMessage { stamp, ..SendMessage::new(boats(), format!("number {number}")) };
            let command = SendMessage { thread: (number % 2 == 0).then_some(thread), ..text };
            streams.call(&TenantId::parse("acme").unwrap(), &account("bob"), command.into()).await
        });
    }
    let mut positions: Vec<Position> = calls.join_all().await.into_iter().map(Result::unwrap).collect();
    positions.sort_unstable();
    assert_eq!(positions, (4..24).map(Position::new).collect::<Vec<_>>());
    verify(&database.address);
}

async fn p61_a_program_does_not_reach_whoever_blocks_its_account(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let direct = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"));
    let mut ann = Client::at(server.address, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), direct);
    let begun = vec![author.write(CreateDirect { peer: account("bob") }), author.say("hello")];
    ann.push_accepted(stream(direct), begun).await;
    is_sent(&into(&database, "bob", &direct.to_string(), "hello"), 3);
    let block = BlockAccount { account: account("bob"), blocked: true };
    let block = Author::of_account("ann", device(1)).write(block);
    ann.push_accepted(StreamId::Account(account("ann")), vec![block]).await;
    is_refused(&into(&database, "bob", &direct.to_string(), "again"), "not_deliverable");
}

async fn p61_a_program_is_refused_what_its_account_would_be(database: Database) {
    is_refused(
        &sending(&database, "bob", "two"),
        if database.address.starts_with("sqlite:") { "store_missing" } else { "store_schema_differs" },
    );
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, mut author) = begin(&server).await;
    ann.push_accepted(stream(boats()), vec![author.add("cat")]).await;
    ann.push_accepted(stream(boats()), vec![author.remove("cat")]).await;
    is_refused(&sending(&database, "eve", "two"), "not_a_member");
    is_refused(&sending(&database, "cat", "two"), "member_removed");
    is_refused(&sending(&database, "bob", ""), "text_empty");
    is_refused(&sending(&database, "bob", &"x".repeat(5_000)), "text_too_long");
    let elsewhere = ConversationId::from_bytes([7; 16]).to_string();
    is_refused(&into(&database, "bob", &elsewhere, "two"), "conversation_unknown");
    let suspension = ["suspend", "--account", "bob", "--tenant", "acme", "--store", &database.address, "--unseen"];
    assert!(program(&suspension).status().unwrap().success());
    is_refused(&sending(&database, "bob", "two"), "account_suspended");
    for (account, conversation) in [("", elsewhere.as_str()), ("bob", "boats")] {
        assert_eq!(run(&into(&database, account, conversation, "two")).0, Some(2), "{account:?} {conversation:?}");
    }
    // Nothing of all that is in the journal, nor has anybody a device who is no member.
    let counts = verify(&database.address);
    assert!(counts.contains("4 entries"), "{counts}");
    assert_eq!(database.number("SELECT count(*) FROM devices WHERE account = 'eve'").await, 0);
}

async fn p62_a_device_that_another_account_has_taken_keeps_no_program_from_writing(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, _) = begin(&server).await;
    let taken = DeviceId::of_programs(&TenantId::parse("acme").unwrap(), &account("bob"));
    let mut mallory = Client::dial(server.address).await;
    let token = token("mallory", Duration::from_secs(600));
    mallory.send(&ClientFrame::Hello(hello(token, taken, None))).await;
    mallory.settle().await;
    is_sent(&sending(&database, "bob", "two"), 3);
    assert_eq!(ann.entries_to(&stream(boats()), 3).await.last().unwrap().account, account("bob"));
    verify(&database.address);
}

/// A transaction that keeps everybody else from writing, until it is dropped.
enum Hold {
    Sqlite(#[allow(dead_code, reason = "it is held")] SqliteConnection),
    Postgres(#[allow(dead_code, reason = "it is held")] PgConnection),
}

impl Hold {
    async fn of(database: &Database) -> Self {
        if database.address.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&database.address).await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            Self::Sqlite(connection)
        } else {
            let mut connection = PgConnection::connect(&database.address).await.unwrap();
            connection.execute("BEGIN; LOCK TABLE journal IN EXCLUSIVE MODE").await.unwrap();
            Self::Postgres(connection)
        }
    }
}

async fn p63_what_was_not_answered_in_time_is_not_called_written(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, _) = begin(&server).await;
    let held = Hold::of(&database).await;
    let arguments = [sending(&database, "bob", "two"), vec!["--timeout".into(), "500ms".into()]].concat();
    let (code, said) = run(&arguments);
    let expected = "tidings-server: store_unavailable: no answer within 500ms: ";
    assert!(code == Some(1) && said.starts_with(expected), "{code:?} {said}");
    drop(held);
    is_sent(&sending(&database, "bob", "two again"), 3);
    ann.entries_to(&stream(boats()), 3).await;
    let counts = verify(&database.address);
    assert!(counts.contains("3 entries"), "{counts}");
}

async fn p63_a_program_that_is_killed_leaves_all_of_its_message_or_nothing(database: Database) {
    let server = Process::start(&database.address, &FLAGS);
    let (mut ann, _) = begin(&server).await;
    let mut dice = dice();
    for text in ["two", "three", "four", "five", "six", "seven"] {
        let mut child = command(&sending(&database, "bob", text)).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..150))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, said) = run(&sending(&database, "bob", "last"));
    let position = said.trim().rsplit(' ').next().and_then(|position| position.parse::<u64>().ok());
    let position = position.filter(|_| code == Some(0)).unwrap_or_else(|| panic!("{code:?} {said}"));
    let heard = ann.entries_to(&stream(boats()), position).await;
    assert!(heard.iter().all(|entry| entry.account == account("bob")));
    // Every decision is made again: each of them follows on what was there before.
    let counts = verify(&database.address);
    assert!(counts.contains(&format!("{position} entries")), "{counts}");
}
