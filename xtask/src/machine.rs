//! What must be on the machine before a command can work: the wasm target,
//! Node.js, Postgres' programs, a Chromium, Python, the proxies that the server stands behind. Debian's packages are installed when
//! this process is root; everyone else is told in one line what to install.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};

use crate::{python, step};

/// The target of the browser package.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// The oldest Node.js with everything the package's tests use.
const NODE_MAJOR_MIN: u32 = 20;
/// What the private cluster is made, run and watched with.
const POSTGRES_PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_isready"];
/// What the server's files are tried with: the programs by which they are found, and their packages.
const DEPLOYMENT_PROGRAMS: [(&str, Missing); 4] = [
    ("nginx", Missing { debian: "nginx-light", brew: "nginx" }),
    ("caddy", Missing { debian: "caddy", brew: "caddy" }),
    ("python3", Missing { debian: "python3-venv", brew: "python" }),
    ("systemd-analyze", Missing { debian: "systemd", brew: "" }),
];
/// Where Chrome lies on macOS, where programs are not on the path.
const MACOS_CHROMES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// The programs that the full tests use beside cargo and Node.js.
pub struct TestPrograms {
    /// The folder with Postgres' server programs.
    pub postgres: PathBuf,
    /// A Chromium or Chrome.
    pub chromium: PathBuf,
}

/// Finds Postgres and Chromium, and installs them where that is possible, with what else the tests run.
///
/// # Errors
/// One line that says what to install.
pub fn test_programs() -> anyhow::Result<TestPrograms> {
    let find = || match (postgres_programs(), chromium(), missing_deployment_programs()) {
        (Some(postgres), Some(chromium), missing) if missing.is_empty() && python::can_install() => {
            Ok(TestPrograms { postgres, chromium })
        }
        (postgres, chromium, mut missing) => {
            if postgres.is_none() {
                missing.push(Missing { debian: "postgresql", brew: "postgresql@17" });
            }
            if !python::can_install() {
                missing.push(Missing { debian: "python3-venv", brew: "python" });
            }
            if chromium.is_none() {
                missing.push(Missing { debian: "chromium", brew: "--cask google-chrome" });
            }
            Err(missing)
        }
    };
    let missing = match find() {
        Ok(programs) => return Ok(programs),
        Err(missing) => missing,
    };
    if !(is_root() && program("apt-get").is_some()) {
        bail!(advice(&missing));
    }
    install_debian(&missing)?;
    find().map_err(|missing| {
        let names: Vec<&str> = missing.iter().map(|missing| missing.debian).collect();
        anyhow::anyhow!("apt-get installed its packages, yet something of these is not found: {}", names.join(", "))
    })
}

/// Those of the deployment's programs that are not there, but for systemd's where there is no systemd.
fn missing_deployment_programs() -> Vec<Missing> {
    let is_there = |name: &str| program(name).is_some() || Path::new("/usr/sbin").join(name).is_file();
    let wanted =
        DEPLOYMENT_PROGRAMS.iter().filter(|(_, package)| !(cfg!(target_os = "macos") && package.brew.is_empty()));
    wanted.filter(|(name, _)| !is_there(name)).map(|(_, package)| *package).collect()
}

/// The folder with Postgres' server programs.
///
/// # Errors
/// One line that says what to install.
pub fn postgres() -> anyhow::Result<PathBuf> {
    postgres_programs().with_context(|| advice(&[Missing { debian: "postgresql", brew: "postgresql@17" }]))
}

/// Makes sure that the compiler has the wasm target.
///
/// # Errors
/// When rustup is missing or fails.
pub fn ensure_wasm_target() -> anyhow::Result<()> {
    ensure_target(WASM_TARGET)
}

/// Makes sure that the compiler has a target.
///
/// # Errors
/// When rustup is missing or fails.
pub fn ensure_target(target: &str) -> anyhow::Result<()> {
    if has_target(target) {
        return Ok(());
    }
    if program("rustup").is_none() {
        bail!("rustc has no target {target}; install it, or rustup from https://rustup.rs");
    }
    step::run(&format!("target {target}"), Command::new("rustup").args(["target", "add", target]))?;
    Ok(())
}

/// Whether the compiler has a target.
pub fn has_target(target: &str) -> bool {
    let library = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    library.is_ok_and(|library| {
        library.status.success() && Path::new(String::from_utf8_lossy(&library.stdout).trim()).is_dir()
    })
}

