//! Rows that are made from the journal, changed by somebody who should not: each
//! is named, and made anew, while the node serves. The same cases on both real
//! stores.

use std::{pin::pin, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tidings_core::{
    code::Code,
    command::{BlockAccount, CreateConversation, CreateThread, InviteMember, SetReachability},
    ids::{ContactId, ConversationId, StreamId, TenantId},
    journal::Position,
    limits::Limits,
    model::{ConversationKind, DirectoryQuery, JoinPolicy, MembershipAction, Policy, Query, Reachability, Role, Scope},
    wire::{ClientFrame, FetchScope, List, Listed, ListedRows, MembershipRequest, ReceiptNotice, ServerFrame},
};
use tidings_server::{
    mend::{mend_all, odd_rows},
    store::{Store, StoreError, WhichThreads},
    verify::{Finding, verify_all},
};

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    scrape::Scrape,
    server::{PATIENCE, TestServer},
};

on_each_store! {
    j32_each_row_that_differs_is_named_and_made_anew,
    j5_all_that_is_made_from_the_journal_is_made_again,
    j32_what_the_journal_does_not_say_is_left_alone,
    j32_who_left_and_came_back_in_one_batch_came_in_by_its_last_entry,
    j33_what_is_being_written_is_neither_lost_nor_overwritten,
    j33_a_damaged_journal_mends_nothing,
    j48_a_journal_that_is_not_that_of_its_chain_mends_nothing,
    j23_a_rotten_row_of_a_projection_locks_nobody_out,
    w60_a_row_with_a_name_of_a_newer_version_is_told_and_stays,
    j34_a_rotten_row_that_is_met_is_made_anew_by_the_server,
    j34_whoever_missed_a_rotten_row_hears_of_it,
    j34_what_is_in_no_journal_stays_left_out,
}

