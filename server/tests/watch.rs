//! An administrator of the tenant who watches a conversation: told what is new there, and
//! seen by nobody.

use std::time::Duration;

use tidings_core::{
    code::Code,
    command::SetState,
    doc::Change,
    ids::{ChangeHash, ConversationId, DeviceId, DocumentId, StreamId},
    journal::Position,
    model::{ConversationState, PresenceKind},
    wire::{ClientFrame, FetchScope, PresenceNotice, ReceiptNotice, ServerFrame, WaitingChange},
};

use crate::support::{
    author::{Author, account, boats, group},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    server::{TestServer, labelled_token},
};

on_each_store! {
    s41_what_is_new_is_told_to_whoever_watches_until_they_do_no_more,
    s41_nobody_watches_but_administrators,
    s42_whoever_watches_is_neither_seen_nor_heard,
    s43_an_account_watches_so_many_at_once_and_no_more,
    s44_another_accounts_stream_is_told_to_administrators_without_its_home,
    j44_an_administrator_is_told_what_a_deleted_conversation_has_of_their_own,
}

const ROOT: DeviceId = DeviceId::from_bytes([0xad; 16]);

/// A session of an account with a token that says these labels.
async fn labelled(server: &TestServer, name: &str, device: DeviceId, labels: &[&str]) -> Client {
    let mut client = Client::dial(server.address).await;
    let token = labelled_token(name, Duration::from_secs(600), labels);
    client.send(&ClientFrame::Hello(hello(token, device, None))).await;
    client.wait("CaughtUp", |frame| matches!(frame, ServerFrame::CaughtUp(_)).then_some(())).await;
    client
}

async fn root(server: &TestServer) -> Client {
    labelled(server, "root", ROOT, &["admin"]).await
}

/// The positions that frames tell of a conversation.
fn told(frames: &[ServerFrame]) -> Vec<u64> {
    let entries = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Entries(entries) if entries.stream == stream(boats()) => Some(&entries.entries),
        _ => None,
    });
    entries.flatten().map(|entry| entry.position.number()).collect()
}

