//! `cargo xtask sim`: builds the simulation with optimisation, and replays one
//! seed with its trace, or draws new seeds on every core until one fails, which
//! is made small and told with the command that replays it.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::step::{self, RunError};
use crate::{interrupt, workspace};

/// The cargo profile of the simulation: the fuzzer's.
const PROFILE: &str = "fuzz";
/// How often running searches are looked at.
const POLL: Duration = Duration::from_millis(100);
/// How far the searches begin from each other: further than one gets.
const APART: u64 = 10_000_000;

/// What is simulated.
#[derive(Debug, PartialEq)]
pub enum Sim {
    /// One seed, with the words that say what of it.
    Replay(Vec<String>),
    /// New seeds, for so many minutes.
    Search(u64),
}

/// Simulates; failure says that something was found.
///
/// # Errors
/// When the simulation does not build or cannot be started, or on an interrupt.
pub fn run(sim: &Sim) -> anyhow::Result<ExitCode> {
    let build = ["build", "--package", "tidings-tests", "--bin", "sim", "--profile", PROFILE];
    step::run("simulation", &mut workspace::cargo(&build))?;
    match sim {
        Sim::Replay(words) => {
            let status = Command::new(program()).args(words).status().context("the simulation could not be started")?;
            Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Sim::Search(minutes) => search(*minutes),
    }
}

fn search(minutes: u64) -> anyhow::Result<ExitCode> {
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let at_once = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut running: Vec<Child> = Vec::new();
    for index in 0..at_once {
        let first = begin + index * APART;
        let child = Command::new(program())
            .args(["--minutes", &minutes.to_string(), "--first", &first.to_string()])
            .stdin(Stdio::null())
            .process_group(0)
            .spawn();
        running.push(child.context("the simulation could not be started")?);
    }
    let mut failed = false;
    while !running.is_empty() {
        if interrupt::received() {
            for mut child in running {
                step::signal_group(&child, "KILL");
                child.wait()?;
            }
            return Err(RunError::Interrupted.into());
        }
        let mut still_running = Vec::new();
        for mut child in running {
            match child.try_wait()? {
                None => still_running.push(child),
                Some(status) => failed |= !status.success(),
            }
        }
        running = still_running;
        thread::sleep(POLL);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn program() -> PathBuf {
    workspace::target().join(PROFILE).join(format!("sim{}", std::env::consts::EXE_SUFFIX))
}