/// A group with a thread, beside the channel.
fn group() -> ConversationId {
    ConversationId::from_bytes([0x0e; 16])
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// The tables that are made from the journal.
const TABLES: [&str; 11] = [
    "streams",
    "documents",
    "conversations",
    "members",
    "threads",
    "public_names",
    "directory_words",
    "accounts",
    "blocks",
    "reachability",
    "contact_accounts",
];

/// Ann's public channel with bob as its subscriber; her group with bob, cid who was
/// removed, dan who was invited, and a thread; her profile and her home.
async fn written(database: &Database, flags: &[&str]) -> (TestServer, Client, Author) {
    let server = TestServer::start(database, flags).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut channel = Author::of("ann", device(1), boats());
    let created = CreateConversation {
        conversation: boats(),
        kind: ConversationKind::Channel,
        name: Some("old-boats".into()),
        scope: Some(Scope::Public),
        policies: vec![Policy::Join(JoinPolicy::Open)],
        ..CreateConversation::group(Some("Old boats".into()), Vec::new())
    };
    ann.push_accepted(stream(boats()), vec![channel.write(created), channel.say("news")]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&ClientFrame::MembershipRequest(MembershipRequest {
        request: 77,
        conversation: boats(),
        action: MembershipAction::Join(None),
    }))
    .await;
    let joined = bob.wait("Accepted", |frame| match frame {
        ServerFrame::Accepted(accepted) => (accepted.request == 77).then_some(()),
        _ => None,
    });
    joined.await;
    let mut author = Author::of("ann", device(1), group());
    let begun = vec![author.create(&["bob", "cid"]), author.say("one"), author.remove("cid"), author.add("eve")];
    ann.push_accepted(stream(group()), begun).await;
    let invite = InviteMember { conversation: group(), account: account("dan"), role: Role::Member };
    let message = author.newest_message(1);
    let thread = author.write(CreateThread { conversation: group(), message, title: Some("Aside".into()) });
    ann.push_accepted(stream(group()), vec![author.write(invite), thread]).await;
    let mut home = Author::of_account("ann", device(1));
    let block = |name, blocked| BlockAccount { account: account(name), blocked };
    let stated = vec![
        home.call_themselves("Ann"),
        home.befriend("bob"),
        home.write(block("eve", true)),
        home.write(block("fay", true)),
        home.write(block("fay", false)),
        home.write(SetReachability { reachability: Reachability::Contacts }),
    ];
    ann.push_accepted(StreamId::Account(account("ann")), stated).await;
    (server, ann, author)
}

/// What `verify` finds of the rows, as it is printed; of the journals it finds nothing.
async fn odd(store: &dyn Store) -> Vec<String> {
    let mut found = Vec::new();
    let tell = |_: &_, stream: &StreamId, finding: &Finding| match finding {
        Finding::Row(row) => found.push(format!("{stream} {row}")),
        Finding::Journal(difference) => panic!("{stream}: {difference:?}"),
    };
    verify_all(store, None, &Limits::default(), tell).await.unwrap();
    found
}

/// What `mend` puts right.
async fn mended(store: &dyn Store) -> Vec<String> {
    let mut rows = Vec::new();
    let tell = |_: &_, stream: &StreamId, outcome: &Result<Vec<_>, StoreError>| {
        rows.extend(outcome.as_ref().unwrap().iter().map(|row| format!("{stream} {row}")));
    };
    let mended = mend_all(store, None, tell).await.unwrap();
    assert_eq!((mended.rows, mended.damaged), (rows.len() as u64, 0));
    rows
}

async fn j32_each_row_that_differs_is_named_and_made_anew(database: Database) {
    let (server, ..) = written(&database, &[]).await;
    let store = database.open().await;
    assert_eq!((odd(&*store).await, mended(&*store).await), (vec![], vec![]));
    let (rot, other) = (database.literal(b"rot"), database.literal(&[7; 32]));
    let in_group = format!("conversation = '{}'", group());
    let (boats, group, ann) = (stream(boats()), stream(group()), "account/ann");
    let differs = |stream: &dyn ToString, row: String, columns| {
        format!("{} {row}: {columns} otherwise than the entries state", stream.to_string())
    };
    let id = |stream: &StreamId| stream.conversation().unwrap().to_string();
    let cases = [
        (
            format!("UPDATE streams SET position = 3, page = 0, chain = {other} WHERE stream = '{group}'"),
            differs(&group, format!("streams {group}"), "position, page, chain"),
        ),
        (format!("DELETE FROM streams WHERE stream = '{group}'"), format!("{group} streams {group}: missing")),
        (
            format!("UPDATE documents SET entries = 7 WHERE document = 'page/{}/1'", id(&group)),
            differs(&group, format!("documents page/{}/1", id(&group)), "entries"),
        ),
        (
            format!("UPDATE conversations SET last_message = {rot}, kind = 'ROT', activity_at = 1 WHERE {in_group}"),
            differs(&group, format!("conversations {}", id(&group)), "kind, last_message, activity_at"),
        ),
        (
            "UPDATE conversations SET listing = NULL WHERE listing IS NOT NULL".into(),
            differs(&boats, format!("conversations {}", id(&boats)), "listing"),
        ),
        (
            "UPDATE conversations SET subscriber_count = 5 WHERE listing IS NOT NULL".into(),
            differs(&boats, format!("conversations {}", id(&boats)), "subscriber_count"),
        ),
        (
            format!(
                "UPDATE members SET role = 'owner', status = 'ROT', joined = 9 WHERE account = 'bob' AND {in_group}"
            ),
            differs(&group, "members bob".into(), "role, status, joined"),
        ),
        (
            format!("UPDATE members SET position = 1, joined = 3 WHERE account = 'cid' AND {in_group}"),
            differs(&group, "members cid".into(), "position, joined"),
        ),
        (
            format!("UPDATE members SET subscribed_at = 5 WHERE account = 'eve' AND {in_group}"),
            differs(&group, "members eve".into(), "subscribed_at"),
        ),
        (
            format!("UPDATE members SET account = 'zoe' WHERE account = 'dan' AND {in_group}"),
            format!("{group} members zoe: no entry states it; {group} members dan: missing"),
        ),
        (
            format!("UPDATE threads SET counted = {rot}"),
            differs(&group, format!("threads {}", thread_of(&*store).await), "counted"),
        ),
        (
            "UPDATE public_names SET name = 'new-boats'".into(),
            format!("{boats} public_names new-boats: no entry states it; {boats} public_names old-boats: missing"),
        ),
        (
            format!("UPDATE public_names SET conversation = '{}'", id(&group)),
            format!(
                "{group} public_names old-boats: no entry states it; {}",
                differs(&boats, "public_names old-boats".into(), "conversation")
            ),
        ),
        (
            "UPDATE directory_words SET word = 'ships' WHERE word = 'boats'".into(),
            format!("{boats} directory_words ships: no entry states it; {boats} directory_words boats: missing"),
        ),
        (
            format!("UPDATE accounts SET profile = {rot}, updated_at = 1"),
            differs(&ann, "accounts ann".into(), "profile, updated_at"),
        ),
        ("DELETE FROM accounts".into(), format!("{ann} accounts ann: missing")),
        (
            "UPDATE blocks SET other = '?' WHERE other = 'eve'".into(),
            format!("{ann} blocks ?: no entry states it; {ann} blocks eve: missing"),
        ),
        (
            "UPDATE blocks SET blocked = NOT blocked WHERE other = 'fay'".into(),
            differs(&ann, "blocks fay".into(), "blocked"),
        ),
        (
            "UPDATE reachability SET reachability = 'ROT'".into(),
            differs(&ann, "reachability ann".into(), "reachability"),
        ),
        (
            "UPDATE contact_accounts SET other = NULL".into(),
            differs(&ann, format!("contact_accounts {}", ContactId::of_account(&account("bob"))), "other"),
        ),
    ];
    for (wrong, expected) in cases {
        assert!(database.execute(&wrong).await > 0, "{wrong}");
        let found = odd(&*store).await;
        let rows = |told: &[String]| -> Vec<String> {
            told.iter().map(|row| row.split(": ").next().unwrap().to_owned()).collect()
        };
        // What hangs on a row may differ with it, and come right with it.
        assert!(found.starts_with(&expected.split("; ").map(str::to_owned).collect::<Vec<_>>()), "{wrong}: {found:?}");
        let put_right = rows(&mended(&*store).await);
        assert!(!put_right.is_empty() && rows(&found).starts_with(&put_right), "{wrong}: {put_right:?}");
        assert_eq!(odd(&*store).await, Vec::<String>::new(), "{wrong}");
    }
    server.stop().await;
}

async fn thread_of(store: &dyn Store) -> String {
    store.threads(&tenant(), group(), &WhichThreads::All).await.unwrap()[0].id.to_string()
}

async fn counts(database: &Database) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(database.number(&format!("SELECT count(*) FROM {table}")).await);
    }
    counts
}

