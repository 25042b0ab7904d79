//! L1: the same bytes are a change of a page and of a thread's page; the second one
//! once failed its commit, and was answered that it might be tried again.

use tidings_core::{
    command::CreateThread,
    ids::TimelineId,
    journal::Position,
    wire::{FetchScope, PushedChange},
};

use super::setup::{Author, Client, Database, TestServer, boats, device, group, on_each_store, stream};

on_each_store! {
    a6_the_same_bytes_are_a_change_of_each_document_and_each_has_its_place,
}

async fn a6_the_same_bytes_are_a_change_of_each_document_and_each_has_its_place(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let said = author.say("what a boat");
    ann.push_accepted(stream(boats()), vec![said]).await;
    let message = author.newest_message(1);
    let opens = CreateThread { conversation: boats(), message, title: None };
    let opens = author.write(opens);
    let thread = opens.document.thread().expect("it opens a thread");
    ann.push_accepted(stream(boats()), vec![opens]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let entries = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries;
    // He holds no page yet: his first change of one depends on nothing.
    let mut bobs = Author::of("bob", device(2), boats());
    bobs.apply(&entries[..1]);
    let first = bobs.say("twice");
    let second = PushedChange { document: TimelineId::of_thread(boats(), thread).page(1), ..first.clone() };
    let both = vec![first.clone(), second.clone()];
    let accepted = bob.push_accepted(stream(boats()), both.clone()).await;
    assert_eq!(accepted.positions, [Position::new(4), Position::new(5)]);
    // Pushed again, in either order, each has the place it has.
    assert_eq!(bob.push_accepted(stream(boats()), both).await.positions, accepted.positions);
    let turned = bob.push_accepted(stream(boats()), vec![second, first]).await;
    assert_eq!(turned.positions, [Position::new(5), Position::new(4)]);
    server.stop().await;
}
