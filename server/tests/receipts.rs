//! Receipts and presence over real sockets, the same cases on both real stores.

use std::collections::BTreeMap;

use tidings_core::{
    journal::Position,
    model::PresenceKind,
    wire::{
        ClientFrame, FetchScope, MemberReceipt, PresenceNotice, Present, PresentMember, ReceiptNotice, ServerFrame,
    },
};

use crate::support::{
    author::{account, boats, group},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    receipts_reach_the_other_members_and_never_go_back,
    receipts_of_many_members_go_in_few_frames,
    receipts_that_were_read_are_stored_when_the_node_goes_down,
    presence_is_passed_on_and_ends_with_the_session,
    v80_whoever_opens_a_conversation_is_told_once_who_is_there,
}

fn read_to(delivered: u64, read: u64) -> ClientFrame {
    let (delivered, read) = (Position::new(delivered), Position::new(read));
    ClientFrame::Receipts(vec![ReceiptNotice { conversation: boats(), delivered, read }])
}

/// The next Receipts.
async fn receipts(client: &mut Client) -> Vec<MemberReceipt> {
    let receipts = client.wait("Receipts", |frame| match frame {
        ServerFrame::Receipts(receipts) => Some(receipts),
        _ => None,
    });
    receipts.await
}

async fn receipts_reach_the_other_members_and_never_go_back(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&read_to(3, 2)).await;
    let receipts = receipts(&mut ann).await;
    assert_eq!(receipts[0].account, account("bob"));
    assert_eq!((receipts[0].receipt.delivered, receipts[0].receipt.read), (Position::new(3), Position::new(2)));
    bob.send(&read_to(1, 1)).await;
    bob.send(&read_to(3, 3)).await;
    let receipts = self::receipts(&mut ann).await;
    assert_eq!((receipts.len(), receipts[0].receipt.read), (1, Position::new(3)));
    assert!(bob.settle().await.is_empty());
    server.stop().await;
}

async fn receipts_of_many_members_go_in_few_frames(database: Database) {
    const MEMBERS: u8 = 40;
    let server = TestServer::start(&database, &[]).await;
    let names: Vec<String> = (0..MEMBERS).map(|number| format!("member{number}")).collect();
    let (mut ann, mut author) = group(&server, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut members = Vec::new();
    for (number, name) in (100..).zip(&names) {
        members.push(Client::connect(&server, name, device(number)).await);
    }
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    // Some do so twice within the moment; all together.
    let all = members.iter_mut().map(|member| async {
        member.send(&read_to(2, 1)).await;
        member.send(&read_to(3, 3)).await;
    });
    futures_util::future::join_all(all).await;
    let (mut frames, mut read) = (0, BTreeMap::new());
    while read.len() < usize::from(MEMBERS) || read.values().any(|&position| position != Position::new(3)) {
        frames += 1;
        for receipt in receipts(&mut ann).await {
            read.insert(receipt.account, receipt.receipt.read);
        }
    }
    // One by one they would be two a member.
    assert!(frames < usize::from(MEMBERS), "{frames} frames");
    server.stop().await;
}

async fn receipts_that_were_read_are_stored_when_the_node_goes_down(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, _) = group(&server, &["bob"]).await;
    ann.send(&read_to(1, 1)).await;
    ann.settle().await;
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::new(1))).await.unwrap();
    assert_eq!(fetched.receipts[0].receipt.read, Position::new(1));
    server.stop().await;
}

async fn presence_is_passed_on_and_ends_with_the_session(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, _) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Typing })).await;
    let presence = |frame| match frame {
        ServerFrame::Presence(presence) => Some((presence.account, presence.kind)),
        _ => None,
    };
    assert_eq!(ann.wait("Presence", presence).await, (account("bob"), PresenceKind::Typing));
    assert!(bob.settle().await.is_empty());
    drop(bob);
    assert_eq!(ann.wait("Presence", presence).await, (account("bob"), PresenceKind::Offline));
    server.stop().await;
}

async fn v80_whoever_opens_a_conversation_is_told_once_who_is_there(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, _) = group(&server, &["bob", "cat"]).await;
    let online = ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Online });
    ann.send(&online).await;
    assert!(ann.settle().await.is_empty(), "nobody is there");
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&online).await;
    let present = |frame| match frame {
        ServerFrame::Present(Present { members, .. }) => Some(members),
        _ => None,
    };
    let there = |name: &str, kind| PresentMember { account: account(name), kind };
    assert_eq!(bob.wait("Present", present).await, [there("ann", PresenceKind::Online)]);
    // Again is not to come again.
    bob.send(&online).await;
    assert!(bob.settle().await.is_empty());
    bob.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind: PresenceKind::Typing })).await;
    bob.settle().await;
    let mut cat = Client::connect(&server, "cat", device(3)).await;
    cat.send(&online).await;
    let told = cat.wait("Present", present).await;
    assert_eq!(told, [there("ann", PresenceKind::Online), there("bob", PresenceKind::Typing)]);
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    eve.send(&online).await;
    assert!(eve.settle().await.is_empty(), "who is no member is told of nobody");
    server.stop().await;
}
