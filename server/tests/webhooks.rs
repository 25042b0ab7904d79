//! Webhooks end to end: a server and a receiver of HTTP.

mod commanded;
mod notified;
mod published;
mod tls;
mod told;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::support::{
    database::Database,
    on_each_store,
    process::Process,
    rest::Caller,
    server::{PATIENCE, TestServer, labelled_token},
};

on_each_store! {
    h1_events_are_delivered_signed_and_in_order,
    h5_what_fails_is_tried_again_and_holds_back_its_conversation_only,
    h5_an_endpoint_says_when_to_come_again_and_when_not_to,
    h5_a_dead_letter_is_listed_and_replayed,
    h1_a_former_secret_signs_for_a_while,
    h7_addresses_that_are_not_public_are_refused,
    h8_webhooks_are_an_administrators,
    h4_what_a_killed_server_had_not_delivered_is_delivered,
    h4_what_a_server_was_sending_as_it_ended_the_next_one_sends_without_waiting,
}

const FLAGS: [&str; 5] = ["--webhook-allow-private", "--webhook-interval", "20ms", "--webhook-retry-first", "20ms"];

/// A request that was received.
#[derive(Debug, Clone)]
struct Received {
    headers: HeaderMap,
    bytes: Bytes,
    body: Value,
    at: Instant,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    /// Whether one of its signatures is made with a secret.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        assert!(key.len() >= 24);
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let expected = format!("v1,{}", BASE64.encode(&hmac(&key, &[head.as_bytes(), &self.bytes].concat())));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

/// HMAC-SHA256 as RFC 2104 has it, apart from the code of the server.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded =
        |byte: u8| (0..64).map(|index| key.get(index).copied().unwrap_or_default() ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::digest([&padded(0x36)[..], message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner[..]].concat()).to_vec()
}

/// What the receiver answers.
#[derive(Debug, Clone)]
enum Say {
    Status(u16),
    After(u16, &'static str),
    /// Nothing, for ever.
    Nothing,
}

#[derive(Clone, Default)]
struct Script {
    /// Answers to the next requests whose body contains a text.
    lines: Arc<Mutex<VecDeque<(String, Say)>>>,
}

impl Script {
    fn then(&self, text: &str, say: Say) {
        self.lines.lock().unwrap().push_back((text.to_owned(), say));
    }

    fn next(&self, body: &str) -> Say {
        let mut lines = self.lines.lock().unwrap();
        let index = lines.iter().position(|(text, _)| body.contains(text.as_str()));
        index.and_then(|index| lines.remove(index)).map_or(Say::Status(204), |(_, say)| say)
    }
}

/// A receiver of webhooks.
struct Receiver {
    address: SocketAddr,
    script: Script,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let script = Script::default();
        let said = script.clone();
        let answer = move |headers: HeaderMap, bytes: Bytes| {
            let (sender, said) = (sender.clone(), said.clone());
            async move {
                let body = serde_json::from_slice(&bytes).unwrap();
                let say = said.next(std::str::from_utf8(&bytes).unwrap());
                let _ = sender.send(Received { headers, bytes, body, at: Instant::now() });
                match say {
                    Say::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
                    Say::After(status, after) => {
                        let headers: [(HeaderName, &str); 1] = [(header::RETRY_AFTER, after)];
                        (StatusCode::from_u16(status).unwrap(), headers).into_response()
                    }
                    Say::Nothing => {
                        Notify::new().notified().await;
                        Response::default()
                    }
                }
            }
        };
        let router = Router::new().route("/hook", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, script, received }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.received.recv()).await.expect("a webhook is delivered").unwrap()
    }

    /// The next requests that tell of messages: what they say.
    async fn messages(&mut self, count: usize) -> Vec<(String, Received)> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let next = self.next().await;
            if next.kind() == "message.created" {
                messages.push((text(&next.body), next));
            }
        }
        messages
    }
}

fn text(body: &Value) -> String {
    body["data"]["message"]["content"]["text"].as_str().unwrap_or_default().to_owned()
}

async fn group(ann: &Caller) -> String {
    let made = ann.post("/v1/conversations", json!({ "kind": "group", "title": "Boats", "members": ["bob"] })).await;
    made.is(201)["conversation_id"].as_str().unwrap().to_owned()
}

async fn say(caller: &Caller, conversation: &str, text: &str) -> Value {
    caller.post(&format!("/v1/conversations/{conversation}/messages"), json!({ "content": text })).await.is(201)
}

/// A webhook for these events; its path and secret.
async fn hook(root: &Caller, url: &str, events: &[&str]) -> (String, String) {
    let added = root.post("/v1/webhooks", json!({ "url": url, "events": events })).await.is(201);
    let secret = added["secret"].as_str().unwrap().to_owned();
    (format!("/v1/webhooks/{}", added["id"].as_str().unwrap()), secret)
}

