//! `cargo xtask`: what cargo cannot say by itself. This file turns arguments
//! into one command and its result into an exit code; each command has a file.
//!
//! A person at a terminal (or the CI) is the only caller, so errors here are
//! text with context; the one error that code branches on is
//! [`step::RunError`].

mod bench;
mod demo;
mod fuzz;
mod interrupt;
mod machine;
mod npm;
mod postgres;
mod sim;
mod step;
mod test;
mod tidy;
mod types;
mod wasm;
mod workspace;

use std::env;
use std::process::ExitCode;

use bench::Bench;
use demo::{Demo, DemoStore};
use fuzz::Fuzz;
use sim::Sim;
use step::RunError;
use test::Scope;
use wasm::Build;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [--postgres URL] [--port N]   build and serve the web demo: on an embedded
                                     SQLite file, or on the Postgres at URL;
                                     port 4870 unless told
  test [--quick]                     every check and test, in a browser and on a
                                     real Postgres; --quick leaves those two out
  fuzz [--minutes N] [--target T] [--seed S]
                                     give hostile bytes to all that takes bytes:
                                     each target for N minutes, as many at once as
                                     there are cores; 1 minute, every target and
                                     seed 1 unless told
  sim --seed N [--turns N] [--skip T,T] [--without CLASS,CLASS] [--plant FAULT] [--restored]
                                     replay one seed of the simulation, with its
                                     trace; or less of it
  sim [--minutes N]                  draw new seeds on every core until one fails,
                                     which is made small; 1 minute unless told
  bench [authority | client | growth | server [--only SCENARIO]... [--flood-seconds N]]
                                     measure what admitting and refusing cost, what
                                     the package does in Chromium and in Node.js, and
                                     a server on each store, and write the figures to
                                     docs/benchmarks.md; with --only they are printed
                                     instead
  wasm [--dev]                       build the npm package in wasm/; --dev builds
                                     the variant that tests use
  tidy                               the house rules that a compiler cannot check
  help                               this text";

/// The port of the demo unless told otherwise.
const DEMO_PORT: u16 = 4870;

/// How long chance is given to find something unless told otherwise.
const MINUTES: u64 = 1;
/// Ten hours: what a night has.
const MINUTES_MAX: u64 = 600;

