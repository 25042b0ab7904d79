//! Channels and their subscribers over real sockets, on both real stores.

use tidings_core::{
    code::Code,
    command::{AddMember, AnswerRequest, BanMember, CreateConversation, InviteTerms, SetInvite, SetPolicy},
    ids::InviteCode,
    journal::Position,
    model::{ConversationKind, JoinPolicy, MemberStatus, MembershipAction, Policy, Role},
    wire::{
        ClientFrame, ConversationSummary, FetchScope, ListSubscribers, MembershipRequest, ReceiptNotice, Refused,
        Revoked, ServerFrame, Subscribers,
    },
};

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    a50_who_joins_reads_and_hears_and_is_in_no_journal,
    a51_a_subscriber_writes_nothing_and_asks_nothing_of_the_staff,
    a52_who_is_approved_subscribes,
    a53_who_is_put_out_while_they_push_hears_no_more,
    a53_who_is_added_is_a_member_and_no_subscriber,
    a54_who_leaves_hears_no_more_on_any_device,
    a50_a_limited_invite_lets_in_as_many_as_it_may,
    r50_receipts_of_subscribers_are_counted_and_told_to_nobody,
    subscribers_survive_the_server,
    v62_the_count_follows_for_staff_and_subscribers_on_every_node,
}

const CODE: InviteCode = InviteCode::from_bytes(*b"a code of a link");

/// Ann's channel, with these policies.
async fn channel(server: &TestServer, policies: &[Policy]) -> (Client, Author) {
    let mut ann = Client::connect(server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    let group = CreateConversation::group(Some("Boats".into()), Vec::new());
    let policies = policies.to_vec();
    let channel = CreateConversation { conversation: boats(), kind: ConversationKind::Channel, policies, ..group };
    ann.push_accepted(stream(boats()), vec![author.write(channel)]).await;
    (ann, author)
}

async fn open(server: &TestServer) -> (Client, Author) {
    channel(server, &[Policy::Join(JoinPolicy::Open)]).await
}

/// Asks; what the server answers.
async fn ask(client: &mut Client, action: MembershipAction) -> Result<(), Refused> {
    let request = 1_000 + rand::random::<u32>() as u64;
    client.send(&ClientFrame::MembershipRequest(MembershipRequest { request, conversation: boats(), action })).await;
    let answer = client.wait("an answer", |frame| match frame {
        ServerFrame::Accepted(accepted) if accepted.request == request => Some(Ok(())),
        ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused)),
        _ => None,
    });
    answer.await
}

async fn summary(client: &mut Client) -> ConversationSummary {
    let summary = client.wait("Summaries", |frame| match frame {
        ServerFrame::Summaries(mut summaries) => summaries.pop(),
        _ => None,
    });
    summary.await
}

async fn revoked(client: &mut Client) -> Revoked {
    let revoked = client.wait("Revoked", |frame| match frame {
        ServerFrame::Revoked(revoked) => Some(revoked),
        _ => None,
    });
    revoked.await
}

/// A subscriber who is told of the channel.
async fn subscriber(server: &TestServer, name: &str, number: u8) -> Client {
    let mut client = Client::connect(server, name, device(number)).await;
    ask(&mut client, MembershipAction::Join(None)).await.unwrap();
    let summary = summary(&mut client).await;
    assert_eq!((summary.role, summary.status), (Role::Subscriber, MemberStatus::Active));
    client
}

async fn list(client: &mut Client, position: u64) -> Result<Subscribers, Refused> {
    let (after, position) = (None, Position::new(position));
    let list = ListSubscribers { request: 77, conversation: boats(), after, count_max: 10, position };
    client.send(&ClientFrame::ListSubscribers(list)).await;
    let answer = client.wait("Subscribers", |frame| match frame {
        ServerFrame::Subscribers(subscribers) => Some(Ok(subscribers)),
        ServerFrame::Refused(refused) if refused.request == 77 => Some(Err(refused)),
        _ => None,
    });
    answer.await
}

fn names(subscribers: &Subscribers) -> Vec<String> {
    subscribers.subscribers.iter().map(|subscriber| subscriber.account.to_string()).collect()
}

fn has_entries(frames: &[ServerFrame]) -> bool {
    frames.iter().any(|frame| matches!(frame, ServerFrame::Entries(_)))
}

