//! One member writes of themselves again and again into a conversation's document,
//! which had no end and got slower for everybody; and a stranger has it loaded.

use tidings_core::{
    code::Code,
    command::{LeaveConversation, SetMemberText},
    ids::StreamId,
    model::MemberField,
    wire::{ClientFrame, ListHeld, PushedChange, ServerFrame},
};
use tidings_server::clock;

use super::setup::{
    Author, Client, Database, Scrape, TestServer, account, boats, device, group, on_each_store, read_by, stream,
};

on_each_store! {
    p20_a_name_changed_again_and_again_is_deferred,
    d22_a_full_document_is_still_its_owners,
    p22_the_bytes_of_pushes_have_a_rate,
    p24_nothing_is_loaded_for_a_stranger,
}

/// Bob in a group of Ann's.
async fn bob(server: &TestServer) -> (Client, Author, Client, Author) {
    let mut bob = Client::connect(server, "bob", device(2)).await;
    let (ann, hers) = group(server, &["bob"]).await;
    let his = read_by(&mut bob, "bob", 2).await;
    (bob, his, ann, hers)
}

fn called(author: &mut Author, name: &str) -> PushedChange {
    author.write(SetMemberText { conversation: boats(), field: MemberField::DisplayName, text: Some(name.to_owned()) })
}

async fn p20_a_name_changed_again_and_again_is_deferred(database: Database) {
    let server = TestServer::start(&database, &["--share-units", "5"]).await;
    let (mut bob, mut his, mut ann, mut hers) = bob(&server).await;
    for number in 0..5 {
        let named = called(&mut his, &format!("Bob {number}"));
        bob.push_accepted(stream(boats()), vec![named]).await;
    }
    let refused = bob.push_refused(stream(boats()), vec![called(&mut his.clone(), "Bob")]).await;
    let wait = refused.retry_at.unwrap().as_millis().saturating_sub(clock::wall_now().as_millis());
    assert_eq!(refused.code, Code::RateLimited);
    assert!((1..=60_000).contains(&wait), "{wait} ms");
    // What is said costs nothing of it, and nobody else pays for him.
    bob.push_accepted(stream(boats()), vec![his.say("hello")]).await;
    hers.apply(&ann.entries_to(&stream(boats()), 6).await);
    ann.push_accepted(stream(boats()), vec![called(&mut hers, "Ann")]).await;
    server.stop().await;
    // Nor does a restart give him any of it back.
    let server = TestServer::start(&database, &["--share-units", "5"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut his = read_by(&mut bob, "bob", 2).await;
    let refused = bob.push_refused(stream(boats()), vec![called(&mut his, "Bob")]).await;
    assert_eq!(refused.code, Code::RateLimited);
    server.stop().await;
}

async fn d22_a_full_document_is_still_its_owners(database: Database) {
    let flags = ["--document-changes-soft", "3", "--document-changes-max", "6", "--squash-percent", "0"];
    let server = TestServer::start(&database, &flags).await;
    let (mut bob, mut his, mut ann, mut hers) = bob(&server).await;
    for name in ["Rob", "Bert"] {
        let named = called(&mut his, name);
        bob.push_accepted(stream(boats()), vec![named]).await;
    }
    let refused = bob.push_refused(stream(boats()), vec![called(&mut his.clone(), "Bob")]).await;
    assert_eq!((refused.code, refused.retry_at), (Code::DocumentFull, None));
    hers.apply(&ann.entries_to(&stream(boats()), 3).await);
    ann.push_accepted(stream(boats()), vec![called(&mut hers, "Ann")]).await;
    his.apply(&bob.entries_to(&stream(boats()), 4).await);
    bob.push_accepted(stream(boats()), vec![his.say("I go")]).await;
    let left = his.write(LeaveConversation { conversation: boats() });
    bob.push_accepted(stream(boats()), vec![left]).await;
    server.stop().await;
}

async fn p22_the_bytes_of_pushes_have_a_rate(database: Database) {
    let flags = ["--change-bytes-burst", "40960", "--change-bytes-per-second", "1024", "--account-change-kib", "1+1/h"];
    let server = TestServer::start(&database, &flags).await;
    let (mut bob, mut his, mut ann, mut hers) = bob(&server).await;
    let mut tablet = Client::connect(&server, "bob", device(12)).await;
    let of_tablet = read_by(&mut tablet, "bob", 12).await;
    let twice = |author: &mut Author| [(); 2].map(|()| author.say(&"🐋".repeat(4_000))).to_vec();
    bob.push_accepted(stream(boats()), twice(&mut his)).await;
    // Neither by the same session nor by another one of his.
    for (client, author) in [(&mut bob, &his), (&mut tablet, &of_tablet)] {
        let refused = client.push_refused(stream(boats()), twice(&mut author.clone())).await;
        assert_eq!((refused.code, refused.retry_at.is_some()), (Code::RateLimited, true));
    }
    hers.apply(&ann.entries_to(&stream(boats()), 3).await);
    ann.push_accepted(stream(boats()), twice(&mut hers)).await;
    server.stop().await;
}

async fn p24_nothing_is_loaded_for_a_stranger(database: Database) {
    let server = TestServer::start(&database, &["--metrics-listen", "127.0.0.1:0"]).await;
    let (_bob, _, mut ann, _) = bob(&server).await;
    let mut eve = Client::connect(&server, "eve", device(3)).await;
    let loads = || async {
        let scrape = Scrape::of(server.metrics.unwrap()).await;
        scrape.value("tidings_store_call_seconds_count{call=\"document\"}")
    };
    let before = loads().await;
    let ask = |request| ClientFrame::ListHeld(ListHeld { request, conversation: boats() });
    for request in 1..=5 {
        eve.send(&ask(request)).await;
        let refused = eve.wait("Refused", |frame| match frame {
            ServerFrame::Refused(refused) if refused.request == request => Some(refused.code),
            _ => None,
        });
        assert_eq!(refused.await, Code::NotAMember);
    }
    assert_eq!(loads().await, before);
    // Nor is what belongs to another account.
    let home = || StreamId::Account(account("ann"));
    for change in
        [Author::of_account("eve", device(3)).befriend("bob"), Author::of_account("ann", device(3)).befriend("bob")]
    {
        let refused = eve.push_refused(home(), vec![change]).await;
        assert_eq!(refused.code, Code::NotTheOwner);
    }
    assert_eq!(eve.push_refused(home(), Vec::new()).await.code, Code::NotTheOwner);
    assert_eq!(loads().await, before);
    // An owner's question does load it: the count is of what it says.
    ann.send(&ask(1)).await;
    ann.wait("HeldMessages", |frame| matches!(frame, ServerFrame::HeldMessages(_)).then_some(())).await;
    assert_eq!(loads().await, before + 1.0);
    server.stop().await;
}
