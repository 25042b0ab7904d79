//! Accounts that keep out of each other's way, and that find each other, over
//! real sockets, on both real stores.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod support;

use tidings_core::{
    code::Code,
    command::{BlockAccount, CreateDirect, DeleteMessage, InviteMember},
    doc::Fact,
    ids::{ConversationId, MessageId, StreamId, TenantId},
    model::Role,
    wire::FetchScope,
};

use support::{
    author::{Author, account, boats, group},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    c5_whoever_is_blocked_says_nothing_in_the_direct,
    c5_whoever_is_blocked_starts_no_direct_and_invites_nobody,
    c5_a_message_that_was_admitted_before_a_block_is_accepted_again,
    c5_a_home_is_shown_to_its_account_only,
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
    assert_eq!((refused.code, refused.retry_at), (Code::Blocked, None));
    bobs = before;
    // What was said can be taken back, by the one who said it.
    let page = bobs.stream.documents().find(|document| document.id().page().is_some()).unwrap();
    let said = page.facts("msg/").find_map(|fact| match fact {
        Fact::Message(message, _) => Some(message),
        _ => None,
    });
    let message: MessageId = said.unwrap();
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
    assert_eq!(refused.code, Code::Blocked);
    let mut bobs = Author::of("bob", device(2), boats());
    bob.push_accepted(stream(boats()), vec![bobs.create(&["cid"])]).await;
    let before = bobs.clone();
    assert_eq!(bob.push_refused(stream(boats()), vec![bobs.add("ann")]).await.code, Code::Blocked);
    bobs = before.clone();
    let invites = InviteMember { conversation: boats(), account: account("ann"), role: Role::Member };
    assert_eq!(bob.push_refused(stream(boats()), vec![bobs.write(invites)]).await.code, Code::Blocked);
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
