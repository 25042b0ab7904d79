//! The part about the authority: natively and in WebAssembly, one after the other.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::{list, measure, write_part};
use crate::{machine, step, workspace};

/// Where WebAssembly runs with a clock, as in a browser's engine.
const WASI_TARGET: &str = "wasm32-wasip1";

/// Measures, and writes the part.
///
/// # Errors
/// When the benchmark does not build, run or print what it should.
pub fn run() -> anyhow::Result<()> {
    machine::ensure_target(WASI_TARGET)?;
    machine::ensure_node()?;
    let build = ["build", "--package", "tidings-tests", "--bin", "bench", "--profile"];
    step::run("benchmark", workspace::cargo(&build).arg("release"))?;
    step::run("benchmark in wasm", workspace::cargo(&build).args(["wasm", "--target", WASI_TARGET]))?;
    let target = workspace::target();
    let native = measure("native", &mut Command::new(target.join("release").join("bench")))?;
    let program = target.join(WASI_TARGET).join("wasm").join("bench.wasm");
    let script = workspace::root().join("tests/src/bench/wasi.mjs");
    let wasm = measure("wasm", Command::new("node").arg("--no-warnings").arg(script).arg(program))?;
    write_part("## Authority", &page(&native, &wasm)?)
}

fn page(native: &Value, wasm: &Value) -> anyhow::Result<String> {
    let mut text = format!("Measured on {}.\n\n", machine::describe());
    text.push_str(
        "Admitting one honest change, microseconds: the median of 300 messages and reactions by 20 devices onto a page\n\
         that holds so many changes, 15 % of them concurrent with the one before; the best of five rounds. The steps are\n\
         measured with a clock read between them, the whole without. Goal: at most 40 at 1,000 changes, natively.\n\n",
    );
    let pages = list(native, "pages")?.iter().zip(list(wasm, "pages")?);
    let pages: Vec<(&Value, &Value)> = pages.collect();
    let heads: Vec<String> = pages
        .iter()
        .flat_map(|(page, _)| ["native", "wasm"].map(|place| format!("{} {place}", page["changes"])))
        .collect();
    writeln!(text, "| step | {} |", heads.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(heads.len()))?;
    let columns: Vec<&Value> = pages.iter().flat_map(|&(one, other)| [one, other]).collect();
    for (index, step) in list(columns.first().context("no page")?, "steps")?.iter().enumerate() {
        let costs: Vec<String> = columns.iter().map(|page| number(&page["steps"][index]["time_us"])).collect();
        writeln!(text, "| {} | {} |", step["step"].as_str().context("a step has a name")?, costs.join(" | "))?;
    }
    let whole: Vec<String> = columns.iter().map(|page| number(&page["time_us"])).collect();
    writeln!(text, "| **the whole** | {} |", whole.join(" | "))?;
    text.push_str(
        "\nRefusing a hostile change, the dearest case of each class: the median of 15, the best of five rounds, and the\n\
         most memory it took beside what was held. Goal: at most 2,000 microseconds and 8 MiB.\n\n\
         | class | cases | largest, bytes | native, us | wasm, us | memory, KiB |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for (one, other) in list(native, "refusals")?.iter().zip(list(wasm, "refusals")?) {
        let kibibytes = one["memory_bytes"].as_f64().unwrap_or_default() / 1024.0;
        let class = one["class"].as_str().context("a class has a name")?;
        let (native, wasm) = (number(&one["time_us"]), number(&other["time_us"]));
        writeln!(text, "| {class} | {} | {} | {native} | {wasm} | {kibibytes:.1} |", one["cases"], one["size_bytes"])?;
    }
    Ok(text)
}

fn number(value: &Value) -> String {
    format!("{:.1}", value.as_f64().unwrap_or(f64::NAN))
}
