//! Server-sent events, read as a program reads them.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
};

use super::{group, messages, say};
use crate::support::{
    database::Database,
    on_each_store,
    rest::Caller,
    scrape::Scrape,
    server::{PATIENCE, TestServer, token},
};

on_each_store! {
    t14_what_another_node_writes_is_told_live,
    t14_nothing_is_lost_between_two_servers,
    t14_a_removed_member_is_told_so_and_nothing_after,
    t14_events_end_with_their_token_and_with_the_server,
    t14_whoever_does_not_read_is_told_so_and_resumes,
    t14_a_wrong_id_is_refused,
}

/// Somebody who follows.
pub struct Follower {
    lines: BufReader<TcpStream>,
    /// The id of the last event that has one.
    pub id: String,
}

/// The parts of an event, without those that an event of another time would not have.
pub type Told = (String, Value);

impl Follower {
    async fn start(address: SocketAddr, token: &str, after: &str) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), token, after).await
    }

    /// Somebody who follows a whole tenant.
    pub async fn of_tenant(address: SocketAddr, token: &str, after: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        Self::asking("/v1/events?tenant=true", socket, token, after).await
    }

    async fn over(socket: TcpStream, token: &str, after: &str) -> Self {
        Self::asking("/v1/events", socket, token, after).await
    }

    async fn asking(path: &str, mut socket: TcpStream, token: &str, after: &str) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\nlast-event-id: {after}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut follower = Self { lines: BufReader::new(socket), id: after.to_owned() };
        assert!(follower.line().await.unwrap().starts_with("HTTP/1.1 200"));
        follower
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.lines.read_line(&mut line)).await.expect("a line comes in time");
        (read.ok()? > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event; none at the end.
    pub async fn next(&mut self) -> Option<Told> {
        let (mut name, mut body) = (String::new(), None);
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("event", event)) => name = event.to_owned(),
                Some(("data", data)) => body = Some(serde_json::from_str(data).unwrap()),
                Some(("id", id)) => self.id = id.to_owned(),
                _ if line.is_empty() && body.is_some() => return Some((name, body.unwrap())),
                _ => {}
            }
        }
    }

    /// Events up to one of this name.
    pub async fn until(&mut self, last: &str) -> Vec<Told> {
        let mut all = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("no {last} after {all:?}"));
            let is_last = event.0 == last;
            all.push(event);
            if is_last {
                return all;
            }
        }
    }
}

/// The messages that are told, each with its conversation and its text, in order and each once: whoever resumes may be
/// told again what was told.
pub fn messages_told(told: &[Told]) -> Vec<(&str, &str)> {
    let mut last: HashMap<&str, u64> = HashMap::new();
    let mut all = Vec::new();
    for (_, body) in told.iter().filter(|(name, _)| name == "message.created") {
        let (conversation, position) = (body["conversation"].as_str().unwrap(), body["position"].as_u64().unwrap());
        if last.get(conversation).is_none_or(|last| *last < position) {
            last.insert(conversation, position);
            all.push((conversation, body["content"]["text"].as_str().unwrap()));
        }
    }
    all
}

fn texts(told: &[Told]) -> Vec<&str> {
    messages_told(told).into_iter().map(|(_, text)| text).collect()
}

async fn t14_what_another_node_writes_is_told_live(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    // A SQLite file has one node.
    let other = match database.address.starts_with("postgres") {
        true => Some(TestServer::start(&database, &[]).await),
        false => None,
    };
    let ann = Caller::of(other.as_ref().unwrap_or(&server).address, "ann");
    let conversation = group(&ann).await;
    let mut bob = Follower::start(server.address, &token("bob", Duration::from_secs(600)), "").await;
    assert_eq!(bob.until("ready").await.len(), 1);
    let row = say(&ann, &conversation, "hello").await;
    let at = format!("{}/{}", messages(&conversation), super::segment(row["id"].as_str().unwrap()));
    let (name, body) = bob.until("message.created").await.pop().unwrap();
    assert_eq!(name, "message.created");
    for (field, of_row) in [("message", "id"), ("content", "content"), ("position", "position"), ("account", "author")]
    {
        assert_eq!(body[field], row[of_row], "{field}");
    }
    assert_eq!(body["conversation"], conversation.as_str());
    ann.patch(&at, json!({ "content": "hello, all" })).await.is(200);
    let edited = bob.until("message.edited").await.pop().unwrap().1;
    assert_eq!((&edited["message"], &edited["content"]["text"]), (&row["id"], &json!("hello, all")));
    ann.put(&format!("{at}/reactions/{}", super::segment("👍"))).await.is(200);
    assert_eq!(bob.until("reaction.added").await.pop().unwrap().1["emoji"], "👍");
    ann.post(&format!("/v1/conversations/{conversation}/members"), json!({ "account": "cat" })).await.is(200);
    assert_eq!(bob.until("member.changed").await.pop().unwrap().1["member"], "cat");
    ann.delete(&at).await.is(200);
    assert_eq!(bob.until("message.deleted").await.pop().unwrap().1["message"], row["id"]);
    // A conversation of which it is no member is not told of.
    let asked = json!({ "kind": "group", "title": "Secret", "members": ["cat"] });
    let secret = ann.post("/v1/conversations", asked).await.is(201);
    say(&ann, secret["conversation_id"].as_str().unwrap(), "secret").await;
    say(&ann, &conversation, "last").await;
    let told = bob.until("message.created").await;
    assert_eq!(texts(&told), ["last"]);
    assert!(told.iter().all(|(_, body)| body["conversation"] == conversation.as_str()), "{told:?}");
    drop(bob);
    server.stop().await;
    if let Some(other) = other {
        other.stop().await;
    }
}

