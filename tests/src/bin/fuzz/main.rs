//! The fuzzer for a stable toolchain: `fuzz TARGET`. This process supervises another one that runs inputs,
//! because a finding may use up all memory or never end; it minimizes and keeps findings. `cargo xtask fuzz`
//! builds it and runs every target.

mod arguments;
mod finding;
mod report;
mod worker;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use arguments::{Arguments, Mode};
use finding::Finding;
use tidings_tests::fuzz::Target;

/// Number of findings after which a run stops: there is enough to do.
const FINDINGS_MAX: usize = 12;

#[global_allocator]
static ALLOCATOR: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, usize::MAX);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let arguments = match Arguments::parse(&words) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("fuzz: {problem}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match &arguments.mode {
        Mode::Watch => watch(&arguments),
        Mode::Work => worker::work(&arguments),
        Mode::Replay(file) => worker::replay(&arguments.target, file),
    }
}

/// Runs workers until the time is over or there is too much to report.
fn watch(arguments: &Arguments) -> ExitCode {
    let target = arguments.target;
    let current = current_path(&target, arguments.seed);
    fs::create_dir_all(current.parent().expect("a file has a folder")).expect("the folder of builds can be written");
    let started = Instant::now();
    let mut findings: Vec<Finding> = Vec::new();
    let mut seed = arguments.seed;
    loop {
        let left = arguments.seconds.map(|seconds| seconds.saturating_sub(started.elapsed().as_secs()));
        if left == Some(0) || findings.len() >= FINDINGS_MAX {
            break;
        }
        let mut worker = Command::new(env::current_exe().expect("a process knows its program"));
        worker.args(arguments.for_worker(
            seed,
            left,
            &current,
            findings.iter().map(|finding| finding.signature.as_str()),
        ));
        let status = worker.status().expect("the own program can be started");
        if status.success() {
            break;
        }
        let Some(finding) = Finding::of(&target, &current) else {
            eprintln!("fuzz: the worker of {} ended before its first input", target.name);
            return ExitCode::FAILURE;
        };
        println!("{}: FOUND {}", target.name, finding.signature);
        findings.push(finding);
        seed = seed.wrapping_add(1);
    }
    for finding in &findings {
        finding.print(&target);
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The file in which a worker leaves the input it runs.
fn current_path(target: &Target, seed: u64) -> PathBuf {
    let program = env::current_exe().expect("a process knows its program");
    let builds = program.parent().and_then(Path::parent).expect("a program lies in a folder of builds");
    builds.join("fuzz-inputs").join(format!("{}-{seed}-{}", target.name, std::process::id()))
}
