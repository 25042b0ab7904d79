//! Schemathesis, which makes requests from the description of the interface for other services: installed with
//! pip into a Python environment of its own, below `target`, in the versions of `server/tests/requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{step, workspace};

/// Whether this machine can make Python environments.
pub fn can_install() -> bool {
    let modules = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    modules.is_ok_and(|output| output.status.success())
}

/// Installs it, unless it is there in these versions; returns the program.
///
/// # Errors
/// When Python or pip fails.
pub fn install() -> anyhow::Result<PathBuf> {
    let requirements = workspace::root().join("server").join("tests").join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("{}", requirements.display()))?;
    let folder = workspace::target().join("xtask").join("schemathesis");
    let program = folder.join("bin").join("schemathesis");
    // A copy of the list is the last thing that is written.
    let installed = folder.join("requirements.txt");
    if program.is_file() && fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    make(&folder, &requirements)?;
    fs::write(&installed, wanted)?;
    Ok(program)
}

fn make(folder: &Path, requirements: &Path) -> anyhow::Result<()> {
    let mut environment = Command::new("python3");
    step::run("Python environment", environment.args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut install = Command::new(folder.join("bin").join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    step::run("Schemathesis", install.arg(requirements))?;
    Ok(())
}