async fn a50_who_joins_reads_and_hears_and_is_in_no_journal(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    ann.push_accepted(stream(boats()), vec![author.say("before anybody came")]).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let fetched = bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
    assert_eq!((fetched.head, fetched.receipts.len()), (Position::new(2), 0));
    // A request that is repeated, because its answer was lost, changes nothing.
    ask(&mut bob, MembershipAction::Join(None)).await.unwrap();
    assert_eq!(ann.settle().await.len(), 0, "staff hear nothing of who joins");
    ann.push_accepted(stream(boats()), vec![author.say("hello")]).await;
    assert_eq!(bob.entries_to(&stream(boats()), 3).await.len(), 1);
    // Another device of the account, and one that was away.
    let (mut other, frames) = Client::resume(&server, "bob", device(3), None).await;
    assert!(matches!(&frames[1], ServerFrame::Summaries(summaries) if summaries[0].role == Role::Subscriber));
    let cursor = bob.cursor;
    drop(bob);
    ann.push_accepted(stream(boats()), vec![author.say("and again")]).await;
    assert_eq!(other.entries_to(&stream(boats()), 4).await.len(), 1);
    let (_, frames) = Client::resume(&server, "bob", device(2), cursor).await;
    assert!(has_entries(&frames) || frames.iter().any(|frame| matches!(frame, ServerFrame::Summaries(_))));
    let listed = list(&mut ann, 1).await.unwrap();
    assert_eq!((listed.count, names(&listed)), (1, vec!["bob".to_owned()]));
    server.stop().await;
}

async fn a51_a_subscriber_writes_nothing_and_asks_nothing_of_the_staff(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    ann.push_accepted(stream(boats()), vec![author.say("hello")]).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let mut writes = Author::of("bob", device(2), boats());
    writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    assert_eq!(bob.push_refused(stream(boats()), vec![writes.say("me too")]).await.code, Code::NotAMember);
    assert_eq!(list(&mut bob, 1).await.unwrap_err().code, Code::PermissionDenied);
    let mut eve = Client::connect(&server, "eve", device(3)).await;
    assert_eq!(list(&mut eve, 1).await.unwrap_err().code, Code::NotAMember);
    let fetched = eve.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await;
    assert_eq!(fetched.unwrap_err().code, Code::NotAMember);
    server.stop().await;
}

async fn a52_who_is_approved_subscribes(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let policies = [Policy::Join(JoinPolicy::Open), Policy::JoinApproval(true)];
    let (mut ann, mut author) = channel(&server, &policies).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    ask(&mut bob, MembershipAction::Join(None)).await.unwrap();
    assert_eq!(summary(&mut bob).await.status, MemberStatus::Requested);
    author.apply(&ann.entries_to(&stream(boats()), 2).await);
    let approve = AnswerRequest { conversation: boats(), account: account("bob"), approved: true };
    ann.push_accepted(stream(boats()), vec![author.write(approve)]).await;
    let told = summary(&mut bob).await;
    assert_eq!((told.role, told.status, told.subscriber_count), (Role::Subscriber, MemberStatus::Active, 1));
    ann.push_accepted(stream(boats()), vec![author.say("welcome")]).await;
    assert_eq!(bob.entries_to(&stream(boats()), 4).await.len(), 1);
    server.stop().await;
}

async fn a53_who_is_put_out_while_they_push_hears_no_more(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let mut cid = subscriber(&server, "cid", 3).await;
    let mut writes = Author::of("bob", device(2), boats());
    writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    let pushed = writes.write(SetPolicy { conversation: boats(), policy: Policy::JoinApproval(true) });
    bob.push(&stream(boats()), vec![pushed]).await;
    let ban = author.write(BanMember { conversation: boats(), account: account("bob") });
    let remove = author.remove("cid");
    ann.push_accepted(stream(boats()), vec![ban, remove, author.say("now without them")]).await;
    assert_eq!(revoked(&mut bob).await.status, MemberStatus::Banned);
    assert_eq!(revoked(&mut cid).await.status, MemberStatus::Removed);
    ann.push_accepted(stream(boats()), vec![author.say("and still")]).await;
    for client in [&mut bob, &mut cid] {
        assert!(!has_entries(&client.settle().await));
        assert!(client.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.is_err());
    }
    assert_eq!(ask(&mut bob, MembershipAction::Join(None)).await.unwrap_err().code, Code::MemberBanned);
    assert_eq!(list(&mut ann, 1).await.unwrap().count, 0);
    // Who was removed may come back; the document, which knows them, says so.
    ask(&mut cid, MembershipAction::Join(None)).await.unwrap();
    assert_eq!(summary(&mut cid).await.role, Role::Subscriber);
    author.apply(&ann.entries_to(&stream(boats()), 6).await);
    ann.push_accepted(stream(boats()), vec![author.say("back")]).await;
    cid.entries_to(&stream(boats()), 7).await;
    assert_eq!(list(&mut ann, 1).await.unwrap().count, 1);
    server.stop().await;
}