async fn j5_all_that_is_made_from_the_journal_is_made_again(database: Database) {
    let (server, ..) = written(&database, &[]).await;
    server.stop().await;
    let before = counts(&database).await;
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    for table in TABLES {
        let kept = if table == "members" { " WHERE subscribed_at = 0" } else { "" };
        database.execute(&format!("DELETE FROM {table}{kept}")).await;
    }
    let store = database.open().await;
    mended(&*store).await;
    assert_eq!((odd(&*store).await, counts(&database).await), (vec![], before));
    assert_eq!(database.number("SELECT subscriber_count FROM conversations WHERE listing IS NOT NULL").await, 1);
    // It serves as before.
    let server = TestServer::start(&database, &[]).await;
    let (_bob, frames) = Client::resume(&server, "bob", device(2), None).await;
    let told = frames.iter().find_map(|frame| match frame {
        ServerFrame::Summaries(summaries) => Some(summaries.len()),
        _ => None,
    });
    assert_eq!(told, Some(2));
    server.stop().await;
}

async fn j32_what_the_journal_does_not_say_is_left_alone(database: Database) {
    let (server, ..) = written(&database, &[]).await;
    server.stop().await;
    let store = database.open().await;
    database.execute("UPDATE accounts SET suspended = (1 = 1), created_at = 5").await;
    database.execute("UPDATE members SET role = 'rot', status = 'ROT' WHERE account = 'dan'").await;
    assert_eq!(mended(&*store).await.len(), 2);
    assert_eq!(database.number("SELECT count(*) FROM accounts WHERE suspended AND created_at > 5").await, 1);
    let subscribers = "SELECT count(*) FROM members WHERE subscribed_at > 0 AND role = 'subscriber'";
    assert_eq!(database.number(subscribers).await, 1);
    // A profile that nobody wrote goes; the suspension of its account stays.
    database.execute("UPDATE accounts SET account = 'eve'").await;
    assert_eq!(mended(&*store).await, ["account/ann accounts ann: missing"]);
    assert_eq!(database.number("SELECT count(*) FROM accounts WHERE suspended").await, 1);
}

async fn j32_who_left_and_came_back_in_one_batch_came_in_by_its_last_entry(database: Database) {
    let (server, mut ann, mut author) = written(&database, &[]).await;
    let back = vec![author.remove("bob"), author.add("bob"), author.say("welcome"), author.say("back")];
    let accepted = ann.push_accepted(stream(group()), back).await;
    let store = database.open().await;
    assert_eq!(odd(&*store).await, Vec::<String>::new());
    let joined = format!("SELECT joined FROM members WHERE account = 'bob' AND conversation = '{}'", group());
    assert_eq!(database.number(&joined).await as u64, accepted.positions[1].number());
    server.stop().await;
}

