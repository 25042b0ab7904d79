//! The part about what must not grow: the package that ships, in Node.js and in
//! Chromium, beside a bare client in the same run.

use std::fmt::Write as _;
use std::fs;

use anyhow::Context;
use serde_json::Value;

use super::client::{measure_package, spread};
use super::write_part;
use crate::workspace;

/// By their names in the result.
const PLACES: [&str; 3] = ["node", "chromium", "bare"];

/// The cases with their goals and the names of their figures.
const ROWS: [(&str, &str, &str); 10] = [
    ("one sender of 5,000: messages/s until the other has all", "≥ 2,000", "sender_per_second"),
    ("… a message, both clients, ms of processor", "≤ 0.5", "sender_cpu_ms"),
    ("… one behind 5,000, to one behind 100", "≤ 1.3", "late_to_early"),
    ("all of 10,000 messages back by 50, ms", "≤ 2,000", "scrolled_ms"),
    ("… ms of processor", "–", "scrolled_cpu_ms"),
    ("200 written offline against 500 missed: converged, ms", "≤ 150", "burst_ms"),
    ("… both clients, ms of processor", "–", "burst_cpu_ms"),
    ("100 joins of an open conversation, ms", "≤ 4,000", "joins_ms"),
    ("… all 101 clients, ms of processor", "–", "joins_cpu_ms"),
    ("an input with 300 open timelines, ms", "≤ 1", "input_ms"),
];

/// Measures, and writes the part and the result.
///
/// # Errors
/// When the package or the programs do not build, or the benchmark does not run
/// or print what it should.
pub fn run() -> anyhow::Result<()> {
    let bare: (&str, &[&str]) = ("bare server", &["--package", "tidings-tests", "--bin", "load"]);
    let result = measure_package("growth", "bench:growth", &[bare])?;
    let folder = workspace::root().join("docs").join("benchmarks");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("growth.json"), format!("{result:#}\n"))?;
    write_part("## Growth", &page(&result)?)
}

fn page(result: &Value) -> anyhow::Result<String> {
    let machine = result["machine"].as_str().context("the result names its machine")?;
    let growth = &result["growth"];
    let rounds = growth["rounds"].as_u64().context("the result has no rounds")?;
    let mut text = format!("Measured on {machine}.\n\n");
    writeln!(
        text,
        "What a client does must follow what changed, not what was there before. The package as it ships against a server\n\
         process of the release build on SQLite, all on loopback; in Node.js every device keeps its state in memory, in Chromium\n\
         in IndexedDB. All devices of a case are in one process or page and share its thread: whoever sends and whoever\n\
         follows, with the timeline on both screens, and all who join. *Bare* is a socket in Node.js that sends and counts\n\
         texts, against the bare server of the part about the server, which stores each before it passes it on: no identity,\n\
         no rule, no store and no screen; its burst is sent by both at once. The time is that of everybody on the machine,\n\
         the processor's that of the clients alone. In Chromium the databases of the hundred who join are one log on one disk:\n\
         a join costs there what a hundred devices write, each of which has a disk of its own elsewhere. Figures are medians of {rounds} rounds, with the least and the most. The whole\n\
         result is [`benchmarks/growth.json`](benchmarks/growth.json).\n"
    )?;
    text.push_str("| case | Node.js | Chromium | bare | goal |\n|---|---:|---:|---:|---|\n");
    for (case, goal, name) in ROWS {
        let cells = PLACES.map(|place| spread(growth, place, name));
        writeln!(text, "| {case} | {} | {goal} |", cells.join(" | "))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_case_that_a_place_does_not_have_is_a_dash() {
        let figure = json!({ "median": 2500.0, "min": 2400.0, "max": 2600.0 });
        let growth = json!({ "rounds": 3, "node": { "sender_per_second": figure }, "chromium": {}, "bare": {} });
        let page = page(&json!({ "machine": "a machine", "growth": growth })).unwrap();
        let line = "| one sender of 5,000: messages/s until the other has all | 2500 (2400 – 2600) | – | – | ≥ 2,000 |";
        assert!(page.contains(line), "{page}");
    }
}
