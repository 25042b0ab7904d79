//! Python in a folder of its own: what a file of requirements pins, and nothing of the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{step, workspace};

/// Whether this machine can make virtual environments.
pub fn can_install() -> bool {
    let modules = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    modules.is_ok_and(|output| output.status.success())
}

/// Makes a virtual environment with what a file pins, unless there is one already. Returns its interpreter.
///
/// # Errors
/// When Python or its module `venv` is missing, or pip fails.
pub fn environment(name: &str, requirements: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read(requirements).with_context(|| format!("{} cannot be read", requirements.display()))?;
    let folder = workspace::target().join("python").join(name);
    let python = folder.join("bin").join("python");
    // Written last, so it vouches for a finished installation.
    let installed = folder.join("installed.txt");
    if python.is_file() && fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let title = |action: &str| format!("Python for {name}: {action}");
    step::run(&title("venv"), Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    step::run(&title("pip install"), &mut pip)?;
    fs::write(installed, wanted)?;
    Ok(python)
}