async fn j33_what_is_being_written_is_neither_lost_nor_overwritten(database: Database) {
    let (server, mut ann, mut author) = written(&database, &["--changes-burst", "1000"]).await;
    let store = database.open().await;
    let writing = tokio::spawn(async move {
        for number in 0..60 {
            let (name, message) = (format!("n{}", number % 7), author.say("on and on"));
            let moved = if number % 14 < 7 { author.add(&name) } else { author.remove(&name) };
            ann.push_accepted(stream(group()), vec![message, moved]).await;
        }
        ann
    });
    let mut times = 0;
    while !writing.is_finished() {
        database.execute(&format!("UPDATE conversations SET title = 'rot' WHERE conversation = '{}'", group())).await;
        mended(&*store).await;
        times += 1;
    }
    writing.await.unwrap();
    assert!(times > 1);
    mended(&*store).await;
    assert_eq!(odd(&*store).await, Vec::<String>::new());
    let head = format!("SELECT position FROM streams WHERE stream = '{}'", stream(group()));
    assert_eq!(database.number(&head).await, 6 + 120);
    server.stop().await;
}

mod a_lock_of_postgres {
    use super::*;

    /// SQLite has one writer at a time; on Postgres the lock of a stream's head makes it so.
    #[tokio::test(flavor = "multi_thread")]
    async fn j33_whoever_mends_a_stream_waits_for_who_writes_it() {
        let database = Database::postgres().await;
        let (server, ..) = written(&database, &[]).await;
        server.stop().await;
        let store = database.open().await;
        database.execute(&format!("UPDATE conversations SET title = 'rot' WHERE conversation = '{}'", group())).await;
        // A commit that has come as far as its lock.
        let mut connection = PgConnection::connect(&database.address).await.unwrap();
        let mut commit = connection.begin().await.unwrap();
        let lock = sqlx::query("SELECT position FROM streams WHERE stream = $1 FOR UPDATE");
        lock.bind(stream(group()).to_string()).execute(&mut *commit).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut mending = pin!(mended(&*store));
        tokio::select! {
            _ = &mut mending => panic!("rows were written beside a commit of their stream"),
            () = database.wait_for(waiting, 1) => {}
        }
        // What it writes behind its lock is looked at too.
        let rot = format!("UPDATE members SET joined = 99 WHERE account = 'bob' AND conversation = '{}'", group());
        commit.execute(AssertSqlSafe(rot)).await.unwrap();
        commit.commit().await.unwrap();
        mending.await;
        assert_eq!(odd(&*store).await, Vec::<String>::new());
    }
}

/// That the group is left as it is, with a title that rotted, because its journal is damaged.
async fn check_damaged(database: &Database, store: &dyn Store, position: u64) {
    let mut failed = Vec::new();
    let tell = |_: &_, stream: &StreamId, outcome: &Result<Vec<_>, StoreError>| match outcome {
        Err(StoreError::Damaged { position, .. }) => failed.push((stream.clone(), *position)),
        other => assert!(other.is_ok()),
    };
    let mended = mend_all(store, None, tell).await.unwrap();
    assert_eq!((mended.damaged, failed), (1, vec![(stream(group()), Position::new(position))]));
    let left = format!("SELECT count(*) FROM conversations WHERE title = 'rot' AND conversation = '{}'", group());
    assert_eq!(database.number(&left).await, 1);
}

async fn j48_a_journal_that_is_not_that_of_its_chain_mends_nothing(database: Database) {
    let (server, ..) = written(&database, &[]).await;
    server.stop().await;
    let store = database.open().await;
    database.execute("UPDATE conversations SET title = 'rot'").await;
    let later = "UPDATE journal SET accepted_at = accepted_at + 1 WHERE position = 2 AND stream";
    database.execute(&format!("{later} = '{}'", stream(group()))).await;
    check_damaged(&database, &*store, 6).await;
}

