//! A fresh database for one test, gone when it ends.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tidings_server::store::{self, Store, StoreOptions};

use super::process::program;

/// Where a Postgres server is for the tests: an address that may create databases.
pub const POSTGRES: &str = "TIDINGS_TEST_POSTGRES";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A fresh database.
pub struct Database {
    /// Its address, as the server takes it.
    pub address: String,
    leftover: Leftover,
}

enum Leftover {
    Folder(PathBuf),
    Database { server: String, name: String },
}

/// A file that holds a copy, gone with its value.
pub struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs a command to its end, which is a good one.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A name that nothing else has.
pub fn unique() -> String {
    let random: u32 = rand::random();
    format!("tidings_test_{}_{}_{random:08x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The address of another database on the same server.
fn sibling(server: &str, name: &str) -> String {
    let (path, query) = server.split_once('?').map_or((server, None), |(path, query)| (path, Some(query)));
    let scheme_end = path.find("://").expect("the address has a scheme") + 3;
    let host_end = path[scheme_end..].find('/').map_or(path.len(), |slash| scheme_end + slash);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &path[..host_end])
}

impl Database {
    /// A file in a new folder.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder).unwrap();
        let address = format!("sqlite:{}", folder.join("tidings.db").display());
        Self { address, leftover: Leftover::Folder(folder) }
    }

    /// A new database on the Postgres server of the tests.
    pub async fn postgres() -> Self {
        let server = std::env::var(POSTGRES)
            .unwrap_or_else(|_| panic!("set {POSTGRES} to the address of a Postgres server, postgres://…"));
        let name = unique();
        let mut connection = PgConnection::connect(&server).await.expect("the Postgres server of the tests answers");
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Self { address: sibling(&server, &name), leftover: Leftover::Database { server, name } }
    }

    /// An operator's copy, made while it is served.
    #[track_caller]
    pub fn copy(&self) -> Copy {
        let copy = Copy(std::env::temp_dir().join(unique()));
        let file = copy.0.to_str().unwrap();
        match &self.leftover {
            Leftover::Folder(_) => run(&mut program(&["backup", file, "--store", &self.address])),
            Leftover::Database { .. } => {
                run(Command::new("pg_dump").args(["--format", "custom", "--file", file, &self.address]))
            }
        }
        copy
    }

    /// Puts it back to a copy; nobody serves it.
    #[track_caller]
    pub fn put_back(&self, copy: &Copy) {
        match &self.leftover {
            Leftover::Folder(folder) => {
                std::fs::copy(&copy.0, folder.join("tidings.db")).unwrap();
                // What was written last, unless it ended cleanly.
                for leftover in ["tidings.db-wal", "tidings.db-shm"] {
                    let _ = std::fs::remove_file(folder.join(leftover));
                }
            }
            Leftover::Database { .. } => {
                let restore = ["--clean", "--if-exists", "--single-transaction", "--dbname", &self.address];
                run(Command::new("pg_restore").args(restore).arg(&copy.0));
            }
        }
    }

    /// The `host:port` of the server.
    pub fn host(&self) -> &str {
        let start = self.address.find("://").expect("the address is of a server") + 3;
        let authority = self.address[start..].split('/').next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default()
    }

    /// Its address as a role of Postgres reaches it.
    pub fn as_role(&self, role: &str, password: &str) -> String {
        let start = self.address.find("://").expect("the address is of a server") + 3;
        let (scheme, rest) = self.address.split_at(start);
        let end = rest.find('/').unwrap_or(rest.len());
        let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
        format!("{scheme}{role}:{password}@{}", &rest[host..])
    }

    /// Opens it as one node does, migrated.
    pub async fn open(&self) -> Arc<dyn Store> {
        open_at(&self.address).await
    }

    /// Its address by way of another host and port.
    pub fn by_way_of(&self, address: SocketAddr) -> String {
        self.address.replacen(self.host(), &address.to_string(), 1)
    }

    /// Opens it by way of another host and port.
    pub async fn open_by_way_of(&self, address: SocketAddr) -> Arc<dyn Store> {
        open_at(&self.by_way_of(address)).await
    }

    /// Runs a statement of an operator, or of somebody who should not.
    pub async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.leftover {
            Leftover::Folder(_) => {
                let mut connection = SqliteConnection::connect(&self.address).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
            Leftover::Database { .. } => {
                let mut connection = PgConnection::connect(&self.address).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
        }
    }

    /// The first column of the first row, a number.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.leftover {
            Leftover::Folder(_) => {
                let mut connection = SqliteConnection::connect(&self.address).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Leftover::Database { .. } => {
                let mut connection = PgConnection::connect(&self.address).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// The first column of the first row, bytes.
    pub async fn bytes(&self, sql: &str) -> Vec<u8> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.leftover {
            Leftover::Folder(_) => {
                let mut connection = SqliteConnection::connect(&self.address).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Leftover::Database { .. } => {
                let mut connection = PgConnection::connect(&self.address).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Bytes as a statement writes them.
    pub fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match &self.leftover {
            Leftover::Folder(_) => format!("x'{hex}'"),
            Leftover::Database { .. } => format!("decode('{hex}', 'hex')"),
        }
    }

    /// Waits until a count is at least so much.
    pub async fn wait_for(&self, sql: &str, least: i64) {
        let reached = tokio::time::timeout(super::server::PATIENCE, async {
            while self.number(sql).await < least {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        reached.await.unwrap_or_else(|_| panic!("{sql} reaches {least}"));
    }

    /// Waits until so many nodes listen for notices.
    pub async fn listeners(&self, count: i64) {
        let sql = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'";
        let mut connection = PgConnection::connect(&self.address).await.unwrap();
        let listening = tokio::time::timeout(super::server::PATIENCE, async {
            while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.unwrap() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        listening.await.expect("the nodes listen");
    }
}

/// Opens the store at an address as one node does, migrated.
pub async fn open_at(address: &str) -> Arc<dyn Store> {
    let options = StoreOptions { acquire_timeout: Duration::from_secs(2), ..StoreOptions::default() };
    let store = store::open(address, &options).await.unwrap();
    store.migrate().await.unwrap();
    store
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.leftover {
            Leftover::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Leftover::Database { server, name } => {
                let (server, name) = (server.clone(), name.clone());
                // Dropping is not async, and a runtime cannot block within another.
                let dropped = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let mut connection = PgConnection::connect(&server).await?;
                        connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await
                    })
                });
                let _ = dropped.join();
            }
        }
    }
}
