//! A store that somebody changed: what is otherwise than the entries say is
//! found, and where. The same cases on both real stores.

use tidings_core::{
    authority::{Aspect, Difference},
    ids::{ChangeHash, DocumentId, StreamId, TenantId, TimelineId},
    journal::Position,
    limits::Limits,
    wire::FetchScope,
};
use tidings_server::{
    store::{Snapshot, Store},
    verify::{Counts, Finding, verify_all},
};

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    j1_a_deleted_entry_is_found,
    j1_a_deleted_end_is_found,
    j2_a_healthy_journal_verifies_while_a_server_runs,
    j2_a_changed_byte_is_found,
    j2_a_rewritten_change_is_found_by_who_depends_on_it,
    j2_an_entry_in_another_name_is_found,
    j2_an_entry_of_a_removed_member_is_found,
    j2_a_message_that_another_author_is_counted_for_is_found,
    j2_a_time_before_the_change_was_written_is_found,
    j2_an_entry_that_does_not_decode_is_found,
    j2_account_streams_and_other_tenants_are_verified_too,
    j3_a_device_of_two_accounts_is_found,
    j3_a_device_that_is_registered_to_another_account_is_found,
    j4_a_snapshot_without_its_checksum_is_found,
    j4_a_snapshot_of_another_state_is_found,
    j4_a_snapshot_with_other_admissions_is_found,
    j48_a_change_of_each_column_that_the_chain_covers_is_found,
    j48_entries_in_another_order_are_found,
    j48_a_dropped_entry_that_nobody_misses_is_found,
}

const PAGE: &str = "SELECT count(*) FROM snapshots WHERE document LIKE 'page/%' AND position = 5";

