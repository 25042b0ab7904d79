//! `cargo xtask fuzz`: builds the fuzzer with optimisation and runs its targets
//! side by side, as many at once as there are cores. What it finds is kept in
//! `tests/fuzz/found` and told with the command that runs it again.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::step::{self, RunError};
use crate::{interrupt, workspace};

/// What takes bytes from outside, as `tests/src/fuzz` names it.
const TARGETS: [&str; 5] = ["prescan", "authority", "frame", "record", "view"];
/// The cargo profile of the fuzzer.
const PROFILE: &str = "fuzz";
/// How often running targets are looked at.
const POLL: Duration = Duration::from_millis(100);

/// How much is fuzzed.
#[derive(Debug, PartialEq)]
pub struct Fuzz {
    /// How long each target runs.
    pub minutes: u64,
    /// Only this one; none for all.
    pub target: Option<&'static str>,
    /// Where chance begins.
    pub seed: u64,
}

/// The target of this name; the error is one line for the person who typed it.
pub fn target(name: &str) -> Result<&'static str, String> {
    let known = TARGETS.into_iter().find(|target| *target == name);
    known.ok_or_else(|| format!("no target `{name}`; there are {}", TARGETS.join(", ")))
}

/// Runs the targets; failure says that something was found.
///
/// # Errors
/// When the fuzzer does not build or cannot be started, or on an interrupt.
pub fn run(fuzz: &Fuzz) -> anyhow::Result<ExitCode> {
    let build = ["build", "--package", "tidings-tests", "--bin", "fuzz", "--profile", PROFILE];
    step::run("fuzzer", &mut workspace::cargo(&build))?;
    let mut waiting: VecDeque<&str> = fuzz.target.map_or_else(|| TARGETS.into(), |target| [target].into());
    let at_once = thread::available_parallelism().map_or(1, Into::into);
    let mut running: Vec<(&str, Child)> = Vec::new();
    let mut failed = Vec::new();
    while !waiting.is_empty() || !running.is_empty() {
        if interrupt::received() {
            for (_, mut child) in running {
                step::signal_group(&child, "KILL");
                child.wait()?;
            }
            return Err(RunError::Interrupted.into());
        }
        while running.len() < at_once
            && let Some(target) = waiting.pop_front()
        {
            println!("{target}: {} min from seed {}", fuzz.minutes, fuzz.seed);
            running.push((target, start(fuzz, target).context("the fuzzer could not be started")?));
        }
        let mut still_running = Vec::new();
        for (target, mut child) in running {
            match child.try_wait()? {
                None => still_running.push((target, child)),
                Some(status) if status.success() => {}
                Some(_) => failed.push(target),
            }
        }
        running = still_running;
        thread::sleep(POLL);
    }
    if failed.is_empty() {
        println!("nothing found");
        return Ok(ExitCode::SUCCESS);
    }
    println!("FOUND something in: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn start(fuzz: &Fuzz, target: &str) -> io::Result<Child> {
    let seconds = (fuzz.minutes * 60).to_string();
    Command::new(program())
        .args([target, "--seconds", &seconds, "--seed", &fuzz.seed.to_string()])
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
}

fn program() -> PathBuf {
    workspace::target().join(PROFILE).join(format!("fuzz{}", std::env::consts::EXE_SUFFIX))
}
