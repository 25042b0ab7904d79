//! What of others a release consists of, and under which licences: each crate that
//! is compiled into a package, the bill of them in CycloneDX, the texts of their
//! licences. A licence that nobody here has agreed to is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use spdx::{Expression, ParseMode};

use crate::workspace;

/// Licences that ask for no more than to be named and repeated. Another one is a decision, made here.
const LICENCES: [&str; 8] =
    ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "Unicode-3.0", "Zlib"];
/// How files begin that say under which conditions something may be handed on.
const LICENCE_FILES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
/// The version of CycloneDX that is written.
const BILL_VERSION: &str = "1.5";

/// A crate that is compiled into what is released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    name: String,
    version: String,
    /// As its manifest says it; empty where it says nothing.
    licence: String,
    repository: Option<String>,
    /// Whether it is a crate of this repository.
    is_own: bool,
    folder: PathBuf,
}

/// The crates that `package` is compiled from for a target, itself among them, and the standard library.
///
/// # Errors
/// When cargo fails, or says something else than it used to.
pub fn of(package: &str, target: &str) -> anyhow::Result<Vec<Part>> {
    // The tree of one package has the features that it is built with, and nothing that only tests need.
    let tree = ["tree", "--locked", "--package", package, "--edges", "normal", "--target", target];
    let tree = output(workspace::cargo(&tree).args(["--prefix", "none", "--format", "{p}"]))?;
    let names: BTreeSet<(&str, &str)> =
        tree.lines().filter_map(|line| line.split_once(" v")).map(|(name, rest)| (name, first_word(rest))).collect();
    let metadata = ["metadata", "--locked", "--format-version", "1", "--filter-platform", target];
    let metadata: Value = serde_json::from_str(&output(&mut workspace::cargo(&metadata))?)?;
    let packages = metadata["packages"].as_array().context("cargo names packages")?;
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut parts = vec![standard_library()?];
    for package in packages {
        let (name, version) = (text(package, "name"), text(package, "version"));
        if names.contains(&(name.as_str(), version.as_str())) {
            let manifest = PathBuf::from(text(package, "manifest_path"));
            let folder = manifest.parent().context("a manifest lies in a folder")?.to_owned();
            // The old way to write it.
            let licence = text(package, "license").replace(" / ", "/").replace('/', " OR ");
            let repository = package["repository"].as_str().map(str::to_owned);
            parts.push(Part { name, version, licence, repository, is_own: package["source"].is_null(), folder });
        }
    }
    ensure!(parts.len() == names.len() + 1, "cargo tells of {} crates, and describes {}", names.len(), parts.len() - 1);
    parts.sort();
    Ok(parts)
}

/// What rustc links beside the crates. Its text is ours: both are under the same two.
fn standard_library() -> anyhow::Result<Part> {
    let told = output(Command::new("rustc").arg("--version"))?;
    Ok(Part {
        name: "std".to_owned(),
        version: told.split(' ').nth(1).context("rustc tells its version")?.to_owned(),
        licence: "MIT OR Apache-2.0".to_owned(),
        repository: Some("https://github.com/rust-lang/rust".to_owned()),
        is_own: true,
        folder: workspace::root().to_owned(),
    })
}

/// Checks that each part is under licences that are agreed to.
///
/// # Errors
/// When one is not, with all that are not.
pub fn check_licences(parts: &[Part]) -> anyhow::Result<()> {
    let refused: Vec<String> = parts
        .iter()
        .filter(|part| !is_agreed(&part.licence))
        .map(|part| format!("{} {}: {:?}", part.name, part.version, part.licence))
        .collect();
    if !refused.is_empty() {
        bail!("licences that nobody agreed to (xtask/src/parts.rs):\n{}", refused.join("\n"));
    }
    Ok(())
}

fn is_agreed(licence: &str) -> bool {
    let expression = Expression::parse_mode(licence, ParseMode::STRICT);
    expression.is_ok_and(|expression| expression.evaluate(|one| LICENCES.contains(&one.to_string().as_str())))
}

