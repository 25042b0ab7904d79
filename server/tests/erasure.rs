//! Conversations that were deleted are gone after a while, from a real store, and the
//! server goes on knowing that they were.

use std::time::Duration;

use tidings_core::{
    code::Code,
    command::SetState,
    ids::{ConversationId, StreamId, TenantId},
    journal::Position,
    limits::Limits,
    model::ConversationState,
    wire::{ClientFrame, FetchScope, ServerFrame},
};
use tidings_server::{
    mend::{Mended, mend_all},
    verify::{Finding, verify_all},
};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    process::{Process, verify},
    server::{TestServer, labelled_token},
};

on_each_store! {
    s25_a_deleted_conversation_is_erased_and_stays_deleted,
    j40_an_erasure_that_was_killed_is_gone_on_with,
    s26_whoever_left_before_is_told_on_every_node,
}

const ERASE: [&str; 4] = ["--erase-after", "0ms", "--erase-interval", "20ms"];
const ERASED: &str = "SELECT count(*) FROM conversations WHERE erased_at IS NOT NULL AND deleted_at IS NULL";
const BEGUN: &str = "SELECT count(*) FROM conversations WHERE erased_at IS NOT NULL";
/// Where the words of a conversation, or who wrote or read them, may be.
const TABLES: [(&str, &str); 8] = [
    ("journal", "stream"),
    ("documents", "document"),
    ("snapshots", "document"),
    ("quarantine", "document"),
    ("threads", "conversation"),
    ("held_messages", "conversation"),
    ("receipts", "conversation"),
    ("directory_words", "conversation"),
];

fn deletion() -> SetState {
    SetState { conversation: boats(), state: ConversationState::Deleted }
}

/// A group of Ann, Bob and Carl, who was removed, with words in it; the author goes on as Ann.
async fn written(server: &TestServer) -> (Client, Author) {
    let mut ann = Client::connect(server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    let changes = vec![author.create(&["bob", "carl"]), author.say("one"), author.remove("carl"), author.say("two")];
    ann.push_accepted(stream(boats()), changes).await;
    (ann, author)
}

async fn left(database: &Database) -> Vec<(&'static str, i64)> {
    let mut left = Vec::new();
    for (table, column) in TABLES {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} LIKE '%{}%'", boats());
        left.push((table, database.number(&sql).await));
    }
    left
}

async fn s25_a_deleted_conversation_is_erased_and_stays_deleted(database: Database) {
    let server = TestServer::start(&database, &["--snapshot-entries", "1", "--snapshot-interval", "20ms"]).await;
    let (mut ann, mut author) = written(&server).await;
    database.wait_for("SELECT count(*) FROM snapshots", 2).await;
    let last = author.say("three");
    ann.push_accepted(stream(boats()), vec![author.write(deletion())]).await;
    server.stop().await;
    assert!(left(&database).await.iter().any(|(_, count)| *count > 0));
    let server = TestServer::start(&database, &ERASE).await;
    database.wait_for(ERASED, 1).await;
    assert_eq!(left(&database).await, TABLES.map(|(table, _)| (table, 0)));
    verify(&database.address);
    for (name, number) in [("ann", 1), ("bob", 2), ("carl", 3)] {
        let mut client = Client::connect(&server, name, device(number)).await;
        for scope in [FetchScope::After(Position::ZERO), FetchScope::Anew, FetchScope::Page(1)] {
            let refused = client.fetch(&stream(boats()), scope).await.unwrap_err();
            assert_eq!(refused.code, Code::ConversationDeleted, "{name}");
        }
        // What was written before it was known, and the same conversation once more.
        for change in [last.clone(), Author::of(name, device(number), boats()).create(&["bob"])] {
            let refused = client.push_refused(stream(boats()), vec![change]).await;
            assert_eq!((refused.code, refused.retry_at), (Code::ConversationDeleted, None), "{name}");
        }
    }
    let token = labelled_token("root", Duration::from_secs(60), &["admin"]);
    let mut root = Client::dial(server.address).await;
    root.send(&ClientFrame::Hello(hello(token, device(4), None))).await;
    let anew = Author::of("root", device(4), boats()).create(&[]);
    assert_eq!(root.push_refused(stream(boats()), vec![anew]).await.code, Code::ConversationDeleted);
    // Whoever had no part learns that the id is taken, as of any other.
    let mut eve = Client::connect(&server, "eve", device(5)).await;
    let anew = Author::of("eve", device(5), boats()).create(&[]);
    assert_eq!(eve.push_refused(stream(boats()), vec![anew]).await.code, Code::ConversationExists);
    assert_eq!(left(&database).await, TABLES.map(|(table, _)| (table, 0)));
}

async fn j40_an_erasure_that_was_killed_is_gone_on_with(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = written(&server).await;
    ann.push_accepted(stream(boats()), vec![author.write(deletion())]).await;
    server.stop().await;
    // Many readers, so that it takes many steps.
    let readers = format!(
        "INSERT INTO receipts (tenant, conversation, account, delivered, read, subscriber, tick)
        WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 50000)
        SELECT 'acme', '{}', 'reader' || number, 1, 1, (1 = 0), 0 FROM numbers",
        boats()
    );
    database.execute(&readers).await;
    let flags = [&["--dev"], &ERASE[..]].concat();
    let process = Process::start(&database.address, &flags);
    database.wait_for(BEGUN, 1).await;
    process.end("-KILL");
    verify(&database.address);
    let process = Process::start(&database.address, &flags);
    database.wait_for(ERASED, 1).await;
    assert_eq!(left(&database).await, TABLES.map(|(table, _)| (table, 0)));
    process.drain().await;
    verify(&database.address);
    // What is left all the same is found.
    database
        .execute(&format!(
            "INSERT INTO directory_words (tenant, conversation, word) VALUES ('acme', '{}', 'boats')",
            boats()
        ))
        .await;
    let mut found = Vec::new();
    let differs = |_: &TenantId, _: &StreamId, finding: &Finding| found.push(finding.clone());
    let store = database.open().await;
    verify_all(&*store, None, &Limits::default(), differs).await.unwrap();
    let is_told = |found: &Finding| matches!(found, Finding::Journal(found) if found.expected.contains("nothing left"));
    assert!(found.len() == 1 && is_told(&found[0]), "{found:?}");
    // There is nothing to make its rows from, and nothing is made.
    assert_eq!(mend_all(&*store, None, |_, _, _| {}).await.unwrap(), Mended { streams: 1, rows: 0, damaged: 0 });
}

async fn s26_whoever_left_before_is_told_on_every_node(database: Database) {
    let one = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = written(&one).await;
    // A file has one node.
    let other = match database.address.starts_with("postgres") {
        true => Some(TestServer::start(&database, &[]).await),
        false => None,
    };
    let mut others = Vec::new();
    for (server, number) in [Some(&one), other.as_ref()].into_iter().flatten().zip(3..) {
        others.push(Client::connect(server, "carl", device(number)).await);
    }
    ann.push_accepted(stream(boats()), vec![author.write(deletion())]).await;
    for carl in &mut others {
        let told = carl.wait("Summaries", |frame| match frame {
            ServerFrame::Summaries(rows) if !rows.is_empty() => Some(rows),
            _ => None,
        });
        let told: Vec<(ConversationId, ConversationState, Option<String>)> =
            told.await.into_iter().map(|row| (row.conversation, row.state, row.title)).collect();
        assert_eq!(told, [(boats(), ConversationState::Deleted, None)]);
    }
}
