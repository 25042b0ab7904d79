//! A step: one command (or one piece of our own work) that prints one line with
//! the seconds it took. Its output goes to a file and is shown when it fails.
//! What a run of tests printed is counted here too.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::mem;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::{interrupt, workspace};

/// How often a running child is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How often a step tells that it still runs where its line cannot be redrawn.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// A step that takes longer hangs. The longest one, the first build of all
/// dependencies on two cores, takes a quarter of it.
const STEP_DURATION_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a child may take to end after the signal was passed on to it.
const GRACE: Duration = Duration::from_secs(10);
/// How many lines of a failed step's output are shown.
const FAILURE_LINES_MAX: usize = 400;

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A signal asked this process to end while a child ran.
    #[error("interrupted")]
    Interrupted,
    /// The command ended with a failure; its output has been shown, and is kept
    /// here for the tests it may have counted.
    #[error("{title} failed ({status})")]
    Failed {
        /// The step's line.
        title: String,
        /// How the command ended.
        status: ExitStatus,
        /// All it printed.
        output: String,
    },
    /// The command was ended for taking too long.
    #[error("{title} was ended after {} minutes", STEP_DURATION_MAX.as_secs() / 60)]
    TooLong {
        /// The step's line.
        title: String,
    },
    /// The command could not be started or watched.
    #[error("{program} could not be run")]
    NotRun {
        /// The program's name.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RunError {
    /// Whether `error` says that a signal ended the work.
    pub fn is_interruption(error: &anyhow::Error) -> bool {
        matches!(error.downcast_ref(), Some(Self::Interrupted))
    }
}

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs `command` as a step and returns all it printed.
pub fn run(title: &str, command: &mut Command) -> Result<String, RunError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let not_run = |source| RunError::NotRun { program: program.clone(), source };
    let log_path = log_path(title).map_err(not_run)?;
    let log = File::create(&log_path).map_err(not_run)?;
    let mut line = Line::start(title, &log_path);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(not_run)?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(not_run)?;
    let status = wait(&mut child, Some(STEP_DURATION_MAX), || line.tick());
    let output = String::from_utf8_lossy(&fs::read(&log_path).map_err(not_run)?).into_owned();
    match status.map_err(not_run)? {
        Ended::ByItself(status) if status.success() => {
            line.end("ok");
            Ok(output)
        }
        Ended::ByItself(status) => {
            line.end("FAILED");
            show_failure(&output, &log_path);
            Err(RunError::Failed { title: title.to_owned(), status, output })
        }
        Ended::TooLong => {
            line.end("FAILED");
            show_failure(&output, &log_path);
            Err(RunError::TooLong { title: title.to_owned() })
        }
        Ended::Interrupted(_) => {
            line.end("stopped");
            Err(RunError::Interrupted)
        }
    }
}

/// Does `work` in this process as a step.
pub fn work<T>(title: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    if interrupt::received() {
        return Err(RunError::Interrupted.into());
    }
    let mut line = Line::start(title, Path::new(""));
    let result = work().with_context(|| format!("{title} failed"));
    match &result {
        Ok(_) => line.end("ok"),
        Err(error) if RunError::is_interruption(error) => line.end("stopped"),
        Err(_) => line.end("FAILED"),
    }
    result
}

/// How a child's life ended.
pub enum Ended {
    ByItself(ExitStatus),
    /// After the signal that this process received was passed on to it.
    Interrupted(ExitStatus),
    TooLong,
}

/// Waits for a child that leads a process group of its own, and calls `tick` at
/// each look. A terminal's Ctrl-C does not reach such a child; it is passed on
/// here, once, to the whole group, and the group is killed when it stays.
pub fn wait(child: &mut Child, duration_max: Option<Duration>, mut tick: impl FnMut()) -> io::Result<Ended> {
    let started = Instant::now();
    let mut signalled: Option<Instant> = None;
    let mut too_long = false;
    loop {
        if let Some(status) = child.try_wait()? {
            if signalled.is_some() {
                // What the child itself had started and left behind.
                signal_group(child, "KILL");
            }
            return Ok(match signalled {
                Some(_) if too_long => Ended::TooLong,
                Some(_) => Ended::Interrupted(status),
                None => Ended::ByItself(status),
            });
        }
        too_long |= duration_max.is_some_and(|max| started.elapsed() > max);
        match signalled {
            None if interrupt::received() || too_long => {
                signal_group(child, "INT");
                signalled = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE => signal_group(child, "KILL"),
            _ => tick(),
        }
        thread::sleep(POLL);
    }
}

/// How many programs run side by side: one for each core.
pub fn side_by_side_max() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

/// Runs programs side by side, and the next when one has ended; tells which of
/// them failed.
pub fn side_by_side<Name>(commands: impl IntoIterator<Item = (Name, Command)>) -> anyhow::Result<Vec<Name>> {
    let mut waiting = commands.into_iter();
    let mut running: Vec<(Name, Child)> = Vec::new();
    let mut failed = Vec::new();
    loop {
        if interrupt::received() {
            for (_, mut child) in running {
                signal_group(&child, "KILL");
                child.wait()?;
            }
            return Err(RunError::Interrupted.into());
        }
        while running.len() < side_by_side_max()
            && let Some((name, mut command)) = waiting.next()
        {
            let program = command.get_program().to_string_lossy().into_owned();
            let child = command.stdin(Stdio::null()).process_group(0).spawn();
            running.push((name, child.map_err(|source| RunError::NotRun { program, source })?));
        }
        if running.is_empty() {
            return Ok(failed);
        }
        for (name, mut child) in mem::take(&mut running) {
            match child.try_wait()? {
                None => running.push((name, child)),
                Some(status) if status.success() => {}
                Some(_) => failed.push(name),
            }
        }
        thread::sleep(POLL);
    }
}

/// Sends a signal to the process group that `child` leads. The shell's built-in
/// `kill` does it without a line of unsafe code; a group that is gone is fine.
pub fn signal_group(child: &Child, signal: &str) {
    let script = format!("kill -s {signal} -- -{}", child.id());
    let _ = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
}

/// Who ran the tests of a step, for reading its summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Runner {
    /// cargo-nextest: one summary at the end, and within it whatever failed tests
    /// printed, the summary of `cargo test` for that one test included.
    Nextest,
    /// `cargo test`: a summary for each test binary.
    CargoTest,
    /// Node's test runner: a summary for each time it is called.
    Node,
}