async fn j33_a_damaged_journal_mends_nothing(database: Database) {
    let (server, ..) = written(&database, &[]).await;
    server.stop().await;
    let store = database.open().await;
    database.execute("UPDATE conversations SET title = 'rot'").await;
    // What ends before its stream does cannot say what the end did.
    database.execute(&format!("DELETE FROM journal WHERE position = 6 AND stream = '{}'", stream(group()))).await;
    check_damaged(&database, &*store, 6).await;
    database
        .execute(&format!("UPDATE journal SET change = hash WHERE position = 2 AND stream = '{}'", stream(group())))
        .await;
    check_damaged(&database, &*store, 2).await;
}

/// What a device of bob that holds nothing is told: conversations, those with a last
/// message, and people.
async fn told(server: &TestServer) -> (Vec<ConversationId>, usize, Vec<String>) {
    let (_bob, frames) = Client::resume(server, "bob", device(2), None).await;
    let (mut conversations, mut with_words, mut profiles) = (Vec::new(), 0, Vec::new());
    for frame in frames {
        match frame {
            ServerFrame::Summaries(summaries) => {
                with_words += summaries.iter().filter(|told| told.last_message.is_some()).count();
                conversations.extend(summaries.iter().map(|told| told.conversation));
            }
            ServerFrame::Profiles(notices) => profiles.extend(notices.iter().map(|told| told.account.to_string())),
            _ => {}
        }
    }
    conversations.sort();
    (conversations, with_words, profiles)
}