struct Setup {
    server: TestServer,
    receiver: Receiver,
    ann: Caller,
    root: Caller,
}

async fn set_up(database: &Database, more: &[&str]) -> Setup {
    let server = TestServer::start(database, &[&FLAGS[..], more].concat()).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    Setup { server, receiver: Receiver::start().await, ann, root }
}

async fn h1_events_are_delivered_signed_and_in_order(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &[]).await;
    let before = group(&ann).await;
    say(&ann, &before, "before").await;
    let (path, secret) = hook(&root, &receiver.url(), &[]).await;
    let conversation = group(&ann).await;
    for number in 0..5 {
        say(&ann, &conversation, &format!("message {number}")).await;
    }
    let row = say(&ann, &before, "after").await;
    let (mut positions, mut is_elsewhere_told) = (Vec::new(), false);
    let (mut messages, mut members) = (Vec::new(), Vec::new());
    while messages.len() < 5 || members.len() < 2 || !is_elsewhere_told {
        let next = receiver.next().await;
        assert!(next.is_signed_with(&secret), "{next:?}");
        assert_eq!(next.header("content-type"), "application/json");
        assert!(next.body["timestamp"].as_str().unwrap().ends_with('Z'));
        let data = &next.body["data"];
        if data["conversation"] == before.as_str() {
            assert_eq!((next.kind(), text(&next.body).as_str()), ("message.created", "after"));
            for field in ["id", "author", "content", "mentions", "createdAt", "acceptedAt", "position"] {
                assert_eq!(data["message"][field], row[field], "{field}");
            }
            assert_eq!((&data["actor"], &data["position"]), (&json!("ann"), &row["position"]));
            is_elsewhere_told = true;
            continue;
        }
        positions.push(data["position"].as_u64().unwrap());
        match next.kind() {
            "message.created" => messages.push(text(&next.body)),
            "member.changed" => members.push(data["member"].clone()),
            other => panic!("{other}"),
        }
    }
    assert_eq!(messages, (0..5).map(|number| format!("message {number}")).collect::<Vec<_>>());
    assert_eq!(members[0], json!({ "account": "ann", "role": "owner", "status": "active" }));
    assert!(positions.is_sorted(), "{positions:?}");
    // What it was not told while it is off, and what it did not ask for.
    root.patch(&path, json!({ "enabled": false })).await.is(200);
    say(&ann, &conversation, "off").await;
    root.patch(&path, json!({ "enabled": true, "events": ["member.changed"] })).await.is(200);
    say(&ann, &conversation, "not asked for").await;
    ann.delete(&format!("/v1/conversations/{conversation}/members/bob")).await.is(200);
    let next = receiver.next().await;
    assert_eq!(next.body["data"]["member"], json!({ "account": "bob", "role": "member", "status": "removed" }));
    root.delete(&path).await.is(204);
    root.get(&path).await.is_refused(404, "webhook_unknown");
    server.stop().await;
}

async fn h5_what_fails_is_tried_again_and_holds_back_its_conversation_only(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &["--webhook-timeout", "300ms"]).await;
    let (one, two) = (group(&ann).await, group(&ann).await);
    hook(&root, &receiver.url(), &["message.created"]).await;
    for answer in [Say::Status(500), Say::Nothing, Say::After(302, "0")] {
        receiver.script.then("first", answer);
    }
    say(&ann, &one, "first").await;
    say(&ann, &one, "second").await;
    say(&ann, &two, "elsewhere").await;
    let received = receiver.messages(6).await;
    let of_one: Vec<&str> =
        received.iter().map(|(text, _)| text.as_str()).filter(|text| *text != "elsewhere").collect();
    assert_eq!(of_one, ["first", "first", "first", "first", "second"]);
    let elsewhere = received.iter().position(|(text, _)| text == "elsewhere").unwrap();
    assert!(elsewhere < 5, "another conversation does not wait: {elsewhere}");
    let ids: Vec<&str> =
        received.iter().filter(|(text, _)| text == "first").map(|(_, it)| it.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && !id.contains('.')), "{ids:?}");
    server.stop().await;
}

