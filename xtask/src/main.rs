//! `cargo xtask`: what cargo cannot say by itself. This file turns arguments
//! into one command and its result into an exit code; each command has a file.
//!
//! A person at a terminal (or the CI) is the only caller, so errors here are
//! text with context; the one error that code branches on is
//! [`step::RunError`].

mod bench;
mod demo;
mod dist;
mod fuzz;
mod interrupt;
mod machine;
mod npm;
mod parts;
mod postgres;
mod python;
mod rest_types;
mod sim;
mod step;
mod test;
mod tidy;
mod types;
mod wasm;
mod workspace;

use std::env;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use bench::Bench;
use demo::Demo;
use fuzz::Fuzz;
use sim::Sim;
use step::RunError;
use test::Scope;
use wasm::Build;

/// Ten hours: what a night has.
const MINUTES_MAX: u64 = 600;

/// What cargo cannot say by itself.
#[derive(Debug, PartialEq, Parser)]
#[command(bin_name = "cargo xtask", no_binary_name = true, flatten_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What the arguments ask for. The place for later commands: a case here, an arm in [`run`], a file beside this one.
#[derive(Debug, PartialEq, Subcommand)]
enum Command {
    /// Build and serve the web demo.
    Demo(Demo),
    /// Run every check and test, in a browser and on a real Postgres.
    Test {
        /// Leave those two out.
        #[arg(long)]
        quick: bool,
    },
    /// Give hostile bytes to all that takes bytes: as many targets at once as there are cores.
    Fuzz(Fuzz),
    /// Simulate: draw new seeds on every core until one fails, which is made small, or replay one seed with its trace.
    Sim(Sim),
    /// Measure, and write the figures to docs/benchmarks.md.
    #[command(disable_help_subcommand = true, flatten_help = true)]
    Bench {
        #[command(subcommand)]
        part: Option<Bench>,
    },
    /// Build the npm package in wasm/.
    Wasm {
        /// Build the variant that tests use.
        #[arg(long)]
        dev: bool,
    },
    /// Write the types of the REST interface, wasm/rest.d.ts.
    RestTypes,
    /// Make a release in target/packages: the server, the npm archive, parts, licences and checksums.
    Dist,
    /// Check the house rules that a compiler cannot.
    Tidy,
}