/// The bill of a release: CycloneDX, as JSON.
pub fn bill(package: &str, parts: &[Part]) -> anyhow::Result<Value> {
    let (own, others): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.name == package);
    let [own] = own[..] else { bail!("{package} is a part of itself") };
    let component = |part: &Part, kind: &str| {
        let address = format!("pkg:cargo/{}@{}", part.name, part.version);
        let mut component = json!({
            "type": kind,
            "bom-ref": address,
            "name": part.name,
            "version": part.version,
            "licenses": [{ "expression": part.licence }],
            "purl": address,
        });
        if let Some(repository) = &part.repository {
            component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
        }
        component
    };
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": BILL_VERSION,
        "version": 1,
        "metadata": { "component": component(own, "application") },
        "components": others.into_iter().map(|part| component(part, "library")).collect::<Vec<Value>>(),
    }))
}

/// The licences of all parts, each text once, with whose it is.
///
/// # Errors
/// When a file cannot be read.
pub fn texts(parts: &[Part]) -> anyhow::Result<String> {
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut list = String::new();
    for part in parts {
        let name = format!("{} {}", part.name, part.version);
        list += &format!("{name}: {}\n", part.licence);
        let folder = if part.is_own { workspace::root() } else { &part.folder };
        for text in licence_texts(folder)? {
            by_text.entry(text).or_default().insert(name.clone());
        }
    }
    let rule = "=".repeat(80);
    let mut all = format!("What is compiled into this release, and under which licence:\n\n{list}");
    // The first whose it is gives the order.
    let mut by_owner: Vec<(BTreeSet<String>, String)> =
        by_text.into_iter().map(|(text, whose)| (whose, text)).collect();
    by_owner.sort();
    for (whose, text) in by_owner {
        let whose: Vec<String> = whose.into_iter().collect();
        all += &format!("\n{rule}\n{}\n{rule}\n\n{}\n", whose.join(", "), text.trim_end());
    }
    Ok(all)
}

/// What the files of a folder say that begin as such files do.
fn licence_texts(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.file_type()?.is_file() && LICENCE_FILES.iter().any(|start| name.starts_with(start)) {
            texts.push(String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?} could not be run"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;

    fn part(licence: &str) -> Part {
        Part {
            name: "boats".to_owned(),
            version: "1.2.3".to_owned(),
            licence: licence.to_owned(),
            repository: None,
            is_own: false,
            folder: PathBuf::new(),
        }
    }

    #[test]
    fn only_licences_that_are_agreed_to_pass() {
        for licence in ["MIT", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(check_licences(&[part(licence)]).is_ok(), "{licence}");
        }
        for licence in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH GCC-exception-3.1", "as you like"] {
            let error = check_licences(&[part("MIT"), part(licence)]).unwrap_err().to_string();
            assert!(error.ends_with(&format!("\nboats 1.2.3: {licence:?}")), "{error}");
        }
    }

    #[test]
    fn what_is_released_is_under_licences_that_are_agreed_to_and_all_are_told() {
        let host = machine::host().unwrap();
        for (package, target) in [("tidings-server", host.as_str()), ("tidings-wasm", machine::WASM_TARGET)] {
            let parts = of(package, target).unwrap();
            let find = |name: &str| parts.iter().find(|part| part.name == name);
            assert!(["std", "automerge", "tidings-core", package].iter().all(|name| find(name).is_some()));
            // Only tests are made of it.
            assert!(find("proptest").is_none() && (package == "tidings-server") == find("tokio").is_some());
            check_licences(&parts).unwrap();
            let bill = bill(package, &parts).unwrap();
            assert_eq!(bill["metadata"]["component"]["name"], package);
            assert_eq!(bill["components"].as_array().unwrap().len(), parts.len() - 1);
            let automerge = find("automerge").unwrap();
            let address = format!("pkg:cargo/automerge@{}", automerge.version);
            assert!(bill["components"].as_array().unwrap().iter().any(|component| component["purl"] == address));
            let texts = texts(&parts).unwrap();
            assert!(texts.contains(&format!("automerge {}: {}\n", automerge.version, automerge.licence)));
            assert!(texts.contains("Permission is hereby granted, free of charge"));
        }
    }
}
