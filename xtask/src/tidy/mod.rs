//! The house rules that a compiler cannot check: every file says what it holds,
//! file names are nouns, long files say why, every rule of core/SPEC.md is
//! quoted by a test, core's dependencies are the agreed ones, the tests that a
//! page names are there, and no file knows the machine it was written on. It
//! reads the folder as it is, committed or not.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::workspace;

/// Folders that hold nothing written by hand.
const GENERATED: [&str; 9] =
    [".git", "target", "node_modules", "pkg", "pkg-testing", "dist", "test-results", ".next", "out"];
/// The endings of files that are read as text.
const TEXT: [&str; 17] = [
    "rs", "ts", "js", "mjs", "toml", "lock", "md", "json", "html", "css", "sql", "sh", "yml", "yaml", "svg", "conf",
    "service",
];
/// Names that say nothing about what a file holds.
const NAMELESS: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];
/// A file past this length says why at its top.
const LINES_MAX: usize = 600;
/// What core is made of. A new dependency is a sentence in the commit that adds
/// it here: what it saves and what it costs in bytes of wasm.
const CORE_DEPENDENCIES: [&str; 10] =
    ["automerge", "flate2", "minicbor", "serde", "sha2", "thiserror", "tsify", "twox-hash", "utoipa", "wasm-bindgen"];
/// The folders at the root of a file system in which people's machines differ.
const PERSONAL_FOLDERS: [&str; 5] = ["home", "root", "Users", "work", "mnt"];

/// A file of the repository.
#[derive(Debug)]
struct Source {
    /// Its path from the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn has_ending(&self, ending: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
    }
}

/// A rule that a file breaks.
#[derive(Debug, PartialEq)]
struct Problem {
    path: String,
    rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.rule)
    }
}

/// Checks the repository.
///
/// # Errors
/// When a rule is broken, one line each, or a file cannot be read.
pub fn run() -> anyhow::Result<()> {
    let mut sources = Vec::new();
    collect(workspace::root(), "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let problems = check(&sources);
    if !problems.is_empty() {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        bail!("{} broken:\n{}", problems.len(), lines.join("\n"));
    }
    Ok(())
}

/// Reads all files below `folder` that are text; `prefix` is its path from the root.
fn collect(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let name = file_name.to_str().context("a file name is not UTF-8")?;
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !GENERATED.contains(&name) {
                collect(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if kind.is_file() && (is_text(name) || path == ".ci/run") {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("{path} cannot be read"))?;
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending))
}

fn check(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        let rules = [
            check_opening(source),
            check_name(source),
            check_length(source),
            check_core_dependencies(source),
            check_download_addresses(source),
            check_personal_paths(source),
        ];
        for rule in rules.into_iter().flatten() {
            problems.push(Problem { path: source.path.clone(), rule });
        }
    }
    problems.extend(check_spec(sources));
    problems.extend(check_map(sources));
    problems.extend(check_scenarios(sources));
    problems.extend(check_test_files(sources));
    problems
}

/// Every Rust and TypeScript file opens with what it holds.
fn check_opening(source: &Source) -> Option<String> {
    let text = source.text.trim_start();
    if source.has_ending("rs") && !text.starts_with("//!") {
        return Some("opens with `//!`: what it holds, what it leaves to others".to_owned());
    }
    if source.has_ending("ts") && !(text.starts_with("/**") || text.starts_with("//")) {
        return Some("opens with a comment: what it holds, what it leaves to others".to_owned());
    }
    None
}

/// A file is named by the noun it holds; support for tests may be called so.
fn check_name(source: &Source) -> Option<String> {
    if !(source.has_ending("rs") || source.has_ending("ts")) {
        return None;
    }
    let (stem, _) = source.path.rsplit_once('.')?;
    let mut parts = stem.split('/');
    if parts.clone().any(|part| part == "tests" || part == "test") {
        return None;
    }
    let nameless = parts.find(|part| NAMELESS.contains(part))?;
    Some(format!("`{nameless}` is no noun: name the thing that the file holds"))
}

/// A long file explains itself in its first comment.
fn check_length(source: &Source) -> Option<String> {
    if !(source.has_ending("rs") || source.has_ending("ts")) {
        return None;
    }
    let lines = source.text.lines().count();
    if lines <= LINES_MAX {
        return None;
    }
    let first_comment: Vec<&str> = source
        .text
        .lines()
        .take_while(|line| ["//", "/*", " *", "*/"].iter().any(|start| line.starts_with(start)))
        .collect();
    let first_comment = first_comment.join(" ");
    let explained = first_comment.contains("600") || first_comment.contains("long because");
    (!explained).then(|| format!("{lines} lines, and its first comment does not say `long because …`"))
}

