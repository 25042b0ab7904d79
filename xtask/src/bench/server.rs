//! The part about the server: a process of the release build on loopback, on
//! each store, beside a bare server on the same store.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};

use super::plot::{self, Group, short};
use super::{measure, write_part};
use crate::postgres::{Cluster, Durability};
use crate::{machine, step, workspace};

/// Raises the bound on open files, for ten thousand connections on each side,
/// then becomes the program.
const MANY_FILES: &str = "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\"";

const STORES: [(&str, &str); 2] = [("sqlite", "SQLite"), ("postgres", "Postgres")];

/// The scenarios of the load client that this part shows.
const SCENARIOS: [&str; 11] = [
    "latency",
    "one_sender",
    "many_senders",
    "cold_join",
    "offline_burst",
    "reconnect",
    "fan_out",
    "channel",
    "connections",
    "crash",
    "flood",
];

/// Measures, and writes the part, its plots and the result; with `only`,
/// prints the result of those scenarios.
///
/// # Errors
/// When the load client does not build, run or print what it should.
pub fn run(only: &[String], flood_seconds: Option<u64>) -> anyhow::Result<()> {
    if !only.is_empty() {
        println!("{:#}", scenarios(only, flood_seconds)?);
        return Ok(());
    }
    let result = scenarios(&SCENARIOS.map(str::to_owned), flood_seconds)?;
    let docs = workspace::root().join("docs").join("benchmarks");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("server.json"), format!("{result:#}\n"))?;
    for (name, plot) in plots(&result["scenarios"]) {
        fs::write(docs.join(name), plot)?;
    }
    write_part("## Server", &page(&result)?)
}

