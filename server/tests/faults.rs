//! A store that fails under a running node: nothing is lost, nothing is told
//! before it is durable, and the node goes on.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tidings_core::{
    code::Code,
    doc::Change,
    ids::{ChangeHash, TenantId, TimelineId},
    journal::Position,
    wire::{
        ClientFrame, DocumentSnapshot, FetchScope, Fetched, PushedChange, ReceiptNotice, Refused, ServerFrame,
        WaitingChange,
    },
};
use tidings_server::store::Store;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    faulty::{ANSWER_LOST, CONFLICT, FULL, FaultyStore, Held, PANIC_PAGE, UNAVAILABLE, WELL},
    on_each_store,
    server::{PATIENCE, TestServer, token},
};

on_each_store! {
    a_push_is_deferred_while_the_store_is_away_and_admitted_after,
    a_full_store_defers_with_its_own_code,
    a_commit_whose_answer_was_lost_is_told_to_everybody_in_the_end,
    a_stream_others_always_write_first_is_deferred,
    a_panic_in_one_push_does_not_end_the_node,
    a_hello_while_the_store_is_away_is_told_to_come_back,
    a_session_that_was_not_told_looks_for_itself,
    a_session_outlives_a_cursor_it_did_not_get,
    a_session_whose_receipts_were_not_stored_ends,
    j43_what_is_admitted_while_a_fetch_is_answered_is_lacking_or_told,
    who_is_removed_while_a_fetch_is_answered_is_told_nothing,
    a_page_that_came_further_while_a_fetch_is_answered_is_read_again,
}

/// Cursors come soon, and snapshots.
const FLAGS: [&str; 6] = ["--cursor-interval", "50ms", "--snapshot-entries", "2", "--snapshot-interval", "20ms"];

/// A node on a faulty store, with ann in a group with bob.
async fn faulty(database: &Database) -> (TestServer, Arc<FaultyStore>, Client, Author) {
    let store = FaultyStore::new(database.open().await);
    let server = TestServer::with_store(Arc::clone(&store) as Arc<dyn Store>, &FLAGS).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
    (server, store, ann, author)
}

/// Pushes a change that the fault refuses with a time to come back.
async fn deferred(ann: &mut Client, change: &PushedChange, code: Code) {
    let now = tidings_server::clock::wall_now();
    let refused = ann.push_refused(stream(boats()), vec![change.clone()]).await;
    assert_eq!(refused.code, code);
    let retry_at = refused.retry_at.expect("a deferred push may come back");
    assert!(retry_at > now && retry_at.as_millis() < now.as_millis() + 20_000);
}

async fn a_push_is_deferred_while_the_store_is_away_and_admitted_after(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let change = author.say("patience");
    store.commits.store(UNAVAILABLE, Ordering::SeqCst);
    deferred(&mut ann, &change, Code::StoreUnavailable).await;
    assert!(bob.settle().await.is_empty());
    store.commits.store(WELL, Ordering::SeqCst);
    let accepted = ann.push_accepted(stream(boats()), vec![change]).await;
    assert_eq!(accepted.positions, [Position::new(2)]);
    assert_eq!(bob.entries_to(&stream(boats()), 2).await.len(), 1);
    server.stop().await;
}

async fn a_full_store_defers_with_its_own_code(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    store.commits.store(FULL, Ordering::SeqCst);
    deferred(&mut ann, &author.say("no room"), Code::StoreFull).await;
    server.stop().await;
}

async fn a_commit_whose_answer_was_lost_is_told_to_everybody_in_the_end(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let change = author.say("once only");
    store.commits.store(ANSWER_LOST, Ordering::SeqCst);
    deferred(&mut ann, &change, Code::StoreUnavailable).await;
    store.commits.store(WELL, Ordering::SeqCst);
    let accepted = ann.push_accepted(stream(boats()), vec![change]).await;
    assert_eq!(accepted.positions, [Position::new(2)]);
    assert_eq!(bob.entries_to(&stream(boats()), 2).await.len(), 1);
    let fetched = ann.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert_eq!(fetched.head, Position::new(2));
    server.stop().await;
}

