//! The part about other services: requests over HTTP, webhooks and imports, with a process of the release build
//! on loopback, on each store, beside a bare handler on the same store.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use super::server::{Row, row, scenarios, table};
use super::write_part;
use crate::workspace;

/// The scenarios of the load client.
const SCENARIOS: [&str; 5] = ["rest_send", "rest_list", "permission_checks", "webhooks", "import"];

/// Measures, and writes the part and the result.
///
/// # Errors
/// When the load client does not build, run or print what it should.
pub fn run() -> anyhow::Result<()> {
    let result = scenarios(&SCENARIOS.map(str::to_owned), None)?;
    let docs = workspace::root().join("docs").join("benchmarks");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("rest.json"), format!("{result:#}\n"))?;
    write_part("## Other services", &page(&result)?)
}

fn rows(all: &Value) -> Vec<Row> {
    let calls = [
        ("rest_send", "send a message", "/tidings", "–"),
        ("rest_list", "the newest 50 of 10,000 messages", "/tidings", "–"),
        ("rest_list", "50 messages in their middle", "/middle", "–"),
        ("permission_checks", "check what somebody may do", "/tidings", "≥ 10,000"),
    ];
    let mut rows = Vec::new();
    for (scenario, case, kind, of_a_core) in calls {
        let figures = [
            (format!("{case}: p50, ms"), "–", "alone/p50_ms"),
            ("… p99, ms".to_owned(), "–", "alone/p99_ms"),
            ("… by 16 connections, a second".to_owned(), "–", "per_second"),
            ("… a second of one core of the server".to_owned(), of_a_core, "per_second_of_a_core"),
        ];
        rows.extend(figures.map(|(case, goal, name)| {
            let raw = format!("/raw/{name}");
            row(all, scenario, case, goal, &format!("{kind}/{name}"), Some(&raw))
        }));
    }
    let webhooks = [
        ("webhooks: messages sent a second", "/sent_per_second"),
        ("… push → event received, p50, ms", "/lag/p50_ms"),
        ("… push → event received, p99, ms", "/lag/p99_ms"),
        ("… server CPU a message, ms", "/cpu_ms_per_message"),
    ];
    rows.extend(webhooks.map(|(case, path)| row(all, "webhooks", case, "–", path, None)));
    rows.push(row(all, "import", "export of 20,000 messages, a second", "–", "/exported_per_second", None));
    rows.push(row(all, "import", "import of them, a second", "≥ 20,000", "/imported_per_second", None));
    rows
}

fn page(result: &Value) -> anyhow::Result<String> {
    let machine = result["machine"].as_str().context("the result names its machine")?;
    let text = format!(
        "Measured on {machine}.\n\n\
         The server and the stores are as above; requests are made by another process on the same machine, over HTTP/1.1 on\n\
         connections that are kept, so that both share its cores. A *core* is a second of the server's processor time. *Bare* is\n\
         an axum handler on the same store that checks nothing: it stores a text and answers when that is committed, or reads the\n\
         newest rows of a table, 50 beside the lists and one beside the check. Events are sent to a receiver in the process that\n\
         sends, of fifty conversations. The whole result is [`benchmarks/rest.json`](benchmarks/rest.json).\n\n"
    );
    Ok(text + &table(rows(&result["scenarios"]))?)
}
