//! Accounts that keep out of each other's way, and that find each other, over
//! real sockets, on both real stores.

use std::{collections::BTreeSet, time::Duration};

use tidings_core::{
    code::Code,
    command::{BlockAccount, CreateDirect, DeleteMessage, InviteMember},
    ids::{ConversationId, StreamId, TenantId},
    model::{ContactPoint, Role},
    wire::{ClientFrame, FetchScope, MatchContacts, Refused, ServerFrame},
};
use tidings_server::{auth::Keys, clock};

use crate::support::{
    author::{Author, account, boats, group},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    c5_whoever_is_blocked_says_nothing_in_the_direct,
    c5_whoever_is_blocked_starts_no_direct_and_invites_nobody,
    c5_a_message_that_was_admitted_before_a_block_is_accepted_again,
    c5_a_home_is_shown_to_its_account_only,
    c7_who_has_an_account_is_found_by_what_is_verified,
    c7_an_account_asks_for_so_many_and_no_more,
}

/// A client whose token says where its account is reached.
async fn reached_at(server: &TestServer, name: &str, number: u8, points: &[&str]) -> Client {
    let points: BTreeSet<ContactPoint> = points.iter().map(|text| ContactPoint::parse(text).unwrap()).collect();
    let (tenant, ttl, now) = (TenantId::parse("acme").unwrap(), Duration::from_secs(600), clock::wall_now());
    let keys = Keys::development();
    let token = keys.issue_reached_at(&tenant, &account(name), &[], &points, now, ttl).unwrap();
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token, device(number), None))).await;
    client.wait("CaughtUp", |frame| matches!(frame, ServerFrame::CaughtUp(_)).then_some(())).await;
    client
}

/// Who is found, by the place of what was asked for.
async fn find(client: &mut Client, points: &[&str]) -> Result<Vec<(u32, String)>, Refused> {
    let points = points.iter().map(|point| (*point).to_owned()).collect();
    let asked = MatchContacts { request: 77, points, region: Some("de".into()) };
    client.send(&ClientFrame::MatchContacts(asked)).await;
    let answer = client.wait("ContactMatches", |frame| match frame {
        ServerFrame::ContactMatches(answer) => {
            Some(Ok(answer.matches.into_iter().map(|found| (found.index, found.account.to_string())).collect()))
        }
        ServerFrame::Refused(refused) if refused.request == 77 => Some(Err(refused)),
        _ => None,
    });
    answer.await
}

async fn c7_who_has_an_account_is_found_by_what_is_verified(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = reached_at(&server, "ann", 1, &["+4930123456", "ann@example.org"]).await;
    let mut bob = reached_at(&server, "bob", 2, &["bob@example.org"]).await;
    let book = ["zoe", "030 / 12 34 56", "Ann@Example.org", "bob@example.org", "+49 30 123456", ""];
    let ann_only: Vec<(u32, String)> = [1, 2, 4].map(|index| (index, "ann".to_owned())).to_vec();
    assert_eq!(find(&mut bob, &book).await.unwrap(), ann_only, "nobody finds themselves");
    let mut home = Author::of_account("ann", device(1));
    block(&mut ann, &mut home, true).await;
    assert_eq!(find(&mut bob, &book).await.unwrap(), []);
    block(&mut ann, &mut home, false).await;
    // A token that says less takes back what the last one said.
    ann = reached_at(&server, "ann", 1, &["ann@example.org"]).await;
    assert_eq!(find(&mut bob, &book).await.unwrap(), [(2, "ann".to_owned())]);
    assert_eq!(find(&mut ann, &book).await.unwrap(), [(3, "bob".to_owned())]);
    server.stop().await;
}

async fn c7_an_account_asks_for_so_many_and_no_more(database: Database) {
    let server = TestServer::start(&database, &["--account-contact-points", "1000+1/s"]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let book: Vec<String> = (0..1_001).map(|number| format!("a{number}@example.org")).collect();
    let book: Vec<&str> = book.iter().map(String::as_str).collect();
    let refused = find(&mut bob, &book).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_at), (Code::TooManyContacts, None));
    assert_eq!(find(&mut bob, &book[..1_000]).await.unwrap(), []);
    // As many again, in another session of the account.
    let mut other = Client::connect(&server, "bob", device(3)).await;
    let refused = find(&mut other, &book[..1_000]).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_at.is_some()), (Code::RateLimited, true));
    server.stop().await;
}

