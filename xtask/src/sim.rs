//! `cargo xtask sim`: builds the simulation with optimisation, and replays one
//! seed with its trace, or draws new seeds on every core until one fails, which
//! is made small and told with the command that replays it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use crate::{MINUTES_MAX, step, workspace};

/// The cargo profile of the simulation: the fuzzer's.
const PROFILE: &str = "fuzz";
/// How far the searches begin from each other: further than one gets.
const APART: u64 = 10_000_000;

/// What is simulated. The simulation reads what its words are worth.
#[derive(Debug, Default, PartialEq, clap::Args)]
pub struct Sim {
    /// How long new seeds are drawn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MINUTES_MAX))]
    #[arg(conflicts_with = "seed")]
    pub minutes: u64,
    /// Replay this one.
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// End after so many turns.
    #[arg(long, value_name = "N", requires = "seed")]
    pub turns: Option<String>,
    /// Leave these turns out.
    #[arg(long, value_name = "TURN,TURN", requires = "seed")]
    pub skip: Option<String>,
    /// Leave out what is of these classes.
    #[arg(long, value_name = "CLASS,CLASS", requires = "seed")]
    pub without: Option<String>,
    /// Plant this fault.
    #[arg(long, value_name = "FAULT", requires = "seed")]
    pub plant: Option<String>,
    /// With a store that is put back to an older state.
    #[arg(long, requires = "seed")]
    pub restored: bool,
}

impl Sim {
    /// The words for the program that replays a seed.
    fn replay(&self) -> Vec<&str> {
        let words = [
            ("--seed", &self.seed),
            ("--turns", &self.turns),
            ("--skip", &self.skip),
            ("--without", &self.without),
            ("--plant", &self.plant),
        ];
        let words = words.into_iter().filter_map(|(flag, value)| Some([flag, value.as_deref()?]));
        words.flatten().chain(self.restored.then_some("--restored")).collect()
    }
}

/// Simulates; failure says that something was found.
///
/// # Errors
/// When the simulation does not build or cannot be started, or on an interrupt.
pub fn run(sim: &Sim) -> anyhow::Result<ExitCode> {
    let build = ["build", "--package", "tidings-tests", "--bin", "sim", "--profile", PROFILE];
    step::run("simulation", &mut workspace::cargo(&build))?;
    let succeeded = if sim.seed.is_some() {
        let replay = Command::new(program()).args(sim.replay()).status();
        replay.context("the simulation could not be started")?.success()
    } else {
        search(sim.minutes)?
    };
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Draws seeds on every core; tells whether none failed.
fn search(minutes: u64) -> anyhow::Result<bool> {
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let commands = (0..step::side_by_side_max() as u64).map(|index| {
        let first = begin + index * APART;
        let mut command = Command::new(program());
        command.args(["--minutes", &minutes.to_string(), "--first", &first.to_string()]);
        (first, command)
    });
    Ok(step::side_by_side(commands)?.is_empty())
}

fn program() -> PathBuf {
    workspace::target().join(PROFILE).join(format!("sim{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_is_given_what_was_asked_for() {
        let sim = Sim { seed: Some("7".to_owned()), skip: Some("1,2".to_owned()), restored: true, ..Sim::default() };
        assert_eq!(sim.replay(), ["--seed", "7", "--skip", "1,2", "--restored"]);
    }
}
