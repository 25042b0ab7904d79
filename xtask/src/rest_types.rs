//! The TypeScript of the interface for other services: `wasm/rest.d.ts` is written from what the server says of
//! it, so that a backend is told at compile time what it may ask.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::{npm, step, workspace};

const HEAD: &str =
    "// What a server answers over HTTP, long because it is all of it. `cargo xtask rest-types` writes this file.\n\n";

/// Writes the types of the server as it is now.
///
/// # Errors
/// When the server does not build, or the file cannot be written.
pub fn write() -> anyhow::Result<()> {
    step::run("server", &mut workspace::cargo(&["build", "--package", "tidings-server"]))?;
    Ok(fs::write(path(), generated()?)?)
}

/// Compares the file with the types of the server that was built last.
///
/// # Errors
/// When they differ.
pub fn check() -> anyhow::Result<()> {
    if fs::read_to_string(path()).unwrap_or_default() != generated()? {
        bail!("wasm/rest.d.ts is not what the server says: `cargo xtask rest-types` writes it");
    }
    Ok(())
}

fn path() -> PathBuf {
    workspace::wasm().join("rest.d.ts")
}

fn generated() -> anyhow::Result<String> {
    let folder = workspace::rest_types();
    npm::install(&folder)?;
    let [description, types] = ["openapi.json", "rest.d.ts"].map(|name| workspace::target().join("xtask").join(name));
    let described = step::run("REST: description", Command::new(workspace::program("tidings-server")).arg("openapi"))?;
    fs::write(&description, described)?;
    let mut generate = Command::new("node");
    generate.current_dir(&folder).arg("node_modules/openapi-typescript/bin/cli.js");
    generate.arg(&description).arg("--output").arg(&types);
    step::run("REST: types", &mut generate)?;
    let types = fs::read_to_string(types)?;
    // The generator's first comment says who wrote it.
    let types = types.split_once("*/").map_or(types.as_str(), |(_, types)| types.trim_start());
    Ok(format!("{HEAD}{types}"))
}