/// What the arguments ask for. The place for later commands: a case here, an arm in [`parse`] and [`run`], a file beside this one.
#[derive(Debug, PartialEq)]
enum Command {
    Demo(Demo),
    Test(Scope),
    Fuzz(Fuzz),
    Sim(Sim),
    Bench(Bench),
    Wasm(Build),
    Tidy,
    Help,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let command = match parse(&arguments) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("xtask: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
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
        Command::Demo(demo) => demo::run(&demo),
        Command::Test(scope) => test::run(scope),
        Command::Fuzz(fuzz) => fuzz::run(&fuzz),
        Command::Sim(sim) => sim::run(&sim),
        Command::Bench(bench) => bench::run(&bench),
        Command::Wasm(build) => {
            wasm::build_package(build)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Tidy => {
            step::work("house rules", tidy::run)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Help => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads the arguments after `xtask`; the error is one line for the person who
/// typed them.
fn parse(arguments: &[String]) -> Result<Command, String> {
    let mut rest = arguments.iter().map(String::as_str);
    let Some(name) = rest.next() else {
        return Ok(Command::Help);
    };
    let command = match name {
        "demo" => Command::Demo(parse_demo(&mut rest)?),
        "test" => Command::Test(parse_flag(&mut rest, "--quick", Scope::Full, Scope::Quick)?),
        "fuzz" => Command::Fuzz(parse_fuzz(&mut rest)?),
        "sim" => Command::Sim(parse_sim(&mut rest)?),
        "bench" => Command::Bench(parse_bench(&mut rest)?),
        "wasm" => Command::Wasm(parse_flag(&mut rest, "--dev", Build::Shipped, Build::Testing)?),
        "tidy" => Command::Tidy,
        "help" | "--help" | "-h" => Command::Help,
        _ => return Err(format!("no command `{name}`")),
    };
    match rest.next() {
        None => Ok(command),
        Some(extra) => Err(format!("`{name}` does not take `{extra}`")),
    }
}

fn parse_demo<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Result<Demo, String> {
    let mut demo = Demo { store: DemoStore::Sqlite, port: DEMO_PORT };
    while let Some(flag) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{flag}` needs a value"));
        match flag {
            "--postgres" => demo.store = DemoStore::Postgres(value()?.to_owned()),
            "--port" => {
                let port = value()?;
                demo.port = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
            }
            _ => return Err(format!("`demo` does not take `{flag}`")),
        }
    }
    Ok(demo)
}

fn parse_fuzz<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Result<Fuzz, String> {
    let mut fuzz = Fuzz { minutes: MINUTES, target: None, seed: 1 };
    while let Some(flag) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{flag}` needs a value"));
        match flag {
            "--minutes" => fuzz.minutes = parse_minutes(value()?)?,
            "--target" => fuzz.target = Some(fuzz::target(value()?)?),
            "--seed" => {
                let seed = value()?;
                fuzz.seed = seed.parse().map_err(|_| format!("`{seed}` is not a seed"))?;
            }
            _ => return Err(format!("`fuzz` does not take `{flag}`")),
        }
    }
    Ok(fuzz)
}

fn parse_sim<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Result<Sim, String> {
    let mut minutes = None;
    let mut words = Vec::new();
    while let Some(flag) = rest.next() {
        if flag == "--restored" {
            words.push(flag.to_owned());
            continue;
        }
        let value = rest.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
        match flag {
            "--minutes" => minutes = Some(parse_minutes(value)?),
            // The simulation reads what they are worth.
            "--seed" | "--turns" | "--skip" | "--without" | "--plant" => {
                words.extend([flag.to_owned(), value.to_owned()]);
            }
            _ => return Err(format!("`sim` does not take `{flag}`")),
        }
    }
    match (minutes, words.iter().any(|word| word == "--seed")) {
        (None, true) => Ok(Sim::Replay(words)),
        (minutes, false) if words.is_empty() => Ok(Sim::Search(minutes.unwrap_or(MINUTES))),
        _ => Err("either one seed or some minutes".to_owned()),
    }
}

fn parse_minutes(text: &str) -> Result<u64, String> {
    let parsed = text.parse().ok().filter(|minutes| (1..=MINUTES_MAX).contains(minutes));
    parsed.ok_or_else(|| format!("`{text}` is not 1 to {MINUTES_MAX} minutes"))
}

fn parse_bench<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Result<Bench, String> {
    match rest.next() {
        None => Ok(Bench::All),
        Some("authority") => Ok(Bench::Authority),
        Some("client") => Ok(Bench::Client),
        Some("growth") => Ok(Bench::Growth),
        Some("server") => {
            let (mut only, mut flood_seconds) = (Vec::new(), None);
            while let Some(flag) = rest.next() {
                match (flag, rest.next()) {
                    ("--only", Some(scenario)) => only.push(scenario.to_owned()),
                    ("--only", None) => return Err("`--only` needs a scenario".to_owned()),
                    ("--flood-seconds", Some(text)) => {
                        let seconds: u64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
                        flood_seconds = Some(seconds);
                    }
                    _ => return Err(format!("`bench server` does not take `{flag}`")),
                }
            }
            Ok(Bench::Server { only, flood_seconds })
        }
        Some(other) => Err(format!("no benchmark `{other}`; there are `authority`, `client`, `growth` and `server`")),
    }
}

/// Reads at most one `flag`: `absent` without it, `present` with it.
fn parse_flag<'a, T>(rest: &mut impl Iterator<Item = &'a str>, flag: &str, absent: T, present: T) -> Result<T, String> {
    match rest.next() {
        None => Ok(absent),
        Some(given) if given == flag => Ok(present),
        Some(other) => Err(format!("no option `{other}`; there is `{flag}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<Command, &str>) {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(parse(&arguments), expected.map_err(str::to_owned), "xtask {line}");
    }

    #[test]
    fn arguments_name_one_command() {
        let demo = |store, port| Ok(Command::Demo(Demo { store, port }));
        check("", Ok(Command::Help));
        check("help", Ok(Command::Help));
        check("demo", demo(DemoStore::Sqlite, 4870));
        check("demo --port 80", demo(DemoStore::Sqlite, 80));
        let url = "postgres://a@b/c".to_owned();
        check("demo --postgres postgres://a@b/c", demo(DemoStore::Postgres(url), 4870));
        check("test", Ok(Command::Test(Scope::Full)));
        check("test --quick", Ok(Command::Test(Scope::Quick)));
        check("wasm --dev", Ok(Command::Wasm(Build::Testing)));
        check("bench", Ok(Command::Bench(Bench::All)));
        check("bench authority", Ok(Command::Bench(Bench::Authority)));
        check("bench client", Ok(Command::Bench(Bench::Client)));
        check("bench growth", Ok(Command::Bench(Bench::Growth)));
        check("bench server", Ok(Command::Bench(Bench::Server { only: Vec::new(), flood_seconds: None })));
        let only = vec!["latency".to_owned(), "crash".to_owned()];
        check(
            "bench server --only latency --only crash",
            Ok(Command::Bench(Bench::Server { only, flood_seconds: None })),
        );
        let only = vec!["flood".to_owned()];
        let short = Ok(Command::Bench(Bench::Server { only, flood_seconds: Some(20) }));
        check("bench server --only flood --flood-seconds 20", short);
        check("fuzz", Ok(Command::Fuzz(Fuzz { minutes: 1, target: None, seed: 1 })));
        check("sim", Ok(Command::Sim(Sim::Search(1))));
        check("sim --minutes 20", Ok(Command::Sim(Sim::Search(20))));
        let words = ["--seed", "7", "--skip", "1,2"].map(str::to_owned).to_vec();
        check("sim --seed 7 --skip 1,2", Ok(Command::Sim(Sim::Replay(words))));
        let fuzz = Fuzz { minutes: 30, target: Some("frame"), seed: 7 };
        check("fuzz --seed 7 --minutes 30 --target frame", Ok(Command::Fuzz(fuzz)));
    }

    #[test]
    fn unknown_arguments_are_refused() {
        check("deploy", Err("no command `deploy`"));
        check("demo --port", Err("`--port` needs a value"));
        check("demo --port 70000", Err("`70000` is not a port"));
        check("demo fast", Err("`demo` does not take `fast`"));
        check("test --slow", Err("no option `--slow`; there is `--quick`"));
        check("test --quick twice", Err("`test` does not take `twice`"));
        check("fuzz --minutes 0", Err("`0` is not 1 to 600 minutes"));
        check("fuzz --target", Err("`--target` needs a value"));
        let targets = "no target `sky`; there are prescan, authority, frame, record, view";
        check("fuzz --target sky", Err(targets));
        check("fuzz fast", Err("`fuzz` does not take `fast`"));
        check("sim --minutes 0", Err("`0` is not 1 to 600 minutes"));
        check("sim --turns 5", Err("either one seed or some minutes"));
        check("sim --seed 5 --minutes 5", Err("either one seed or some minutes"));
        check("sim --fast 1", Err("`sim` does not take `--fast`"));
        check("bench speed", Err("no benchmark `speed`; there are `authority`, `client`, `growth` and `server`"));
        check("bench server --only", Err("`--only` needs a scenario"));
        check("bench server --flood-seconds ten", Err("`ten` is no number of seconds"));
        check("bench server --fast", Err("`bench server` does not take `--fast`"));
        check("tidy up", Err("`tidy` does not take `up`"));
    }
}
