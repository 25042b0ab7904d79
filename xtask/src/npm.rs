//! npm in one folder: install what its lock file names, run its scripts.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::{machine, step, workspace};

/// Installs a folder's dependencies with `npm ci`, unless the installed ones
/// already are those of the lock file.
///
/// # Errors
/// When Node.js is missing, the folder has no lock file, or npm fails.
pub fn install(folder: &Path) -> anyhow::Result<()> {
    let lock_path = folder.join("package-lock.json");
    let lock = fs::read(&lock_path).with_context(|| format!("{} cannot be read", lock_path.display()))?;
    // npm empties `node_modules` first, so the copy vouches for a finished install.
    let installed = folder.join("node_modules").join(".installed-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    machine::ensure_node()?;
    step::run(&title(folder, "npm ci"), command(folder).arg("ci"))?;
    fs::create_dir_all(folder.join("node_modules"))?;
    fs::write(installed, lock)?;
    Ok(())
}

/// A command that runs a script of the folder's `package.json`.
pub fn script(folder: &Path, name: &str) -> Command {
    let mut command = command(folder);
    command.args(["run", name]);
    command
}

/// A step's line for what is done in `folder`.
pub fn title(folder: &Path, action: &str) -> String {
    let place = folder.strip_prefix(workspace::root()).unwrap_or(folder);
    format!("{}: {action}", place.display())
}

/// npm in a folder.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder).args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    command
}
