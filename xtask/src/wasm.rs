//! The npm package of `wasm/`: cargo compiles the module, wasm-bindgen writes its
//! JavaScript and types, wasm-opt makes it smaller, TypeScript compiles the rest.
//! Each part is left out when what goes into it has not changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{Parser, Payload};

use crate::{machine, npm, step, types, workspace};

/// What rustc's wasm target may use since 1.87; wasm-opt must neither refuse it
/// nor add anything beyond it. What it would inline the compiler has left alone:
/// a fiftieth less of the module as it is, and a tenth more of it compressed.
/// Compressed it is also smaller where equal expressions stay equal, and where
/// functions that resemble each other follow each other: those of one name do.
const WASM_OPT_ARGUMENTS: [&str; 12] = [
    "-Os",
    "--skip-pass=inlining-optimizing",
    "--skip-pass=local-cse",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The bindings can instantiate the module anew after it trapped.
const RESET_STATE: bool = true;

/// Which variant of the module is built.
#[derive(Clone, Copy, Debug, Hash, PartialEq)]
pub enum Build {
    /// What an app downloads: small, in `wasm/pkg`.
    Shipped,
    /// With the contract suites exported and debug assertions on, quickly
    /// compiled, in `wasm/pkg-testing`.
    Testing,
}

impl Build {
    fn name(self) -> &'static str {
        match self {
            Self::Shipped => "wasm module",
            Self::Testing => "wasm module for tests",
        }
    }

    /// Cargo's profile and the folder it builds in. Tests take the ordinary one:
    /// its procedural macros are built already, for the Rust tests.
    fn profile(self) -> (&'static str, &'static str) {
        match self {
            Self::Shipped => ("wasm", "wasm"),
            Self::Testing => ("dev", "debug"),
        }
    }

    fn package(self) -> PathBuf {
        workspace::wasm().join(match self {
            Self::Shipped => "pkg",
            Self::Testing => "pkg-testing",
        })
    }
}

/// Builds the module and the package's TypeScript, and writes the types that are kept.
///
/// # Errors
/// When a part fails to build; its output has been shown.
pub fn build_package(build: Build) -> anyhow::Result<()> {
    build_module(build)?;
    if build == Build::Shipped {
        types::write()?;
    }
    build_scripts()
}

/// Compiles the package's TypeScript to `wasm/dist`; needs the module's types.
///
/// # Errors
/// When it does not compile.
pub fn build_scripts() -> anyhow::Result<()> {
    let folder = workspace::wasm();
    npm::install(&folder)?;
    step::run(&npm::title(&folder, "npm run build"), &mut npm::script(&folder, "build"))?;
    Ok(())
}

/// Builds the module with its bindings.
///
/// # Errors
/// When cargo, wasm-bindgen or wasm-opt fail, or the module imports from `env`.
pub fn build_module(build: Build) -> anyhow::Result<()> {
    machine::ensure_wasm_target()?;
    let module_path = compile(build)?;
    let module = fs::read(&module_path).with_context(|| format!("{} cannot be read", module_path.display()))?;
    check_imports(&module)?;
    if build == Build::Shipped {
        npm::install(&workspace::wasm())?;
    }
    let stamp_path = workspace::target().join("xtask").join(format!("{build:?}.stamp"));
    let stamp = stamp(build, &module);
    let bound = build.package().join("tidings_bg.wasm");
    if bound.is_file() && fs::read_to_string(&stamp_path).is_ok_and(|written| written == stamp) {
        return Ok(());
    }
    step::work(&format!("{}: bindings", build.name()), || bind(build, &module_path))?;
    if build == Build::Shipped {
        optimise(&bound)?;
    }
    fs::write(stamp_path, stamp)?;
    Ok(())
}

fn compile(build: Build) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace::cargo(&["build", "--package", "tidings-wasm"]);
    let (profile, folder) = build.profile();
    cargo.args(["--target", machine::WASM_TARGET, "--profile", profile]);
    if build == Build::Testing {
        cargo.args(["--features", "testing"]);
    }
    step::run(build.name(), &mut cargo)?;
    Ok(workspace::target().join(machine::WASM_TARGET).join(folder).join("tidings_wasm.wasm"))
}

/// What the bindings are made from: equal stamps, equal bindings.
fn stamp(build: Build, module: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    build.hash(&mut hasher);
    WASM_OPT_ARGUMENTS.hash(&mut hasher);
    RESET_STATE.hash(&mut hasher);
    // How the types are written.
    include_str!("wasm.rs").hash(&mut hasher);
    module.hash(&mut hasher);
    // The versions of wasm-bindgen and of wasm-opt.
    for lock in ["Cargo.lock", "wasm/package-lock.json"] {
        fs::read(workspace::root().join(lock)).unwrap_or_default().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Writes the package's JavaScript, its types and the module that fits them.
fn bind(build: Build, module: &Path) -> anyhow::Result<()> {
    let folder = build.package();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let shipped = build == Build::Shipped;
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(true)
        .out_name("tidings")
        .reset_state_function(RESET_STATE)
        .remove_producers_section(shipped)
        .generate(&folder)?;
    let types = folder.join("tidings.d.ts");
    fs::write(&types, without_disposal(&fs::read_to_string(&types)?))?;
    Ok(())
}

/// The types without the methods that only TypeScript's `esnext.disposable` has a
/// name for: an app that compiles for an older library could not check them.
fn without_disposal(types: &str) -> String {
    types.split_inclusive('\n').filter(|line| !line.contains("[Symbol.dispose]")).collect()
}

/// Makes the module smaller, in place.
fn optimise(module: &Path) -> anyhow::Result<()> {
    let program = workspace::wasm().join("node_modules").join(".bin").join("wasm-opt");
    let mut command = Command::new(program);
    command.args(WASM_OPT_ARGUMENTS).arg(module).arg("--output").arg(module);
    step::run("wasm-opt", &mut command)?;
    Ok(())
}

/// A browser has nothing called `env`: an import from it is a C library or a
/// clock that slipped into the core, and the module would not start.
fn check_imports(module: &[u8]) -> anyhow::Result<()> {
    let mut unknown = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(imports) = payload? {
            for import in imports.into_imports() {
                let import = import?;
                if import.module == "env" {
                    unknown.push(import.name);
                }
            }
        }
    }
    if !unknown.is_empty() {
        bail!("the module imports from `env`, which no browser has: {}", unknown.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module whose only content is one imported function `clock`.
    fn importing_from(module: &str) -> Vec<u8> {
        let mut import = vec![1, module.len() as u8];
        import.extend(module.bytes());
        import.extend(*b"\x05clock\x00\x00");
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02".to_vec();
        bytes.push(import.len() as u8);
        bytes.extend(import);
        bytes
    }

    #[test]
    fn an_import_from_env_is_refused_by_name() {
        let error = check_imports(&importing_from("env")).unwrap_err().to_string();
        assert!(error.ends_with(": clock"), "{error}");
        check_imports(&importing_from("./tidings_bg.js")).unwrap();
    }

    #[test]
    fn types_name_no_symbol_that_an_older_library_lacks() {
        let types = "class Engine {\n  free(): void;\n  [Symbol.dispose](): void;\n}\n";
        assert_eq!(without_disposal(types), "class Engine {\n  free(): void;\n}\n");
    }

    #[test]
    fn bytes_that_are_no_module_are_an_error() {
        assert!(check_imports(b"<html>").is_err());
    }
}
