//! A disk that is really full under SQLite: pushes wait, reading goes on, and
//! when there is room again everything goes on by itself.

#![cfg(target_os = "linux")]

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use tidings_core::{code::Code, journal::Position, wire::FetchScope};

use crate::support::{
    client::{Client, device},
    crowd::{self, Crowd, WITHOUT_END, dice},
    database::Database,
    process::{Addresses, Process, verify},
};

/// Room for the write-ahead log that SQLite keeps, and for little more.
const SIZE: &str = "size=8m";

/// A disk that only one process sees, and which ends with it.
struct Disk {
    server: Process,
    /// Where others find it.
    folder: PathBuf,
}

impl Disk {
    /// Mounts it below a folder, and serves a store on it.
    fn mount(folder: &str, flags: &[&str]) -> Self {
        let mounted = format!("{folder}/disk");
        std::fs::create_dir(&mounted).unwrap();
        let serve = Process::command(&format!("sqlite:{mounted}/tidings.db"), flags);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.args([r#"mount -t tmpfs -o "$0" tmpfs "$1" && shift && exec "$@""#, SIZE, &mounted]);
        command.arg(serve.get_program()).args(serve.get_args());
        for (name, value) in serve.get_envs() {
            assert!(value.is_none(), "the program is started with less than the environment");
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let server = Process::spawn(command);
        let folder = format!("/proc/{}/root{mounted}", server.id()).into();
        Self { server, folder }
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut ballast = File::create(self.folder.join("ballast")).unwrap();
        while ballast.write_all(&[7; 4096]).is_ok() {}
    }

    /// Gives the room back.
    fn clear(&self) {
        std::fs::remove_file(self.folder.join("ballast")).unwrap();
    }

    /// Copies the store, which nobody writes at the moment.
    fn copy(&self, folder: &str) {
        for name in ["tidings.db", "tidings.db-wal"] {
            std::fs::copy(self.folder.join(name), format!("{folder}/{name}")).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_defers_what_is_written_until_there_is_room() {
    let mut dice = dice();
    let copy = Database::sqlite();
    let folder = copy.address.trim_start_matches("sqlite:").trim_end_matches("/tidings.db");
    let disk = Disk::mount(folder, &[&crowd::FLAGS[..], &["--snapshot-interval", "1h"]].concat());
    let addresses = Addresses::only(disk.server.address);
    let mut crowd = Crowd::new(&addresses, &mut dice);
    let group = crowd.found(&["bob", "cat", "dan", "eve"]).await;
    crowd.read(&addresses, &group.stream, "eve");
    for name in ["bob", "cat", "dan"].repeat(3) {
        crowd.write(&addresses, &group, name, WITHOUT_END);
    }
    let (mut reader, _) = Client::try_resume(disk.server.address, "eve", device(6), None).await.unwrap();
    for _ in 0..3 {
        crowd.writes(30).await;
        disk.fill();
        crowd.waits(10).await;
        // Who reads is served, in the session that was there and in the one that follows it.
        let there = reader.fetch(&group.stream, FetchScope::After(Position::ZERO)).await.unwrap();
        (reader, _) = Client::try_resume(disk.server.address, "eve", device(6), None).await.unwrap();
        let again = reader.fetch(&group.stream, FetchScope::After(Position::ZERO)).await.unwrap();
        assert!(there.entries.len() > 30 && again.entries.starts_with(&there.entries));
        disk.clear();
    }
    assert_eq!(crowd.deferred(), BTreeSet::from([Code::StoreFull]));
    crowd.quiet().await;
    disk.copy(folder);
    crowd.finish(copy.open().await.as_ref()).await;
    verify(&copy.address);
    disk.server.drain().await;
}