async fn a53_who_is_added_is_a_member_and_no_subscriber(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let add = AddMember { conversation: boats(), account: account("bob"), role: Role::Admin };
    ann.push_accepted(stream(boats()), vec![author.write(add)]).await;
    assert_eq!(summary(&mut bob).await.role, Role::Admin);
    let mut writes = Author::of("bob", device(2), boats());
    writes.apply(&bob.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    bob.push_accepted(stream(boats()), vec![writes.say("as one of you")]).await;
    ann.entries_to(&stream(boats()), 3).await;
    assert_eq!(list(&mut bob, 1).await.unwrap().count, 0);
    assert_eq!(ask(&mut bob, MembershipAction::Leave).await.unwrap_err().code, Code::MemberExists);
    let twice: Vec<_> =
        bob.settle().await.into_iter().filter(|frame| matches!(frame, ServerFrame::Entries(_))).collect();
    assert_eq!(twice, [], "nobody hears twice");
    server.stop().await;
}

async fn a54_who_leaves_hears_no_more_on_any_device(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let mut other = Client::connect(&server, "bob", device(3)).await;
    let (away, _) = Client::resume(&server, "bob", device(4), None).await;
    let cursor = away.cursor;
    drop(away);
    ask(&mut bob, MembershipAction::Leave).await.unwrap();
    assert_eq!(revoked(&mut bob).await.status, MemberStatus::Left);
    ask(&mut bob, MembershipAction::Leave).await.unwrap();
    assert_eq!(revoked(&mut other).await.status, MemberStatus::Left);
    ann.push_accepted(stream(boats()), vec![author.say("who is left?")]).await;
    assert!(!has_entries(&bob.settle().await) && !has_entries(&other.settle().await));
    let (_, frames) = Client::resume(&server, "bob", device(4), cursor).await;
    assert!(frames.iter().any(|frame| matches!(frame, ServerFrame::Revoked(_))) && !has_entries(&frames));
    assert_eq!(list(&mut ann, 1).await.unwrap().count, 0);
    ask(&mut bob, MembershipAction::Join(None)).await.unwrap();
    ann.push_accepted(stream(boats()), vec![author.say("back")]).await;
    other.entries_to(&stream(boats()), 3).await;
    server.stop().await;
}

async fn a50_a_limited_invite_lets_in_as_many_as_it_may(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = channel(&server, &[Policy::Join(JoinPolicy::LinkJoin)]).await;
    let terms = InviteTerms { role: Role::Subscriber, until: None, uses_max: Some(1), enabled: true };
    let invite = SetInvite { conversation: boats(), invite: CODE.invite(), terms: Some(terms) };
    ann.push_accepted(stream(boats()), vec![author.write(invite)]).await;
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    let mut cid = Client::connect(&server, "cid", device(3)).await;
    for _ in 0..2 {
        ask(&mut bob, MembershipAction::Join(Some(CODE))).await.unwrap();
    }
    assert_eq!(ask(&mut cid, MembershipAction::Join(Some(CODE))).await.unwrap_err().code, Code::InviteUsedUp);
    assert_eq!(ask(&mut cid, MembershipAction::Join(None)).await.unwrap_err().code, Code::ConversationUnknown);
    // The use is an entry, of the system's account; the subscriber is none.
    assert_eq!(ann.entries_to(&stream(boats()), 3).await.len(), 1);
    assert_eq!(names(&list(&mut ann, 1).await.unwrap()), ["bob"]);
    server.stop().await;
}

async fn r50_receipts_of_subscribers_are_counted_and_told_to_nobody(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (mut ann, mut author) = open(&server).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let _cid = subscriber(&server, "cid", 3).await;
    let mut bobs_other = Client::connect(&server, "bob", device(4)).await;
    ann.push_accepted(stream(boats()), vec![author.say("one"), author.say("two")]).await;
    let (delivered, read) = (Position::new(3), Position::new(2));
    bob.send(&ClientFrame::Receipts(vec![ReceiptNotice { conversation: boats(), delivered, read }])).await;
    let own = bobs_other.wait("Receipts", |frame| match frame {
        ServerFrame::Receipts(receipts) => Some(receipts),
        _ => None,
    });
    assert_eq!(own.await[0].receipt.read, read);
    let frames = ann.settle().await;
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Receipts(_))), "{frames:?}");
    let counts = list(&mut ann, 2).await.unwrap();
    assert_eq!((counts.count, counts.delivered, counts.read), (2, 1, 1));
    let counts = list(&mut ann, 3).await.unwrap();
    assert_eq!((counts.count, counts.delivered, counts.read), (2, 1, 0));
    server.stop().await;
}

