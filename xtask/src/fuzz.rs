//! `cargo xtask fuzz`: builds the fuzzer with optimisation and runs its targets
//! side by side, as many at once as there are cores. What it finds is kept in
//! `tests/fuzz/found` and told with the command that runs it again.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{MINUTES_MAX, step, workspace};

/// What takes bytes from outside, as `tests/src/fuzz` names it.
const TARGETS: [&str; 5] = ["prescan", "authority", "frame", "record", "view"];
/// The cargo profile of the fuzzer.
const PROFILE: &str = "fuzz";

/// How much is fuzzed.
#[derive(Debug, PartialEq, clap::Args)]
pub struct Fuzz {
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MINUTES_MAX))]
    pub minutes: u64,
    /// Only this one.
    #[arg(long, value_parser = TARGETS)]
    pub target: Option<String>,
    /// Where chance begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Runs the targets; failure says that something was found.
///
/// # Errors
/// When the fuzzer does not build or cannot be started, or on an interrupt.
pub fn run(fuzz: &Fuzz) -> anyhow::Result<ExitCode> {
    let build = ["build", "--package", "tidings-tests", "--bin", "fuzz", "--profile", PROFILE];
    step::run("fuzzer", &mut workspace::cargo(&build))?;
    let targets: Vec<&str> = fuzz.target.as_deref().map_or_else(|| TARGETS.into(), |target| vec![target]);
    let commands = targets.into_iter().map(|target| {
        println!("{target}: {} min from seed {}", fuzz.minutes, fuzz.seed);
        (target, command(fuzz, target))
    });
    let failed = step::side_by_side(commands)?;
    if failed.is_empty() {
        println!("nothing found");
        return Ok(ExitCode::SUCCESS);
    }
    println!("FOUND something in: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn command(fuzz: &Fuzz, target: &str) -> Command {
    let seconds = (fuzz.minutes * 60).to_string();
    let mut command = Command::new(program());
    command.args([target, "--seconds", &seconds, "--seed", &fuzz.seed.to_string()]);
    command
}

fn program() -> PathBuf {
    workspace::target().join(PROFILE).join(format!("fuzz{}", std::env::consts::EXE_SUFFIX))
}
