//! Whose a device is: of one account of its tenant, for ever; and what happens
//! to a copy of it. The same cases on both real stores.

use std::time::Duration;

use tidings_core::{
    code::Code,
    ids::{AccountId, TenantId},
    journal::Position,
    wire::{ClientFrame, FetchScope, ServerFrame},
};
use tidings_server::{auth::Keys, clock};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    i1_a_device_is_of_its_first_account_also_after_a_restart,
    i1_another_tenant_is_another_world,
    i1_nobody_pushes_the_change_of_another_device,
    i2_a_cloned_profile_replaces_and_conflicts,
}

/// A socket that said Hello with device 1.
async fn say_hello(server: &TestServer, tenant: &str, account: &str) -> Client {
    let keys = Keys::development();
    let (tenant, account) = (TenantId::parse(tenant).unwrap(), AccountId::parse(account).unwrap());
    let token = keys.issue(&tenant, &account, &[], clock::wall_now(), Duration::from_secs(600)).unwrap();
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    client
}

#[track_caller]
fn welcome(frame: &ServerFrame) -> (String, String) {
    let ServerFrame::Welcome(welcome) = frame else { panic!("{frame:?}") };
    (welcome.tenant.to_string(), welcome.account.to_string())
}

async fn i1_a_device_is_of_its_first_account_also_after_a_restart(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    welcome(&say_hello(&server, "acme", "ann").await.next().await);
    let closed = say_hello(&server, "acme", "bob").await.closed().await;
    // Not told whose it is.
    assert!(closed.code == Code::ActorConflict && !closed.detail.contains("ann"), "{closed:?}");
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    assert_eq!(say_hello(&server, "acme", "bob").await.closed_code().await, Code::ActorConflict);
    welcome(&say_hello(&server, "acme", "ann").await.next().await);
    server.stop().await;
}

async fn i1_another_tenant_is_another_world(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = say_hello(&server, "acme", "ann").await;
    assert_eq!(welcome(&ann.next().await), ("acme".to_owned(), "ann".to_owned()));
    // The same id there is another device: of whoever brings it first, with the same rule.
    let mut namesake = say_hello(&server, "globex", "ann").await;
    assert_eq!(welcome(&namesake.next().await), ("globex".to_owned(), "ann".to_owned()));
    assert_eq!(say_hello(&server, "globex", "eve").await.closed_code().await, Code::ActorConflict);
    assert_eq!(say_hello(&server, "acme", "eve").await.closed_code().await, Code::ActorConflict);
    // Neither ended the other's session, and neither sees what the other writes.
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&[]), author.say("ours")]).await;
    let refused = namesake.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap_err();
    assert_eq!(refused.code, Code::NotAMember);
    let mut theirs = Author::of("ann", device(1), boats());
    let accepted = namesake.push_accepted(stream(boats()), vec![theirs.create(&[])]).await;
    assert_eq!(accepted.positions, [Position::new(1)]);
    assert!(ann.settle().await.is_empty());
    server.stop().await;
}

async fn i1_nobody_pushes_the_change_of_another_device(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
    let stolen = author.say("from ann's phone");
    // Bob, and another device of ann's.
    for (name, number) in [("bob", 2), ("ann", 3)] {
        let mut other = Client::connect(&server, name, device(number)).await;
        let refused = other.push_refused(stream(boats()), vec![stolen.clone()]).await;
        assert_eq!(refused.code, Code::WrongActor);
    }
    let accepted = ann.push_accepted(stream(boats()), vec![stolen.clone()]).await;
    server.stop().await;
    // Once it is admitted, her other devices are told where: nobody else is.
    let server = TestServer::start(&database, &[]).await;
    let mut tablet = Client::connect(&server, "ann", device(3)).await;
    let forged = author.say("never admitted");
    let again = tablet.push_accepted(stream(boats()), vec![stolen.clone(), stolen.clone()]).await;
    assert_eq!(again.positions, [accepted.positions[0]; 2]);
    assert_eq!(again.accepted_at, [accepted.accepted_at[0]; 2]);
    let refused = tablet.push_refused(stream(boats()), vec![stolen.clone(), forged]).await;
    assert_eq!((refused.index, refused.code), (1, Code::WrongActor));
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    assert_eq!(bob.push_refused(stream(boats()), vec![stolen]).await.code, Code::WrongActor);
    server.stop().await;
}

async fn i2_a_cloned_profile_replaces_and_conflicts(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut original = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    original.push_accepted(stream(boats()), vec![author.create(&[]), author.say("one")]).await;
    // The same state in two places, written on in both.
    let mut clone_writes = Author::of("ann", device(1), boats());
    clone_writes.apply(&original.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let (ours, theirs) = (author.say("from the original"), clone_writes.say("from the clone"));
    let mut clone = Client::connect(&server, "ann", device(1)).await;
    assert_eq!(original.closed_code().await, Code::SessionReplaced);
    clone.push_accepted(stream(boats()), vec![theirs]).await;
    let mut original = Client::connect(&server, "ann", device(1)).await;
    assert_eq!(clone.closed_code().await, Code::SessionReplaced);
    let refused = original.push_refused(stream(boats()), vec![ours]).await;
    assert_eq!((refused.code, refused.retry_at), (Code::ActorConflict, None));
    // It goes on as another device, and nothing is lost of either.
    let mut original = Client::connect(&server, "ann", device(9)).await;
    let mut anew = Author::of("ann", device(9), boats());
    anew.apply(&original.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    original.push_accepted(stream(boats()), vec![anew.say("from the original")]).await;
    server.stop().await;
}
