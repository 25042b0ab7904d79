//! M6: invitations were free, 9,800 in a second, each told at once with a title of
//! whoever sent them.

use tidings_core::{
    code::Code,
    command::{CreateDirect, InviteMember, RemoveContact, SetReachability},
    ids::{ContactId, ConversationId, StreamId, TenantId, TimelineId},
    model::{Reachability, Role},
    wire::{PushedChange, ServerFrame},
};

use super::setup::{Author, Client, Database, TestServer, account, boats, device, on_each_store, stream};

on_each_store! {
    p34_an_account_brings_in_so_many_people_a_day,
    p34_one_change_in_many_conversations_counts_in_each,
    c21_an_account_is_reached_by_whom_it_lets,
}

fn numbered(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

async fn p34_an_account_brings_in_so_many_people_a_day(database: Database) {
    let flags = ["--account-people", "6+1/d", "--members-max", "6"];
    let server = TestServer::start(&database, &flags).await;
    let mut eve = Client::connect(&server, "eve", device(1)).await;
    // Begun with, added, invited, written to first: six.
    let mut author = Author::of("eve", device(1), boats());
    let invites = |name| InviteMember { conversation: boats(), account: account(name), role: Role::Member };
    let changes = vec![author.create(&["ann", "bob", "cid"]), author.add("dan"), author.write(invites("edd"))];
    eve.push_accepted(stream(boats()), changes).await;
    let direct = |name| ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("eve"), &account(name));
    let begins = |name| Author::of("eve", device(1), direct(name)).write(CreateDirect { peer: account(name) });
    eve.push_accepted(stream(direct("fay")), vec![begins("fay")]).await;
    // On whichever of her devices, and in whichever way.
    let mut tablet = Client::connect(&server, "eve", device(2)).await;
    let mut elsewhere = Author::of("eve", device(2), numbered(1));
    let more = [
        (direct("gus"), {
            let mut other = Author::of("eve", device(2), direct("gus"));
            other.write(CreateDirect { peer: account("gus") })
        }),
        (numbered(1), elsewhere.create(&["hal"])),
    ];
    for (conversation, change) in more {
        let refused = tablet.push_refused(stream(conversation), vec![change]).await;
        assert_eq!((refused.code, refused.retry_at.is_some()), (Code::RateLimited, true));
    }
    // What brings nobody in goes on, for her and for others.
    eve.push_accepted(stream(boats()), vec![author.say("CHEAP PILLS")]).await;
    let mut ann = Client::connect(&server, "ann", device(3)).await;
    ann.push_accepted(stream(numbered(2)), vec![Author::of("ann", device(3), numbered(2)).create(&["bob"])]).await;
    server.stop().await;
}

async fn p34_one_change_in_many_conversations_counts_in_each(database: Database) {
    let server = TestServer::start(&database, &["--account-people", "6+1/d", "--members-max", "6"]).await;
    let mut eve = Client::connect(&server, "eve", device(1)).await;
    // A change does not name its document: the same bytes begin any conversation.
    let PushedChange { change, .. } = Author::of("eve", device(1), numbered(1)).create(&["ann", "bob", "cid"]);
    let begins =
        |number| PushedChange { document: TimelineId::of(numbered(number)).document(), change: change.clone() };
    for number in [1, 2] {
        eve.push_accepted(stream(numbered(number)), vec![begins(number)]).await;
    }
    let refused = eve.push_refused(stream(numbered(3)), vec![begins(3)]).await;
    assert_eq!(refused.code, Code::RateLimited);
    server.stop().await;
}

/// What happens when somebody begins a direct with Ann, begins a group with her, adds and invites her.
async fn reach_ann(server: &TestServer, name: &str, number: u8) -> Vec<Option<Code>> {
    let mut client = Client::connect(server, name, device(number)).await;
    let author = |conversation| Author::of(name, device(number), conversation);
    let direct = ConversationId::direct(&TenantId::parse("acme").unwrap(), &account(name), &account("ann"));
    let begins = author(direct).write(CreateDirect { peer: account("ann") });
    let [first, second, third] = [1, 2, 3].map(|more| numbered(number + more));
    let (mut adds, mut invites) = (author(second), author(third));
    let invitation = InviteMember { conversation: third, account: account("ann"), role: Role::Member };
    let pushes: [(ConversationId, Vec<PushedChange>); 4] = [
        (direct, vec![begins]),
        (first, vec![author(first).create(&["ann"])]),
        (second, vec![adds.create(&[]), adds.add("ann")]),
        (third, vec![invites.create(&[]), invites.write(invitation)]),
    ];
    let mut codes = Vec::new();
    for (conversation, changes) in pushes {
        let count = changes.len();
        let request = client.push(&stream(conversation), changes).await;
        let answer = client.wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request && accepted.positions.len() == count => {
                Some(None)
            }
            ServerFrame::Refused(refused) if refused.request == request => Some(Some(refused.code)),
            _ => None,
        });
        codes.push(answer.await);
    }
    codes
}

async fn c21_an_account_is_reached_by_whom_it_lets(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut home = Author::of_account("ann", device(1));
    let of_ann = || StreamId::Account(account("ann"));
    let refused = || {
        let unavailable = Some(Code::AccountUnavailable);
        vec![Some(Code::NotDeliverable), unavailable, unavailable, unavailable]
    };
    assert_eq!(reach_ann(&server, "a0", 10).await, [None; 4]);
    let says = |reachability| SetReachability { reachability };
    ann.push_accepted(of_ann(), vec![home.write(says(Reachability::Nobody)), home.befriend("b1")]).await;
    assert_eq!(reach_ann(&server, "b0", 20).await, refused());
    assert_eq!(reach_ann(&server, "b1", 30).await, refused());
    ann.push_accepted(of_ann(), vec![home.write(says(Reachability::Contacts))]).await;
    assert_eq!(reach_ann(&server, "c0", 40).await, refused());
    assert_eq!(reach_ann(&server, "b1", 50).await, [None; 4]);
    let gone = home.write(RemoveContact { id: ContactId::of_account(&account("b1")) });
    ann.push_accepted(of_ann(), vec![gone]).await;
    assert_eq!(reach_ann(&server, "b1", 60).await[1..], refused()[1..]);
    // What was begun before goes on: the direct of both is there already.
    ann.push_accepted(of_ann(), vec![home.write(says(Reachability::Everybody))]).await;
    assert_eq!(reach_ann(&server, "d0", 70).await, [None; 4]);
    server.stop().await;
}