/// Runs scenarios of the load client, and answers the machine and their results.
///
/// # Errors
/// When the load client does not build, run or print what it should.
pub(super) fn scenarios(only: &[String], flood_seconds: Option<u64>) -> anyhow::Result<Value> {
    let programs = machine::postgres()?;
    let server = ["build", "--release", "--package", "tidings-server"];
    step::run("server", &mut workspace::cargo(&server))?;
    let load = ["build", "--release", "--package", "tidings-tests", "--bin", "load"];
    step::run("load client", &mut workspace::cargo(&load))?;
    let release = workspace::target().join("release");
    let folder = env::temp_dir().join(format!("tidings-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let machine = machine::describe();
    let measured = step::work("private Postgres", || Cluster::start(&programs, Durability::Kept)).and_then(|cluster| {
        let mut command = Command::new("sh");
        command.args(["-c", MANY_FILES]).arg(release.join("load")).args(["run", "--server"]);
        command.arg(release.join("tidings-server")).arg("--sqlite").arg(&folder);
        command.arg("--postgres").arg(cluster.url());
        for name in only {
            command.args(["--only", name]);
        }
        if let Some(seconds) = flood_seconds {
            command.args(["--flood-seconds", &seconds.to_string()]);
        }
        measure("server", &mut command)
    });
    let _ = fs::remove_dir_all(&folder);
    Ok(json!({ "machine": machine, "scenarios": measured? }))
}

/// The figure at a path of names and numbers, if it is there.
fn figure(value: &Value, path: &str) -> Option<f64> {
    value.pointer(path).and_then(Value::as_f64)
}

/// One line of the table.
pub(super) struct Row {
    case: String,
    goal: String,
    /// By store: the figure, and the bare server's.
    figures: Vec<(Option<f64>, Option<f64>)>,
}

/// Rows are `scenario`'s figures at `path`, and the bare server's at `raw`.
pub(super) fn row(
    scenarios: &Value,
    scenario: &str,
    case: impl Into<String>,
    goal: &str,
    path: &str,
    raw: Option<&str>,
) -> Row {
    let figures = STORES.iter().map(|(store, _)| {
        let value = &scenarios[scenario][store];
        (figure(value, path), raw.and_then(|raw| figure(value, raw)))
    });
    Row { case: case.into(), goal: goal.to_owned(), figures: figures.collect() }
}

fn rows(all: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for (percentile, goal) in [("p50", "≤ 1.5 × bare"), ("p95", "–"), ("p99", "–")] {
        let path = format!("/frames/{percentile}_ms");
        let raw = format!("/raw/{percentile}_ms");
        let case = format!("send → visible, light clients, {percentile}, ms");
        rows.push(row(all, "latency", case, goal, &path, Some(&raw)));
    }
    for percentile in ["p50", "p95", "p99"] {
        let case = format!("send → visible, whole clients, {percentile}, ms");
        rows.push(row(all, "latency", case, "–", &format!("/engines/{percentile}_ms"), None));
    }
    let rate = ("/tidings/messages_per_second", Some("/raw/messages_per_second"));
    let cpu = ("/tidings/cpu_ms_per_message", Some("/raw/cpu_ms_per_message"));
    rows.push(row(all, "one_sender", "one sender, messages/s", "≥ 10,000", rate.0, rate.1));
    rows.push(row(all, "one_sender", "… server CPU a message, ms", "≤ 0.08", cpu.0, cpu.1));
    rows.push(row(all, "many_senders", "100 senders in 100 conversations, messages/s", "≥ 8,000", rate.0, rate.1));
    rows.push(row(all, "many_senders", "… server CPU a message, ms", "–", cpu.0, cpu.1));
    for (index, messages) in ["10,000", "50,000"].iter().enumerate() {
        let at = |name: &str| format!("/sizes/{index}/{name}");
        let case = format!("cold join of {messages}: newest 50 readable, ms");
        rows.push(row(all, "cold_join", case, "≤ 25", &at("newest_ms"), None));
        rows.push(row(all, "cold_join", "… KiB down until then", "≤ 80", &at("newest_kib"), None));
        let goals = if index == 0 { ["≤ 100", "≤ 700"] } else { ["–", "–"] };
        rows.push(row(all, "cold_join", "… all fetched and loaded, ms", goals[0], &at("all_ms"), None));
        rows.push(row(all, "cold_join", "… KiB down until then", goals[1], &at("all_kib"), None));
    }
    let burst = "offline burst, 200 against 500: converged, ms";
    rows.push(row(all, "offline_burst", burst, "≤ 25", "/converged_ms", None));
    rows.push(row(all, "offline_burst", "… KiB down", "–", "/down_kib", None));
    rows.push(row(all, "offline_burst", "… KiB up", "–", "/up_kib", None));
    rows.push(row(all, "offline_burst", "… KiB together", "≤ 75", "/together_kib", None));
    let back = "reconnect in 1,000 conversations, 10 changed, ms";
    rows.push(row(all, "reconnect", back, "one round trip", "/time_ms", None));
    rows.push(row(all, "reconnect", "… KiB down", "≤ 20", "/down_kib", None));
    rows.push(row(all, "reconnect", "… server CPU, ms", "≤ 15", "/cpu_ms", None));
    for (index, (receivers, goal)) in [(100, "≤ 6"), (500, "–")].into_iter().enumerate() {
        let case = format!("fan-out to {receivers}: last receiver, p50, ms");
        let (path, raw) = (format!("/sizes/{index}/tidings/p50_ms"), format!("/sizes/{index}/raw/p50_ms"));
        rows.push(row(all, "fan_out", case, goal, &path, Some(&raw)));
    }
    let channel = [
        ("channel: joins of subscribers a second, of 100,000", "–", "/joins_per_second"),
        ("… memory a subscriber, bytes", "–", "/memory_bytes_each"),
        ("… post → last of 1,000 live, p50, ms", "–", "/posts/p50_ms"),
        ("… post → last of 1,000 live, p99, ms", "–", "/posts/p99_ms"),
        ("… a page of 100 subscribers, ms", "–", "/page_of_100_ms"),
        ("… first post after a restart, ms", "–", "/first_post_after_restart_ms"),
    ];
    rows.extend(channel.map(|(case, goal, path)| row(all, "channel", case, goal, path, None)));
    for (index, connections) in ["1,000", "10,000"].iter().enumerate() {
        let case = format!("memory of an idle connection, of {connections}, KiB");
        let (path, raw) = (format!("/tidings/{index}/kib_each"), format!("/raw/{index}/kib_each"));
        rows.push(row(all, "connections", case, "≤ 15", &path, Some(&raw)));
    }
    let touched = "memory of a conversation, 1,000 written to, KiB";
    rows.push(row(all, "reconnect", touched, "bounded: 256 MiB in all", "/memory_per_conversation_kib", None));
    let flooded = [
        ("a member at all rates for ten minutes: changes accepted", "–", "/changes"),
        ("… MiB of them", "–", "/mib"),
        ("… server memory, MiB", "≤ 512", "/memory_mib"),
        ("… the others' messages, p50, ms", "–", "/flooded/p50_ms"),
        ("… × as long as before", "≤ 10", "/latency_times"),
        ("… a new device is sent, KiB", "≤ 5,120", "/new_device_kib"),
    ];
    rows.extend(flooded.map(|(case, goal, path)| row(all, "flood", case, goal, path, None)));
    rows.push(row(all, "crash", "200 acknowledged, SIGKILL, restart: lost", "0", "/lost", None));
    rows
}

/// The table of some rows.
pub(super) fn table(rows: Vec<Row>) -> anyhow::Result<String> {
    let mut text =
        String::from("| case | SQLite | × bare | Postgres | × bare | goal |\n|---|---:|---:|---:|---:|---|\n");
    for Row { case, goal, figures } in rows {
        let mut cells = Vec::new();
        for (figure, raw) in figures {
            cells.push(figure.map_or("–".to_owned(), short));
            cells.push(figure.zip(raw).map_or("–".to_owned(), |(figure, raw)| format!("{:.2}", figure / raw)));
        }
        writeln!(text, "| {case} | {} | {goal} |", cells.join(" | "))?;
    }
    Ok(text)
}

fn page(result: &Value) -> anyhow::Result<String> {
    let machine = result["machine"].as_str().context("the result names its machine")?;
    let mut text = format!("Measured on {machine}.\n\n");
    text.push_str(
        "The server is a process of the release build, as it ships but for the bounds on how fast one account may write;\n\
         the clients are another process on the same machine, over WebSockets on loopback, so that both share its cores.\n\
         Each scenario has a fresh store: SQLite in a file, or Postgres with its default settings, both with every commit\n\
         on the disk. Messages have about 60 characters. *Bare* is the least a durable chat server does, on the same\n\
         store and in the same run: it stores a message, then answers and passes it on, and checks nothing\n\
         (`tests/src/load/raw.rs`). A *light* client speaks frames; a *whole* one is the engine that ships. One sender\n\
         has one push of 500 changes under way, as an engine does; each of a hundred senders ten of one. Bytes are those on\n\
         the wire without the HTTP upgrade. Memory is the growth of the resident set. The reconnect comes after an `ANALYZE`\n\
         of Postgres, as its autovacuum runs one within a minute; before, that takes about ten times as long. The whole\n\
         result is [`benchmarks/server.json`](benchmarks/server.json).\n\n",
    );
    text.push_str(&table(rows(&result["scenarios"]))?);
    text.push_str(
        "\nThe member at all rates meets a server with every bound as it ships. Their four devices push the longest messages,\n\
         others rename them until their share is used up, fetch the newest page, say where they are and how far they have read,\n\
         and begin a session each second. The bound on memory is that of documents, and as much again; the one on what a new\n\
         device is sent is a page and a conversation's document at their ends.\n",
    );
    text.push_str(
        "\n![Send to visible](benchmarks/latency.svg)\n\n![Throughput](benchmarks/throughput.svg)\n\n\
         ![Bytes](benchmarks/bytes.svg)\n\n![Memory of an idle connection](benchmarks/memory.svg)\n",
    );
    Ok(text)
}

/// The plots with the names of their files.
fn plots(all: &Value) -> Vec<(&'static str, String)> {
    let by_store = |scenario: &str, case: &str, path: &str| {
        STORES.map(|(store, title)| {
            let at = |kind: &str| figure(&all[scenario][store], &path.replace("{}", kind));
            Group { name: format!("{case}, {title}"), values: vec![at("tidings"), at("raw")] }
        })
    };
    let latency = STORES.iter().flat_map(|(store, title)| {
        ["p50", "p95", "p99"].map(|percentile| {
            let at = |kind: &str| figure(&all["latency"][*store], &format!("/{kind}/{percentile}_ms"));
            Group { name: format!("{percentile}, {title}"), values: vec![at("engines"), at("frames"), at("raw")] }
        })
    });
    let latency: Vec<Group> = latency.collect();
    let rate = "/{}/messages_per_second";
    let throughput = [by_store("one_sender", "one sender", rate), by_store("many_senders", "100 senders", rate)];
    let throughput = throughput.into_iter().flatten().collect::<Vec<_>>();
    let memory = [("of 1,000", "/{}/0/kib_each"), ("of 10,000", "/{}/1/kib_each")];
    let memory = memory.map(|(case, path)| by_store("connections", case, path));
    let memory = memory.into_iter().flatten().collect::<Vec<_>>();
    let bytes: Vec<Group> = STORES
        .iter()
        .flat_map(|(store, title)| {
            let join = &all["cold_join"][*store];
            let cases = [
                ("join of 10,000: newest 50", figure(join, "/sizes/0/newest_kib")),
                ("join of 10,000: all", figure(join, "/sizes/0/all_kib")),
                ("offline burst", figure(&all["offline_burst"][*store], "/together_kib")),
                ("reconnect", figure(&all["reconnect"][*store], "/down_kib")),
            ];
            cases.map(|(case, value)| Group { name: format!("{case}, {title}"), values: vec![value] })
        })
        .collect();
    vec![
        ("latency.svg", plot::bars("Send → visible, ms", &["whole clients", "light clients", "bare server"], &latency)),
        ("throughput.svg", plot::bars("Messages a second", &["Tidings", "bare server"], &throughput)),
        ("bytes.svg", plot::bars("Bytes on the wire, KiB", &["Tidings"], &bytes)),
        ("memory.svg", plot::bars("Memory of an idle connection, KiB", &["Tidings", "bare server"], &memory)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_beside_those_of_the_bare_server() {
        let latency = json!({ "frames": { "p50_ms": 1.2 }, "engines": { "p50_ms": 2.0 }, "raw": { "p50_ms": 0.8 } });
        let result = json!({
            "machine": "a machine",
            "scenarios": { "latency": { "sqlite": latency, "postgres": {} }, "crash": { "sqlite": { "lost": 0 } } },
        });
        let page = page(&result).unwrap();
        let line = "| send → visible, light clients, p50, ms | 1.20 | 1.50 | – | – | ≤ 1.5 × bare |";
        assert!(page.contains(line), "{page}");
        assert!(page.contains("| 200 acknowledged, SIGKILL, restart: lost | 0 | – | – | – | 0 |"), "{page}");
        let plots = plots(&result["scenarios"]);
        assert!(plots.iter().all(|(name, _)| page.contains(&format!("(benchmarks/{name})"))));
    }
}
