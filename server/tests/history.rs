//! One history of a stream: its heads are told with their hash, and a device that holds
//! another history hears of it. The same on both real stores.

use std::time::Duration;

use tidings_core::{
    code::Code,
    ids::{ChangeHash, DeviceId, TenantId},
    journal::{ChainHash, Entry, Head, Position},
    wire::{ClientFrame, FetchScope, ServerFrame},
};

use crate::support::{
    author::{Author, boats, group},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    scrape::Scrape,
    server::{TestServer, labelled_token},
};

on_each_store! {
    j49_heads_are_told_with_the_hash_that_their_entries_make,
    j49_a_fetch_that_names_another_history_is_refused,
    j46_who_pushes_again_is_told_as_whose_it_was_admitted,
}

/// Where a reader of these entries stands.
fn read(entries: &[Entry]) -> Head {
    let tenant = TenantId::parse("acme").unwrap();
    let hash = |entry: &Entry| ChangeHash::of_change(&entry.change).unwrap();
    entries.iter().fold(Head::default(), |head, entry| head.next(&tenant, entry, hash(entry)))
}

/// The head that summaries tell.
fn summed_up(frames: &[ServerFrame]) -> Option<Head> {
    let summaries = frames.iter().find_map(|frame| match frame {
        ServerFrame::Summaries(summaries) => Some(summaries),
        _ => None,
    });
    summaries?.first().map(|summary| Head { position: summary.position, chain: summary.chain })
}

async fn j49_heads_are_told_with_the_hash_that_their_entries_make(database: Database) {
    let server = TestServer::start(&database, &["--snapshot-entries", "4", "--snapshot-interval", "20ms"]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    for text in ["one", "two"] {
        ann.push_accepted(stream(boats()), vec![author.say(text), author.say("more")]).await;
    }
    let (mut bob, frames) = Client::resume(&server, "bob", device(2), None).await;
    let fetched = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    let head = read(&fetched.entries);
    assert_eq!((head.position, fetched.at(), summed_up(&frames)), (Position::new(5), head, Some(head)));
    // As documents, and behind what is held.
    database.wait_for("SELECT count(*) FROM snapshots WHERE document LIKE 'page/%'", 1).await;
    for scope in [FetchScope::Anew, FetchScope::Page(1), FetchScope::After(Position::new(3))] {
        assert_eq!(bob.fetch(&stream(boats()), scope).await.unwrap().at(), head, "{scope:?}");
    }
    // A server that has nothing of it in memory goes on from there.
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    ann.push_accepted(stream(boats()), vec![author.say("three")]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert_eq!((fetched.entries.len(), fetched.at()), (6, read(&fetched.entries)));
    server.stop().await;
}

async fn j49_a_fetch_that_names_another_history_is_refused(database: Database) {
    let server = TestServer::start(&database, &["--metrics-listen", "127.0.0.1:0"]).await;
    let (mut ann, mut author) = group(&server, &[]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    let (second, head) = (read(&fetched.entries[..2]), read(&fetched.entries));
    for held in [second, head] {
        let scope = FetchScope::After(held.position);
        let told = ann.fetch_naming(&stream(boats()), scope, held.chain).await.unwrap();
        assert_eq!((told.at(), told.entries.last()), (head, fetched.entries[held.position.number() as usize..].last()));
        let refused = ann.fetch_naming(&stream(boats()), scope, ChainHash::from_bytes([9; 32])).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_at), (Code::HistoryDiffers, None));
    }
    Scrape::until(server.metrics.unwrap(), &[("store_rollbacks_total", 2.0)]).await;
    // Of what lies ahead nothing can be said: it is told anew.
    let ahead = FetchScope::After(Position::new(9));
    let told = ann.fetch_naming(&stream(boats()), ahead, ChainHash::from_bytes([9; 32])).await.unwrap();
    assert!(told.restart);
    server.stop().await;
}

async fn j46_who_pushes_again_is_told_as_whose_it_was_admitted(database: Database) {
    const ROOT: DeviceId = DeviceId::from_bytes([0xad; 16]);
    let server = TestServer::start(&database, &[]).await;
    let mut author = Author::of("root", ROOT, boats());
    let begun = vec![author.create(&[])];
    for labels in [&["admin"][..], &[]] {
        let mut root = Client::dial(server.address).await;
        let token = labelled_token("root", Duration::from_secs(600), labels);
        root.send(&ClientFrame::Hello(hello(token, ROOT, None))).await;
        root.wait("CaughtUp", |frame| matches!(frame, ServerFrame::CaughtUp(_)).then_some(())).await;
        let accepted = root.push_accepted(stream(boats()), begun.clone()).await;
        assert_eq!(accepted.administrators, accepted.positions, "{labels:?}");
    }
    server.stop().await;
}
