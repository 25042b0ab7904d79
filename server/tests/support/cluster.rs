//! A Postgres server of a test's own, that keeps its promises to the disk and
//! can be killed. It is made with the programs, and runs as the user, of the
//! Postgres server of the tests.

use std::{
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rand::Rng as _;
use sqlx::{Connection as _, PgConnection};

use super::{database::POSTGRES, process::signal};

/// The longest wait for it to start, or to recover.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Below those that systems give to outgoing connections: none of those can take the port while it is down.
const PORTS: Range<u16> = 20_000..30_000;
/// The superuser, whom `trust` lets in without a password.
const SUPERUSER: &str = "tidings";

/// A running cluster. It ends with its value, and so does its folder.
pub struct Cluster {
    /// Where servers connect.
    pub address: String,
    folder: PathBuf,
    programs: PathBuf,
    owner: (u32, u32),
    port: u16,
    postmaster: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it.
    pub async fn start() -> Self {
        let tests = std::env::var(POSTGRES).unwrap_or_else(|_| panic!("set {POSTGRES}"));
        let mut connection = PgConnection::connect(&tests).await.expect("the Postgres server of the tests answers");
        let programs = ask(&mut connection, "SELECT setting FROM pg_config WHERE name = 'BINDIR'").await;
        let data = ask(&mut connection, "SELECT current_setting('data_directory')").await;
        let metadata = Path::new(&data).metadata().expect("the Postgres server of the tests is on this machine");
        let owner = (metadata.uid(), metadata.gid());
        let folder = std::env::temp_dir().join(super::database::unique());
        std::fs::create_dir_all(&folder).unwrap();
        // Only root can, and only for root somebody else runs Postgres.
        let _ = chown(&folder, Some(owner.0), Some(owner.1));
        let mut ports = std::iter::repeat_with(|| rand::rng().random_range(PORTS));
        let port = ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap();
        let address = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres");
        let mut cluster = Self { address, folder, programs: programs.into(), owner, port, postmaster: None };
        let initdb = cluster
            .program("initdb")
            .args([
                "--username",
                SUPERUSER,
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--no-sync",
                "--wal-segsize",
                "1",
            ])
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        cluster.run().await;
        cluster
    }

    /// Starts it, and waits until it answers.
    pub async fn run(&mut self) {
        let answers = tokio::time::timeout(START_PATIENCE, async {
            loop {
                // It does not start while a process of the one before is alive.
                let running = self.postmaster.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none());
                if !running {
                    self.postmaster = Some(self.postgres().spawn().unwrap());
                }
                if PgConnection::connect(&self.address).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        answers.await.unwrap_or_else(|_| panic!("Postgres starts: {}", self.log()));
    }

    /// Kills every process of it at once.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        let children = children(postmaster.id());
        postmaster.kill().unwrap();
        for child in children {
            // Some have ended with their parent.
            let _ = Command::new("kill").args(["-KILL", &child]).stderr(Stdio::null()).status();
        }
        postmaster.wait().unwrap();
    }

    /// Tells it to end without finishing anything, and waits until it has.
    pub fn abort(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        signal(postmaster.id(), "-QUIT");
        postmaster.wait().unwrap();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// One of its programs, on its data, as its user.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.arg("-D").arg(self.folder.join("data")).current_dir(&self.folder).stdin(Stdio::null());
        command.uid(self.owner.0).gid(self.owner.1);
        command
    }

    fn postgres(&self) -> Command {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = self.program("postgres");
        command
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={}", self.port)])
            .args(["-c", &format!("unix_socket_directories={}", self.folder.display())])
            .stdout(Stdio::null())
            .stderr(log);
        if cfg!(target_os = "linux") {
            // To recover it makes its files durable first; one by one that takes seconds on a busy disk.
            command.args(["-c", "recovery_init_sync_method=syncfs"]);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Postgres said:\n{}", self.log());
        }
        self.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn ask(connection: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// The numbers of a process's children.
fn children(parent: u32) -> Vec<String> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap();
    let parent = parent.to_string();
    let lines = String::from_utf8(output.stdout).unwrap();
    let pairs = lines.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    pairs.filter(|(_, of)| of.trim() == parent).map(|(child, _)| child.to_owned()).collect()
}
