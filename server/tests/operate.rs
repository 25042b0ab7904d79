//! What an operator does with a store: its file after a clean end, copies of it,
//! its tables, its rights.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use tidings_core::{
    code::Code,
    ids::IncarnationId,
    journal::{Cursor, Position},
    wire::{ClientFrame, FetchScope, Hello, ServerFrame},
};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::{Database, unique},
    process::{Process, program},
    server::token,
};

fn path(database: &Database) -> PathBuf {
    PathBuf::from(database.address.trim_start_matches("sqlite:"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs the program to its end: whether it was content, and what it said.
fn run(arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    (status.success(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
}

#[track_caller]
fn fails(arguments: &[&str], code: &str, names: &str) {
    let (content, said) = run(arguments);
    assert!(!content && said.contains(&format!("tidings-server: {code}: ")) && said.contains(names), "{said}");
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let (content, said) = run(arguments);
    assert!(content, "{said}");
    said
}

/// Two messages in a group, by a device that stays connected.
async fn written(server: &Process) -> (Client, Author) {
    let mut ann = Client::at(server.address, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"]), author.say("one"), author.say("two")]).await;
    (ann, author)
}

#[tokio::test(flavor = "multi_thread")]
async fn j20_a_sqlite_file_is_whole_by_itself_after_a_clean_end() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--dev"]);
    let (_ann, _) = written(&server).await;
    let file = path(&database);
    assert!(beside(&file, "-wal").exists(), "what was written is in the log while the server runs");
    server.drain().await;
    assert!(!beside(&file, "-wal").exists() && !beside(&file, "-shm").exists());
    let copy = file.with_file_name("copy.db");
    std::fs::copy(&file, &copy).unwrap();
    let said = succeeds(&["verify", "--all", "--store", &format!("sqlite:{}", copy.display())]);
    assert!(said.contains("3 entries"), "{said}");
}

/// SQLite folds its log in by itself at a last close: here somebody else has the file open.
#[tokio::test(flavor = "multi_thread")]
async fn j20_a_sqlite_file_is_whole_by_itself_while_somebody_else_has_it_open() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--dev"]);
    let (_ann, _) = written(&server).await;
    let other = database.open().await;
    let file = path(&database);
    let log = || std::fs::metadata(beside(&file, "-wal")).unwrap().len();
    assert!(log() > 0, "what was written is in the log while the server runs");
    server.drain().await;
    assert_eq!(log(), 0);
    let copy = file.with_file_name("copy.db");
    std::fs::copy(&file, &copy).unwrap();
    let said = succeeds(&["verify", "--all", "--store", &format!("sqlite:{}", copy.display())]);
    assert!(said.contains("3 entries"), "{said}");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j20_the_files_are_their_owners_alone() {
    let database = Database::sqlite();
    let file = path(&database);
    let check = |file: &Path| {
        for file in [file.to_owned(), beside(file, "-wal"), beside(file, "-shm")] {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    };
    let server = Process::start(&database.address, &["--dev"]);
    let (_ann, _) = written(&server).await;
    check(&file);
    server.drain().await;
    // One that a former version has left open to all.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let server = Process::start(&database.address, &["--dev"]);
    check(&file);
    server.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn j20_a_running_store_is_copied() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--dev"]);
    let (mut ann, mut author) = written(&server).await;
    let copy = path(&database).with_file_name("copy.db");
    let backup = ["backup", copy.to_str().unwrap(), "--store", &database.address];
    succeeds(&backup);
    assert_eq!(mode(&copy), 0o600);
    assert!(!beside(&copy, "-wal").exists(), "the copy is one file");
    ann.push_accepted(stream(boats()), vec![author.say("behind the copy")]).await;
    fails(&backup, "store_file_failed", "copy.db");
    let said = succeeds(&["verify", "--all", "--store", &format!("sqlite:{}", copy.display())]);
    assert!(said.contains("3 entries"), "{said}");
    server.drain().await;
}

#[test]
fn j21_no_command_that_reads_a_store_makes_one() {
    let database = Database::sqlite();
    let file = path(&database);
    let copy = file.with_file_name("copy.db").display().to_string();
    for command in [&["verify", "--all"][..], &["mend", "--all"], &["suspend", "--account", "ann"], &["backup", &copy]]
    {
        let arguments = [command, &["--store", &database.address]].concat();
        fails(&arguments, "store_missing", file.to_str().unwrap());
        assert!(!file.exists() && !Path::new(&copy).exists());
    }
}

/// On Postgres; what holds on both stores is tried with a SQLite file, too.
mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn j21_tables_of_another_version_are_told() {
        for database in [Database::sqlite(), Database::postgres().await] {
            let (verify, suspend) = (["verify", "--all"], ["suspend", "--account", "ann"]);
            let check = |names: &str| {
                for command in [&verify[..], &suspend[..]] {
                    fails(&[command, &["--store", &database.address]].concat(), "store_schema_differs", names);
                }
                let serve = ["serve", "--dev", "--no-migrate", "--listen", "127.0.0.1:0", "--store", &database.address];
                fails(&serve, "store_schema_differs", names);
            };
            if database.address.starts_with("sqlite:") {
                std::fs::write(path(&database), b"").unwrap();
            }
            check("tidings-server migrate");
            succeeds(&["migrate", "--store", &database.address]);
            succeeds(&["verify", "--all", "--store", &database.address]);
            database.execute("UPDATE _sqlx_migrations SET version = 99").await;
            check("use a newer program");
            database.execute("UPDATE _sqlx_migrations SET version = 1, success = false").await;
            check("another build");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j32_an_operator_verifies_and_mends_beside_a_server() {
        for database in [Database::sqlite(), Database::postgres().await] {
            let server = Process::start(&database.address, &["--dev"]);
            let _ann = written(&server).await;
            let store = ["--store", &database.address];
            let boats = boats().to_string();
            let one = ["--conversation", &boats, "--tenant", "acme"];
            let run = |command: &str, which: &[&str]| run(&[&[command], which, &store].concat());
            assert_eq!(run("mend", &["--all"]), (true, "1 streams, 0 rows put right\n".into()));
            database.execute("UPDATE members SET role = 'rot' WHERE account = 'bob'").await;
            let odd = format!(
                "tenant acme, stream conversation/{boats}, row members bob: role otherwise than the entries state"
            );
            let (content, said) = run("verify", &one);
            assert!(!content && said.contains(&odd) && said.contains("journal_differs"), "{said}");
            let (content, said) = run("mend", &one);
            assert!(
                content && said.contains(&format!("{odd}: put right")) && said.contains("1 rows put right"),
                "{said}"
            );
            assert!(run("verify", &["--all"]).0);
            for command in ["verify", "mend"] {
                fails(
                    &[&[command, "--account", "ann", "--tenant", "acme"], &store[..]].concat(),
                    "account_unknown",
                    "account/ann",
                );
                fails(&[&[command, "--conversation", &boats], &store[..]].concat(), "conversation_unknown", &boats);
            }
            database.execute("DELETE FROM journal WHERE position = 3").await;
            fails(&[&["mend", "--all"], &store[..]].concat(), "stream_damaged", "left as they are");
            server.drain().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_account_that_was_never_seen_is_not_suspended_by_mistake() {
        for database in [Database::sqlite(), Database::postgres().await] {
            succeeds(&["migrate", "--store", &database.address]);
            let suspend = ["suspend", "--account", "nobody", "--store", &database.address];
            fails(&suspend, "account_unknown", "nobody");
            succeeds(&[&suspend[..], &["--unseen"]].concat());
            // A device is enough to be known.
            let server = Process::start(&database.address, &["--dev"]);
            let _ann = Client::at(server.address, "ann", device(1)).await;
            succeeds(&["suspend", "--account", "ann", "--tenant", "acme", "--store", &database.address]);
            server.drain().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j22_serving_needs_rights_on_rows_only() {
        let database = Database::postgres().await;
        let role = unique();
        database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'rows'")).await;
        database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
        let address = database.as_role(&role, "rows");
        let (_, said) = run(&["serve", "--dev", "--listen", "127.0.0.1:0", "--store", &address]);
        assert!(said.contains("permission denied") && !said.contains("at line"), "{said}");
        succeeds(&["migrate", "--store", &database.address]);
        database
            .execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"))
            .await;
        let server = Process::start(&address, &["--dev", "--no-migrate"]);
        let (mut ann, _) = written(&server).await;
        let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
        assert_eq!(fetched.entries.len(), 3);
        server.drain().await;
        database.execute(&format!("DROP OWNED BY {role}")).await;
        database.execute(&format!("DROP ROLE {role}")).await;
    }

    /// The incarnation that a session is told, and of how many conversations.
    async fn told(server: &Process, hello: Hello) -> (IncarnationId, usize) {
        let mut client = Client::dial(server.address).await;
        client.send(&ClientFrame::Hello(hello)).await;
        let (mut incarnation, mut conversations) = (None, 0);
        loop {
            match client.next().await {
                ServerFrame::Welcome(welcome) => incarnation = Some(welcome.incarnation),
                ServerFrame::Summaries(summaries) => conversations += summaries.len(),
                ServerFrame::CaughtUp(_) => return (incarnation.unwrap(), conversations),
                _ => {}
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn j30_a_cursor_of_another_incarnation_says_nothing() {
        for database in [Database::sqlite(), Database::postgres().await] {
            let server = Process::start(&database.address, &["--dev"]);
            let _ann = written(&server).await;
            let ann = |cursor, incarnation| Hello {
                incarnation,
                ..hello(token("ann", Duration::from_secs(600)), device(1), cursor)
            };
            let (first, conversations) = told(&server, ann(None, None)).await;
            assert_eq!(conversations, 1);
            let future = Some(Cursor::new(1 << 60));
            // Nothing is new to whoever has a cursor of this incarnation that is not ahead. On Postgres a
            // transaction that another test has open holds cursors back: the first that it let go counts.
            let cursor = loop {
                let cursor = Client::try_resume(server.address, "ann", device(1), None).await.unwrap().0.cursor;
                let (same, conversations) = told(&server, ann(cursor, Some(first))).await;
                assert_eq!(same, first);
                if conversations == 0 {
                    break cursor;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            };
            // One that is ahead is told of, and there is no session with it.
            let mut ahead = Client::dial(server.address).await;
            ahead.send(&ClientFrame::Hello(ann(future, Some(first)))).await;
            let ServerFrame::Closed(closed) = ahead.next().await else {
                panic!("a session with a cursor that is ahead")
            };
            assert_eq!(closed.code, Code::StoreRestored);
            server.logged("the store is behind what a client was told").await;
            server.drain().await;
            succeeds(&["restored", "--store", &database.address]);
            let server = Process::start(&database.address, &["--dev"]);
            let (second, conversations) = told(&server, ann(cursor, Some(first))).await;
            assert!(second != first && conversations == 1);
            assert!(!server.drain().await.contains("behind what a client was told"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t18_an_operator_has_an_account_erased() {
    let database = Database::sqlite();
    let server = Process::start(&database.address, &["--dev", "--erase-interval", "20ms", "--cursor-interval", "20ms"]);
    let (mut ann, _) = written(&server).await;
    let of = |command, account| [command, "--account", account, "--tenant", "acme", "--store", &database.address];
    fails(&of("erase", "nobody"), "account_unknown", "nobody");
    assert!(succeeds(&of("erase", "ann")).starts_with("to be erased by running servers"));
    assert_eq!(ann.closed_code().await, Code::AccountSuspended);
    database.wait_for("SELECT count(*) FROM account_erasures WHERE erased_at IS NOT NULL", 1).await;
    assert_eq!(succeeds(&of("erase", "ann")), "erased: 2 messages deleted, 0 reactions taken off, 0 refused\n");
    for unseen in [&[][..], &["--unseen"]] {
        fails(&[&of("suspend", "ann")[..], &["--lift"], unseen].concat(), "account_erased", "was erased");
    }
    server.drain().await;
}