async fn t14_nothing_is_lost_between_two_servers(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    let token = token("bob", Duration::from_secs(600));
    let mut bob = Follower::start(server.address, &token, "").await;
    bob.until("ready").await;
    say(&ann, &conversation, "one").await;
    assert_eq!(texts(&bob.until("message.created").await), ["one"]);
    server.stop().await;
    assert_eq!(bob.until("closed").await.pop().unwrap().1["code"], "draining");
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let deleted = say(&ann, &conversation, "taken back").await;
    let at = format!("{}/{}", messages(&conversation), super::segment(deleted["id"].as_str().unwrap()));
    ann.delete(&at).await.is(200);
    say(&ann, &conversation, "two").await;
    say(&ann, &conversation, "three").await;
    let mut bob = Follower::start(server.address, &token, &bob.id).await;
    let mut told = bob.until("ready").await;
    // The words of what was deleted meanwhile are not told.
    let position = &deleted["position"];
    told.retain(|(name, body)| {
        let is_deleted = name == "message.created" && body["position"] == *position;
        assert!(!is_deleted || body.get("content").is_none(), "{body}");
        !is_deleted
    });
    let told = texts(&told);
    assert_eq!(told[told.len() - 2..], ["two", "three"], "{told:?}");
    say(&ann, &conversation, "four").await;
    assert_eq!(texts(&bob.until("message.created").await), ["four"]);
    drop(bob);
    server.stop().await;
}

async fn t14_a_removed_member_is_told_so_and_nothing_after(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    let (conversation, still) = (group(&ann).await, group(&ann).await);
    let token = token("bob", Duration::from_secs(600));
    let mut bob = Follower::start(server.address, &token, "").await;
    bob.until("ready").await;
    let id = bob.id.clone();
    ann.delete(&format!("/v1/conversations/{conversation}/members/bob")).await.is(200);
    say(&ann, &conversation, "behind his back").await;
    say(&ann, &still, "to his face").await;
    let told = bob.until("message.created").await;
    let revoked = told.iter().find(|(name, _)| name == "conversation.revoked").expect("he is told");
    assert_eq!((&revoked.1["conversation"], &revoked.1["status"]), (&json!(conversation), &json!("removed")));
    assert_eq!(texts(&told), ["to his face"]);
    // Nor is he when he resumes from before.
    let mut again = Follower::start(server.address, &token, &id).await;
    assert_eq!(texts(&again.until("ready").await), ["to his face"]);
    drop((bob, again));
    server.stop().await;
}

async fn t14_events_end_with_their_token_and_with_the_server(database: Database) {
    let mut server = TestServer::start(&database, &[]).await;
    let mut brief = Follower::start(server.address, &token("ann", Duration::from_secs(2)), "").await;
    assert_eq!(brief.until("closed").await.pop().unwrap().1["code"], "token_expired");
    assert!(!brief.id.is_empty());
    let mut bob = Follower::start(server.address, &token("bob", Duration::from_secs(600)), "").await;
    bob.until("ready").await;
    server.shut_down();
    assert_eq!(bob.until("closed").await.pop().unwrap().1["code"], "draining");
    drop((brief, bob));
    server.ended().await.unwrap();
}

async fn t14_whoever_does_not_read_is_told_so_and_resumes(database: Database) {
    let flags = ["--session-bytes-max", "65536", "--account-changes", "100000+80/s", "--metrics-listen", "127.0.0.1:0"];
    let flags = [&flags[..], &["--account-change-kib", "1000000+80/s"]].concat();
    let server = TestServer::start(&database, &flags).await;
    let metrics = server.metrics.unwrap();
    let ann = Caller::of(server.address, "ann");
    let conversation = group(&ann).await;
    // A socket that takes little before it is read.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let token = token("bob", Duration::from_secs(600));
    let mut bob = Follower::over(socket.connect(server.address).await.unwrap(), &token, "").await;
    bob.until("ready").await;
    let mut last = String::new();
    for number in 0.. {
        assert!(number < 2_000, "nobody who reads nothing is told so much");
        if Scrape::of(metrics).await.value("tidings_sessions_ended_total{code=\"slow_reader\"}") > 0.0 {
            break;
        }
        last = format!("{number} {}", "龥".repeat(3_900));
        say(&ann, &conversation, &last).await;
    }
    let mut told = bob.until("closed").await;
    assert_eq!(told.pop().unwrap().1["code"], "slow_reader");
    let mut bob = Follower::start(server.address, &token, &bob.id).await;
    told.extend(bob.until("ready").await);
    let first = told.iter().position(|(name, _)| name == "conversation.changed");
    let texts = texts(&told);
    // What is too much to be told one by one is told as one.
    assert!(first.is_some() || texts.last() == Some(&&*last), "{} are told", texts.len());
    drop(bob);
    server.stop().await;
}

async fn t14_a_wrong_id_is_refused(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let ann = Caller::of(server.address, "ann");
    ann.get("/v1/events?after=nonsense").await.is_refused(400, "value_invalid");
    let mut follower = Follower::start(server.address, ann.token.as_ref().unwrap(), "").await;
    follower.until("ready").await;
    let id = follower.id.clone();
    drop(follower);
    // Of a store that was put back meanwhile it means nothing.
    database.open().await.restored().await.unwrap();
    ann.get(&format!("/v1/events?after={id}")).await.is_refused(409, "store_restored");
    server.stop().await;
}
