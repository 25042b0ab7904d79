//! The part about the client: the package that ships, in Chromium and in
//! Node.js, against a server process of the release build on loopback.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::plot::{self, Group, short};
use super::{measure, write_part};
use crate::wasm::{self, Build};
use crate::{machine, npm, step, workspace};

/// By their names in the result.
const PLACES: [&str; 2] = ["chromium", "node"];

/// The parts of a start, by their names in the result.
const START_PARTS: [(&str, &str); 6] = [
    ("scripts_ms", "page and scripts"),
    ("module_ms", "module: fetched, compiled, instantiated"),
    ("database_ms", "database opened"),
    ("read_ms", "first records read"),
    ("rows_ms", "first rows made and delivered"),
    ("paint_ms", "a screen of them painted"),
];

/// Measures, and writes the part, its plot and the result.
///
/// # Errors
/// When the package or the server do not build, or the benchmark does not run
/// or print what it should.
pub fn run() -> anyhow::Result<()> {
    let result = measure_package("client", "bench", &[])?;
    write(&result, &workspace::root().join("docs").join("benchmarks"))?;
    write_part("## Client", &page(&result)?)
}

/// Builds the package, the server and these programs as they ship, runs a script of the
/// end-to-end tests, and gives its result with the machine that it ran on.
///
/// # Errors
/// When something does not build, or the script does not run or print what it should.
pub fn measure_package(name: &str, script: &str, programs: &[(&str, &[&str])]) -> anyhow::Result<Value> {
    let chromium = machine::test_programs()?.chromium;
    wasm::build_package(Build::Shipped)?;
    let server: (&str, &[&str]) = ("server", &["--package", "tidings-server"]);
    for (title, arguments) in [server].iter().chain(programs) {
        step::run(title, workspace::cargo(&["build", "--release"]).args(*arguments))?;
    }
    let folder = workspace::end_to_end();
    npm::install(&folder)?;
    step::run(&npm::title(&folder, "npm run build"), &mut npm::script(&folder, "build"))?;
    let machine = format!("{}, {}", machine::describe(), machine::version(&chromium));
    let release = workspace::target().join("release");
    let mut bench = npm::script(&folder, script);
    bench.env("TIDINGS_SERVER_BIN", release.join("tidings-server"));
    bench.env("TIDINGS_LOAD_BIN", release.join("load"));
    bench.env("TIDINGS_CHROMIUM", &chromium);
    // Nobody opens the demo: any folder will do.
    bench.env("TIDINGS_DEMO_DIST", &folder);
    let measured = measure(name, &mut bench)?;
    Ok(json!({ "machine": machine, name: measured }))
}

fn write(result: &Value, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("client.json"), format!("{result:#}\n"))?;
    fs::write(folder.join("start.svg"), start_plot(&result["client"]))?;
    Ok(())
}

/// The median at a path of names, if it is there.
fn median(client: &Value, place: &str, path: &str) -> Option<f64> {
    client.pointer(&format!("/{place}/{path}/median")).and_then(Value::as_f64)
}

/// The median, with the least and the most.
pub fn spread(client: &Value, place: &str, path: &str) -> String {
    let at = |name: &str| client.pointer(&format!("/{place}/{path}/{name}")).and_then(Value::as_f64);
    match (at("median"), at("min"), at("max")) {
        (Some(median), Some(min), Some(max)) => format!("{} ({} – {})", short(median), short(min), short(max)),
        _ => "–".to_owned(),
    }
}

/// The cases with their goals and the paths of their figures.
fn rows() -> Vec<(String, &'static str, String)> {
    let mut rows = Vec::new();
    let mut add = |case: &str, goal: &'static str, path: &str| rows.push((case.to_owned(), goal, path.to_owned()));
    add("first paint, a new page, ms", "≤ 150 in Chromium", "page_start/whole_ms");
    for (name, title) in START_PARTS {
        add(&format!("… {title}"), "–", &format!("page_start/{name}"));
    }
    add("… every row at hand, from the beginning", "–", "page_start/all_ms");
    add("first paint, a browser that has just started, ms", "–", "browser_start/whole_ms");
    add("open a conversation, the first after a start: rows, ms", "–", "open/first_rows_ms");
    add("… its page of 1,000 messages loaded", "–", "open/first_whole_ms");
    add("open one of the next nine: rows, ms", "–", "open/cold_rows_ms");
    add("… its page of 1,000 messages loaded", "–", "open/cold_whole_ms");
    add("open one again: rows, ms", "–", "open/warm_rows_ms");
    add("send a message, online, ms of processor", "≤ 0.3", "send/online_ms");
    add("… one every second and a half, ms of processor", "–", "send/talk_ms");
    add("send a message, offline, ms of processor", "≤ 0.3", "send/offline_ms");
    add("memory of the module after the start, KiB", "–", "heap_started/wasm_kib");
    add("… of JavaScript", "–", "heap_started/scripts_kib");
    add("memory of the module after ten were opened, KiB", "–", "heap_opened/wasm_kib");
    add("… of JavaScript", "–", "heap_opened/scripts_kib");
    rows
}