async fn a_stream_others_always_write_first_is_deferred(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    store.commits.store(CONFLICT, Ordering::SeqCst);
    let change = author.say("after you");
    deferred(&mut ann, &change, Code::StoreUnavailable).await;
    store.commits.store(WELL, Ordering::SeqCst);
    ann.push_accepted(stream(boats()), vec![change]).await;
    server.stop().await;
}

async fn a_panic_in_one_push_does_not_end_the_node(database: Database) {
    let (server, _store, mut ann, mut author) = faulty(&database).await;
    let mut tablet = Client::connect(&server, "ann", device(3)).await;
    let good = author.say("still afloat");
    let poison = PushedChange { document: TimelineId::of(boats()).page(PANIC_PAGE), change: good.change.clone() };
    // Both may be decided in one batch: the good one must not fail with the other.
    let request = tablet.push(&stream(boats()), vec![poison]).await;
    ann.push_accepted(stream(boats()), vec![good]).await;
    let refused = tablet.wait("Refused", |frame| match frame {
        ServerFrame::Refused(refused) => Some(refused),
        _ => None,
    });
    let refused = refused.await;
    assert_eq!((refused.request, refused.code), (request, Code::Internal));
    ann.push_accepted(stream(boats()), vec![author.say("and on")]).await;
    server.stop().await;
}

async fn a_hello_while_the_store_is_away_is_told_to_come_back(database: Database) {
    let (server, store, ..) = faulty(&database).await;
    store.catch_ups.store(UNAVAILABLE, Ordering::SeqCst);
    let mut bob = Client::dial(server.address).await;
    let token = token("bob", std::time::Duration::from_secs(60));
    bob.send(&ClientFrame::Hello(hello(token, device(2), None))).await;
    let closed = bob.closed().await;
    assert_eq!(closed.code, Code::StoreUnavailable);
    assert!(closed.retry_after_ms.is_some());
    assert!(!closed.detail.contains("pool"), "{}", closed.detail);
    store.catch_ups.store(WELL, Ordering::SeqCst);
    Client::connect(&server, "bob", device(2)).await;
    server.stop().await;
}

async fn a_session_that_was_not_told_looks_for_itself(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    store.summaries.store(UNAVAILABLE, Ordering::SeqCst);
    ann.push_accepted(stream(boats()), vec![author.add("eve")]).await;
    let summary = eve.wait("Summaries", |frame| match frame {
        ServerFrame::Summaries(mut summaries) => summaries.pop(),
        _ => None,
    });
    assert_eq!(summary.await.conversation, boats());
    server.stop().await;
}

async fn a_session_outlives_a_cursor_it_did_not_get(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let first = bob.cursor;
    store.catch_ups.store(UNAVAILABLE, Ordering::SeqCst);
    ann.push_accepted(stream(boats()), vec![author.say("ahoy")]).await;
    assert_eq!(bob.entries_to(&stream(boats()), 2).await.len(), 1);
    // Some intervals pass in which the store does not answer.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(bob.settle().await.is_empty());
    store.catch_ups.store(WELL, Ordering::SeqCst);
    let newer = bob.wait("a newer cursor", |frame| match frame {
        ServerFrame::CaughtUp(cursor) => (Some(cursor) > first).then_some(cursor),
        _ => None,
    });
    newer.await;
    server.stop().await;
}

async fn a_session_whose_receipts_were_not_stored_ends(database: Database) {
    let (server, store, mut ann, _) = faulty(&database).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let (delivered, read) = (Position::new(1), Position::new(1));
    let receipts = ClientFrame::Receipts(vec![ReceiptNotice { conversation: boats(), delivered, read }]);
    store.receipts.store(UNAVAILABLE, Ordering::SeqCst);
    bob.send(&receipts).await;
    let closed = bob.closed().await;
    assert_eq!(closed.code, Code::StoreUnavailable);
    assert!(closed.retry_after_ms.is_some());
    store.receipts.store(WELL, Ordering::SeqCst);
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.send(&receipts).await;
    let account = ann.wait("Receipts", |frame| match frame {
        ServerFrame::Receipts(mut receipts) => receipts.pop().map(|receipt| receipt.account),
        _ => None,
    });
    assert_eq!(account.await.as_str(), "bob");
    server.stop().await;
}