/// Core depends on the agreed crates and nothing else, on every target.
fn check_core_dependencies(source: &Source) -> Option<String> {
    if source.path != "core/Cargo.toml" {
        return None;
    }
    let mut found = BTreeSet::new();
    let mut in_dependencies = false;
    for line in source.text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            in_dependencies = section == "dependencies" || section.ends_with(".dependencies");
            // `[dependencies.name]` is one more way to write it.
            if let Some((_, name)) = section.split_once("dependencies.")
                && !section.contains("dev-dependencies.")
            {
                found.insert(name);
            }
        } else if in_dependencies
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
        {
            found.insert(name);
        }
    }
    let agreed = BTreeSet::from(CORE_DEPENDENCIES);
    (found != agreed).then(|| format!("depends on {found:?}, agreed are {agreed:?} (xtask/src/tidy/mod.rs)"))
}

/// A lock file that names where its packages were downloaded works only where
/// that address answers.
fn check_download_addresses(source: &Source) -> Option<String> {
    let named = source.path.ends_with("package-lock.json") && source.text.contains("\"resolved\": \"http");
    named.then(|| "names download addresses; write it with `omit-lockfile-registry-resolved`".to_owned())
}

/// No file knows the folders of one person's machine.
fn check_personal_paths(source: &Source) -> Option<String> {
    for folder in PERSONAL_FOLDERS {
        let path = format!("/{folder}/");
        for (at, _) in source.text.match_indices(&path) {
            let before = source.text[..at].chars().next_back();
            let after = source.text[at + path.len()..].chars().next();
            // `a/home/b` is a path inside something, not from a file system's root.
            let starts = before.is_none_or(|c| c.is_whitespace() || "\"'`=:(<[".contains(c));
            if starts && after.is_some_and(char::is_alphanumeric) {
                return Some(format!("names a folder of one machine, below {path}"));
            }
        }
    }
    None
}

/// Every rule of core/SPEC.md is quoted by the name of at least one test.
fn check_spec(sources: &[Source]) -> Vec<Problem> {
    let Some(spec) = sources.iter().find(|source| source.path == "core/SPEC.md") else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for label in spec.text.lines().filter_map(rule_label) {
        let problem = if !seen.insert(label) {
            "labels two rules; a number is never used again"
        } else if !sources.iter().any(|source| quotes(source, label, sources)) {
            "is quoted by no test that runs (`fn LABEL_…` in Rust, `LABEL …` as a title in TypeScript)"
        } else {
            continue;
        };
        problems.push(Problem { path: spec.path.clone(), rule: format!("{label} {problem}") });
    }
    problems
}

/// Every file of the engine is on the map in ARCHITECTURE.md, in the row of its folder, and in the opening
/// of the folder's `mod.rs`.
fn check_map(sources: &[Source]) -> Vec<Problem> {
    let Some(map) = sources.iter().find(|source| source.path == "ARCHITECTURE.md") else {
        return Vec::new();
    };
    let files = sources.iter().filter_map(|source| source.path.strip_prefix("core/src/engine/")?.strip_suffix(".rs"));
    let mut problems = Vec::new();
    for file in files.filter(|file| *file != "mod" && !file.starts_with("tests/")) {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        let row = match folder {
            "" => map.text.as_str(),
            _ => map.text.lines().find(|line| line.starts_with(&format!("| `{folder}/` |"))).unwrap_or_default(),
        };
        let entry = format!("`{name}`");
        if name == "mod" && row.is_empty() || name != "mod" && !row.contains(&entry) {
            let rule = format!("does not name `{file}` of the engine");
            problems.push(Problem { path: map.path.clone(), rule });
        }
        let path = format!("core/src/engine/{folder}/mod.rs");
        let Some(opening) = sources.iter().find(|source| source.path == path) else { continue };
        let mut lines = opening.text.lines().take_while(|line| line.starts_with("//!"));
        if name != "mod" && !lines.any(|line| line.contains(&entry)) {
            problems.push(Problem { path, rule: format!("its opening does not name `{name}`") });
        }
    }
    problems
}