async fn h5_an_endpoint_says_when_to_come_again_and_when_not_to(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &[]).await;
    let conversation = group(&ann).await;
    let (path, _) = hook(&root, &receiver.url(), &["message.created"]).await;
    receiver.script.then("later", Say::After(429, "1"));
    say(&ann, &conversation, "later").await;
    let received = receiver.messages(2).await;
    let pause = received[1].1.at - received[0].1.at;
    assert!(pause >= Duration::from_millis(990), "{pause:?}");
    receiver.script.then("gone", Say::Status(410));
    say(&ann, &conversation, "gone").await;
    assert_eq!(receiver.messages(1).await[0].0, "gone");
    database.wait_for("SELECT count(*) FROM webhook_endpoints WHERE state = 'gone'", 1).await;
    assert_eq!(root.get(&path).await.is(200)["state"], "gone");
    // It goes on where it was when it is switched on again.
    root.patch(&path, json!({ "enabled": true })).await.is(200);
    say(&ann, &conversation, "back").await;
    let received = receiver.messages(2).await;
    assert_eq!((received[0].0.as_str(), received[1].0.as_str()), ("gone", "back"));
    server.stop().await;
}

async fn h5_a_dead_letter_is_listed_and_replayed(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &["--webhook-retry-for", "0ms"]).await;
    let conversation = group(&ann).await;
    let (path, _) = hook(&root, &receiver.url(), &["message.created"]).await;
    for text in ["one", "two"] {
        receiver.script.then(text, Say::Status(400));
    }
    for text in ["one", "two", "three"] {
        say(&ann, &conversation, text).await;
    }
    let received = receiver.messages(3).await;
    assert_eq!(received[2].0, "three");
    database.wait_for("SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'", 2).await;
    let dead = root.get(&format!("{path}/deliveries?state=dead&limit=1")).await.is(200);
    assert_eq!(dead["deliveries"][0]["failure"], "answered 400");
    let rest = format!("{path}/deliveries?after={}", dead["next"].as_str().unwrap());
    assert_eq!(root.get(&rest).await.is(200)["deliveries"].as_array().unwrap().len(), 1);
    let id = received[1].1.header("webhook-id");
    root.post(&format!("{path}/deliveries/{id}/replay"), json!({})).await.is(200);
    let again = receiver.messages(1).await;
    assert_eq!((again[0].0.as_str(), again[0].1.header("webhook-id")), ("two", id));
    assert_eq!(root.post(&format!("{path}/deliveries/replay"), json!({})).await.is(200), json!({ "replayed": 1 }));
    assert_eq!(receiver.messages(1).await[0].0, "one");
    root.post(&format!("{path}/deliveries/{id}/replay"), json!({})).await.is_refused(404, "delivery_unknown");
    server.stop().await;
}

async fn h1_a_former_secret_signs_for_a_while(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &[]).await;
    let conversation = group(&ann).await;
    let (path, former) = hook(&root, &receiver.url(), &["message.created"]).await;
    let rotated = root.post(&format!("{path}/rotate"), json!({})).await.is(200);
    let secret = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, former);
    assert!(rotated["formerSecretUntil"].is_u64());
    assert_eq!(root.get(&path).await.is(200).get("secret"), None);
    say(&ann, &conversation, "signed twice").await;
    let (_, received) = receiver.messages(1).await.remove(0);
    assert!(received.is_signed_with(secret) && received.is_signed_with(&former), "{received:?}");
    server.stop().await;
}

async fn h7_addresses_that_are_not_public_are_refused(database: Database) {
    // One that is added while they are allowed is sent nothing when they are not.
    let allowed = TestServer::start(&database, &FLAGS[..1]).await;
    let mut receiver = Receiver::start().await;
    let (path, _) = hook(&Caller::administrator(allowed.address, "root"), &receiver.url(), &[]).await;
    allowed.stop().await;
    let server = TestServer::start(&database, &["--webhook-interval", "20ms"]).await;
    let root = Caller::administrator(server.address, "root");
    for url in [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/",
        "https://169.254.169.254/",
        "http://example.org/",
    ] {
        root.post("/v1/webhooks", json!({ "url": url })).await.is_refused(400, "value_invalid");
    }
    group(&Caller::of(server.address, "ann")).await;
    database.wait_for("SELECT count(*) FROM webhook_deliveries WHERE attempts > 0", 1).await;
    let waiting = root.get(&format!("{path}/deliveries?state=pending")).await.is(200);
    let failures = waiting["deliveries"].as_array().unwrap().iter().filter_map(|waiting| waiting["failure"].as_str());
    assert_eq!(failures.filter(|failure| failure.contains("https")).count(), 1, "{waiting}");
    assert!(receiver.received.try_recv().is_err());
    server.stop().await;
}

