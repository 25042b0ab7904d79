//! The contract on a real server, and behaviour that needs several nodes. Each test creates its own database
//! and drops it.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use sqlx::{Connection, PgPool};
use tidings_core::{
    ids::{ChangeHash, TenantId},
    journal::{Entry, Position},
    model::{PresenceKind, Receipt},
    wire::{MemberPresence, MemberReceipt},
};

use super::*;
use crate::store::{
    self, Store, StoreError,
    contract::{self, ENTRIES_MAX, account, group, messages, position, stream, tenant, write},
};

/// A database of one test.
struct Database {
    url: String,
}

fn server() -> PgConnectOptions {
    let Ok(url) = std::env::var("TIDINGS_TEST_POSTGRES") else {
        panic!("set TIDINGS_TEST_POSTGRES to the URL of a Postgres server where databases may be created");
    };
    PgConnectOptions::from_str(&url).unwrap()
}

/// Runs a test on its own database, and drops it even after a panic.
async fn on_a_database(test: impl AsyncFnOnce(Database)) {
    let name = format!("tidings_test_{:016x}", rand::random::<u64>());
    let mut admin = PgConnection::connect_with(&server()).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
    let mut url = sqlx::ConnectOptions::to_url_lossy(&server());
    url.set_path(&name);
    let outcome = AssertUnwindSafe(test(Database { url: url.to_string() })).catch_unwind().await;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut admin).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn on_a_store(behaviour: impl AsyncFnOnce(Arc<dyn Store>)) {
    on_a_database(async |database: Database| behaviour(Arc::new(database.open().await)).await).await;
}

contract::contract_tests!(super::on_a_store);

impl Database {
    async fn open(&self) -> SqlStore<Postgres> {
        let store = self.open_only().await;
        store.migrate().await.unwrap();
        store
    }

    async fn open_only(&self) -> SqlStore<Postgres> {
        super::open(&self.url, &StoreOptions::default()).await.unwrap()
    }

    async fn pool(&self) -> PgPool {
        PgPool::connect(&self.url).await.unwrap()
    }
}

/// Waits, for a bounded time, for notices that satisfy a condition.
async fn notices_until(store: &dyn Store, enough: impl Fn(&[Notice]) -> bool) -> Vec<Notice> {
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(store.notices().await.unwrap());
        if enough(&all) {
            return all;
        }
    }
    panic!("no news: {all:?}");
}

fn news(number: u32, first: u64, last: u64) -> Notice {
    let (first, last) = (position(first), position(last));
    Notice::Entries { tenant: tenant(), stream: stream(number), first, last, traces: Vec::new() }
}