/// Each scenario in docs/complement.md names the tests that show its verdict, as `path::name`, in the column behind
/// its own; each of them is there, and is run.
fn check_scenarios(sources: &[Source]) -> Vec<Problem> {
    let Some(page) = sources.iter().find(|source| source.path == "docs/complement.md") else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for row in page.text.lines().filter(|line| line.starts_with("| `Test")) {
        let mut cells = row.split('|').skip(1);
        let scenario = cells.next().unwrap_or_default().trim();
        let names: Vec<&str> = cells.next().unwrap_or_default().split('`').skip(1).step_by(2).collect();
        let missing = names.iter().filter(|name| !is_run(name, sources));
        let mut rules: Vec<String> = missing.map(|name| format!("{scenario}: `{name}` is no test that runs")).collect();
        if names.is_empty() {
            rules.push(format!("{scenario}: names no test, as `path::name`"));
        }
        problems.extend(rules.into_iter().map(|rule| Problem { path: page.path.clone(), rule }));
    }
    problems
}

/// Where the tests of a crate are one binary, its `main.rs` names every file beside it, unless the crate's
/// `Cargo.toml` does: one that neither names is not compiled, and its tests never run.
fn check_test_files(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for main in sources.iter().filter(|source| source.path.ends_with("/tests/main.rs")) {
        let folder = main.path.strip_suffix("main.rs").unwrap_or_default();
        let manifest = folder.strip_suffix("tests/").map(|package| format!("{package}Cargo.toml"));
        let manifest = sources.iter().find(|source| Some(&source.path) == manifest.as_ref());
        let beside = sources.iter().filter_map(|source| source.path.strip_prefix(folder)?.strip_suffix(".rs"));
        for file in beside.filter(|file| *file != "main" && !file.contains('/')) {
            let is_module = main.text.lines().any(|line| line == format!("mod {file};"));
            let is_binary = manifest.is_some_and(|manifest| manifest.text.contains(&format!("name = \"{file}\"")));
            if !is_module && !is_binary {
                problems.push(Problem { path: main.path.clone(), rule: format!("does not name `{file}`") });
            }
        }
    }
    problems
}

/// Returns true if `path::name` is a test: a function in Rust, a title in TypeScript.
fn is_run(test: &str, sources: &[Source]) -> bool {
    let Some((path, name)) = test.split_once("::") else { return false };
    let Some(source) = sources.iter().find(|source| source.path == path) else { return false };
    if source.has_ending("ts") {
        return source.text.contains(&format!("test(\"{name}\""));
    }
    let opening = format!("fn {name}(");
    let mut places = source.text.match_indices(&opening).map(|(at, _)| source.text.split_at(at));
    places.any(|(before, function)| is_test(before) || is_listed(function, sources))
}

/// The label of a line that states a rule: `A7` of `**A7** Nobody grants …`.
fn rule_label(line: &str) -> Option<&str> {
    let (label, _) = line.trim_start_matches("- ").strip_prefix("**")?.split_once("**")?;
    let label = label.trim_end_matches(['.', ':']);
    let digits = label.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let is_label = digits.len() < label.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_label.then_some(label)
}

fn quotes(source: &Source, label: &str, sources: &[Source]) -> bool {
    if source.has_ending("rs") {
        let opening = format!("fn {}_", label.to_lowercase());
        let mut places = source.text.match_indices(&opening);
        return places.any(|(at, _)| is_test(&source.text[..at]) || is_listed(&source.text[at..], sources));
    }
    let titles = |label: &str| ["'", "\"", "`"].iter().any(|quote| source.text.contains(&format!("{quote}{label} ")));
    source.has_ending("ts") && (titles(label) || titles(&label.to_lowercase()))
}

/// Whether a function is marked as a test, of which this stands before its name.
fn is_test(before: &str) -> bool {
    let lines = before.rsplit('\n').skip(1).map(str::trim);
    let mut marks = lines.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    marks.any(|mark| mark.starts_with("#[") && mark.contains("test"))
}

/// Whether a macro makes tests of a function, which begins so: its name is on a line of a list.
fn is_listed(function: &str, sources: &[Source]) -> bool {
    let name = function.trim_start_matches("fn ").split(|c: char| !c.is_alphanumeric() && c != '_').next();
    let item = name.map(|name| format!("{name},"));
    let mut lines = sources.iter().filter(|source| source.has_ending("rs")).flat_map(|source| source.text.lines());
    lines.any(|line| item.as_deref() == Some(line.trim()))
}

#[cfg(test)]
mod tests;