async fn s41_what_is_new_is_told_to_whoever_watches_until_they_do_no_more(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut root = root(&server).await;
    // To look once is no watch.
    root.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    ann.push_accepted(stream(boats()), vec![author.say("one")]).await;
    assert_eq!(told(&root.settle().await), [0; 0]);
    let fetched = root.fetch(&stream(boats()), FetchScope::Watch(Position::new(1))).await.unwrap();
    assert_eq!((fetched.entries.len(), fetched.head), (1, Position::new(2)));
    // Asked twice, it is told once.
    root.fetch(&stream(boats()), FetchScope::Watch(Position::new(2))).await.unwrap();
    ann.push_accepted(stream(boats()), vec![author.say("two")]).await;
    let entries = root.entries_to(&stream(boats()), 3).await;
    assert_eq!((entries.len(), told(&root.settle().await)), (1, Vec::new()));
    // What was written before their own push is told before it is answered.
    let mut watcher = Author::of("root", ROOT, boats());
    watcher.session.administrator = true;
    watcher.apply(&root.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let accepted = root.push_accepted(stream(boats()), vec![watcher.say("I was here")]).await;
    assert_eq!(accepted.positions, [Position::new(4)]);
    assert_eq!(ann.entries_to(&stream(boats()), 4).await.last().unwrap().account, account("root"));
    root.send(&ClientFrame::Unwatch(boats())).await;
    root.settle().await;
    author.apply(&ann.fetch(&stream(boats()), FetchScope::After(Position::new(3))).await.unwrap().entries);
    ann.push_accepted(stream(boats()), vec![author.say("alone")]).await;
    assert_eq!(told(&root.settle().await), [0; 0]);
    // What is deleted is told to whoever watches, and then to nobody.
    root.fetch(&stream(boats()), FetchScope::Watch(Position::new(5))).await.unwrap();
    let deleted = SetState { conversation: boats(), state: ConversationState::Deleted };
    ann.push_accepted(stream(boats()), vec![author.write(deleted)]).await;
    assert_eq!(root.entries_to(&stream(boats()), 6).await.len(), 1);
    let refused = root.fetch(&stream(boats()), FetchScope::Watch(Position::new(6))).await.unwrap_err();
    assert_eq!(refused.code, Code::ConversationDeleted);
    server.stop().await;
}

async fn s41_nobody_watches_but_administrators(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.fetch(&stream(boats()), FetchScope::Watch(Position::ZERO)).await.unwrap();
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let absent = ConversationId::from_bytes([9; 16]);
    for conversation in [boats(), absent] {
        let refused = eve.fetch(&stream(conversation), FetchScope::Watch(Position::ZERO)).await.unwrap_err();
        assert_eq!(refused.code, Code::NotAMember);
    }
    // A session whose token says it no longer is told nothing, whatever one before it was.
    drop(root(&server).await);
    let mut former = labelled(&server, "root", ROOT, &[]).await;
    let refused = former.fetch(&stream(boats()), FetchScope::Watch(Position::ZERO)).await.unwrap_err();
    assert_eq!(refused.code, Code::NotAMember);
    ann.push_accepted(stream(boats()), vec![author.remove("bob"), author.say("among ourselves")]).await;
    for client in [&mut bob, &mut eve, &mut former] {
        assert_eq!(told(&client.settle().await), [0; 0]);
    }
    server.stop().await;
}

async fn s42_whoever_watches_is_neither_seen_nor_heard(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    ann.push_accepted(stream(boats()), vec![author.say("one")]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut root = root(&server).await;
    root.fetch(&stream(boats()), FetchScope::Watch(Position::ZERO)).await.unwrap();
    ann.settle().await;
    let read = ReceiptNotice { conversation: boats(), delivered: Position::new(2), read: Position::new(2) };
    for client in [&mut root, &mut bob] {
        for kind in [PresenceKind::Online, PresenceKind::Typing] {
            client.send(&ClientFrame::Presence(PresenceNotice { conversation: boats(), kind })).await;
        }
        client.send(&ClientFrame::Receipts(vec![read])).await;
        // The other one comes when this one was heard.
        client.settle().await;
    }
    let (mut seen, mut has_read) = (Vec::new(), Vec::new());
    while seen.len() < 2 || has_read.is_empty() {
        match ann.next().await {
            ServerFrame::Presence(presence) => seen.push(presence.account),
            ServerFrame::Receipts(receipts) => has_read.extend(receipts.into_iter().map(|receipt| receipt.account)),
            _ => {}
        }
    }
    assert_eq!((seen, has_read), (vec![account("bob"); 2], vec![account("bob")]));
    // Nor does whoever watches hear who is there.
    let heard = root.settle().await;
    assert!(
        !heard.iter().any(|frame| matches!(frame, ServerFrame::Presence(_) | ServerFrame::Present(_))),
        "{heard:?}"
    );
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert!(fetched.receipts.iter().all(|receipt| receipt.account != account("root")), "{:?}", fetched.receipts);
    server.stop().await;
}

async fn s43_an_account_watches_so_many_at_once_and_no_more(database: Database) {
    let server = TestServer::start(&database, &["--account-watches-max", "2"]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let numbered = |number| ConversationId::from_bytes([number; 16]);
    for number in 1..=3 {
        let begun = Author::of("ann", device(1), numbered(number)).create(&[]);
        ann.push_accepted(stream(numbered(number)), vec![begun]).await;
    }
    let mut root = root(&server).await;
    let mut other = labelled(&server, "root", device(7), &["admin"]).await;
    let watch = FetchScope::Watch(Position::ZERO);
    root.fetch(&stream(numbered(1)), watch).await.unwrap();
    other.fetch(&stream(numbered(2)), watch).await.unwrap();
    let refused = root.fetch(&stream(numbered(3)), watch).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_at), (Code::TooManyWatched, None));
    // What is watched already goes on, and what is not any more makes room.
    root.fetch(&stream(numbered(1)), watch).await.unwrap();
    root.send(&ClientFrame::Unwatch(numbered(1))).await;
    root.fetch(&stream(numbered(3)), watch).await.unwrap();
    server.stop().await;
}

async fn s44_another_accounts_stream_is_told_to_administrators_without_its_home(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of_account("ann", device(1));
    let of_ann = StreamId::Account(account("ann"));
    let changes = vec![author.befriend("bob"), author.call_themselves("Ann"), author.befriend("cid")];
    ann.push_accepted(of_ann.clone(), changes).await;
    let mut root = root(&server).await;
    let scopes = [Position::ZERO, Position::new(1), Position::new(3)].map(FetchScope::After);
    for scope in scopes.into_iter().chain([FetchScope::Anew, FetchScope::Watch(Position::ZERO)]) {
        let fetched = root.fetch(&of_ann, scope).await.unwrap();
        assert!(fetched.restart, "{scope:?}");
        assert_eq!(fetched.head, Position::new(3));
        let documents: Vec<_> = fetched.documents.iter().map(|snapshot| snapshot.document.clone()).collect();
        let written: Vec<_> = fetched.entries.iter().map(|entry| (entry.document.clone(), entry.position)).collect();
        let profile = DocumentId::Account(account("ann"));
        assert_eq!((documents, written), (vec![profile.clone()], vec![(profile, Position::new(2))]), "{scope:?}");
    }
    assert_eq!(root.fetch(&of_ann, FetchScope::Page(1)).await.unwrap_err().code, Code::DocumentUnknown);
    // Nothing of it is told behind that, and nobody else is told anything.
    ann.push_accepted(of_ann.clone(), vec![author.befriend("dora")]).await;
    assert!(!root.settle().await.iter().any(|frame| matches!(frame, ServerFrame::Entries(_))));
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    for scope in [FetchScope::After(Position::ZERO), FetchScope::Anew, FetchScope::Watch(Position::ZERO)] {
        assert_eq!(eve.fetch(&of_ann, scope).await.unwrap_err().code, Code::NotTheOwner);
    }
    server.stop().await;
}

async fn j44_an_administrator_is_told_what_a_deleted_conversation_has_of_their_own(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = group(&server, &["bob"]).await;
    let mut root = root(&server).await;
    let mut watcher = Author::of("root", ROOT, boats());
    watcher.session.administrator = true;
    watcher.apply(&root.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let said = watcher.say("I was here");
    let known = Change::parse(&said.change).unwrap().hash();
    root.push_accepted(stream(boats()), vec![said]).await;
    author.apply(&ann.entries_to(&stream(boats()), 2).await);
    let deleted = SetState { conversation: boats(), state: ConversationState::Deleted };
    ann.push_accepted(stream(boats()), vec![author.write(deleted)]).await;

    let unknown = ChangeHash::from_bytes([7; 32]);
    let held = [known, unknown].map(|hash| WaitingChange { hash, message: None, accepted_at: None });
    let refused = root.fetch_holding(&stream(boats()), FetchScope::Anew, held.into()).await.unwrap_err();
    assert_eq!((refused.code, refused.lacks), (Code::ConversationDeleted, vec![unknown]));
    server.stop().await;
}