fn page(result: &Value) -> anyhow::Result<String> {
    let machine = result["machine"].as_str().context("the result names its machine")?;
    let client = &result["client"];
    let count = |name: &str| client[name].as_u64().with_context(|| format!("the result has no {name}"));
    let mut text = format!("Measured on {machine}.\n\n");
    writeln!(
        text,
        "An account in {} conversations with a hundred people, {} of them with {} messages and opened before, the others\n\
         with three, comes back: a device that had caught up starts anew while its server runs, as a process of the release\n\
         build on loopback. In Chromium the store is IndexedDB, the package's files come from a server on loopback and may be\n\
         kept, and the clock begins with the navigation and ends behind the frame that shows the first 30 rows; in Node.js\n\
         the store is in memory, each round is a new process, and the clock ends when the app has the rows. A page's\n\
         newest 50 rows are shown from what is stored of them, while its documents load. What a message costs is the mean of\n\
         {} sent one after another, each when the one before is stored, with the timeline on the screen: the time of the\n\
         page's thread in Chromium, and of all threads in Node.js. Of one every second and a half, that of ten: what is\n\
         stored of a timeline once a second is stored for each of these. Memory is after a garbage collection; the module's never\n\
         shrinks. Figures are medians of {} rounds, with the least and the most. The whole result is\n\
         [`benchmarks/client.json`](benchmarks/client.json).\n",
        count("conversations")?,
        count("long")?,
        count("long_messages")?,
        count("sent")?,
        count("rounds")?,
    )?;
    text.push_str("| case | Chromium | Node.js | goal |\n|---|---:|---:|---|\n");
    for (case, goal, path) in rows() {
        let cells = PLACES.map(|place| spread(client, place, &path));
        writeln!(text, "| {case} | {} | {goal} |", cells.join(" | "))?;
    }
    text.push_str("\nWhat an app downloads of the package, KiB; the scripts in one file, minified.\n\n");
    text.push_str("| part | raw | gzip | brotli | goal |\n|---|---:|---:|---:|---|\n");
    for (part, goal) in [("module", "≤ 450 with brotli"), ("scripts", "–")] {
        let sizes = ["raw", "gzip", "brotli"].map(|name| {
            let bytes = client["package"][part][name].as_f64();
            bytes.map_or("–".to_owned(), |bytes| format!("{:.1}", bytes / 1024.0))
        });
        writeln!(text, "| {part} | {} | {goal} |", sizes.join(" | "))?;
    }
    text.push_str("\n![First paint](benchmarks/start.svg)\n");
    Ok(text)
}

/// What a start consists of.
fn start_plot(client: &Value) -> String {
    let parts: Vec<Group> = START_PARTS
        .iter()
        .map(|(name, title)| Group {
            name: (*title).to_owned(),
            values: [("chromium", "page_start"), ("chromium", "browser_start"), ("node", "page_start")]
                .map(|(place, start)| median(client, place, &format!("{start}/{name}")))
                .to_vec(),
        })
        .collect();
    plot::bars("First paint, ms", &["a new page", "browser just started", "Node.js"], &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_with_their_spread_and_sizes_in_kib() {
        let figure = json!({ "median": 120.0, "min": 100.0, "max": 140.0 });
        let client = json!({
            "conversations": 1000, "long": 10, "long_messages": 1000, "sent": 300, "rounds": 7,
            "package": { "module": { "raw": 2048, "gzip": 1024, "brotli": 512 } },
            "chromium": { "page_start": { "whole_ms": figure, "module_ms": figure } },
        });
        let page = page(&json!({ "machine": "a machine", "client": client })).unwrap();
        let line = "| first paint, a new page, ms | 120 (100 – 140) | – | ≤ 150 in Chromium |";
        assert!(page.contains(line), "{page}");
        assert!(page.contains("| module | 2.0 | 1.0 | 0.5 | ≤ 450 with brotli |"), "{page}");
        assert!(start_plot(&client).contains(">120</text>"));
    }
}