/// The target that the compiler itself runs on.
///
/// # Errors
/// When there is no compiler.
pub fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("--verbose").arg("--version").output().context("rustc could not be run")?;
    let told = String::from_utf8_lossy(&output.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc tells what it runs on")?.to_owned())
}

/// This machine and its compilers in a line: what figures must be read with.
pub fn describe() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{cores} cores of {} ({}), load {} at the start, {}, Node {}",
        processor.map_or("an unknown processor", |(_, name)| name),
        std::env::consts::OS,
        load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown"),
        version("rustc"),
        version("node"),
    )
}

/// What a program says of its version, in a line.
pub fn version(program: impl AsRef<OsStr>) -> String {
    let output = Command::new(program).arg("--version").output();
    let said = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned()
}

/// Makes sure that a recent Node.js and npm are there.
///
/// # Errors
/// One line that says what to install.
pub fn ensure_node() -> anyhow::Result<()> {
    let advice = format!("Node.js {NODE_MAJOR_MIN} or later with npm is needed: https://nodejs.org");
    let output = Command::new("node").arg("--version").output().context(advice.clone())?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    let recent = major.is_some_and(|major: u32| major >= NODE_MAJOR_MIN);
    if !recent || program("npm").is_none() {
        bail!("{advice} (found Node.js {})", version.trim());
    }
    Ok(())
}

/// The path of a program that the shell would find.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

/// The number of a user.
pub fn user_id(name: &str) -> Option<u32> {
    id(&["-u", name])
}

/// The number of a user's group.
pub fn group_id(name: &str) -> Option<u32> {
    id(&["-g", name])
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// A program that is not there, and what its package is called.
#[derive(Clone, Copy, Debug)]
struct Missing {
    debian: &'static str,
    brew: &'static str,
}

fn advice(missing: &[Missing]) -> String {
    let names = |name: fn(&Missing) -> &str| missing.iter().map(name).collect::<Vec<_>>();
    if cfg!(target_os = "macos") {
        let commands: Vec<String> = names(|m| m.brew).iter().map(|name| format!("brew install {name}")).collect();
        format!("missing programs; run `{}`, or `cargo xtask test --quick`", commands.join(" && "))
    } else {
        let packages = names(|m| m.debian).join(" ");
        format!(
            "missing programs; run `sudo apt-get install {packages}` (or your system's way), \
             or `cargo xtask test --quick`"
        )
    }
}

fn install_debian(missing: &[Missing]) -> anyhow::Result<()> {
    let mut update = Command::new("apt-get");
    step::run("apt-get update", update.args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--quiet", "--yes", "--no-install-recommends"])
        .args(missing.iter().map(|missing| missing.debian))
        .env("DEBIAN_FRONTEND", "noninteractive");
    step::run("apt-get install", &mut install)?;
    Ok(())
}

/// The folder with Postgres' server programs. Debian keeps them off the path, in
/// a folder per version; Homebrew does so for versions that are not its default.
/// A link on the path leads to the folder where all of them are.
fn postgres_programs() -> Option<PathBuf> {
    let on_path = program("initdb").and_then(|link| fs::canonicalize(link).ok());
    let mut folders: Vec<PathBuf> = on_path.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
    folders.extend(children_newest_first("/usr/lib/postgresql", ""));
    for brew in ["/opt/homebrew/opt", "/usr/local/opt"] {
        folders.extend(children_newest_first(brew, "postgresql@"));
    }
    let complete = |folder: &PathBuf| POSTGRES_PROGRAMS.iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(complete)
}

/// The `bin` folders below `folder`'s entries called `prefix` and a version.
fn children_newest_first(folder: &str, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}

fn chromium() -> Option<PathBuf> {
    let on_path = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(program);
    on_path.or_else(|| MACOS_CHROMES.iter().map(PathBuf::from).find(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(program("sh").is_some());
        assert!(program("no-such-program-here").is_none());
    }

    #[test]
    fn the_newest_version_comes_first() {
        let folder = env::temp_dir().join(format!("tidings-versions-{}", std::process::id()));
        for version in ["v9", "v15", "v14", "other"] {
            fs::create_dir_all(folder.join(version)).unwrap();
        }
        let found = children_newest_first(folder.to_str().unwrap(), "v");
        let expected = ["v15", "v14", "v9"].map(|version| folder.join(version).join("bin"));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn advice_is_one_line() {
        let missing = [Missing { debian: "postgresql", brew: "postgresql@17" }];
        let advice = advice(&missing);
        assert!(advice.contains("postgresql") && !advice.contains('\n'), "{advice}");
    }
}
