//! What a node tells Prometheus after known traffic, and where.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use tidings_core::{
    code::Code,
    journal::Position,
    wire::{ClientFrame, FetchScope},
};

use crate::support::{
    author::{Author, boats, group},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    plain::request,
    scrape::Scrape,
    server::{TestServer, token},
};

on_each_store! {
    metrics_are_told_on_a_listener_of_their_own_or_not_at_all,
    what_is_pushed_is_counted,
    what_is_refused_or_deferred_is_counted_by_code,
    sessions_are_counted_as_they_come_and_go,
    snapshots_and_failures_of_the_store_are_counted,
}

const METRICS: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

async fn serve(database: &Database, flags: &[&str]) -> (TestServer, SocketAddr) {
    let server = TestServer::start(database, &[&METRICS, flags].concat()).await;
    let metrics = server.metrics.unwrap();
    (server, metrics)
}

async fn metrics_are_told_on_a_listener_of_their_own_or_not_at_all(database: Database) {
    let (server, metrics) = serve(&database, &[]).await;
    assert_eq!(request(server.address, "GET", "/metrics").await.0, 404);
    assert_eq!(request(metrics, "GET", "/v1/sync").await.0, 404);
    let scrape = Scrape::of(metrics).await;
    assert_eq!(scrape.metrics["tidings_build_info"].kind, "gauge");
    assert_eq!(scrape.value("tidings_cache_bytes_limit"), 268_435_456.0);
    assert!(scrape.value("process_resident_memory_bytes") > 1e6);
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    assert_eq!(server.metrics, None);
    assert_eq!(request(server.address, "GET", "/metrics").await.0, 404);
    server.stop().await;
}

