//! `cargo xtask test`: every check and every test of the project, one after
//! another. What does not depend on a failed step still runs; the end names
//! what failed and counts the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::demo;
use crate::machine::{self, TestPrograms};
use crate::npm;
use crate::postgres::{Cluster, Durability};
use crate::python;
use crate::rest_types;
use crate::step::{self, Counts, RunError, Runner};
use crate::tidy;
use crate::types;
use crate::wasm::{self, Build};
use crate::workspace;

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scope {
    /// Everything.
    Full,
    /// Without a browser, Postgres and Schemathesis, and without what the server's files and signatures are tried with.
    Quick,
}

/// Runs the checks and tests of `scope`.
///
/// # Errors
/// When something needed is missing from the machine, or on an interrupt;
/// failed tests are told by the exit code.
pub fn run(scope: Scope) -> anyhow::Result<ExitCode> {
    machine::ensure_wasm_target()?;
    machine::ensure_node()?;
    let services = match scope {
        Scope::Full => Some(Services::start()?),
        Scope::Quick => {
            println!(
                "--quick: without the browser tests, and without those on Postgres, behind proxies, of systemd, of published \
                 libraries and with Schemathesis"
            );
            None
        }
    };
    let mut report = Report::default();
    rust_checks(&mut report)?;
    match rust_tests(&mut report, services.as_ref())? {
        Outcome::Succeeded => package_tests(&mut report, services.as_ref())?,
        Outcome::Failed => report.leave_out("what runs what was built"),
    }
    drop(services);
    Ok(report.finish())
}

/// What the full tests need running or installed.
struct Services {
    postgres: Cluster,
    chromium: PathBuf,
    /// The program that makes requests from the description of the interface for other services.
    schemathesis: PathBuf,
    /// A Python with a library that verifies webhooks.
    verifiers_python: PathBuf,
}

impl Services {
    fn start() -> anyhow::Result<Self> {
        let TestPrograms { postgres, chromium } = machine::test_programs()?;
        let requirements = workspace::root().join("server").join("tests").join("requirements.txt");
        let schemathesis = python::environment("schemathesis", &requirements)?.with_file_name("schemathesis");
        let postgres = step::work("private Postgres", || Cluster::start(&postgres, Durability::Waived))?;
        npm::install(&workspace::verifiers())?;
        let verifiers_python = python::environment("verifiers", &workspace::verifiers().join("requirements.txt"))?;
        Ok(Self { postgres, chromium, schemathesis, verifiers_python })
    }

    /// Tells a command's tests where things are.
    fn tell(services: Option<&Self>, command: &mut Command) {
        command.env("TIDINGS_SERVER_BIN", workspace::program("tidings-server"));
        command.env("TIDINGS_HOSTILE_CORPUS", hostile_corpus());
        command.env("TIDINGS_DEMO_DIST", workspace::web_demo().join("dist"));
        match services {
            Some(services) => command
                .env("TIDINGS_TEST_POSTGRES", services.postgres.url())
                .env("TIDINGS_CHROMIUM", &services.chromium)
                .env("TIDINGS_SCHEMATHESIS", &services.schemathesis)
                .env("TIDINGS_VERIFIERS_PYTHON", &services.verifiers_python),
            None => command
                .env_remove("TIDINGS_TEST_POSTGRES")
                .env_remove("TIDINGS_CHROMIUM")
                .env_remove("TIDINGS_SCHEMATHESIS")
                .env_remove("TIDINGS_VERIFIERS_PYTHON"),
        };
    }
}

/// What happened so far.
#[derive(Debug, Default)]
struct Report {
    counts: Counts,
    failed: Vec<String>,
}

/// Whether a step succeeded, for the steps that need it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Succeeded,
    Failed,
}

impl Report {
    /// Takes in a check, which has no tests to count.
    fn check(&mut self, step: Result<String, RunError>) -> Result<Outcome, RunError> {
        self.take(step, |_| Counts::default())
    }

    /// Takes in a step that ran tests.
    fn tests(&mut self, runner: Runner, step: Result<String, RunError>) -> Result<Outcome, RunError> {
        self.take(step, |output| runner.count(output))
    }

    fn take(
        &mut self,
        step: Result<String, RunError>,
        count: impl FnOnce(&str) -> Counts,
    ) -> Result<Outcome, RunError> {
        let error = match step {
            Ok(output) => {
                self.counts += count(&output);
                return Ok(Outcome::Succeeded);
            }
            Err(RunError::Interrupted) => return Err(RunError::Interrupted),
            Err(error) => error,
        };
        let mut counts = Counts::default();
        if let RunError::Failed { output, .. } = &error {
            counts = count(output);
        }
        // A step that failed without a failed test (a lint, or it did not compile)
        // counts as one, so that `0 failed` is only said when nothing did.
        counts.failed = counts.failed.max(1);
        self.counts += counts;
        self.failed.push(error.to_string());
        Ok(Outcome::Failed)
    }

    /// Takes in work that consists of several steps or is done in this process.
    fn work(&mut self, work: anyhow::Result<()>) -> Result<Outcome, RunError> {
        let error = match work {
            Ok(()) => return Ok(Outcome::Succeeded),
            Err(error) => error,
        };
        match error.downcast::<RunError>() {
            Ok(run_error) => self.check(Err(run_error)),
            Err(other) => {
                println!("  | {other:#}");
                self.counts.failed += 1;
                self.failed.push(format!("{other:#}"));
                Ok(Outcome::Failed)
            }
        }
    }

    /// Records what could not be tried because of an earlier failure.
    fn leave_out(&mut self, title: &str) {
        println!("left out           {title}");
        self.failed.push(format!("{title} was left out because of an earlier failure"));
    }

