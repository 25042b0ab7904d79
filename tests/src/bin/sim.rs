//! `sim`: replays a seed of the simulation with its trace, or tries new seeds for a while and shrinks what
//! fails. `cargo xtask sim` builds it with optimisation.

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use tidings_tests::sim::{
    faults::Class,
    plant::Plant,
    run::{Plan, run},
    shrink::shrink,
    trace::Keep,
};

const USAGE: &str = "\
usage: sim --seed N [--turns N] [--skip TURN,TURN…] [--without CLASS,CLASS…] [--plant PLANT] [--restored] [--quiet]
       sim --minutes N [--first SEED] [--restored]";

/// The requested mode.
enum Mode {
    Replay(Plan),
    Search { minutes: u64, plan: Plan },
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match parse(&words) {
        Ok(Mode::Replay(plan)) => replay(&plan),
        Ok(Mode::Search { minutes, plan }) => search(Duration::from_secs(minutes * 60), plan),
        Err(problem) => {
            eprintln!("sim: {problem}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(words: &[String]) -> Result<Mode, String> {
    let mut plan = Plan { keep: Keep::Print, ..Plan::new(0) };
    let (mut seed, mut minutes, mut first) = (None, None, None);
    let mut words = words.iter().map(String::as_str);
    while let Some(flag) = words.next() {
        match flag {
            "--quiet" => plan.keep = Keep::Digest,
            "--restored" => plan.is_restored = true,
            _ => {}
        }
        if matches!(flag, "--quiet" | "--restored") {
            continue;
        }
        let value = words.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number"));
        let turn = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is no turn"));
        match flag {
            "--seed" => seed = Some(number(value)?),
            "--minutes" => minutes = Some(number(value)?),
            "--first" => first = Some(number(value)?),
            "--turns" => plan.turns = turn(value)?,
            "--skip" => plan.skipped = value.split(',').map(turn).collect::<Result<_, _>>()?,
            "--without" => {
                let class = |name: &str| Class::parse(name).ok_or_else(|| format!("no class `{name}`"));
                plan.without = value.split(',').map(class).collect::<Result<_, _>>()?;
            }
            "--plant" => plan.plant = Some(Plant::parse(value).ok_or_else(|| format!("no planted fault `{value}`"))?),
            _ => return Err(format!("no option `{flag}`")),
        }
    }
    match (seed, minutes) {
        (Some(seed), None) => Ok(Mode::Replay(Plan { seed, ..plan })),
        (None, Some(minutes)) => {
            let (seed, keep) = (first.unwrap_or_else(new_seed), Keep::Digest);
            Ok(Mode::Search { minutes, plan: Plan { seed, keep, ..plan } })
        }
        _ => Err("either --seed or --minutes".to_owned()),
    }
}

/// A seed that has not been tried yet.
fn new_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.as_secs() * 1_000
}

fn replay(plan: &Plan) -> ExitCode {
    match run(plan) {
        Ok(report) => {
            println!("seed {} finds nothing: {} said, {} entries", plan.seed, report.said, report.entries);
            println!("turns {:?}\nrefusals {:?}\nsessions ended {:?}", report.classes, report.refusals, report.endings);
            println!("took effect {:?}, {} hostile changes", report.happened, report.hostile);
            println!("trace {}", report.digest);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("seed {} FAILS: {failure}", plan.seed);
            ExitCode::FAILURE
        }
    }
}

fn search(time: Duration, mut plan: Plan) -> ExitCode {
    let (end, first) = (Instant::now() + time, plan.seed);
    // The text of a panic is part of the failure.
    std::panic::set_hook(Box::new(|_| {}));
    while Instant::now() < end {
        if let Err(failure) = run(&plan) {
            println!("seed {} FAILS: {failure}", plan.seed);
            let (plan, failure) = shrink(&plan, failure);
            println!("smaller: {failure}\n    {}", command(&plan));
            return ExitCode::FAILURE;
        }
        plan.seed += 1;
    }
    println!("{} seeds from {first} on: nothing found", plan.seed - first);
    ExitCode::SUCCESS
}

/// The command line that replays a plan.
fn command(plan: &Plan) -> String {
    let mut words = format!("cargo xtask sim --seed {} --turns {}", plan.seed, plan.turns);
    words.push_str(if plan.is_restored { " --restored" } else { "" });
    let mut add = |flag: &str, values: Vec<String>| {
        if !values.is_empty() {
            words.push_str(&format!(" {flag} {}", values.join(",")));
        }
    };
    let skipped = plan.skipped.iter().filter(|turn| **turn < plan.turns);
    add("--skip", skipped.map(u32::to_string).collect());
    add("--without", plan.without.iter().map(|class| format!("{class:?}")).collect());
    words
}
