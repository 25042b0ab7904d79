//! Rows that rotted under a running node: what can be made again is made
//! again, what cannot is said, and everything else goes on. The same cases on
//! both real stores.

use tidings_core::{
    code::Code,
    doc::{Document, Message},
    ids::{ConversationId, DocumentId, TenantId, TimelineId},
    journal::Position,
    wire::{FetchScope, Fetched, PushedChange, ServerFrame},
};
use tidings_server::store::Snapshot;

use crate::support::{
    author::{Author, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    j6_a_bad_snapshot_is_quarantined_and_cut_anew,
    j6_a_snapshot_of_another_document_is_not_sent,
    j6_a_snapshot_that_does_not_load_is_made_from_the_journal,
    j6_a_rotten_snapshot_is_never_sent_while_it_cannot_be_set_aside,
    j7_pushes_to_a_damaged_stream_are_deferred_and_others_go_on,
    j7_readers_of_a_damaged_stream_are_told_and_read_the_others,
    j7_what_is_behind_a_snapshot_does_no_harm,
    j7_a_missing_entry_is_damage_too,
}

/// Nothing stays in memory from one push to the next.
const FORGETFUL: [&str; 4] = ["--stream-idle", "1ms", "--cache-bytes-max", "0"];
const CUTTING: [&str; 4] = ["--snapshot-entries", "2", "--snapshot-interval", "20ms"];
const NOT_CUTTING: [&str; 4] = ["--snapshot-entries", "1000", "--snapshot-interval", "1h"];

fn other() -> ConversationId {
    ConversationId::from_bytes([0x0e; 16])
}

fn page() -> DocumentId {
    TimelineId::of(boats()).page(1)
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// A server, and ann with two groups of four messages each, whose members are
/// she and bob.
async fn written(database: &Database, flags: &[&str]) -> (TestServer, Client, [Author; 2]) {
    let server = TestServer::start(database, flags).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut authors = [boats(), other()].map(|conversation| Author::of("ann", device(1), conversation));
    for (author, conversation) in authors.iter_mut().zip([boats(), other()]) {
        let mut changes = vec![author.create(&["bob"])];
        changes.extend(["one", "two", "three", "four"].map(|text| author.say(text)));
        ann.push_accepted(stream(conversation), changes).await;
    }
    (server, ann, authors)
}

fn texts(fetched: &Fetched, id: &DocumentId) -> Vec<String> {
    let snapshot = fetched.documents.iter().find(|snapshot| snapshot.document == *id).unwrap();
    let tail: Vec<_> = fetched.entries.iter().filter(|entry| entry.document == *id).cloned().collect();
    let stored = (snapshot.position, snapshot.data.as_slice(), snapshot.admissions.as_slice());
    let document = Document::restore(id.clone(), Some(stored), &tail).unwrap();
    Message::read_all(&document).iter().rev().map(|message| message.text().to_owned()).collect()
}

async fn healthy(server: &TestServer) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    for path in ["/healthz", "/readyz"] {
        let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

/// The condition of a statement about the page of the boats.
fn of_page() -> String {
    format!("WHERE document = '{}'", page())
}

fn entry(position: u64) -> String {
    format!("WHERE stream = '{}' AND position = {position}", stream(boats()))
}

async fn wait_for_snapshot(database: &Database) {
    database.wait_for(&format!("SELECT count(*) FROM snapshots {}", of_page()), 1).await;
}

async fn wait_for_quarantine(database: &Database) {
    database.wait_for(&format!("SELECT count(*) FROM quarantine {} AND reason <> ''", of_page()), 1).await;
}

async fn j6_a_bad_snapshot_is_quarantined_and_cut_anew(database: Database) {
    let (server, mut ann, [mut author, mut elsewhere]) = written(&database, &[FORGETFUL, CUTTING].concat()).await;
    wait_for_snapshot(&database).await;
    let column = async |name| database.bytes(&format!("SELECT {name} FROM snapshots {}", of_page())).await;
    let (data, admissions) = (column("data").await, column("admissions").await);
    let mut bad: Vec<String> = Vec::new();
    for at in (0..data.len()).step_by(data.len() / 12) {
        let mut flipped = data.clone();
        flipped[at] ^= 1 << (at % 8);
        bad.push(format!("data = {}", database.literal(&flipped)));
    }
    for bytes in [&data[..data.len() / 2], &data[..1], &[], b"garbage", &[0; 4_096]] {
        bad.push(format!("data = {}", database.literal(bytes)));
    }
    bad.push(format!("admissions = {}", database.literal(&admissions[1..])));
    bad.push("position = position - 1".into());
    bad.push("position = 1000000".into());
    bad.push("position = -5".into());
    bad.push(format!("checksum = {}", database.literal(b"none")));
    for bad in bad {
        wait_for_snapshot(&database).await;
        assert_eq!(database.execute(&format!("UPDATE snapshots SET {bad} {}", of_page())).await, 1);
        let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
        assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four"], "{bad}");
        wait_for_quarantine(&database).await;
        database.execute("DELETE FROM quarantine").await;
    }
    wait_for_snapshot(&database).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert!(fetched.entries.is_empty() && !fetched.documents[0].data.is_empty());
    assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four"]);
    ann.push_accepted(stream(boats()), vec![author.say("five")]).await;
    ann.push_accepted(stream(other()), vec![elsewhere.say("five")]).await;
    healthy(&server).await;
    server.stop().await;
}

async fn j6_a_snapshot_of_another_document_is_not_sent(database: Database) {
    let (server, mut ann, [_, mut elsewhere]) = written(&database, &CUTTING).await;
    wait_for_snapshot(&database).await;
    ann.push_accepted(stream(other()), vec![elsewhere.say("not ours"), elsewhere.say("at all")]).await;
    let theirs = format!("SELECT coalesce(max(position), 0) FROM snapshots WHERE document = 'page/{}/1'", other());
    database.wait_for(&theirs, 7).await;
    let sql = format!(
        "UPDATE snapshots SET (position, checksum, admissions, data) =
            (SELECT position, checksum, admissions, data FROM snapshots WHERE document = 'page/{}/1') {}",
        other(),
        of_page()
    );
    assert_eq!(database.execute(&sql).await, 1);
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four"]);
    wait_for_quarantine(&database).await;
    server.stop().await;
}

/// Stores a snapshot with its checksum, which no node would have written.
async fn store_snapshot(database: &Database, position: u64, data: &[u8]) {
    let store = database.open().await;
    let snapshot = Snapshot { position: Position::new(position), data: data.to_vec(), admissions: Vec::new() };
    store.save_snapshot(&tenant(), &page(), &snapshot).await.unwrap();
}

async fn j6_a_snapshot_that_does_not_load_is_made_from_the_journal(database: Database) {
    let (server, _, [mut author, _]) = written(&database, &NOT_CUTTING).await;
    server.stop().await;
    store_snapshot(&database, 3, b"garbage with a checksum").await;
    let server = TestServer::start(&database, &NOT_CUTTING).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    ann.push_accepted(stream(boats()), vec![author.say("five")]).await;
    wait_for_quarantine(&database).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four", "five"]);
    server.stop().await;
    // The job meets one too.
    store_snapshot(&database, 3, b"more garbage").await;
    let server = TestServer::start(&database, &CUTTING).await;
    database.wait_for(&format!("SELECT coalesce(max(position), 0) FROM snapshots {}", of_page()), 6).await;
    server.stop().await;
}

async fn j6_a_rotten_snapshot_is_never_sent_while_it_cannot_be_set_aside(database: Database) {
    let (server, mut ann, [mut author, _]) = written(&database, &[FORGETFUL, CUTTING].concat()).await;
    wait_for_snapshot(&database).await;
    database.execute("DROP TABLE quarantine").await;
    let sql = format!("UPDATE snapshots SET data = {} {}", database.literal(b"rotten"), of_page());
    assert_eq!(database.execute(&sql).await, 1);
    let fetched = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four"]);
    ann.push_accepted(stream(boats()), vec![author.say("five")]).await;
    server.stop().await;
}

/// A push that is to come again when an operator has mended the stream.
async fn damaged(client: &mut Client, change: &PushedChange) {
    let refused = client.push_refused(stream(boats()), vec![change.clone()]).await;
    assert_eq!((refused.code, refused.index), (Code::StreamDamaged, 0), "{refused:?}");
    let soon = tidings_server::clock::wall_now().as_millis() + 10_000;
    assert!(refused.retry_at.is_some_and(|at| at.as_millis() > soon), "{refused:?}");
}

async fn j7_pushes_to_a_damaged_stream_are_deferred_and_others_go_on(database: Database) {
    let (server, _, [mut author, mut elsewhere]) = written(&database, &NOT_CUTTING).await;
    server.stop().await;
    let good = database.bytes(&format!("SELECT change FROM journal {}", entry(3))).await;
    let mut bad: Vec<String> = Vec::new();
    for at in (0..good.len()).step_by(good.len() / 12) {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (at % 8);
        bad.push(format!("change = {}", database.literal(&flipped)));
    }
    for bytes in [&good[..good.len() / 2], &[], b"garbage"] {
        bad.push(format!("change = {}", database.literal(bytes)));
    }
    bad.push("account = ''".into());
    bad.push("accepted_at = -1".into());
    bad.push(format!("hash = {}", database.literal(b"short")));
    bad.push("document = 'nothing'".into());
    let change = author.say("five");
    // What the damage does not show is still in memory, so the node starts with it.
    let mut server: Option<(TestServer, Client)> = None;
    let columns = "account, accepted_at, hash, document, change";
    database.execute(&format!("CREATE TABLE kept AS SELECT {columns} FROM journal {}", entry(3))).await;
    for bad in bad {
        assert_eq!(database.execute(&format!("UPDATE journal SET {bad} {}", entry(3))).await, 1);
        if server.is_none() {
            let started =
                TestServer::start(&database, &[&NOT_CUTTING[..], &["--changes-burst", "1000"]].concat()).await;
            let ann = Client::connect(&started, "ann", device(1)).await;
            server = Some((started, ann));
        }
        let (_, ann) = server.as_mut().unwrap();
        damaged(ann, &change).await;
        ann.push_accepted(stream(other()), vec![elsewhere.say("goes on")]).await;
        let mend = format!("UPDATE journal SET ({columns}) = (SELECT {columns} FROM kept) {}", entry(3));
        assert_eq!(database.execute(&mend).await, 1);
    }
    let (server, mut ann) = server.unwrap();
    healthy(&server).await;
    ann.push_accepted(stream(boats()), vec![change]).await;
    server.stop().await;
}

async fn j7_readers_of_a_damaged_stream_are_told_and_read_the_others(database: Database) {
    let (server, mut ann, [mut author, mut elsewhere]) = written(&database, &NOT_CUTTING).await;
    let bob = Client::connect(&server, "bob", device(2)).await;
    let cursor = bob.cursor;
    drop(bob);
    ann.push_accepted(stream(boats()), vec![author.say("five"), author.say("six")]).await;
    ann.push_accepted(stream(other()), vec![elsewhere.say("five")]).await;
    server.stop().await;
    let sql = format!("UPDATE journal SET change = {} {}", database.literal(b"rotten"), entry(6));
    assert_eq!(database.execute(&sql).await, 1);
    let server = TestServer::start(&database, &[&NOT_CUTTING[..], &["--cursor-interval", "50ms"]].concat()).await;
    // Who comes back is sent the other stream; who is new, the list.
    let (mut bob, frames) = Client::resume(&server, "bob", device(2), cursor).await;
    let sent = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Entries(entries) => Some(entries.stream.clone()),
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), [stream(other())]);
    let (_tablet, frames) = Client::resume(&server, "bob", device(3), None).await;
    assert!(matches!(&frames[1], ServerFrame::Summaries(summaries) if summaries.len() == 2), "{frames:?}");
    for scope in [FetchScope::After(Position::ZERO), FetchScope::After(Position::new(5)), FetchScope::Page(1)] {
        let refused = bob.fetch(&stream(boats()), scope).await.unwrap_err();
        assert_eq!(refused.code, Code::StreamDamaged);
        assert!(refused.retry_at.is_some());
    }
    assert_eq!(bob.fetch(&stream(other()), FetchScope::After(Position::ZERO)).await.unwrap().entries.len(), 6);
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    ann.push_accepted(stream(other()), vec![elsewhere.say("six")]).await;
    assert_eq!(bob.entries_to(&stream(other()), 7).await.len(), 1);
    // Newer cursors come as ever.
    let newer = bob.wait("a newer cursor", |frame| match frame {
        ServerFrame::CaughtUp(newer) => (Some(newer) > cursor).then_some(()),
        _ => None,
    });
    newer.await;
    healthy(&server).await;
    server.stop().await;
}

async fn j7_what_is_behind_a_snapshot_does_no_harm(database: Database) {
    let (server, _, [mut author, _]) = written(&database, &CUTTING).await;
    database.wait_for(&format!("SELECT coalesce(max(position), 0) FROM snapshots {}", of_page()), 5).await;
    server.stop().await;
    let sql = format!("UPDATE journal SET change = {} {}", database.literal(b"rotten"), entry(3));
    assert_eq!(database.execute(&sql).await, 1);
    let server = TestServer::start(&database, &NOT_CUTTING).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    ann.push_accepted(stream(boats()), vec![author.say("five")]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert!(fetched.restart);
    assert_eq!(texts(&fetched, &page()), ["one", "two", "three", "four", "five"]);
    server.stop().await;
}

async fn j7_a_missing_entry_is_damage_too(database: Database) {
    let (server, _, [mut author, mut elsewhere]) = written(&database, &NOT_CUTTING).await;
    server.stop().await;
    assert_eq!(database.execute(&format!("DELETE FROM journal {}", entry(3))).await, 1);
    let store = database.open().await;
    let read = store.entries_after(&tenant(), &stream(boats()), Position::ZERO, 10).await;
    assert!(read.unwrap_err().to_string().contains("entry 3 of"));
    let server = TestServer::start(&database, &NOT_CUTTING).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    damaged(&mut ann, &author.say("five")).await;
    ann.push_accepted(stream(other()), vec![elsewhere.say("goes on")]).await;
    server.stop().await;
}
