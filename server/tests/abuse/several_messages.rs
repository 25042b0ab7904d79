//! One member fills a page with changes of many messages each: 141 MiB in six
//! seconds once, and a thousand messages at a time past slow mode.

use std::sync::atomic::{AtomicU16, Ordering};

use tidings_core::{
    code::Code,
    command::SetPolicy,
    doc::Fact,
    ids::{MessageId, Stamp, TimelineId},
    journal::Position,
    model::{MessageBody, Policy},
    wire::FetchScope,
};
use tidings_server::clock;

use super::setup::{Author, Client, Database, TestServer, boats, device, group, on_each_store, read_by, stream};

on_each_store! {
    a70_a_page_is_not_filled_by_changes_of_many_messages,
    a70_slow_mode_counts_messages,
}

/// Changes that are tried; each of the fat ones once weighed 240 KB.
const TRIES: usize = 20;
/// More than the page holds that honest people wrote in.
const PAGE_BYTES_MAX: usize = 4 * 1024;

fn message(author: &Author, text: &str) -> Fact {
    static NUMBER: AtomicU16 = AtomicU16::new(0);
    let stamp = Stamp::new(clock::wall_now(), NUMBER.fetch_add(1, Ordering::Relaxed), rand::random());
    let body = MessageBody { content: text.into(), reply_to: None, mentions: None };
    Fact::Message(MessageId { stamp, author: author.session.account.clone() }, body)
}

async fn a70_a_page_is_not_filled_by_changes_of_many_messages(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let (mut ann, mut hers) = group(&server, &["bob"]).await;
    ann.push_accepted(stream(boats()), vec![hers.say("hello")]).await;
    let his = read_by(&mut bob, "bob", 2).await;
    let long = "🐋".repeat(4_000);
    for _ in 0..TRIES {
        let facts: Vec<Fact> = (0..15).map(|_| message(&his, &long)).collect();
        let pushed = his.clone().state(&TimelineId::of(boats()).page(1), &facts);
        assert_eq!(bob.push_refused(stream(boats()), vec![pushed]).await.code, Code::OperationIllegal);
    }
    let accepted = ann.push_accepted(stream(boats()), vec![hers.say("we go on")]).await;
    assert_eq!(accepted.positions, [Position::new(3)], "nothing of it is in the journal");
    let page = bob.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    let bytes: usize = page.documents.iter().map(|document| document.data.len()).sum();
    let behind: usize = page.entries.iter().map(|entry| entry.change.len()).sum();
    assert!(bytes + behind < PAGE_BYTES_MAX, "{bytes} and {behind} bytes");
    server.stop().await;
}

async fn a70_slow_mode_counts_messages(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let (mut ann, mut hers) = group(&server, &["bob"]).await;
    let slow = SetPolicy { conversation: boats(), policy: Policy::SlowModeSeconds(600) };
    ann.push_accepted(stream(boats()), vec![hers.write(slow)]).await;
    let mut his = read_by(&mut bob, "bob", 2).await;
    let thousand: Vec<Fact> = (0..1_000).map(|number| message(&his, &format!("{number}"))).collect();
    let pushed = his.clone().state(&TimelineId::of(boats()).page(1), &thousand);
    assert_eq!(bob.push_refused(stream(boats()), vec![pushed]).await.code, Code::OperationIllegal);
    bob.push_accepted(stream(boats()), vec![his.say("one")]).await;
    assert_eq!(bob.push_refused(stream(boats()), vec![his.say("two")]).await.code, Code::SlowMode);
    server.stop().await;
}