impl Runner {
    /// Counts the tests in what the runner printed.
    pub fn count(self, output: &str) -> Counts {
        let lines = output.lines().map(str::trim);
        let mut counts = Counts::default();
        match self {
            Self::Nextest => counts = lines.rev().find_map(count_nextest).unwrap_or_default(),
            Self::CargoTest => lines.filter_map(count_cargo_test).for_each(|found| counts += found),
            Self::Node => lines.filter_map(count_node).for_each(|found| counts += found),
        }
        counts
    }
}

/// `Summary [   1.2s] 9 tests run: 7 passed, 1 failed, 1 timed out, 0 skipped`
fn count_nextest(line: &str) -> Option<Counts> {
    let (_, tests) = line.strip_prefix("Summary [")?.split_once("] ")?;
    let (run, results) = tests.split_once(" run: ")?;
    // After an interruption or a failure to list: `5/9 tests run: …`.
    let run = run.split_whitespace().next()?.split('/').next()?;
    let run: u32 = run.parse().ok()?;
    let passed = results.split(", ").find_map(|part| {
        let (count, kind) = part.split_once(' ')?;
        kind.starts_with("passed").then(|| count.parse().ok())?
    });
    let passed = passed.unwrap_or(0);
    Some(Counts { passed, failed: run.saturating_sub(passed) })
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; …`
fn count_cargo_test(line: &str) -> Option<Counts> {
    let (_, results) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = results.split("; ");
    let mut next = |kind: &str| parts.next()?.strip_suffix(kind)?.trim().parse().ok();
    Some(Counts { passed: next("passed")?, failed: next("failed")? })
}

/// `# pass 3` (TAP) or `ℹ pass 3`, and the same with `fail` and `cancelled`.
fn count_node(line: &str) -> Option<Counts> {
    let line = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (kind, count) = line.split_once(' ')?;
    let count = count.parse().ok()?;
    match kind {
        "pass" => Some(Counts { passed: count, failed: 0 }),
        "fail" | "cancelled" => Some(Counts { passed: 0, failed: count }),
        _ => None,
    }
}

/// Names the tests that failed, then shows the end of what was printed: whoever
/// keeps only the first lines of a failure still has the names.
fn show_failure(output: &str, log_path: &Path) {
    for title in failed_tests(output) {
        println!("  | {title}");
    }
    let lines: Vec<&str> = output.lines().collect();
    let shown = &lines[lines.len().saturating_sub(FAILURE_LINES_MAX)..];
    if shown.len() < lines.len() {
        println!("  … the last {} of {} lines of {}", shown.len(), lines.len(), log_path.display());
    }
    for line in shown {
        println!("  | {line}");
    }
}

/// The lines that name a failed test, whichever runner printed them, each once.
fn failed_tests(output: &str) -> Vec<&str> {
    let marks = ["FAIL [", "TIMEOUT [", "SIGABRT [", "SIGKILL [", "SIGSEGV [", "✖ "];
    let mut seen = HashSet::new();
    let lines = output.lines().map(str::trim);
    lines.filter(|line| marks.iter().any(|mark| line.starts_with(mark)) && seen.insert(*line)).collect()
}

/// The file that keeps a step's output: `target/xtask/TITLE.log`.
fn log_path(title: &str) -> io::Result<PathBuf> {
    let folder = workspace::target().join("xtask");
    fs::create_dir_all(&folder)?;
    let name: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(folder.join(name + ".log"))
}

/// The one line of a step: redrawn while it runs on a terminal, with a sign of
/// life now and then elsewhere.
struct Line<'a> {
    title: &'a str,
    log_path: &'a Path,
    started: Instant,
    drawn: Instant,
    terminal: bool,
}

