//! `cargo xtask bench`: builds what measures with optimisation, runs it, and
//! writes the figures into the parts of `docs/benchmarks.md`, one file here for
//! each part. Nothing here judges them.

mod authority;
mod client;
mod growth;
mod plot;
mod rest;
mod server;

use std::fs;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::{step, workspace};

/// What is measured.
#[derive(Debug, PartialEq, clap::Subcommand)]
pub enum Bench {
    /// The authority: admitting by step, refusing by class.
    Authority,
    /// The package in Chromium and in Node.js: first paint, sending, memory, size, and what must not grow.
    Client,
    /// What must not grow with a history, in Node.js and Chromium, beside a bare client.
    Growth,
    /// Requests over HTTP, webhooks and imports.
    Rest,
    /// The server as a process: latency, throughput, bytes, memory.
    Server {
        /// Only this scenario, and any others named so; then the figures are printed and the page is left as it is.
        #[arg(long, value_name = "SCENARIO")]
        only: Vec<String>,
        /// How long a member floods a conversation, where it is not for the page.
        #[arg(long, value_name = "N")]
        flood_seconds: Option<u64>,
    },
}

/// Measures one part, or everything, and writes the page.
///
/// # Errors
/// When a benchmark does not build, run or print what it should.
pub fn run(part: Option<&Bench>) -> anyhow::Result<()> {
    match part {
        None => {
            authority::run()?;
            client::run()?;
            growth::run()?;
            server::run(&[], None)?;
            rest::run()?;
        }
        Some(Bench::Authority) => authority::run()?,
        Some(Bench::Client) => {
            client::run()?;
            growth::run()?;
        }
        Some(Bench::Rest) => rest::run()?,
        Some(Bench::Growth) => growth::run()?,
        Some(Bench::Server { only, flood_seconds }) => server::run(only, *flood_seconds)?,
    }
    Ok(())
}

fn measure(place: &str, command: &mut Command) -> anyhow::Result<Value> {
    let printed = step::run(&format!("measuring, {place}"), command)?;
    let line = printed.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("the benchmark printed `{line}`"))
}

/// Writes one part of the page.
fn write_part(heading: &str, part: &str) -> anyhow::Result<()> {
    let page = workspace::root().join("docs").join("benchmarks.md");
    let before = fs::read_to_string(&page).with_context(|| format!("{} cannot be read", page.display()))?;
    fs::write(&page, replace_part(&before, heading, part))?;
    println!("the figures are in {}", page.display());
    Ok(())
}

/// The page with the part under `heading` replaced, or added at the end.
fn replace_part(page: &str, heading: &str, part: &str) -> String {
    let Some(start) = page.find(&format!("\n{heading}\n")) else {
        return format!("{}\n\n{heading}\n\n{part}", page.trim_end());
    };
    let (before, rest) = page.split_at(start + 1);
    let after = rest[heading.len()..].find("\n## ").map_or("", |end| &rest[heading.len() + end..]);
    format!("{before}{heading}\n\n{part}{after}")
}

fn list<'a>(result: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    result[name].as_array().with_context(|| format!("the result has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_of_the_page_is_replaced() {
        let part = "## Authority";
        let page = "# Page\n\nWords.\n\n## Authority\n\nold\nold\n\n## Server\n\nkept\n";
        assert_eq!(replace_part(page, part, "new\n"), "# Page\n\nWords.\n\n## Authority\n\nnew\n\n## Server\n\nkept\n");
        let last = "# Page\n\n## Authority\n\nold\n";
        assert_eq!(replace_part(last, part, "new\n"), "# Page\n\n## Authority\n\nnew\n");
        assert_eq!(replace_part("# Page\n", part, "new\n"), "# Page\n\n## Authority\n\nnew\n");
    }
}
