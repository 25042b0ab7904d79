//! One push, followed by its id through the logs of two nodes.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod support;

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;
use tidings_core::{
    code::Code,
    journal::Position,
    wire::{ClientFrame, FetchScope, ServerFrame},
};

use support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    server::{PATIENCE, token},
};

/// A node as a process of its own, and the lines it has logged. It is killed with its value.
struct Node {
    child: Child,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<Value>>>,
    reading: Option<JoinHandle<()>>,
}

impl Node {
    fn start(database: &Database, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidings-server"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--store", &database.address])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("it says where it listens");
        let address = address.parse().unwrap();
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let (log, read) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines));
        let reading = std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                read.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, address, lines, reading: Some(reading) }
    }

    async fn session(&self, account: &str, number: u8) -> Client {
        let mut client = Client::dial(self.address).await;
        let token = token(account, Duration::from_secs(600));
        client.send(&ClientFrame::Hello(hello(token, device(number), None))).await;
        client.wait("CaughtUp", |frame| matches!(frame, ServerFrame::CaughtUp(_)).then_some(())).await;
        client
    }

    fn traced(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line["message"] == "push traced").cloned().collect()
    }

    /// Waits for a line about a traced push.
    async fn line(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(line) = self.traced().into_iter().find(&is_it) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("the line is among {:#?}", self.traced()))
    }

    /// Ends the node, and tells what it logged in all.
    fn end(mut self) -> Vec<Value> {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.reading.take().unwrap().join().unwrap();
        self.lines.lock().unwrap().clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_push_is_found_by_its_id_on_every_node_it_passes() {
        let database = Database::postgres().await;
        let flags = ["--trace-share", "1"];
        let (one, other) = (Node::start(&database, &flags), Node::start(&database, &flags));
        let mut ann = one.session("ann", 1).await;
        let mut author = Author::of("ann", device(1), boats());
        ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
        let mut bob = other.session("bob", 2).await;
        database.listeners(2).await;
        ann.push_accepted(stream(boats()), vec![author.say("the secret cove"), author.say("at dawn")]).await;
        bob.entries_to(&stream(boats()), 3).await;

        let published = one.line(|line| line["step"] == "Published" && line["last"] == 3).await;
        let id = published["trace_id"].as_str().unwrap().to_owned();
        assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        other.line(|line| line["step"] == "Published" && line["trace_id"] == id.as_str()).await;
        let steps = |node: &Node| -> Vec<String> {
            let lines = node.traced().into_iter().filter(|line| line["trace_id"] == id.as_str());
            lines.map(|line| line["step"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(steps(&one), ["Received", "Decided", "Committed", "Published"]);
        assert_eq!(steps(&other), ["Heard", "Published"]);
        for line in one.traced().iter().chain(&other.traced()).filter(|line| line["trace_id"] == id.as_str()) {
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
    let node = Node::start(&database, &["--trace-share", "1"]);
    let mut ann = node.session("ann", 1).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
    let mut eve = node.session("eve", 6).await;
    let mut stranger = Author::of("eve", device(6), boats());
    stranger.apply(&ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let refused = eve.push_refused(stream(boats()), vec![stranger.say("let me in")]).await;
    assert_eq!(refused.code, Code::NotAMember);
    let line = node.line(|line| !line["refused"].is_null()).await;
    assert_eq!((line["step"].as_str(), line["refused"].as_str()), (Some("Decided"), Some("not_a_member")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_traced_unless_asked_for() {
    let database = Database::sqlite();
    let node = Node::start(&database, &[]);
    let mut ann = node.session("ann", 1).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
    drop(ann);
    let lines = tokio::task::spawn_blocking(move || node.end()).await.unwrap();
    assert!(lines.iter().any(|line| line["message"] == "drained"));
    assert!(!lines.iter().any(|line| line["message"] == "push traced"), "{lines:#?}");
}