async fn what_is_pushed_is_counted(database: Database) {
    let (server, metrics) = serve(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let changes = vec![author.say("one"), author.say("two"), author.say("three")];
    ann.push_accepted(stream(boats()), changes.clone()).await;
    ann.push_accepted(stream(boats()), changes).await;
    let scrape = Scrape::until(
        metrics,
        &[
            ("pushes_total", 3.0),
            ("changes_admitted_total", 4.0),
            ("changes_repeated_total", 3.0),
            ("push_seconds_count", 3.0),
            ("admit_seconds_count", 7.0),
            ("store_call_seconds_count{call=\"commit\"}", 2.0),
            ("commit_streams_sum", 2.0),
            ("commit_conflicts_total", 0.0),
            ("streams", 1.0),
            // Hello and three pushes.
            ("frames_received_total", 4.0),
        ],
    )
    .await;
    assert!(scrape.value("tidings_cache_bytes") > 0.0);
    assert_eq!(scrape.value("tidings_push_seconds_bucket{le=\"+Inf\"}"), 3.0);
    assert!(scrape.value("tidings_push_seconds_sum") > 0.0);
    assert!(scrape.value("tidings_frames_received_bytes_total") > 300.0);
    ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    Scrape::until(metrics, &[("fetch_seconds_count", 1.0), ("store_call_seconds_count{call=\"catch_up\"}", 1.0)]).await;
    server.stop().await;
}

async fn what_is_refused_or_deferred_is_counted_by_code(database: Database) {
    let (server, metrics) = serve(&database, &["--changes-burst", "4", "--changes-per-second", "1"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let mut stranger = Author::of("eve", device(6), boats());
    stranger.apply(&ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let change = stranger.say("let me in");
    for _ in 0..2 {
        let refused = eve.push_refused(stream(boats()), vec![change.clone()]).await;
        assert_eq!(refused.code, Code::ConversationUnknown);
    }
    let mut broken = author.say("cut short");
    broken.change.truncate(20);
    ann.push_refused(stream(boats()), vec![broken]).await;
    let refused = eve.push_refused(stream(boats()), vec![change.clone(), change.clone(), change]).await;
    assert_eq!(refused.code, Code::RateLimited);
    assert!(eve.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.is_err());
    Scrape::until(
        metrics,
        &[
            ("pushes_total", 5.0),
            ("changes_refused_total{code=\"conversation_unknown\"}", 2.0),
            ("changes_refused_total{code=\"change_malformed\"}", 1.0),
            ("changes_admitted_total", 1.0),
            ("pushes_deferred_total{code=\"rate_limited\"}", 1.0),
            ("fetches_refused_total{code=\"not_a_member\"}", 1.0),
            ("store_call_seconds_count{call=\"commit\"}", 1.0),
        ],
    )
    .await;
    server.stop().await;
}

async fn sessions_are_counted_as_they_come_and_go(database: Database) {
    let (server, metrics) = serve(&database, &[]).await;
    let ann = Client::connect(&server, "ann", device(1)).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut nobody = Client::dial(server.address).await;
    Scrape::until(metrics, &[("sessions", 2.0), ("sockets", 3.0), ("sessions_opened_total", 2.0)]).await;
    let expired = token("ann", Duration::ZERO);
    nobody.send(&ClientFrame::Hello(hello(expired, device(3), None))).await;
    assert_eq!(nobody.closed_code().await, Code::TokenExpired);
    bob.send_bytes(b"no frame".to_vec()).await;
    assert_eq!(bob.closed_code().await, Code::FrameMalformed);
    drop((ann, bob, nobody));
    Scrape::until(
        metrics,
        &[
            ("sessions", 0.0),
            ("sockets", 0.0),
            ("sessions_opened_total", 2.0),
            ("sessions_refused_total{code=\"token_expired\"}", 1.0),
            ("sessions_ended_total{code=\"frame_malformed\"}", 1.0),
            ("sessions_ended_total{code=\"gone\"}", 1.0),
        ],
    )
    .await;
    server.stop().await;
}

async fn snapshots_and_failures_of_the_store_are_counted(database: Database) {
    let (server, metrics) = serve(&database, &["--snapshot-entries", "2", "--snapshot-interval", "20ms"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let scrape = Scrape::until(metrics, &[("snapshots_cut_total", 1.0), ("snapshots_outdated", 0.0)]).await;
    assert!(scrape.value("tidings_snapshots_cut_bytes_total") > 100.0);
    database.execute("UPDATE snapshots SET position = 2").await;
    ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    Scrape::until(metrics, &[("snapshots_quarantined_total", 1.0), ("snapshots_cut_total", 2.0)]).await;
    database.execute("UPDATE journal SET accepted_at = -1 WHERE position = 2").await;
    database.execute("DELETE FROM snapshots").await;
    let refused = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap_err();
    assert_eq!(refused.code, Code::StreamDamaged);
    Scrape::until(
        metrics,
        &[("store_errors_total{kind=\"damaged\"}", 1.0), ("fetches_refused_total{code=\"stream_damaged\"}", 1.0)],
    )
    .await;
    server.stop().await;
}

#[tokio::test]
async fn names_and_labels_keep_to_the_rules() {
    let database = Database::sqlite();
    let (server, metrics) = serve(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    ann.push_accepted(stream(boats()), vec![author.say("ahoy")]).await;
    let scrape = Scrape::of(metrics).await;
    let labels: BTreeSet<&str> = scrape
        .samples
        .keys()
        .filter_map(|sample| sample.split_once('{')?.1.split_once('='))
        .map(|(label, _)| label)
        .collect();
    assert!(labels.is_subset(&BTreeSet::from(["call", "code", "kind", "le", "table", "version"])), "{labels:?}");
    for id in ["ann", "bob", "acme", &boats().to_string()] {
        assert!(!scrape.samples.keys().any(|sample| sample.contains(&format!("\"{id}\""))), "{id}");
    }
    server.stop().await;
}

/// A file of the documentation.
fn documentation(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

#[tokio::test]
async fn the_table_of_metrics_is_what_is_told() {
    let (server, metrics) = serve(&Database::sqlite(), &[]).await;
    let scrape = Scrape::of(metrics).await;
    server.stop().await;
    let path = documentation("metrics.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let head = "| metric | type | what |\n|---|---|---|\n";
    let (before, rest) = page.split_once(head).unwrap();
    let (table, after) = rest.split_at(rest.find("\n## ").unwrap());
    let row = |(name, told): (&String, &crate::support::scrape::Described)| {
        let name = if told.suffixes.len() == 1 { format!("{name}{}", told.suffixes[0]) } else { name.clone() };
        format!("| `{name}` | {} | {} |\n", told.kind, told.help)
    };
    let expected: String = scrape.metrics.iter().map(row).collect();
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        std::fs::write(&path, format!("{before}{head}{expected}{after}")).unwrap();
    } else {
        assert_eq!(table, expected, "GOLDEN=write writes it");
    }
}

/// The metrics that an expression of PromQL asks for.
fn asked_for(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.filter(|word| word.starts_with("tidings_") || word.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_dashboard_asks_for_what_is_told() {
    let (server, metrics) = serve(&Database::sqlite(), &[]).await;
    let told = Scrape::of(metrics).await;
    server.stop().await;
    let text = std::fs::read_to_string(documentation("grafana/tidings.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(variables.iter().any(|variable| variable["type"] == "datasource" && variable["query"] == "prometheus"));
    let panels = dashboard["panels"].as_array().unwrap();
    let rows: Vec<&str> =
        panels.iter().filter(|panel| panel["type"] == "row").map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(rows, ["Traffic", "Refusals", "Latency", "Queues", "Storage", "Nodes"]);
    let mut asked = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            let expression = target["expr"].as_str().unwrap();
            let names = asked_for(expression);
            assert!(!names.is_empty() && names.is_subset(&told.names()), "{expression}");
            asked.extend(names);
        }
    }
    // And nothing is told that nobody looks at.
    let is_asked =
        |name: &String| told.metrics[name].suffixes.iter().any(|suffix| asked.contains(&format!("{name}{suffix}")));
    let unasked: Vec<&String> = told.metrics.keys().filter(|name| !is_asked(name)).collect();
    assert_eq!(unasked, Vec::<&String>::new());
}