fn direct() -> ConversationId {
    ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("ann"), &account("bob"))
}

/// Ann and Bob, and the direct that Ann started.
async fn ann_and_bob(server: &TestServer) -> (Client, Client, Author) {
    let mut ann = Client::connect(server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), direct());
    let created = author.write(CreateDirect { peer: account("bob") });
    ann.push_accepted(stream(direct()), vec![created.clone()]).await;
    let mut bob = Client::connect(server, "bob", device(2)).await;
    let mut bobs = Author::of("bob", device(2), direct());
    bobs.apply(&bob.fetch(&stream(direct()), FetchScope::After(Default::default())).await.unwrap().entries);
    (ann, bob, bobs)
}

/// Ann's home, which blocks Bob, or no longer.
async fn block(ann: &mut Client, home: &mut Author, blocked: bool) {
    let change = home.write(BlockAccount { account: account("bob"), blocked });
    ann.push_accepted(StreamId::Account(account("ann")), vec![change]).await;
}

async fn c5_whoever_is_blocked_says_nothing_in_the_direct(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut bob, mut bobs) = ann_and_bob(&server).await;
    let mut home = Author::of_account("ann", device(1));
    bob.push_accepted(stream(direct()), vec![bobs.say("hello")]).await;
    block(&mut ann, &mut home, true).await;
    let before = bobs.clone();
    let refused = bob.push_refused(stream(direct()), vec![bobs.say("are you there?")]).await;
    assert_eq!((refused.code, refused.retry_at), (Code::NotDeliverable, None));
    bobs = before;
    // What was said can be taken back, by the one who said it.
    let message = bobs.newest_message(1);
    let deletion = bobs.write(DeleteMessage { conversation: direct(), message });
    bob.push_accepted(stream(direct()), vec![deletion]).await;
    block(&mut ann, &mut home, false).await;
    bob.push_accepted(stream(direct()), vec![bobs.say("again")]).await;
    server.stop().await;
}

async fn c5_whoever_is_blocked_starts_no_direct_and_invites_nobody(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut home = Author::of_account("ann", device(1));
    block(&mut ann, &mut home, true).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let created = Author::of("bob", device(2), direct()).write(CreateDirect { peer: account("ann") });
    let refused = bob.push_refused(stream(direct()), vec![created.clone()]).await;
    assert_eq!(refused.code, Code::NotDeliverable);
    let mut bobs = Author::of("bob", device(2), boats());
    bob.push_accepted(stream(boats()), vec![bobs.create(&["cid"])]).await;
    let before = bobs.clone();
    assert_eq!(bob.push_refused(stream(boats()), vec![bobs.add("ann")]).await.code, Code::AccountUnavailable);
    bobs = before.clone();
    let invites = InviteMember { conversation: boats(), account: account("ann"), role: Role::Member };
    assert_eq!(bob.push_refused(stream(boats()), vec![bobs.write(invites)]).await.code, Code::AccountUnavailable);
    // Others are not concerned, nor is the group that both are in.
    bobs = before;
    bob.push_accepted(stream(boats()), vec![bobs.add("dan"), bobs.say("hello")]).await;
    block(&mut ann, &mut home, false).await;
    bob.push_accepted(stream(direct()), vec![created]).await;
    server.stop().await;
}

async fn c5_a_message_that_was_admitted_before_a_block_is_accepted_again(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut bob, mut bobs) = ann_and_bob(&server).await;
    let mut home = Author::of_account("ann", device(1));
    let hello = bobs.say("hello");
    let first = bob.push_accepted(stream(direct()), vec![hello.clone()]).await;
    block(&mut ann, &mut home, true).await;
    let again = bob.push_accepted(stream(direct()), vec![hello]).await;
    assert_eq!(first.positions, again.positions);
    server.stop().await;
}

async fn c5_a_home_is_shown_to_its_account_only(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, _) = group(&server, &["bob"]).await;
    let mut home = Author::of_account("ann", device(1));
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    bob.settle().await;
    block(&mut ann, &mut home, true).await;
    assert!(bob.settle().await.is_empty(), "nobody is told that they are blocked");
    let of_ann = StreamId::Account(account("ann"));
    assert!(bob.fetch(&of_ann, FetchScope::After(Default::default())).await.is_err());
    server.stop().await;
}