async fn j43_what_is_admitted_while_a_fetch_is_answered_is_lacking_or_told(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    ann.push_accepted(stream(boats()), vec![author.say("before")]).await;
    let mut second = Client::connect(&server, "ann", device(2)).await;
    for held_up in [Held::Document, Held::Page, Held::Changes] {
        for is_same_change in [true, false] {
            let pushed = author.say("meanwhile");
            let change = Change::parse(&pushed.change).unwrap();
            let message = change.messages(&pushed.document).next().map(|message| message.stamp);
            let hash = if is_same_change { change.hash() } else { ChangeHash::from_bytes([9; 32]) };
            let held = vec![WaitingChange { hash, message, accepted_at: None }];
            let (begun, go_on) = store.hold(held_up);
            let everything = stream(boats());
            let meanwhile = async {
                begun.await.unwrap();
                let accepted = ann.push_accepted(stream(boats()), vec![pushed]).await;
                go_on.send(()).unwrap();
                accepted
            };
            let (fetched, accepted) =
                tokio::join!(second.fetch_holding(&everything, FetchScope::Anew, held), meanwhile);
            let fetched = fetched.unwrap();
            let position = accepted.positions[0];
            let is_in_snapshot =
                |document: &DocumentSnapshot| document.document.page().is_some() && document.position >= position;
            let is_told = fetched.documents.iter().any(is_in_snapshot)
                || fetched.entries.iter().any(|entry| entry.position == position);
            assert_eq!(fetched.lacks.is_empty(), is_told, "{held_up:?}, the same change: {is_same_change}");
        }
    }
    server.stop().await;
}

/// Bob's fetch of all there is, which waits with the page to be read.
async fn fetch_held(
    server: &TestServer,
    store: &FaultyStore,
) -> (JoinHandle<Result<Fetched, Refused>>, oneshot::Sender<()>) {
    let mut bob = Client::connect(server, "bob", device(2)).await;
    let (begun, go_on) = store.hold(Held::Page);
    let fetching = tokio::spawn(async move { bob.fetch(&stream(boats()), FetchScope::Anew).await });
    begun.await.unwrap();
    (fetching, go_on)
}

async fn who_is_removed_while_a_fetch_is_answered_is_told_nothing(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    ann.push_accepted(stream(boats()), vec![author.say("between us")]).await;
    let (fetching, go_on) = fetch_held(&server, &store).await;
    ann.push_accepted(stream(boats()), vec![author.remove("bob")]).await;
    go_on.send(()).unwrap();
    assert_eq!(fetching.await.unwrap().unwrap_err().code, Code::MemberRemoved);
    server.stop().await;
}

async fn a_page_that_came_further_while_a_fetch_is_answered_is_read_again(database: Database) {
    let (server, store, mut ann, mut author) = faulty(&database).await;
    ann.push_accepted(stream(boats()), vec![author.say("one")]).await;
    let (fetching, go_on) = fetch_held(&server, &store).await;
    let said = (0..20).map(|_| author.say("more")).collect();
    ann.push_accepted(stream(boats()), said).await;
    let page = TimelineId::of(boats()).page(1);
    let cut = tokio::time::timeout(PATIENCE, async {
        while store.document(&TenantId::parse("acme").unwrap(), &page).await.unwrap().0.snapshot.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    cut.await.expect("a snapshot is cut");
    go_on.send(()).unwrap();
    let fetched = fetching.await.unwrap().unwrap();
    let further = fetched.documents.iter().filter(|document| document.position > fetched.head);
    assert_eq!(further.count(), 0, "no document is of a later head than is told");
    assert_eq!(fetched.head, Position::new(22));
    server.stop().await;
}
