//! Where things are: the folders of this repository that commands share.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root, from where this crate was compiled.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("Invariant: xtask/ lies in the root")
}

/// Cargo's output folder.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A program of an ordinary build.
pub fn program(name: &str) -> PathBuf {
    target().join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The package's folder with its `package.json`.
pub fn wasm() -> PathBuf {
    root().join("wasm")
}

/// The folder of the tests that put the packed archive into bundlers.
pub fn packaging() -> PathBuf {
    wasm().join("tests").join("packaging")
}

/// The web demo's folder with its `package.json`.
pub fn web_demo() -> PathBuf {
    root().join("web-demo")
}

/// The browser tests' folder with its `package.json`.
pub fn end_to_end() -> PathBuf {
    root().join("tests").join("e2e")
}

/// The folder with the published libraries that verify webhooks.
pub fn verifiers() -> PathBuf {
    root().join("server").join("tests").join("verifiers")
}

/// The folder with the program that writes the types of the REST interface.
pub fn rest_types() -> PathBuf {
    root().join("xtask").join("openapi")
}

/// A cargo command, started in the root as if from a shell: `cargo run` tells
/// this process which package it is, and build scripts of others that look at
/// those variables would run again each time.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    command
}
