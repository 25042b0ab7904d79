//! The contract on files, and behaviour that only SQLite has.

use std::{path::PathBuf, sync::Arc};

use tidings_core::{journal::Position, model::Receipt, wire::MemberReceipt};

use super::*;
use crate::store::{
    self, Store, StoreError,
    contract::{self, ENTRIES_MAX, account, conversation, group, messages, position, stream, tenant, write},
};

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(std::env::temp_dir().join(format!("tidings-{:016x}", rand::random::<u64>())))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.join("below").join("tidings.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn open(url: &str) -> Arc<dyn Store> {
    let store = store::open(url, &StoreOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn on_a_file(behaviour: impl AsyncFnOnce(Arc<dyn Store>)) {
    let folder = Folder::new();
    behaviour(open(&folder.url()).await).await;
}

contract::contract_tests!(super::on_a_file);

#[tokio::test]
async fn a_store_in_memory_keeps_what_is_written_while_it_is_open() {
    let store = open("sqlite::memory:").await;
    contract::journal::a_conflict_of_one_stream_leaves_the_others(&*store).await;
    contract::journal::of_racing_commits_one_is_admitted(&*open("sqlite::memory:").await).await;
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let folder = Folder::new();
    let store = open(&folder.url()).await;
    write(&*store, &[group(1, &["ann"]), messages(1, 1, "ann", 3)]).await;
    let before = contract::settled_cursor(&*store, "ann").await;
    drop(store);
    let store = open(&folder.url()).await;
    let entries = store.entries_after(&tenant(), &stream(1), Position::ZERO, 10).await.unwrap();
    assert_eq!(contract::positions(&entries), [1, 2, 3, 4]);
    write(&*store, &[messages(1, 4, "ann", 1)]).await;
    let after = store.catch_up(&tenant(), &account("ann"), Some(before), ENTRIES_MAX).await.unwrap();
    assert_eq!(contract::positions(&after.entries[0].1), [5]);
}

#[tokio::test]
async fn j45_a_copy_knows_the_cursors_of_what_it_lost_however_far_it_has_come() {
    let folder = Folder::new();
    let (store, copy) = (open(&folder.url()).await, folder.0.join("copy.db"));
    write(&*store, &[group(1, &["ann"])]).await;
    let before = contract::settled_cursor(&*store, "ann").await;
    store.backup(&copy).await.unwrap();
    // Including a cursor after which no entry was lost, because other rows were.
    let receipt = Receipt { delivered: Position::new(1), read: Position::new(1) };
    let receipt = MemberReceipt { conversation: conversation(1), account: account("ann"), receipt };
    assert_eq!(store.merge_receipts(&tenant(), &[receipt]).await.unwrap().len(), 1);
    let between = contract::settled_cursor(&*store, "ann").await;
    write(&*store, &[messages(1, 1, "ann", 1)]).await;
    let lost = contract::settled_cursor(&*store, "ann").await;
    let store = open(&format!("sqlite:{}", copy.display())).await;
    for at in 1..5 {
        write(&*store, &[messages(1, at, "ann", 1)]).await;
    }
    assert!(contract::settled_cursor(&*store, "ann").await.tick > lost.tick, "the cursor was overtaken");
    let known = [contract::knows(&*store, before).await, contract::knows(&*store, between).await];
    assert_eq!((known, contract::knows(&*store, lost).await), ([true, false], false));
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_written() {
    let folder = Folder::new();
    let path = folder.0.join("tidings.db");
    let store = super::open(Some(&path), &StoreOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    write(&store, &[group(1, &["ann"])]).await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.writes).await.unwrap();
    let limit = format!("PRAGMA max_page_count = {}", pages + 20);
    sqlx::query(AssertSqlSafe(limit)).execute(&store.writes).await.unwrap();
    let mut large = messages(1, 1, "ann", 2);
    large.entries[1].entry.change = vec![1; 256 * 1024];
    let failed = store.commit(&[group(2, &["ann"]), large]).await;
    assert!(matches!(failed, Err(StoreError::Full(_))), "{failed:?}");
    assert_eq!(store.stream_head(&tenant(), &stream(1)).await.unwrap().position, position(1));
    assert_eq!(store.stream_head(&tenant(), &stream(2)).await.unwrap().position, Position::ZERO);
    // Smaller writes still succeed, on the same connection.
    write(&store, &[messages(1, 1, "ann", 1)]).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    let path = folder.0.join("tidings.db");
    let store = super::open(Some(&path), &StoreOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&store.writes).await.unwrap();
    let failed = store.migrate().await;
    assert!(matches!(failed, Err(StoreError::Migrate(_))), "{failed:?}");
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused() {
    for url in ["mysql://root:secret@host/db", "nonsense", "sqlite:", ""] {
        let failed = store::open(url, &StoreOptions::default()).await.map(drop);
        assert!(matches!(failed, Err(StoreError::UrlUnsupported { .. })), "{url}");
        assert!(!failed.unwrap_err().to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_row_that_does_not_decode_is_corrupt() {
    let store = super::open(None, &StoreOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    write(&store, &[group(1, &["ann"])]).await;
    sqlx::query("UPDATE members SET status = 'PERHAPS'").execute(&store.writes).await.unwrap();
    let failed = store.member(&tenant(), contract::conversation(1), &account("ann")).await;
    assert!(matches!(failed, Err(StoreError::Corrupt { table: "members", .. })), "{failed:?}");
}

#[tokio::test]
async fn other_nodes_never_have_news() {
    let store = open("sqlite::memory:").await;
    write(&*store, &[group(1, &["ann"])]).await;
    store.notify(Notice::Receipts { tenant: tenant(), receipts: Vec::new() });
    assert_eq!(store.notices().await.unwrap(), []);
}

#[tokio::test]
async fn j20_a_log_that_grew_behind_a_reader_begins_anew() {
    let folder = Folder::new();
    let path = folder.0.join("tidings.db");
    let store = super::open(Some(&path), &StoreOptions::default()).await.unwrap();
    let log = || std::fs::metadata(super::file::beside(&path, "-wal")).unwrap().len();
    sqlx::query("CREATE TABLE heap (bytes BLOB)").execute(&store.writes).await.unwrap();
    let mut reader = store.reads.acquire().await.unwrap();
    sqlx::query("BEGIN").execute(&mut *reader).await.unwrap();
    sqlx::query("SELECT count(*) FROM heap").fetch_one(&mut *reader).await.unwrap();
    for _ in 0..9 {
        sqlx::query("INSERT INTO heap VALUES (zeroblob(8000000))").execute(&store.writes).await.unwrap();
    }
    assert!(log() > 64 * 1024 * 1024);
    // While somebody reads an older state, the log has to stay.
    store.tend().await.unwrap();
    assert!(log() > 64 * 1024 * 1024);
    sqlx::query("COMMIT").execute(&mut *reader).await.unwrap();
    store.tend().await.unwrap();
    assert_eq!(log(), 0);
}