    /// Prints what failed and the counts, alone on the last line.
    fn finish(self) -> ExitCode {
        println!();
        for failure in &self.failed {
            println!("FAILED: {}", failure.lines().next().unwrap_or_default());
        }
        println!("{} passed, {} failed", self.counts.passed, self.counts.failed);
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What can be said about the Rust code without running it.
fn rust_checks(report: &mut Report) -> Result<(), RunError> {
    let format = ["fmt", "--all", "--check", "--", "--color", "never"];
    report.check(step::run("rustfmt", &mut workspace::cargo(&format)))?;
    report.work(step::work("house rules", tidy::run))?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    report.check(step::run("clippy", &mut workspace::cargo(&clippy)))?;
    let docs = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    let mut docs = workspace::cargo(&docs);
    report.check(step::run("docs", docs.env("RUSTDOCFLAGS", "--deny warnings")))?;
    let core = ["check", "--package", "tidings-core", "--target", machine::WASM_TARGET];
    report.check(step::run("core on bare wasm", &mut workspace::cargo(&core)))?;
    Ok(())
}

/// The Rust tests; tells whether they were built. One build makes the tests
/// and every binary, so that all share the same dependencies.
fn rust_tests(report: &mut Report, services: Option<&Services>) -> Result<Outcome, RunError> {
    let build = ["build", "--workspace", "--tests", "--bins"];
    if report.check(step::run("Rust tests: build", &mut workspace::cargo(&build)))? == Outcome::Failed {
        report.leave_out("Rust tests");
        return Ok(Outcome::Failed);
    }
    let (runner, mut tests) = rust_test_command(services);
    Services::tell(services, &mut tests);
    report.tests(runner, step::run("Rust tests", &mut tests))?;
    let mut examples = workspace::cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]);
    report.tests(Runner::CargoTest, step::run("Rust examples in docs", &mut examples))?;
    Ok(Outcome::Succeeded)
}

/// cargo-nextest where it is installed, since building it takes longer than the
/// tests; `cargo test` elsewhere.
fn rust_test_command(services: Option<&Services>) -> (Runner, Command) {
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output();
    if nextest.is_ok_and(|output| output.status.success()) {
        let mut tests = workspace::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"]);
        tests.args(["--no-tests", "pass", "--status-level", "fail"]);
        if services.is_none() {
            // This crate's own module `postgres` needs none.
            tests.args([
                "--filterset",
                "package(xtask) or not test(/(postgres|proxy|published|systemd|schemathesis)::/)",
            ]);
        }
        (Runner::Nextest, tests)
    } else {
        let mut tests = workspace::cargo(&["test", "--workspace", "--tests", "--no-fail-fast", "--"]);
        if services.is_none() {
            tests.args([
                "--skip",
                "postgres::",
                "--skip",
                "proxy::",
                "--skip",
                "published::",
                "--skip",
                "systemd::",
                "--skip",
                "schemathesis::",
            ]);
        }
        (Runner::CargoTest, tests)
    }
}

/// The npm package, the web demo, and both together with the server in a browser.
fn package_tests(report: &mut Report, services: Option<&Services>) -> Result<(), RunError> {
    let package = wasm::build_module(Build::Shipped)
        .and_then(|()| types::check())
        .and_then(|()| rest_types::check())
        .and_then(|()| wasm::build_module(Build::Testing))
        .and_then(|()| wasm::build_scripts())
        .and_then(|()| write_hostile_corpus());
    if report.work(package)? == Outcome::Failed {
        for title in ["wasm: npm test", "wasm/tests/packaging", "web-demo", "tests/e2e"] {
            report.leave_out(title);
        }
        return Ok(());
    }
    node_tests(report, &workspace::wasm(), services)?;
    if services.is_some() {
        node_tests(report, &workspace::packaging(), services)?;
    }
    let page = report.work(demo::build_page())?;
    if services.is_some() {
        match page {
            Outcome::Succeeded => node_tests(report, &workspace::end_to_end(), services)?,
            Outcome::Failed => report.leave_out("tests/e2e"),
        }
    }
    Ok(())
}

/// Where the hostile changes are, with the answers of the authority, for the
/// tests of the module.
fn hostile_corpus() -> PathBuf {
    workspace::target().join("xtask").join("hostile-corpus.json")
}

fn write_hostile_corpus() -> anyhow::Result<()> {
    let mut write = Command::new(workspace::program("hostile-corpus"));
    step::run("hostile corpus", write.arg(hostile_corpus()))?;
    Ok(())
}

/// The tests of an npm folder.
fn node_tests(report: &mut Report, folder: &Path, services: Option<&Services>) -> Result<(), RunError> {
    if report.work(npm::install(folder))? == Outcome::Failed {
        report.leave_out(&npm::title(folder, "npm test"));
        return Ok(());
    }
    let mut test = npm::script(folder, "test");
    Services::tell(services, &mut test);
    report.tests(Runner::Node, step::run(&npm::title(folder, "npm test"), &mut test))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_without_tests_counts_as_one() {
        let mut report = Report::default();
        report.tests(Runner::Node, Ok("# pass 2\n# fail 0".to_owned())).unwrap();
        let slow = RunError::TooLong { title: "clippy".to_owned() };
        assert_eq!(report.check(Err(slow)).unwrap(), Outcome::Failed);
        assert_eq!(report.counts, Counts { passed: 2, failed: 1 });
        assert_eq!(report.failed, ["clippy was ended after 30 minutes"]);
    }

    #[test]
    fn an_interrupt_ends_everything() {
        let mut report = Report::default();
        let interrupted = anyhow::Error::new(RunError::Interrupted).context("wasm failed");
        assert!(matches!(report.work(Err(interrupted)), Err(RunError::Interrupted)));
        assert!(report.failed.is_empty());
    }
}
