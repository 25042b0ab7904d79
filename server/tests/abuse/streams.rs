//! H5: one account once filled the streams of a node for as long as it liked, and
//! nobody else could begin or wake a conversation.

use std::collections::BTreeSet;

use tidings_core::{
    code::Code,
    ids::ConversationId,
    wire::{PushedChange, ServerFrame},
};

use super::setup::{Author, Client, Database, Scrape, TestServer, device, on_each_store, stream};

on_each_store! {
    p33_an_idle_stream_makes_room_for_a_live_one,
    p33_what_an_account_has_woken_makes_room_for_its_own,
}

/// Streams stay for longer than any test takes, unless they make room.
const NEVER_IDLE: [&str; 2] = ["--stream-idle", "1h"];

fn numbered(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

/// The beginning of a group with a message in it.
fn group(name: &str, author: u8, number: u8) -> (Author, Vec<PushedChange>) {
    let mut author = Author::of(name, device(author), numbered(number));
    let changes = vec![author.create(&[]), author.say("hello")];
    (author, changes)
}

async fn p33_an_idle_stream_makes_room_for_a_live_one(database: Database) {
    let server = TestServer::start(&database, &[&NEVER_IDLE[..], &["--streams-max", "3"]].concat()).await;
    let mut eve = Client::connect(&server, "eve", device(1)).await;
    let (mut first, changes) = group("eve", 1, 1);
    eve.push_accepted(stream(numbered(1)), changes).await;
    for number in 2..=10 {
        eve.push_accepted(stream(numbered(number)), group("eve", 1, number).1).await;
    }
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.push_accepted(stream(numbered(20)), group("bob", 2, 20).1).await;
    // What made room is woken again.
    eve.push_accepted(stream(numbered(1)), vec![first.say("still here")]).await;
    server.stop().await;
}

async fn p33_what_an_account_has_woken_makes_room_for_its_own(database: Database) {
    let metrics = ["--metrics-listen", "127.0.0.1:0"];
    let flags = [&NEVER_IDLE[..], &metrics[..], &["--account-streams-max", "4"]].concat();
    let server = TestServer::start(&database, &flags).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.push_accepted(stream(numbered(20)), group("bob", 2, 20).1).await;
    let mut phone = Client::connect(&server, "eve", device(1)).await;
    let mut tablet = Client::connect(&server, "eve", device(3)).await;
    for number in 1..=8 {
        phone.push_accepted(stream(numbered(number)), group("eve", 1, number).1).await;
        tablet.push_accepted(stream(numbered(number + 100)), group("eve", 3, number + 100).1).await;
    }
    // Four of hers on both devices together, and his.
    let scrape = Scrape::of(server.metrics.unwrap()).await;
    assert_eq!(scrape.value("tidings_streams"), 5.0);
    // All at once: whatever is deferred is told so with a time, and comes through then.
    let burst: Vec<(ConversationId, Vec<PushedChange>)> =
        (30..60).map(|number| (numbered(number), group("eve", 1, number).1)).collect();
    let mut requests = BTreeSet::new();
    for (conversation, changes) in &burst {
        requests.insert(phone.push(&stream(*conversation), changes.clone()).await);
    }
    while !requests.is_empty() {
        let answered = phone.wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) => Some(accepted.request),
            ServerFrame::Refused(refused) => {
                assert_eq!((refused.code, refused.retry_at.is_some()), (Code::RateLimited, true), "{refused:?}");
                Some(refused.request)
            }
            _ => None,
        });
        requests.remove(&answered.await);
    }
    let scrape = Scrape::of(server.metrics.unwrap()).await;
    assert!(scrape.value("tidings_streams") <= 5.0);
    server.stop().await;
}