#[tokio::test]
async fn nothing_is_missed_when_transactions_commit_out_of_order() {
    on_a_database(async |database: Database| {
        let store = database.open().await;
        write(&store, &[group(1, &["ann"]), group(2, &["ann"])]).await;
        // A second node's commit takes its id first and commits last.
        let late = database.open().await;
        let mut writer = late.writer().await.unwrap();
        let mut transaction = writer.begin(Postgres::BEGIN_WRITE).await.unwrap();
        let (outcomes, _) = sql_commit(&mut transaction, &[messages(1, 1, "bob", 1)]).await;
        assert_eq!(outcomes, [store::CommitOutcome::Committed]);
        write(&store, &[messages(2, 1, "bob", 1)]).await;
        let between = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
        assert_eq!(between.summaries[0].position, position(1));
        assert_eq!(between.summaries[1].position, position(2));
        transaction.commit().await.unwrap();
        let after = store.catch_up(&tenant(), &account("ann"), Some(between.cursor), ENTRIES_MAX).await.unwrap();
        let missed = after.entries.iter().find(|(changed, _)| *changed == stream(1)).unwrap();
        assert_runs_to(&missed.1, 2);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_missed_when_ids_are_given_again_after_a_crash() {
    on_a_database(async |database: Database| {
        let (store, pool) = (database.open().await, database.pool().await);
        write(&store, &[group(1, &["ann"])]).await;
        // Transaction ids that leave no trace: after a crash Postgres no longer knows that it issued them.
        for _ in 0..20 {
            let mut transaction = pool.begin().await.unwrap();
            sqlx::query("SELECT pg_current_xact_id()").execute(&mut *transaction).await.unwrap();
            transaction.rollback().await.unwrap();
        }
        let before = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
        // What a crash leaves of an unlogged table.
        sqlx::query("TRUNCATE unbroken").execute(&pool).await.unwrap();
        let asked = store.catch_up(&tenant(), &account("ann"), Some(before.cursor), ENTRIES_MAX).await;
        assert!(matches!(asked, Err(StoreError::Unavailable(_))), "no cursor is told: {asked:?}");
        // Two nodes return at once; whichever writes first resumes the ticks by itself.
        let other = database.open_only().await;
        let (first, second) = tokio::join!(feed::resume(&store), feed::resume(&other));
        first.unwrap();
        second.unwrap();
        write(&store, &[messages(1, 1, "bob", 1)]).await;
        let tick: i64 = sqlx::query_scalar("SELECT tick FROM streams").fetch_one(&pool).await.unwrap();
        let cursor = i64::try_from(before.cursor.tick).unwrap();
        let jump = 1 << 32;
        assert!(
            (cursor + jump - 1_000_000..cursor + 2 * jump - 1_000_000).contains(&tick),
            "{cursor}, then {tick}: moved once"
        );
        let after = store.catch_up(&tenant(), &account("ann"), Some(before.cursor), ENTRIES_MAX).await.unwrap();
        assert_runs_to(&after.entries[0].1, 2);
    })
    .await;
}

#[tokio::test]
async fn whoever_writes_first_after_a_crash_goes_on() {
    on_a_database(async |database: Database| {
        let (store, pool) = (database.open().await, database.pool().await);
        write(&store, &[group(1, &["ann"])]).await;
        let before = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
        sqlx::query("TRUNCATE unbroken").execute(&pool).await.unwrap();
        write(&store, &[messages(1, 1, "bob", 1)]).await;
        let after = store.catch_up(&tenant(), &account("ann"), Some(before.cursor), ENTRIES_MAX).await.unwrap();
        assert_runs_to(&after.entries[0].1, 2);
        assert!(after.cursor.tick > before.cursor.tick + (1 << 31));
    })
    .await;
}

/// Asserts entries without a gap up to a position; a transaction of another test may cause some to be
/// sent twice.
#[track_caller]
fn assert_runs_to(entries: &[Entry], last: u64) {
    let run = contract::positions(entries);
    assert!(run.ends_with(&[last]) && run.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{run:?}");
}

async fn sql_commit(
    connection: &mut PgConnection,
    commits: &[store::StreamCommit],
) -> (Vec<store::CommitOutcome>, Vec<Notice>) {
    store::sql::commit::<Postgres>(connection, 1, commits).await.unwrap()
}

#[tokio::test]
async fn an_old_transaction_that_writes_last_is_not_missed() {
    on_a_database(async |database: Database| {
        let (store, pool) = (database.open().await, database.pool().await);
        write(&store, &[group(1, &["ann"])]).await;
        // Takes its id now, so that what it writes later carries a smaller tick than the entry before.
        let old = database.open().await;
        let mut writer = old.writer().await.unwrap();
        let mut transaction = writer.begin(Postgres::BEGIN_WRITE).await.unwrap();
        sqlx::query("SELECT pg_current_xact_id()").execute(&mut *transaction).await.unwrap();
        write(&store, &[messages(1, 1, "bob", 1)]).await;
        let between = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
        sql_commit(&mut transaction, &[messages(1, 2, "bob", 1)]).await;
        transaction.commit().await.unwrap();
        let ticks: Vec<i64> =
            sqlx::query_scalar("SELECT tick FROM journal ORDER BY position").fetch_all(&pool).await.unwrap();
        assert!(ticks[2] < ticks[1], "{ticks:?}");
        let after = store.catch_up(&tenant(), &account("ann"), Some(between.cursor), ENTRIES_MAX).await.unwrap();
        assert_runs_to(&after.entries[0].1, 3);
    })
    .await;
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    on_a_database(async |database: Database| {
        let nodes = futures_util::future::join_all((0..4).map(|_| database.open_only())).await;
        let outcomes = futures_util::future::join_all(nodes.iter().map(Store::migrate)).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        write(&nodes[0], &[group(1, &["ann"])]).await;
        assert_eq!(nodes[3].stream_head(&tenant(), &stream(1)).await.unwrap().position, position(1));
    })
    .await;
}

#[tokio::test]
async fn two_nodes_never_admit_against_the_same_head() {
    on_a_database(async |database: Database| {
        let nodes = [database.open().await, database.open().await];
        for expected in 0..20 {
            let racing = nodes.iter().map(|node| async move {
                let outcomes = node.commit(&[messages(1, expected, "ann", 1)]).await.unwrap();
                outcomes == [store::CommitOutcome::Committed]
            });
            let admitted = futures_util::future::join_all(racing).await;
            assert_eq!(admitted.iter().filter(|admitted| **admitted).count(), 1);
        }
    })
    .await;
}

/// Streams that everybody writes, writers on each of two nodes, and calls of each.
const RACED: u32 = 6;
const WRITERS: u64 = 5;
const CALLS: u32 = 80;

/// One call of a writer: some of the streams at their presumed heads. A stream that is new, or occurs twice,
/// cannot be written in one statement.
fn racing_call(dice: &mut StdRng, heads: &[AtomicU64], call: u32) -> Vec<store::StreamCommit> {
    let mut numbers: Vec<u32> = (0..RACED).collect();
    numbers.shuffle(dice);
    numbers.truncate(dice.random_range(1..=3));
    let tenants = ["acme", "Globex"].map(|name| TenantId::parse(name).unwrap());
    let next = |number: u32, ahead| {
        let head = heads[number as usize].load(Ordering::SeqCst);
        let tenant = tenants[number as usize % 2].clone();
        store::StreamCommit { tenant, ..messages(number, head + ahead, "ann", 1) }
    };
    let mut commits: Vec<_> = numbers.iter().map(|number| next(*number, 0)).collect();
    match dice.random_range(0..4) {
        0 => commits.push(next(numbers[0], 1)),
        1 => commits.push(group(1_000 + call, &["ann"])),
        _ => {}
    }
    commits
}

#[tokio::test]
async fn commits_in_one_statement_and_in_several_win_each_position_once() {
    on_a_database(async |database: Database| {
        let nodes = [database.open().await, database.open().await];
        let heads: Vec<AtomicU64> = (0..RACED).map(|_| AtomicU64::new(0)).collect();
        let writers = (0..2 * WRITERS).map(async |writer| {
            let (mut dice, mut won, mut lost) = (StdRng::seed_from_u64(writer), Vec::new(), 0);
            for call in 0..CALLS {
                let mut commits = racing_call(&mut dice, &heads, call);
                commits.iter_mut().for_each(|commit| contract::reword(commit, &format!("{writer} in {call}")));
                let outcomes = nodes[writer as usize % 2].commit(&commits).await.unwrap();
                for (commit, outcome) in commits.into_iter().zip(outcomes) {
                    if outcome == store::CommitOutcome::Conflict {
                        lost += 1;
                        continue;
                    }
                    let head = (0..RACED).find(|number| stream(*number) == commit.stream);
                    if let Some(head) = head {
                        heads[head as usize].fetch_max(commit.expected.number() + 1, Ordering::SeqCst);
                    }
                    won.push(commit);
                }
            }
            (won, lost)
        });
        let (won, lost): (Vec<_>, Vec<u32>) = futures_util::future::join_all(writers).await.into_iter().unzip();
        let mut acknowledged: BTreeMap<_, BTreeMap<Position, ChangeHash>> = BTreeMap::new();
        for commit in won.into_iter().flatten() {
            for new in commit.entries {
                let stream = acknowledged.entry((commit.tenant.clone(), commit.stream.clone())).or_default();
                assert_eq!(stream.insert(new.entry.position, new.hash), None, "won twice");
            }
        }
        assert!(lost.iter().all(|lost| *lost > 10) && acknowledged.len() > RACED as usize, "they race: {lost:?}");
        for ((tenant, stream), acknowledged) in acknowledged {
            let written = nodes[0].records().entries(&tenant, &stream, Position::ZERO, u32::MAX).await.unwrap();
            let written: Vec<_> = written.into_iter().map(|new| (new.entry.position, new.hash)).collect();
            assert_eq!(written, acknowledged.into_iter().collect::<Vec<_>>(), "{stream}");
            let head = nodes[1].stream_head(&tenant, &stream).await.unwrap().position;
            assert_eq!((head, written.len() as u64), (written.last().unwrap().0, head.number()));
        }
        let miscounted = "SELECT count(*) FROM documents WHERE entries <> (SELECT count(*) FROM journal
            WHERE journal.tenant = documents.tenant AND journal.document = documents.document)";
        let miscounted: i64 = sqlx::query_scalar(miscounted).fetch_one(&database.pool().await).await.unwrap();
        assert_eq!(miscounted, 0);
        assert!(nodes.iter().all(|node| node.counts().collisions == 0), "they lock in one order");
    })
    .await;
}

#[tokio::test]
async fn a_node_hears_of_entries_of_another_and_not_of_its_own() {
    on_a_database(async |database: Database| {
        let (one, other) = (database.open().await, database.open().await);
        write(&one, &[group(1, &["ann"]), messages(1, 1, "ann", 2)]).await;
        write(&other, &[group(2, &["ann"])]).await;
        let heard = notices_until(&other, |all| {
            all.iter().any(|notice| matches!(notice, Notice::Entries { last, .. } if *last == position(3)))
        })
        .await;
        assert!(
            heard.iter().all(|notice| matches!(notice, Notice::Entries { stream: of, .. } if *of == stream(1))),
            "{heard:?}"
        );
        let heard = notices_until(&one, |all| !all.is_empty()).await;
        assert_eq!(heard, [news(2, 1, 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_node_hears_what_another_tells_and_not_what_it_tells_itself() {
    on_a_database(async |database: Database| {
        let (one, other, pool) = (database.open().await, database.open().await, database.pool().await);
        two_listeners(&pool).await;
        let conversation = contract::conversation(1);
        let receipt = Receipt { delivered: position(2), read: position(1) };
        let receipts = vec![MemberReceipt { conversation, account: account("ann"), receipt }; 300];
        let presence = MemberPresence { conversation, account: account("ann"), kind: PresenceKind::Typing };
        one.notify(Notice::Receipts { tenant: tenant(), receipts });
        one.notify(Notice::Presence { tenant: tenant(), presence: presence.clone() });
        let heard =
            notices_until(&other, |all| all.iter().any(|notice| matches!(notice, Notice::Presence { .. }))).await;
        let count = |notice: &Notice| match notice {
            Notice::Receipts { receipts, .. } => receipts.len(),
            _ => 0,
        };
        assert_eq!(heard.iter().map(count).sum::<usize>(), 300);
        assert!(heard.contains(&Notice::Presence { tenant: tenant(), presence }));
        assert_eq!(one.notices().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn entries_are_found_when_their_notification_is_lost() {
    on_a_database(async |database: Database| {
        let (one, other) = (database.open().await, database.open().await);
        assert_eq!(other.notices().await.unwrap(), []);
        // Committed and never announced: the node ended in between.
        let mut writer = one.writer().await.unwrap();
        let mut transaction = writer.begin(Postgres::BEGIN_WRITE).await.unwrap();
        store::sql::commit::<Postgres>(&mut transaction, one.node, &[group(1, &["ann"]), messages(1, 1, "ann", 2)])
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let found = notices_until(&other, |all| !all.is_empty()).await;
        assert_eq!(found, [news(1, 1, 3)]);
        // Reported once, and not again with every poll.
        assert_eq!(other.notices().await.unwrap(), []);
        assert_eq!(other.notices().await.unwrap(), []);
    })
    .await;
}

/// Waits until two nodes listen.
async fn two_listeners(pool: &PgPool) {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'";
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_lost_listener_comes_back_by_itself() {
    on_a_database(async |database: Database| {
        let (one, other, pool) = (database.open().await, database.open().await, database.pool().await);
        two_listeners(&pool).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'";
        sqlx::query(sql).execute(&pool).await.unwrap();
        write(&one, &[group(1, &["ann"])]).await;
        notices_until(&other, |all| all.contains(&news(1, 1, 1))).await;
        two_listeners(&pool).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_committed_is_there_for_the_next_node() {
    on_a_database(async |database: Database| {
        let store = database.open().await;
        write(&store, &[group(1, &["ann"]), messages(1, 1, "ann", 3)]).await;
        let before = contract::settled_cursor(&store, "ann").await;
        drop(store);
        let store = database.open().await;
        write(&store, &[messages(1, 4, "ann", 1)]).await;
        let after = store.catch_up(&tenant(), &account("ann"), Some(before), ENTRIES_MAX).await.unwrap();
        assert_eq!(contract::positions(&after.entries[0].1), [5]);
    })
    .await;
}

#[tokio::test]
async fn j45_a_database_that_lost_its_end_in_a_crash_knows_the_cursors_of_it() {
    on_a_database(async |database: Database| {
        let (store, pool) = (database.open().await, database.pool().await);
        write(&store, &[group(1, &["ann"])]).await;
        let before = contract::settled_cursor(&store, "ann").await;
        write(&store, &[messages(1, 1, "ann", 1)]).await;
        let lost = contract::settled_cursor(&store, "ann").await;
        // As if a standby took over that had not received the last transaction: its ticks are beyond all
        // earlier ones.
        for sql in ["DELETE FROM journal WHERE position > 1", "UPDATE streams SET position = 1", "DELETE FROM unbroken"]
        {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        feed::resume(&store).await.unwrap();
        for at in 1..4 {
            write(&store, &[messages(1, at, "ann", 1)]).await;
        }
        assert!(contract::settled_cursor(&store, "ann").await.tick > lost.tick);
        assert_eq!([contract::knows(&store, before).await, contract::knows(&store, lost).await], [true, false]);
    })
    .await;
}

#[tokio::test]
async fn a_database_restored_into_a_young_cluster_misses_nothing() {
    on_a_database(async |database: Database| {
        let (store, pool) = (database.open().await, database.pool().await);
        write(&store, &[group(1, &["ann"])]).await;
        for table in ["streams", "journal", "members"] {
            let sql = format!("UPDATE {table} SET tick = tick + 1000000000");
            sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        }
        let store = database.open().await;
        let restored = store.catch_up(&tenant(), &account("ann"), None, ENTRIES_MAX).await.unwrap();
        write(&store, &[messages(1, 1, "ann", 1)]).await;
        let after = store.catch_up(&tenant(), &account("ann"), Some(restored.cursor), ENTRIES_MAX).await.unwrap();
        assert_eq!(contract::positions(&after.entries[0].1), [2]);
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_written() {
    on_a_database(async |database: Database| {
        let store = database.open().await;
        write(&store, &[group(1, &["ann"])]).await;
        sqlx::raw_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON documents EXECUTE FUNCTION full_disk();",
        )
        .execute(&database.pool().await)
        .await
        .unwrap();
        let failed = store.commit(&[messages(1, 1, "ann", 1)]).await;
        assert!(matches!(failed, Err(StoreError::Full(_))), "{failed:?}");
        let entries = store.entries_after(&tenant(), &stream(1), Position::ZERO, 10).await.unwrap();
        assert_eq!(contract::positions(&entries), [1]);
    })
    .await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    on_a_database(async |database: Database| {
        let store = database.open().await;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'later', TRUE, '\\x00', 0)";
        sqlx::query(newer).execute(&database.pool().await).await.unwrap();
        // Twice: a failed migration keeps no lock.
        for node in [store, database.open_only().await] {
            let failed = node.migrate().await;
            assert!(matches!(failed, Err(StoreError::Migrate(_))), "{failed:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable() {
    let options = StoreOptions { acquire_timeout: Duration::from_millis(500), ..StoreOptions::default() };
    let failed = store::open("postgres://nobody@127.0.0.1:9/none", &options).await.map(drop);
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
}