fn page() -> DocumentId {
    TimelineId::of(boats()).page(1)
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// Entries 1 to 5 of a group: created, two messages of ann, two of bob; a
/// profile; and a snapshot of the page as of entry 5.
async fn written(database: &Database) -> (TestServer, Client, Author, Author) {
    let server = TestServer::start(database, &["--snapshot-entries", "4", "--snapshot-interval", "20ms"]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"]), author.say("one"), author.say("two")]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut bob_writes = Author::of("bob", device(2), boats());
    bob_writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let says = vec![bob_writes.say("three"), bob_writes.say("four")];
    bob.push_accepted(stream(boats()), says).await;
    author.apply(&ann.entries_to(&stream(boats()), 5).await);
    let own = StreamId::Account(account("ann"));
    let mut home = Author::of_account("ann", device(1));
    ann.push_accepted(own, vec![home.call_themselves("Ann"), home.befriend("bob")]).await;
    database.wait_for(PAGE, 1).await;
    (server, ann, author, bob_writes)
}

async fn verify(store: &dyn Store) -> (Counts, Vec<(StreamId, Finding)>) {
    let mut found = Vec::new();
    let differs = |_: &TenantId, stream: &StreamId, finding: &Finding| {
        found.push((stream.clone(), finding.clone()));
    };
    let counts = verify_all(store, None, &Limits::default(), differs).await.unwrap();
    (counts, found)
}

/// What is found of the journal after one statement has changed something.
async fn found_after(database: &Database, sql: &str) -> Difference {
    let (server, ..) = written(database).await;
    server.stop().await;
    found_in(database, sql).await
}

async fn found_in(database: &Database, sql: &str) -> Difference {
    assert!(database.execute(sql).await > 0, "{sql}");
    let (counts, found) = verify(&*database.open().await).await;
    assert_eq!(counts.differing, 1, "{found:?}");
    let mut differences = found.into_iter().filter_map(|(differing, finding)| match finding {
        Finding::Journal(difference) => Some((differing, difference)),
        Finding::Row(_) => None,
    });
    let (differing, difference) = differences.next().unwrap();
    assert_eq!((differing, differences.next()), (stream(boats()), None));
    difference
}

#[track_caller]
fn check(found: &Difference, position: u64, aspect: Aspect, expected: &str) {
    assert_eq!((found.position.number(), found.aspect), (position, aspect), "{found:?}");
    assert!(found.expected.contains(expected), "{found:?}");
}

fn row(position: u64) -> String {
    format!("stream = '{}' AND position = {position}", stream(boats()))
}

async fn change(database: &Database, position: u64) -> Vec<u8> {
    database.bytes(&format!("SELECT change FROM journal WHERE {}", row(position))).await
}

async fn j2_a_healthy_journal_verifies_while_a_server_runs(database: Database) {
    let (server, mut ann, mut author, _) = written(&database).await;
    let store = database.open().await;
    let (counts, found) = verify(&*store).await;
    assert_eq!(found, []);
    assert_eq!(counts, Counts { streams: 2, entries: 7, snapshots: 1, differing: 0 });
    ann.push_accepted(stream(boats()), vec![author.remove("bob"), author.say("five")]).await;
    let (counts, found) = verify(&*store).await;
    assert_eq!((found, counts.entries), (vec![], 9));
    server.stop().await;
}

/// What is found after a statement that no decision forbids, and what is found once it is undone.
async fn check_chain(database: &Database, position: u64, change: &str, undo: &str) {
    let found = found_in(database, change).await;
    check(&found, position, Aspect::Chain, "of this entry and those before it");
    assert!(database.execute(undo).await > 0, "{undo}");
    assert_eq!(verify(&*database.open().await).await.1, []);
}

async fn j48_a_change_of_each_column_that_the_chain_covers_is_found(database: Database) {
    let (server, ..) = written(&database).await;
    server.stop().await;
    let set = |position, set: &str| format!("UPDATE journal SET {set} WHERE {}", row(position));
    check_chain(&database, 2, &set(2, "accepted_at = accepted_at + 1"), &set(2, "accepted_at = accepted_at - 1")).await;
    let (yes, no) = (set(2, "administrator = NOT administrator"), set(2, "administrator = NOT administrator"));
    check_chain(&database, 2, &yes, &no).await;
    let mut sets = Vec::new();
    for position in [3, 4] {
        let chain = database.bytes(&format!("SELECT chain FROM journal WHERE {}", row(position))).await;
        sets.push(set(4, &format!("chain = {}", database.literal(&chain))));
    }
    check_chain(&database, 4, &sets[0], &sets[1]).await;
}

/// A stream whose entries 6 and 7 know nothing of each other.
async fn written_at_once(database: &Database) {
    let (server, mut ann, mut author, mut bob) = written(database).await;
    let says = vec![author.say("five")];
    ann.push_accepted(stream(boats()), says).await;
    let mut bob_again = Client::connect(&server, "bob", device(2)).await;
    bob_again.push_accepted(stream(boats()), vec![bob.say("six")]).await;
    server.stop().await;
}

async fn j48_entries_in_another_order_are_found(database: Database) {
    written_at_once(&database).await;
    for (from, to) in [(6, 99), (7, 6)] {
        database.execute(&format!("UPDATE journal SET position = {to} WHERE {}", row(from))).await;
    }
    let found = found_in(&database, &format!("UPDATE journal SET position = 7 WHERE {}", row(99))).await;
    check(&found, 6, Aspect::Chain, "of this entry and those before it");
}

async fn j48_a_dropped_entry_that_nobody_misses_is_found(database: Database) {
    written_at_once(&database).await;
    database.execute(&format!("DELETE FROM journal WHERE {}", row(6))).await;
    database.execute(&format!("UPDATE streams SET position = 6 WHERE stream = '{}'", stream(boats()))).await;
    let found = found_in(&database, &format!("UPDATE journal SET position = 6 WHERE {}", row(7))).await;
    check(&found, 6, Aspect::Chain, "of this entry and those before it");
}

async fn j1_a_deleted_entry_is_found(database: Database) {
    let found = found_after(&database, &format!("DELETE FROM journal WHERE {}", row(3))).await;
    check(&found, 3, Aspect::Position, "an entry at position 3");
    assert_eq!(found.found, "one at 4");
}

async fn j1_a_deleted_end_is_found(database: Database) {
    let found = found_after(&database, &format!("DELETE FROM journal WHERE {}", row(5))).await;
    check(&found, 4, Aspect::Head, "head 4");
    assert!(found.found.contains("head 5"), "{found:?}");
}

async fn j2_a_changed_byte_is_found(database: Database) {
    let (server, ..) = written(&database).await;
    server.stop().await;
    let mut bytes = change(&database, 3).await;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let sql = format!("UPDATE journal SET change = {} WHERE {}", database.literal(&bytes), row(3));
    check(&found_in(&database, &sql).await, 3, Aspect::Hash, "hash");
}

async fn j2_a_rewritten_change_is_found_by_who_depends_on_it(database: Database) {
    let (server, ..) = written(&database).await;
    server.stop().await;
    let mut bytes = change(&database, 3).await;
    let at = bytes.windows(3).position(|word| word == b"two").unwrap();
    bytes[at] = b'T';
    // Whoever rewrites a change can make its checksum, its hash and its chain fit.
    let hash = {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(&bytes[8..]);
        bytes[4..8].copy_from_slice(&hash[..4]);
        hash
    };
    let changed = ChangeHash::of_change(&bytes).unwrap();
    let store = database.open().await;
    let entries = store.records().entries(&tenant(), &stream(boats()), Position::new(1), 2).await.unwrap();
    let chain = entries[0].chain.next(&tenant(), &entries[1].entry, changed);
    let [bytes, hash, chain] = [&bytes[..], &hash, chain.as_bytes()].map(|bytes| database.literal(bytes));
    let sql = format!("UPDATE journal SET change = {bytes}, hash = {hash}, chain = {chain} WHERE {}", row(3));
    check(&found_in(&database, &sql).await, 4, Aspect::Decision, "refused with dependency_missing");
}

async fn j2_an_entry_in_another_name_is_found(database: Database) {
    let found = found_after(&database, &format!("UPDATE journal SET account = 'ann' WHERE {}", row(4))).await;
    check(&found, 4, Aspect::Decision, "refused with not_the_author");
    assert!(found.found.contains("account ann"), "{found:?}");
}

async fn j2_an_entry_of_a_removed_member_is_found(database: Database) {
    let (server, mut ann, mut author, mut bob) = written(&database).await;
    ann.push_accepted(stream(boats()), vec![author.remove("bob")]).await;
    server.stop().await;
    let forged = bob.say("still here");
    let hash = ChangeHash::of_change(&forged.change).unwrap();
    let (change, hash) = (database.literal(&forged.change), database.literal(hash.as_bytes()));
    let sql = format!(
        "INSERT INTO journal (tenant, stream, position, tick, author, account, document, administrator,
            accepted_at, node, hash, chain, change)
         SELECT tenant, stream, 7, tick, author, 'bob', document, administrator, accepted_at, node, {hash}, chain,
            {change}
         FROM journal WHERE {}",
        row(5)
    );
    database.execute(&format!("UPDATE streams SET position = 7 WHERE stream = '{}'", stream(boats()))).await;
    check(&found_in(&database, &sql).await, 7, Aspect::Decision, "refused with member_removed");
}

async fn j2_a_message_that_another_author_is_counted_for_is_found(database: Database) {
    let found = found_after(&database, &format!("UPDATE journal SET author = 'bob' WHERE {}", row(2))).await;
    check(&found, 2, Aspect::Entry, "a message of ann");
}

async fn j2_a_time_before_the_change_was_written_is_found(database: Database) {
    let sql = format!("UPDATE journal SET accepted_at = accepted_at - 3600000 WHERE {}", row(2));
    check(&found_after(&database, &sql).await, 2, Aspect::Decision, "refused with clock_ahead");
}

async fn j2_an_entry_that_does_not_decode_is_found(database: Database) {
    let sql = format!("UPDATE journal SET document = 'pages/of/a/book' WHERE {}", row(4));
    check(&found_after(&database, &sql).await, 4, Aspect::Entry, "decodes");
}

async fn j2_account_streams_and_other_tenants_are_verified_too(database: Database) {
    let (server, ..) = written(&database).await;
    server.stop().await;
    let store = database.open().await;
    database.execute("UPDATE journal SET account = 'bob' WHERE stream = 'account/ann' AND position = 2").await;
    let (counts, found) = verify(&*store).await;
    assert_eq!((counts.streams, counts.differing), (2, 1));
    let is_device = |finding: &Finding| matches!(finding, Finding::Journal(found) if found.aspect == Aspect::Device);
    assert!(found[0].0 == StreamId::Account(account("ann")) && is_device(&found[0].1), "{found:?}");
    // A stream moved to another tenant is there without devices and projections.
    database.execute("UPDATE journal SET tenant = 'zebra' WHERE stream = 'account/ann'").await;
    let (counts, found) = verify(&*store).await;
    assert_eq!((counts.streams, counts.differing), (3, 2), "{found:?}");
    let only = TenantId::parse("zebra").unwrap();
    let counts = verify_all(&*store, Some(&only), &Limits::default(), |_, _, _| {}).await.unwrap();
    assert_eq!((counts.streams, counts.differing), (1, 1));
}

async fn j3_a_device_of_two_accounts_is_found(database: Database) {
    let found = found_after(&database, &format!("UPDATE journal SET account = 'ann' WHERE {}", row(5))).await;
    check(&found, 5, Aspect::Device, "is of account bob, since position 4");
}

async fn j3_a_device_that_is_registered_to_another_account_is_found(database: Database) {
    let found = found_after(&database, "UPDATE devices SET account = 'eve' WHERE account = 'bob'").await;
    check(&found, 5, Aspect::Device, "registered to account bob");
    assert_eq!(found.found, "to account eve");
    let found = found_in(&database, "DELETE FROM devices WHERE account = 'eve'").await;
    assert_eq!((found.aspect, found.found.as_str()), (Aspect::Device, "to nobody"));
}

async fn j4_a_snapshot_without_its_checksum_is_found(database: Database) {
    let (server, ..) = written(&database).await;
    server.stop().await;
    let mut data = database.bytes("SELECT data FROM snapshots WHERE document LIKE 'page/%'").await;
    *data.last_mut().unwrap() ^= 1;
    let sql = format!("UPDATE snapshots SET data = {} WHERE document LIKE 'page/%'", database.literal(&data));
    check(&found_in(&database, &sql).await, 5, Aspect::Snapshot, "with its checksum");
    // It is still there: whoever looks changes nothing.
    assert_eq!(database.number("SELECT count(*) FROM quarantine").await, 0);
}

/// Writes another snapshot of the page, with its checksum.
async fn replace_snapshot(database: &Database, change: impl FnOnce(&mut Snapshot)) -> Difference {
    let (server, ..) = written(database).await;
    server.stop().await;
    let store = database.open().await;
    let mut snapshot = store.document(&tenant(), &page()).await.unwrap().0.snapshot.unwrap();
    change(&mut snapshot);
    database.execute("DELETE FROM snapshots").await;
    store.save_snapshot(&tenant(), &page(), &snapshot).await.unwrap();
    found_in(database, "UPDATE clock SET one = 1").await
}

async fn j4_a_snapshot_of_another_state_is_found(database: Database) {
    // All that it holds, as of a position before the last two messages.
    let found = replace_snapshot(&database, |snapshot| snapshot.position = Position::new(3)).await;
    check(&found, 3, Aspect::Snapshot, "2 changes");
    assert!(found.found.contains("4 changes"), "{found:?}");
}

async fn j4_a_snapshot_with_other_admissions_is_found(database: Database) {
    let found = replace_snapshot(&database, |snapshot| *snapshot.admissions.last_mut().unwrap() ^= 2).await;
    check(&found, 5, Aspect::Admissions, "message");
}
