//! The program as processes of their own, which a test can kill, stop and
//! wake: one, or several as nodes on one store.

use std::{
    io::{BufRead as _, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use rand::{Rng as _, rngs::StdRng};

use super::server::PATIENCE;

/// The program with these arguments and nothing of the environment's settings.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings-server"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIDINGS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Room in one page for all that a crowd says.
pub const PAGE_LIMITS: [&str; 4] = ["--page-changes-soft", "20000", "--page-changes-max", "20000"];

/// Makes every decision in a store again, by another process; the counts it tells.
#[track_caller]
pub fn verify(store: &str) -> String {
    let arguments = [&["verify", "--all", "--store", store], &PAGE_LIMITS[..]].concat();
    let Output { status, stdout, stderr } = program(&arguments).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success(), "{stdout}{stderr}");
    stdout
}

/// Sends a signal to a process.
pub fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

/// A running program that listens. It is killed with its value.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Vec<JoinHandle<()>>,
}

impl Process {
    /// Serves a store, on a free port.
    pub fn start(store: &str, flags: &[&str]) -> Self {
        Self::spawn(Self::command(store, flags))
    }

    /// What `start` runs.
    pub fn command(store: &str, flags: &[&str]) -> Command {
        program(&[&["serve", "--listen", "127.0.0.1:0", "--store", store], flags].concat())
    }

    /// Runs a command that is, or becomes, the program.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::default();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        // Read all the while: a program whose log nobody reads waits for that.
        let mut reading = vec![read(child.stderr.take().unwrap(), &log)];
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            child.kill().unwrap();
            reading.pop().unwrap().join().unwrap();
            panic!("it says where it listens: {line:?} {}", log.lock().unwrap());
        };
        let address = address.parse().unwrap();
        reading.push(read(output, &log));
        Self { address, child, log, reading }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, as in `-STOP`.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log holds a text: lines come a moment after what they tell of.
    pub async fn logged(&self, text: &str) {
        let logged = tokio::time::timeout(PATIENCE, async {
            while !self.log().contains(text) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        logged.await.unwrap_or_else(|_| panic!("{text:?} is logged: {}", self.log()));
    }

    /// Sends a signal and tells how the program ended, with what it logged.
    pub fn end(mut self, name: &str) -> (ExitStatus, String) {
        self.signal(name);
        let status = self.child.wait().unwrap();
        self.reading.drain(..).for_each(|reading| reading.join().unwrap());
        (status, self.log())
    }

    /// Asks it to end, and waits until it has, in good order; all it logged.
    pub async fn drain(self) -> String {
        let (status, log) = tokio::task::spawn_blocking(move || self.end("-TERM")).await.unwrap();
        assert!(status.success() && log.contains("drained"), "{status}: {log}");
        log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the last lines of the server at {}, newest first:\n{}", self.address, tail.join("\n"));
        }
    }
}

fn read(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}

/// Where servers can be found at the moment.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<Vec<SocketAddr>>>);

impl Addresses {
    /// One of them; none while there is none.
    pub fn any(&self, dice: &mut StdRng) -> Option<SocketAddr> {
        let addresses = self.0.lock().unwrap();
        (!addresses.is_empty()).then(|| addresses[dice.random_range(0..addresses.len())])
    }

    /// Only this one.
    pub fn only(address: SocketAddr) -> Self {
        Self(Arc::new(Mutex::new(vec![address])))
    }

    fn add(&self, address: SocketAddr) {
        self.0.lock().unwrap().push(address);
    }

    fn remove(&self, address: SocketAddr) {
        self.0.lock().unwrap().retain(|other| *other != address);
    }
}

/// Nodes on one store, and where they are.
pub struct Fleet {
    pub addresses: Addresses,
    pub nodes: Vec<Process>,
    store: String,
    flags: Vec<String>,
}

impl Fleet {
    /// Starts so many.
    pub fn start(store: &str, count: usize, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut fleet = Self { addresses: Addresses::default(), nodes: Vec::new(), store: store.to_owned(), flags };
        for _ in 0..count {
            fleet.add();
        }
        fleet
    }

    /// Starts one more.
    pub fn add(&mut self) {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let node = Process::start(&self.store, &flags);
        self.addresses.add(node.address);
        self.nodes.push(node);
    }

    /// Takes the oldest out, still running, of which clients are told no more.
    pub fn take(&mut self) -> Process {
        let node = self.nodes.remove(0);
        self.addresses.remove(node.address);
        node
    }
}
