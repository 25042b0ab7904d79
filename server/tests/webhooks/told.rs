//! When events are made and sent, and what is left of them when a message is deleted meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_core::{ids::TenantId, time::WallTime};
use tidings_server::store::{Endpoint, EndpointKeys, EndpointState, KEY_BYTES};

use super::{FLAGS, Receiver, Say, Setup, group, hook, say, set_up};
use crate::support::{
    database::Database,
    on_each_store,
    rest::{Caller, segment},
    scrape::Scrape,
    server::{PATIENCE, TestServer},
};

on_each_store! {
    h9_a_commit_and_the_time_of_an_attempt_wake_delivery,
    h2_no_event_is_made_for_a_tenant_without_webhooks,
    h10_the_words_of_a_deleted_message_are_not_delivered,
}

/// A server that looks by itself only once an hour.
const HOURLY: [&str; 5] = ["--webhook-allow-private", "--webhook-interval", "1h", "--webhook-retry-first", "20ms"];

async fn h9_a_commit_and_the_time_of_an_attempt_wake_delivery(database: Database) {
    let server = TestServer::start(&database, &HOURLY).await;
    let (ann, root) = (Caller::of(server.address, "ann"), Caller::administrator(server.address, "root"));
    let mut receiver = Receiver::start().await;
    let conversation = group(&ann).await;
    hook(&root, &receiver.url(), &["message.created"]).await;
    receiver.script.then("first", Say::Status(500));
    say(&ann, &conversation, "first").await;
    let received = receiver.messages(2).await;
    assert_eq!((received[0].0.as_str(), received[1].0.as_str()), ("first", "first"));
    server.stop().await;
}

async fn h2_no_event_is_made_for_a_tenant_without_webhooks(database: Database) {
    let flags = [&FLAGS[..], &["--metrics-listen", "127.0.0.1:0"]].concat();
    let server = TestServer::start(&database, &flags).await;
    let ann = Caller::of(server.address, "ann");
    let made = async || Scrape::of(server.metrics.unwrap()).await.value("tidings_webhook_events_made_total");
    let conversation = group(&ann).await;
    say(&ann, &conversation, "to nobody").await;
    assert_eq!(made().await, 0.0);
    // Another node adds one, of which this one knows nothing: it is told the next message all the same.
    let mut receiver = Receiver::start().await;
    let (tenant, store) = (TenantId::parse("acme").unwrap(), database.open().await);
    let endpoint = Endpoint {
        id: "wh_1".to_owned(),
        url: receiver.url(),
        events: BTreeSet::new(),
        keys: EndpointKeys { secret: [1; KEY_BYTES], seed: [2; KEY_BYTES] },
        former: None,
        state: EndpointState::On,
        created_at: WallTime::from_millis(0),
    };
    assert!(store.add_endpoint(&tenant, &endpoint, 1, None).await.unwrap());
    say(&ann, &conversation, "to somebody").await;
    assert_eq!(receiver.messages(1).await[0].0, "to somebody");
    assert_eq!(made().await, 2.0, "with its notification");
    // And when it is gone, that is known as soon as this node has looked.
    assert!(store.remove_endpoint(&tenant, "wh_1").await.unwrap());
    let known = tokio::time::timeout(PATIENCE, async {
        let mut before = made().await;
        loop {
            say(&ann, &conversation, "to nobody again").await;
            match made().await {
                now if now == before => break,
                now => before = now,
            }
        }
    });
    known.await.expect("it looks");
    server.stop().await;
}

async fn h10_the_words_of_a_deleted_message_are_not_delivered(database: Database) {
    let Setup { server, mut receiver, ann, root } = set_up(&database, &["--webhook-retry-for", "0ms"]).await;
    let conversation = group(&ann).await;
    let (path, _) = hook(&root, &receiver.url(), &["message.created"]).await;
    for text in ["regretted", "kept"] {
        receiver.script.then(text, Say::Status(500));
    }
    let regretted = say(&ann, &conversation, "regretted").await;
    say(&ann, &conversation, "kept").await;
    receiver.messages(2).await;
    database.wait_for("SELECT count(*) FROM webhook_deliveries WHERE state = 'dead'", 2).await;
    let id = regretted["id"].as_str().unwrap();
    ann.delete(&format!("/v1/conversations/{conversation}/messages/{}", segment(id))).await.is(200);
    let words = "SELECT count(*) FROM webhook_deliveries WHERE words IS NOT NULL";
    assert_eq!(database.number(words).await, 1, "and nothing of them is stored");
    root.post(&format!("{path}/deliveries/replay"), json!({})).await.is(200);
    let again = [receiver.next().await, receiver.next().await];
    let message = |index: usize| -> &Value { &again[index].body["data"]["message"] };
    assert_eq!((&message(0)["id"], &message(0)["contentLeftOut"]), (&json!(id), &json!(true)));
    assert_eq!(message(0).get("content"), None);
    assert_eq!(message(1)["content"]["text"], "kept");
    server.stop().await;
}