fn main() -> ExitCode {
    let command = parse(env::args().skip(1)).unwrap_or_else(|problem| problem.exit());
    interrupt::watch();
    match run(command) {
        Ok(code) => code,
        Err(error) if RunError::is_interruption(&error) => {
            eprintln!("xtask: interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(demo) => return demo::run(&demo),
        Command::Test { quick } => return test::run(if quick { Scope::Quick } else { Scope::Full }),
        Command::Fuzz(fuzz) => return fuzz::run(&fuzz),
        Command::Sim(sim) => return sim::run(&sim),
        Command::Bench { part } => bench::run(part.as_ref())?,
        Command::Wasm { dev } => wasm::build_package(if dev { Build::Testing } else { Build::Shipped })?,
        Command::RestTypes => rest_types::write()?,
        Command::Dist => dist::run()?,
        Command::Tidy => step::work("house rules", tidy::run)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the arguments after `xtask`.
fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, clap::Error> {
    let mut arguments = arguments.into_iter().peekable();
    // Whoever asks for nothing wants to know what there is.
    let help = arguments.peek().is_none().then(|| "help".to_owned());
    Ok(Arguments::try_parse_from(arguments.chain(help))?.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<Command, &str>) {
        let parsed = parse(line.split_whitespace().map(str::to_owned));
        let parsed = parsed.map_err(|problem| problem.to_string().lines().next().unwrap_or_default().to_owned());
        assert_eq!(parsed, expected.map_err(str::to_owned), "xtask {line}");
    }

    #[test]
    fn arguments_name_one_command() {
        let demo = |postgres, port| Ok(Command::Demo(Demo { postgres, port }));
        let bench = |part| Ok(Command::Bench { part });
        let server = |only: &[&str], flood_seconds| {
            bench(Some(Bench::Server { only: only.iter().map(|name| (*name).to_owned()).collect(), flood_seconds }))
        };
        let text = |word: &str| Some(word.to_owned());
        check("demo", demo(None, 4870));
        check("demo --port 80", demo(None, 80));
        check("demo --postgres postgres://a@b/c", demo(text("postgres://a@b/c"), 4870));
        check("test", Ok(Command::Test { quick: false }));
        check("test --quick", Ok(Command::Test { quick: true }));
        check("wasm --dev", Ok(Command::Wasm { dev: true }));
        check("dist", Ok(Command::Dist));
        check("bench", bench(None));
        check("bench authority", bench(Some(Bench::Authority)));
        check("bench client", bench(Some(Bench::Client)));
        check("bench growth", bench(Some(Bench::Growth)));
        check("bench server", server(&[], None));
        check("bench server --only latency --only crash", server(&["latency", "crash"], None));
        check("bench server --only flood --flood-seconds 20", server(&["flood"], Some(20)));
        check("fuzz", Ok(Command::Fuzz(Fuzz { minutes: 1, target: None, seed: 1 })));
        let fuzz = Fuzz { minutes: 30, target: text("frame"), seed: 7 };
        check("fuzz --seed 7 --minutes 30 --target frame", Ok(Command::Fuzz(fuzz)));
        check("sim", Ok(Command::Sim(Sim { minutes: 1, ..Sim::default() })));
        check("sim --minutes 20", Ok(Command::Sim(Sim { minutes: 20, ..Sim::default() })));
        let sim = Sim { minutes: 1, seed: text("7"), skip: text("1,2"), ..Sim::default() };
        check("sim --seed 7 --skip 1,2", Ok(Command::Sim(sim)));
    }

    #[test]
    fn help_is_shown_also_without_arguments() {
        for line in [&[][..], &["help"], &["--help"], &["-h"]] {
            let shown = parse(line.iter().map(|word| (*word).to_owned())).unwrap_err();
            assert_eq!(shown.exit_code(), 0);
            assert!(shown.to_string().contains("cargo xtask sim"), "{shown}");
        }
    }

    #[test]
    fn unknown_arguments_are_refused() {
        check("deploy", Err("error: unrecognized subcommand 'deploy'"));
        check("demo --port", Err("error: a value is required for '--port <N>' but none was supplied"));
        check("demo --port 70000", Err("error: invalid value '70000' for '--port <N>': 70000 is not in 0..=65535"));
        check("demo fast", Err("error: unexpected argument 'fast' found"));
        check("test --slow", Err("error: unexpected argument '--slow' found"));
        check("test --quick twice", Err("error: unexpected argument 'twice' found"));
        check("fuzz --minutes 0", Err("error: invalid value '0' for '--minutes <N>': 0 is not in 1..=600"));
        check("fuzz --target", Err("error: a value is required for '--target <TARGET>' but none was supplied"));
        check("fuzz --target sky", Err("error: invalid value 'sky' for '--target <TARGET>'"));
        check("fuzz fast", Err("error: unexpected argument 'fast' found"));
        check("sim --minutes 0", Err("error: invalid value '0' for '--minutes <N>': 0 is not in 1..=600"));
        check("sim --turns 5", Err("error: the following required arguments were not provided:"));
        check("sim --seed 5 --minutes 5", Err("error: the argument '--seed <N>' cannot be used with '--minutes <N>'"));
        check("sim --fast 1", Err("error: unexpected argument '--fast' found"));
        check("bench speed", Err("error: unrecognized subcommand 'speed'"));
        check("bench server --only", Err("error: a value is required for '--only <SCENARIO>' but none was supplied"));
        check(
            "bench server --flood-seconds ten",
            Err("error: invalid value 'ten' for '--flood-seconds <N>': invalid digit found in string"),
        );
        check("bench server --fast", Err("error: unexpected argument '--fast' found"));
        check("tidy up", Err("error: unexpected argument 'up' found"));
    }
}