impl<'a> Line<'a> {
    fn start(title: &'a str, log_path: &'a Path) -> Self {
        let now = Instant::now();
        let terminal = io::stdout().is_terminal();
        let line = Self { title, log_path, started: now, drawn: now, terminal };
        if terminal {
            line.draw("");
        }
        line
    }

    fn tick(&mut self) {
        let interval = if self.terminal { Duration::from_millis(200) } else { SIGN_OF_LIFE };
        if self.drawn.elapsed() >= interval {
            self.drawn = Instant::now();
            self.draw("");
        }
    }

    fn end(&mut self, result: &str) {
        self.draw(result);
        if self.terminal {
            println!();
        }
    }

    /// Without a result the step still runs, and its last line of output is shown.
    fn draw(&self, result: &str) {
        let state = if result.is_empty() { "…" } else { result };
        let seconds = self.started.elapsed().as_secs_f64();
        let mut text = format!("{state:>7} {seconds:>7.1} s  {}", self.title);
        if result.is_empty()
            && let Some(last) = last_line(self.log_path)
        {
            text = format!("{text}: {last}");
        }
        let text: String = text.chars().take(100).collect();
        if self.terminal {
            print!("\r\x1b[2K{text}");
            let _ = io::stdout().flush();
        } else {
            println!("{text}");
        }
    }
}

/// The last line of a file that is not blank, without control characters.
fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(1000))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(runner: Runner, output: &str, passed: u32, failed: u32) {
        assert_eq!(runner.count(output), Counts { passed, failed }, "{output}");
    }

    #[test]
    fn counts_what_nextest_ran() {
        let nextest = Runner::Nextest;
        check(nextest, "     Summary [   0.004s] 3 tests run: 3 passed, 0 skipped", 3, 0);
        check(nextest, "Summary [ 1.0s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out, 4 skipped", 6, 3);
        check(nextest, "Summary [ 1.0s] 5/9 tests run: 4 passed, 1 failed, 0 skipped", 4, 1);
        check(nextest, "Summary [ 1.0s] 1 test run: 0 passed, 1 failed, 0 skipped", 0, 1);
    }

    #[test]
    fn counts_a_test_that_nextest_shows_once() {
        let output = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 1 filtered out\n\
                      Summary [ 1.0s] 2 tests run: 1 passed, 1 failed, 0 skipped\n\
                      FAIL [ 0.1s] (2/2) tidings-tests fails";
        check(Runner::Nextest, output, 1, 1);
    }

    #[test]
    fn counts_every_binary_of_cargo_test() {
        let output = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        check(Runner::CargoTest, output, 4, 2);
    }

    #[test]
    fn counts_both_reports_of_node() {
        check(Runner::Node, "# tests 3\n# suites 1\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 0", 2, 1);
        check(Runner::Node, "ℹ tests 2\nℹ pass 1\nℹ fail 0\nℹ cancelled 1", 1, 1);
    }

    #[test]
    fn other_lines_count_nothing() {
        for runner in [Runner::Nextest, Runner::CargoTest, Runner::Node] {
            check(runner, "# passing through\n# pass word\nrunning 3 tests\npass 4\nSummary [x]", 0, 0);
        }
    }

    #[test]
    fn a_failed_test_is_named_once() {
        let node = "▶ a suite\n  ✔ good (0.6ms)\n  ✖ bad (1.1ms)\n✖ a suite (2ms)\n\
                    ✖ failing tests:\n✖ bad (1.1ms)";
        assert_eq!(failed_tests(node), ["✖ bad (1.1ms)", "✖ a suite (2ms)", "✖ failing tests:"]);
        let nextest = "  FAIL [   0.1s] core a\n  PASS [   0.1s] core b\n  TIMEOUT [ 9s] core c\nFAIL [   0.1s] core a";
        assert_eq!(failed_tests(nextest), ["FAIL [   0.1s] core a", "TIMEOUT [ 9s] core c"]);
    }

    #[test]
    fn a_failed_command_keeps_its_output() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '# pass 1'; echo '# fail 2' >&2; exit 3"]);
        let Err(RunError::Failed { status, output, .. }) = run("step fails on purpose", &mut command) else {
            panic!("the command fails");
        };
        assert_eq!(status.code(), Some(3));
        check(Runner::Node, &output, 1, 2);
    }

    #[test]
    fn programs_run_side_by_side_and_failures_are_named() {
        let commands = ["exit 0", "exit 1", "exit 0", "exit 2"].map(|script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            (script, command)
        });
        let mut failed = side_by_side(commands).unwrap();
        failed.sort_unstable();
        assert_eq!(failed, ["exit 1", "exit 2"]);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("step without a program", &mut Command::new("no-such-program-here"));
        assert!(matches!(error, Err(RunError::NotRun { program, .. }) if program == "no-such-program-here"));
    }
}