async fn subscribers_survive_the_server(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (_ann, mut author) = open(&server).await;
    let bob = subscriber(&server, "bob", 2).await;
    let cursor = bob.cursor;
    server.stop().await;
    let server = TestServer::start(&database, &[]).await;
    let (mut bob, _) = Client::resume(&server, "bob", device(2), cursor).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    ann.push_accepted(stream(boats()), vec![author.say("after the restart")]).await;
    bob.entries_to(&stream(boats()), 2).await;
    server.stop().await;
}

mod two_nodes_on_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a54_who_leaves_on_one_node_hears_no_more_on_the_other() {
        let database = Database::postgres().await;
        let (one, other) = (TestServer::start(&database, &[]).await, TestServer::start(&database, &[]).await);
        let (mut ann, mut author) = open(&one).await;
        let mut bob = Client::connect(&other, "bob", device(2)).await;
        let mut at_one = subscriber(&one, "bob", 3).await;
        assert_eq!(summary(&mut bob).await.role, Role::Subscriber, "told by the other node");
        ann.push_accepted(stream(boats()), vec![author.say("heard on both")]).await;
        bob.entries_to(&stream(boats()), 2).await;
        at_one.entries_to(&stream(boats()), 2).await;
        ask(&mut at_one, MembershipAction::Leave).await.unwrap();
        assert_eq!(revoked(&mut bob).await.status, MemberStatus::Left);
        ann.push_accepted(stream(boats()), vec![author.say("heard on none")]).await;
        let mut cid = Client::connect(&other, "cid", device(4)).await;
        ask(&mut cid, MembershipAction::Join(None)).await.unwrap();
        // What was said before is in the summary; what is said now comes by itself.
        assert_eq!(summary(&mut cid).await.position, Position::new(3));
        ann.push_accepted(stream(boats()), vec![author.say("by cid")]).await;
        cid.entries_to(&stream(boats()), 4).await;
        assert!(!has_entries(&bob.settle().await) && !has_entries(&at_one.settle().await));
        // Staff put out on one node who listens on the other.
        ann.push_accepted(stream(boats()), vec![author.remove("cid"), author.say("not by cid")]).await;
        assert_eq!(revoked(&mut cid).await.status, MemberStatus::Removed);
        assert!(!has_entries(&cid.settle().await));
        one.stop().await;
        other.stop().await;
    }
}

/// The count that a client is told, from one number on.
async fn told_count(client: &mut Client, least: u32) -> u32 {
    let told = client.wait("SubscriberCount", |frame| match frame {
        ServerFrame::SubscriberCount(told) if told.conversation == boats() && told.count >= least => Some(told.count),
        _ => None,
    });
    told.await
}

async fn v62_the_count_follows_for_staff_and_subscribers_on_every_node(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    // A file has one node.
    let other = match database.address.starts_with("postgres") {
        true => Some(TestServer::start(&database, &[]).await),
        false => None,
    };
    let (mut ann, _) = open(&server).await;
    let mut bob = subscriber(&server, "bob", 2).await;
    let elsewhere = other.as_ref().unwrap_or(&server);
    let mut carl = subscriber(elsewhere, "carl", 3).await;
    for client in [&mut ann, &mut bob, &mut carl] {
        assert_eq!(told_count(client, 2).await, 2);
    }
    // Many who come at once are told in few frames.
    let mut crowd = Vec::new();
    for number in 4..=23 {
        crowd.push(subscriber(elsewhere, &format!("reader{number}"), number).await);
    }
    let mut frames = 1;
    while told_count(&mut ann, 0).await < 22 {
        frames += 1;
    }
    assert!(frames < 20, "{frames} frames for 20 who came");
    assert_eq!(told_count(&mut bob, 22).await, 22);
    ask(&mut carl, MembershipAction::Leave).await.unwrap();
    let left = bob.wait("a smaller count", |frame| match frame {
        ServerFrame::SubscriberCount(told) if told.count == 21 => Some(()),
        _ => None,
    });
    left.await;
}
