//! One push, followed by its id through the logs of two nodes.

use std::time::Duration;

use serde_json::Value;
use tidings_core::{
    code::Code,
    journal::Position,
    wire::{ClientFrame, FetchScope, ServerFrame},
};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    process::Process,
    server::{PATIENCE, token},
};

/// Serves as for development, with a log to be read.
const FLAGS: [&str; 3] = ["--dev", "--log-format", "json"];
const TRACED: [&str; 5] = ["--dev", "--log-format", "json", "--trace-share", "1"];

async fn session(node: &Process, account: &str, number: u8) -> Client {
    let mut client = Client::dial(node.address).await;
    let token = token(account, Duration::from_secs(600));
    client.send(&ClientFrame::Hello(hello(token, device(number), None))).await;
    client.wait("CaughtUp", |frame| matches!(frame, ServerFrame::CaughtUp(_)).then_some(())).await;
    client
}

fn lines(log: &str) -> Vec<Value> {
    // What is printed, and not logged, is where it listens.
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What a node has logged of traced pushes.
fn traced(node: &Process) -> Vec<Value> {
    let mut lines = lines(&node.log());
    lines.retain(|line| line["message"] == "push traced");
    lines
}

/// Waits for a line about a traced push.
async fn line(node: &Process, is_it: impl Fn(&Value) -> bool) -> Value {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(line) = traced(node).into_iter().find(&is_it) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("the line is among {:#?}", traced(node)))
}

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_push_is_found_by_its_id_on_every_node_it_passes() {
        let database = Database::postgres().await;
        let [one, other] = [(); 2].map(|()| Process::start(&database.address, &TRACED));
        let mut ann = session(&one, "ann", 1).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        let mut bob = session(&other, "bob", 2).await;
        database.listeners(2).await;
        ann.push_accepted(stream(boats()), vec![author.say("the secret cove"), author.say("at dawn")]).await;
        bob.entries_to(&stream(boats()), 3).await;

        let published = line(&one, |line| line["step"] == "Published" && line["last"] == 3).await;
        let id = published["trace_id"].as_str().unwrap().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        line(&other, |line| line["step"] == "Published" && line["trace_id"] == id.as_str()).await;
        let steps = |node: &Process| -> Vec<String> {
            let lines = traced(node).into_iter().filter(|line| line["trace_id"] == id.as_str());
            lines.map(|line| line["step"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(steps(&one), ["Received", "Decided", "Committed", "Published"]);
        assert_eq!(steps(&other), ["Heard", "Published"]);
        for line in traced(&one).iter().chain(&traced(&other)).filter(|line| line["trace_id"] == id.as_str()) {
            assert_eq!(
                (line["tenant"].as_str(), line["stream"].as_str()),
                (Some("acme"), Some(&*stream(boats()).to_string()))
            );
            assert_eq!(line["first"].as_u64(), (line["step"] != "Received").then_some(2), "{line}");
            assert!(!line.to_string().contains("cove"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_push_is_followed_to_its_refusal() {
    let database = Database::sqlite();
    let node = Process::start(&database.address, &TRACED);
    let mut ann = session(&node, "ann", 1).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["eve"]), author.remove("eve")]).await;
    let mut eve = session(&node, "eve", 6).await;
    let mut stranger = Author::of("eve", device(6), boats());
    stranger.apply(&ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let refused = eve.push_refused(stream(boats()), vec![stranger.say("let me in")]).await;
    assert_eq!(refused.code, Code::MemberRemoved);
    let line = line(&node, |line| !line["refused"].is_null()).await;
    assert_eq!((line["step"].as_str(), line["refused"].as_str()), (Some("Decided"), Some("member_removed")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_traced_unless_asked_for() {
    let database = Database::sqlite();
    let node = Process::start(&database.address, &FLAGS);
    let mut ann = session(&node, "ann", 1).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
    drop(ann);
    let (status, log) = tokio::task::spawn_blocking(move || node.end("-TERM")).await.unwrap();
    let lines = lines(&log);
    assert!(status.success());
    assert!(lines.iter().any(|line| line["message"] == "drained"));
    assert!(!lines.iter().any(|line| line["message"] == "push traced"), "{lines:#?}");
}
