//! A private Postgres cluster for tests and benchmarks: in a temporary folder, open to this
//! machine only, gone when the value is dropped. Postgres refuses to run as
//! root; then the folder and the server belong to an unprivileged user.

use std::fs::{self, DirBuilder, File};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use anyhow::{Context, bail};

use crate::step::{self, RunError};
use crate::{interrupt, machine};

/// The superuser of the cluster; `trust` lets it in without a password.
const SUPERUSER: &str = "tidings";
/// What a cluster's folder is called, before the id of the process that owns it.
const FOLDER_PREFIX: &str = "tidings-postgres-";
/// Each test has a pool of its own.
const CONNECTIONS_MAX: u32 = 300;
/// Longer than a busy machine with a slow disk needs to start an empty cluster.
const START_DURATION_MAX: Duration = Duration::from_secs(60);

/// What a cluster promises of what it committed.
#[derive(Clone, Copy, PartialEq)]
pub enum Durability {
    /// As it ships: a commit is on the disk.
    Kept,
    /// Nothing: tests end by dropping the whole cluster; only those that kill
    /// the server itself need its promises to the disk, and bring their own.
    Waived,
}

/// A running cluster. Invariant: dropping it ends the server and removes the folder.
pub struct Cluster {
    folder: Folder,
    server: Child,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster with the Postgres programs in `programs`.
    ///
    /// # Errors
    /// When a program fails (its log is part of the error) or an interrupt arrives.
    pub fn start(programs: &Path, durability: Durability) -> anyhow::Result<Self> {
        remove_abandoned();
        let owner = Owner::unprivileged()?;
        let folder = Folder::create(owner)?;
        initialise(programs, &folder, owner)?;
        let port = free_port()?;
        let server = spawn(programs, &folder, owner, port, durability)?;
        let mut cluster = Self { folder, server, port };
        cluster.wait_until_ready(programs)?;
        Ok(cluster)
    }

    /// Where tests connect; each makes a database of its own from here.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self, programs: &Path) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            if interrupt::received() {
                return Err(RunError::Interrupted.into());
            }
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .context("pg_isready could not be run")?;
            if ready.success() {
                return Ok(());
            }
            let ended = self.server.try_wait()?;
            if ended.is_some() || started.elapsed() > START_DURATION_MAX {
                let log = fs::read_to_string(self.folder.log()).unwrap_or_default();
                bail!("Postgres did not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // An immediate shutdown: nothing in this cluster is worth a checkpoint.
        step::signal_group(&self.server, "QUIT");
        let asked = Instant::now();
        while let Ok(None) = self.server.try_wait() {
            if asked.elapsed() > Duration::from_secs(10) {
                step::signal_group(&self.server, "KILL");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Who owns the cluster's files and runs its server.
#[derive(Clone, Copy)]
enum Owner {
    /// This process's own user.
    Ourselves,
    /// Another user, since this process is root's.
    Other { user: u32, group: u32 },
}

impl Owner {
    fn unprivileged() -> anyhow::Result<Self> {
        if !machine::is_root() {
            return Ok(Self::Ourselves);
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| {
                let user = machine::user_id(name)?;
                let group = machine::group_id(name)?;
                Some(Self::Other { user, group })
            })
            .context("neither a user `postgres` nor `nobody` exists to run Postgres as")
    }

    /// Makes `command` run as this owner.
    fn applied_to(self, mut command: Command) -> Command {
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn create(owner: Owner) -> anyhow::Result<Self> {
        let path = env::temp_dir().join(format!("{FOLDER_PREFIX}{}", process::id()));
        DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("{} could not be made", path.display()))?;
        let folder = Self(path);
        if let Owner::Other { user, group } = owner {
            chown(&folder.0, Some(user), Some(group))?;
        }
        Ok(folder)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: {} could not be removed: {error}", self.0.display());
        }
    }
}

fn initialise(programs: &Path, folder: &Folder, owner: Owner) -> anyhow::Result<()> {
    let mut initdb = owner.applied_to(Command::new(programs.join("initdb")));
    let output = initdb
        .arg("--pgdata")
        .arg(folder.data())
        .args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"])
        .args(["--locale", "C", "--no-sync", "--no-instructions"])
        .current_dir(&folder.0)
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .context("initdb could not be run")?;
    if !output.status.success() {
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("initdb failed ({}):\n{log}", output.status);
    }
    Ok(())
}

fn spawn(programs: &Path, folder: &Folder, owner: Owner, port: u16, durability: Durability) -> anyhow::Result<Child> {
    let mut settings = vec![
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", folder.0.display().to_string()),
        ("port", port.to_string()),
        ("max_connections", CONNECTIONS_MAX.to_string()),
    ];
    if durability == Durability::Waived {
        settings.extend(["fsync", "synchronous_commit", "full_page_writes"].map(|name| (name, "off".to_owned())));
    }
    let log = File::create(folder.log())?;
    let mut server = owner.applied_to(dying_with_us(&programs.join("postgres")));
    server.arg("-D").arg(folder.data());
    for (name, value) in settings {
        server.args(["-c", &format!("{name}={value}")]);
    }
    // A group of its own keeps a terminal's Ctrl-C from ending the server before
    // the tests that use it.
    server
        .current_dir(&folder.0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("postgres could not be run")
}

/// A command that Linux ends when this process is killed outright, which no
/// destructor sees. Elsewhere the plain command.
fn dying_with_us(program: &Path) -> Command {
    match machine::program("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Removes the folders of processes that were killed outright.
fn remove_abandoned() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX)) else {
            continue;
        };
        let alive = Command::new("ps").args(["-p", process]).stdout(Stdio::null()).status();
        if alive.is_ok_and(|status| !status.success()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A TCP port that nothing listens on.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_value() {
        let folder = Folder::create(Owner::Ourselves).unwrap();
        let path = folder.0.clone();
        fs::write(folder.log(), "text").unwrap();
        assert!(path.exists());
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}