async fn h8_webhooks_are_an_administrators(database: Database) {
    let server = TestServer::start(&database, &[&FLAGS[..], &["--webhooks-max", "1"]].concat()).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let url = json!({ "url": "https://1.1.1.1/hook" });
    ann.post("/v1/webhooks", url.clone()).await.is_refused(403, "permission_denied");
    ann.get("/v1/webhooks").await.is_refused(403, "permission_denied");
    let added = root.post("/v1/webhooks", url.clone()).await.is(201);
    root.post("/v1/webhooks", url).await.is_refused(409, "value_invalid");
    root.post("/v1/webhooks", json!({ "url": "https://1.1.1.1/", "events": ["x"] }))
        .await
        .is_refused(400, "value_invalid");
    let path = format!("/v1/webhooks/{}", added["id"].as_str().unwrap());
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/rotate"), ("GET", "/deliveries")] {
        ann.ask(method, &format!("{path}{rest}"), None, &[]).await.is_refused(403, "permission_denied");
    }
    // A service of an administrator does what its scopes allow.
    let service = |scopes: &[&str]| Caller {
        token: Some(labelled_token("crm", Duration::from_secs(600), scopes)),
        ..ann.clone()
    };
    let (reader, writer) = (service(&["admin", "rest:read"]), service(&["admin", "rest:write"]));
    reader.get("/v1/webhooks").await.is(200);
    reader.post(&format!("{path}/rotate"), json!({})).await.is_refused(403, "permission_denied");
    writer.get("/v1/webhooks").await.is_refused(403, "permission_denied");
    writer.post(&format!("{path}/rotate"), json!({})).await.is(200);
    service(&["rest:read", "rest:write"]).get("/v1/webhooks").await.is_refused(403, "permission_denied");
    let listed = root.get("/v1/webhooks").await.is(200);
    assert_eq!((&listed["webhooks"][0]["id"], listed["webhooks"][0].get("secret")), (&added["id"], None));
    server.stop().await;
}

async fn h4_what_a_killed_server_had_not_delivered_is_delivered(database: Database) {
    let flags = [&FLAGS[..], &["--webhook-timeout", "500ms", "--dev"]].concat();
    let process = Process::start(&database.address, &flags);
    let (ann, root) = (Caller::of(process.address, "ann"), Caller::administrator(process.address, "root"));
    let mut receiver = Receiver::start().await;
    let conversation = group(&ann).await;
    hook(&root, &receiver.url(), &["message.created"]).await;
    receiver.script.then("first", Say::Nothing);
    say(&ann, &conversation, "first").await;
    say(&ann, &conversation, "second").await;
    assert_eq!(receiver.messages(1).await[0].0, "first");
    process.end("-KILL");
    let process = Process::start(&database.address, &flags);
    let received = receiver.messages(2).await;
    assert_eq!((received[0].0.as_str(), received[1].0.as_str()), ("first", "second"));
    drop(process);
}

async fn h4_what_a_server_was_sending_as_it_ended_the_next_one_sends_without_waiting(database: Database) {
    // Its lease would run for two minutes, longer than is waited for a request here.
    let flags = [&FLAGS[..], &["--webhook-timeout", "60s", "--dev"]].concat();
    let process = Process::start(&database.address, &flags);
    let (ann, root) = (Caller::of(process.address, "ann"), Caller::administrator(process.address, "root"));
    let mut receiver = Receiver::start().await;
    let conversation = group(&ann).await;
    hook(&root, &receiver.url(), &["message.created"]).await;
    receiver.script.then("first", Say::Nothing);
    say(&ann, &conversation, "first").await;
    assert_eq!(receiver.messages(1).await[0].0, "first");
    process.drain().await;
    let process = Process::start(&database.address, &flags);
    assert_eq!(receiver.messages(1).await[0].0, "first");
    drop(process);
}

mod two_nodes {
    mod postgres {
        use crate::webhooks::*;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn h4_two_nodes_deliver_in_order_and_once() {
            let database = Database::postgres().await;
            let Setup { server, mut receiver, ann, root } = set_up(&database, &[]).await;
            let other = TestServer::start(&database, &FLAGS).await;
            let there = Caller { address: other.address, ..ann.clone() };
            hook(&root, &receiver.url(), &["message.created"]).await;
            let (one, two) = (group(&ann).await, group(&there).await);
            for number in 0..10 {
                for conversation in [&one, &two] {
                    // By turns, so that each node has a part in each conversation.
                    let caller = if number % 2 == 0 { &ann } else { &there };
                    say(caller, conversation, &format!("{number}")).await;
                }
            }
            let received = receiver.messages(20).await;
            for conversation in [&one, &two] {
                let of_it = received.iter().filter(|(_, it)| it.body["data"]["conversation"] == conversation.as_str());
                let texts: Vec<&str> = of_it.map(|(text, _)| text.as_str()).collect();
                assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
            }
            server.stop().await;
            other.stop().await;
        }
    }
}