/// Waits until all that is made from the journal is as it says.
async fn healed(store: &dyn Store) {
    let tenant = tenant();
    let streams = [stream(boats()), stream(group()), StreamId::Account(account("ann"))];
    let right = tokio::time::timeout(PATIENCE, async {
        for stream in &streams {
            while !odd_rows(store, &tenant, stream).await.unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    right.await.expect("the server makes it anew");
}

async fn j23_a_rotten_row_of_a_projection_locks_nobody_out(database: Database) {
    let (server, mut ann, _) = written(&database, &[]).await;
    let store = database.open().await;
    let mut both = vec![boats(), group()];
    both.sort();
    let (all, rot) = ((both.clone(), 2, vec!["ann".to_owned()]), database.literal(b"rot"));
    assert_eq!(told(&server).await, all);
    let of_group = |set: &str| format!("UPDATE conversations SET {set} WHERE conversation = '{}'", group());
    let of_bob = |set: &str| format!("UPDATE members SET {set} WHERE account = 'bob' AND conversation = '{}'", group());
    let only_boats = || (vec![boats()], 1, all.2.clone());
    let cases = [
        (of_group(&format!("last_message = {rot}")), (both.clone(), 1, all.2.clone())),
        (of_group(&format!("some_members = {rot}")), all.clone()),
        // A row of which nothing can be told takes no other with it.
        (of_group("kind = 'ROT'"), only_boats()),
        (of_group("state = 'ROT'"), only_boats()),
        (of_group("created_at = -1"), only_boats()),
        (of_bob("role = ''"), only_boats()),
        (of_bob("status = 'ROT'"), only_boats()),
        (of_bob("joined = -1"), only_boats()),
        (format!("UPDATE streams SET page = -1 WHERE stream = '{}'", stream(group())), only_boats()),
        (format!("UPDATE accounts SET profile = {rot}"), (both.clone(), 2, vec![])),
        ("UPDATE accounts SET created_at = -1".to_owned(), (both, 2, vec![])),
    ];
    for (rots, expected) in cases {
        assert!(database.execute(&rots).await > 0, "{rots}");
        assert_eq!(told(&server).await, expected, "{rots}");
        ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
        healed(&*store).await;
        assert_eq!(told(&server).await, all, "{rots}");
    }
    server.stop().await;
}

async fn w60_a_row_with_a_name_of_a_newer_version_is_told_and_stays(database: Database) {
    let (server, _, _) = written(&database, &[]).await;
    let all = told(&server).await;
    let of_bob = "members WHERE account = 'bob' AND";
    // Where bob stands in a way that is not known he reads nothing.
    for (table, column, newer, with_words) in [
        ("conversations WHERE", "kind", "whiteboard", all.1),
        ("conversations WHERE", "state", "paused", all.1),
        (of_bob, "role", "next / version", all.1),
        (of_bob, "status", "snoozed", all.1 - 1),
    ] {
        let (table, rows) = table.split_once(' ').unwrap();
        let of_group = format!("{rows} conversation = '{}'", group());
        database.execute(&format!("UPDATE {table} SET {column} = '{newer}' {of_group}")).await;
        assert_eq!(told(&server).await, (all.0.clone(), with_words, all.2.clone()), "{column}");
        let kept = format!("SELECT count(*) FROM {table} {of_group} AND {column} = '{newer}'");
        assert_eq!(database.number(&kept).await, 1, "{column}");
    }
}

async fn j34_a_rotten_row_that_is_met_is_made_anew_by_the_server(database: Database) {
    let (server, mut ann, _) = written(&database, &["--metrics-listen", "127.0.0.1:0"]).await;
    let store = database.open().await;
    let rot = database.literal(b"rot");
    // A thread is left out of a page, and the page is told.
    database.execute(&format!("UPDATE threads SET counted = {rot}")).await;
    let fetched = ann.fetch(&stream(group()), FetchScope::Page(1)).await.unwrap();
    assert_eq!((fetched.threads.len(), fetched.documents.len()), (0, 1));
    healed(&*store).await;
    assert_eq!(ann.fetch(&stream(group()), FetchScope::Page(1)).await.unwrap().threads.len(), 1);
    // A conversation is left out of the directory.
    let mut zoe = Client::connect(&server, "zoe", device(9)).await;
    database.execute(&format!("UPDATE conversations SET listing = {rot} WHERE listing IS NOT NULL")).await;
    assert_eq!(found(&mut zoe, "boats").await, 0);
    healed(&*store).await;
    assert_eq!(found(&mut zoe, "boats").await, 1);
    // Whom an account lets reach it is not known for a while: nobody, and then its contacts.
    database.execute("UPDATE reachability SET reachability = 'ROT'").await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut with_ann = Author::of("bob", device(2), ConversationId::from_bytes([0x2e; 16]));
    let (stream, begins) = (with_ann.stream.id().clone(), with_ann.create(&["ann"]));
    assert_eq!(bob.push_refused(stream.clone(), vec![begins.clone()]).await.code, Code::AccountUnavailable);
    healed(&*store).await;
    bob.push_accepted(stream, vec![begins]).await;
    // Once met it was told once, however often it was read.
    let samples = ["threads", "conversations", "reachability"];
    let samples = samples.map(|table| format!("projections_rotten_total{{table=\"{table}\"}}"));
    let mut expected: Vec<(&str, f64)> = samples.iter().map(|sample| (sample.as_str(), 1.0)).collect();
    expected.push(("projections_mended_total", 3.0));
    Scrape::until(server.metrics.unwrap(), &expected).await;
    server.stop().await;
}

async fn j34_whoever_missed_a_rotten_row_hears_of_it(database: Database) {
    let (server, ..) = written(&database, &["--cursor-interval", "50ms"]).await;
    database.execute(&format!("UPDATE conversations SET kind = 'ROT' WHERE conversation = '{}'", group())).await;
    let (mut bob, frames) = Client::resume(&server, "bob", device(2), None).await;
    let is_told = |frame: &ServerFrame| match frame {
        ServerFrame::Summaries(summaries) => summaries.iter().any(|told| told.conversation == group()),
        _ => false,
    };
    if !frames.iter().any(is_told) {
        bob.wait("the summary", |frame| is_told(&frame).then_some(())).await;
    }
    server.stop().await;
}

async fn j34_what_is_in_no_journal_stays_left_out(database: Database) {
    let (server, mut ann, mut author) = written(&database, &[]).await;
    let moves =
        |number| ReceiptNotice { conversation: group(), delivered: Position::new(number), read: Position::ZERO };
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&ClientFrame::Receipts(vec![moves(1)])).await;
    let delivered = |number| format!("SELECT count(*) FROM receipts WHERE account = 'bob' AND delivered = {number}");
    database.wait_for(&delivered(1), 1).await;
    database.execute("UPDATE receipts SET delivered = -1 WHERE account = 'bob'").await;
    assert_eq!(told(&server).await.0.len(), 2);
    ann.push_accepted(stream(group()), vec![author.say("still here")]).await;
    // The next one takes its place.
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&ClientFrame::Receipts(vec![moves(2)])).await;
    database.wait_for(&delivered(2), 1).await;
    server.stop().await;
}

/// How many conversations the directory has under some words.
async fn found(client: &mut Client, words: &str) -> usize {
    let query = Query::Directory(DirectoryQuery { words: words.into(), ..DirectoryQuery::default() });
    client.send(&ClientFrame::List(List { request: 78, query })).await;
    let rows = client.wait("Listed", |frame| match frame {
        ServerFrame::Listed(Listed { request: 78, rows: ListedRows::Directory(rows, _) }) => Some(rows.len()),
        _ => None,
    });
    rows.await
}
