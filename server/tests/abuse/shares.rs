//! M5: one account with many sessions once had as many times the rates, as many
//! sockets as the node has, and devices without end.

use tidings_core::{
    code::Code,
    ids::{ConversationId, InviteCode},
    journal::Position,
    model::{MembershipAction, OwnQuery, Query},
    wire::{ClientFrame, Closed, Fetch, FetchScope, List, ListHeld, ListSubscribers, MembershipRequest, ServerFrame},
};

use super::setup::{Client, Database, PATIENCE, TestServer, device, hello, on_each_store, stream, token};

on_each_store! {
    p30_sessions_of_an_account_share_its_questions,
    p30_sessions_of_an_account_share_its_membership_requests,
    p37_questions_for_held_messages_have_a_share_of_their_own,
    p31_a_session_too_many_ends_the_one_that_did_nothing_for_the_longest_time,
    p32_an_account_registers_so_many_devices_and_no_more,
    p32_an_account_begins_so_many_sessions_and_no_more,
}

fn boats() -> ConversationId {
    ConversationId::from_bytes([0xb0; 16])
}

/// Every question that counts as a fetch, in turn.
fn question(request: u64) -> ClientFrame {
    let conversation = boats();
    match request % 4 {
        0 => ClientFrame::Fetch(Fetch {
            request,
            stream: stream(conversation),
            scope: FetchScope::Page(1),
            held: Vec::new(),
            chain: None,
        }),
        1 => ClientFrame::ListHeld(ListHeld { request, conversation }),
        2 => ClientFrame::ListSubscribers(ListSubscribers {
            request,
            conversation,
            after: None,
            count_max: 1,
            position: Position::ZERO,
        }),
        _ => ClientFrame::List(List { request, query: Query::Own(OwnQuery::default()) }),
    }
}

/// The code with which each of these frames is refused, if it is; a limited one names a time.
async fn codes(client: &mut Client, frames: impl IntoIterator<Item = ClientFrame>) -> Vec<Option<Code>> {
    let mut codes = Vec::new();
    for frame in frames {
        client.send(&frame).await;
        let code = client.wait("an answer", |frame| match frame {
            ServerFrame::Refused(refused) => {
                assert_eq!(refused.retry_at.is_some(), refused.code == Code::RateLimited, "{refused:?}");
                Some(Some(refused.code))
            }
            ServerFrame::Listed(_) => Some(None),
            _ => None,
        });
        codes.push(code.await);
    }
    codes
}

async fn p30_sessions_of_an_account_share_its_questions(database: Database) {
    let server = TestServer::start(&database, &["--account-fetches", "8+1/d"]).await;
    let mut phone = Client::connect(&server, "eve", device(1)).await;
    let mut tablet = Client::connect(&server, "eve", device(2)).await;
    let limited = Some(Code::RateLimited);
    assert!(!codes(&mut phone, (0..4).map(question)).await.contains(&limited));
    assert!(!codes(&mut tablet, (0..4).map(question)).await.contains(&limited));
    assert_eq!(codes(&mut phone, (0..4).map(question)).await, [limited; 4]);
    let mut third = Client::connect(&server, "eve", device(3)).await;
    assert_eq!(codes(&mut third, (0..4).map(question)).await, [limited; 4]);
    let mut bob = Client::connect(&server, "bob", device(4)).await;
    assert!(!codes(&mut bob, (0..8).map(question)).await.contains(&limited));
    server.stop().await;
}

async fn p30_sessions_of_an_account_share_its_membership_requests(database: Database) {
    let server = TestServer::start(&database, &["--account-membership-requests", "6+1/d"]).await;
    let mut phone = Client::connect(&server, "eve", device(1)).await;
    let mut tablet = Client::connect(&server, "eve", device(2)).await;
    let guess = |request: u64| {
        let code = InviteCode::from_bytes([u8::try_from(request).unwrap(); 16]);
        ClientFrame::MembershipRequest(MembershipRequest {
            request,
            conversation: boats(),
            action: MembershipAction::Join(Some(code)),
        })
    };
    let mut guessed = codes(&mut phone, (0..3).map(guess)).await;
    guessed.extend(codes(&mut tablet, (3..6).map(guess)).await);
    assert!(!guessed.contains(&Some(Code::RateLimited)), "{guessed:?}");
    assert_eq!(codes(&mut phone, (6..8).map(guess)).await, [Some(Code::RateLimited); 2]);
    assert_eq!(codes(&mut tablet, (8..10).map(guess)).await, [Some(Code::RateLimited); 2]);
    server.stop().await;
}

async fn p37_questions_for_held_messages_have_a_share_of_their_own(database: Database) {
    let server = TestServer::start(&database, &["--account-held-lists", "2+1/d"]).await;
    let mut phone = Client::connect(&server, "eve", device(1)).await;
    let mut tablet = Client::connect(&server, "eve", device(2)).await;
    let list = |request| ClientFrame::ListHeld(ListHeld { request, conversation: boats() });
    let forbidden = Some(Code::NotAMember);
    assert_eq!(codes(&mut phone, [list(1)]).await, [forbidden]);
    let limited = Some(Code::RateLimited);
    assert_eq!(codes(&mut tablet, [list(2), list(3), question(3)]).await, [forbidden, limited, None]);
    let mut bob = Client::connect(&server, "bob", device(4)).await;
    assert_eq!(codes(&mut bob, [list(1)]).await, [forbidden]);
    server.stop().await;
}

async fn p31_a_session_too_many_ends_the_one_that_did_nothing_for_the_longest_time(database: Database) {
    let server = TestServer::start(&database, &["--account-sessions-max", "3"]).await;
    let mut first = Client::connect(&server, "eve", device(1)).await;
    let mut second = Client::connect(&server, "eve", device(2)).await;
    let mut third = Client::connect(&server, "eve", device(3)).await;
    // Heartbeats do not count, questions do.
    second.settle().await;
    codes(&mut first, [question(3)]).await;
    let mut fourth = Client::connect(&server, "eve", device(4)).await;
    let Closed { code, retry_after_ms, .. } = second.closed().await;
    assert_eq!(code, Code::TooManySessions);
    assert!(retry_after_ms.is_some_and(|after| (300_000..=375_000).contains(&after)), "{retry_after_ms:?}");
    for live in [&mut first, &mut third, &mut fourth] {
        live.settle().await;
    }
    // However many come, others have theirs.
    let mut bob = Client::connect(&server, "bob", device(50)).await;
    let mut more = Vec::new();
    for number in 5..12 {
        more.push(Client::connect(&server, "eve", device(number)).await);
    }
    assert_eq!(first.closed_code().await, Code::TooManySessions);
    more.last_mut().unwrap().settle().await;
    bob.settle().await;
    server.stop().await;
}

/// How a session begins: none, or why it does not.
async fn begin(server: &TestServer, name: &str, number: u8) -> Option<Closed> {
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token(name, PATIENCE * 10), device(number), None))).await;
    client
        .wait("Welcome or Closed", |frame| match frame {
            ServerFrame::Welcome(_) => Some(None),
            ServerFrame::Closed(closed) => Some(Some(closed)),
            _ => None,
        })
        .await
}

#[track_caller]
fn check_limited(closed: Option<Closed>) {
    let closed = closed.expect("the session is refused");
    assert_eq!(closed.code, Code::RateLimited);
    assert!(closed.retry_after_ms.is_some_and(|after| after > 60_000), "{closed:?}");
}

async fn p32_an_account_registers_so_many_devices_and_no_more(database: Database) {
    let server = TestServer::start(&database, &["--account-devices", "3+1/d"]).await;
    for number in 1..=3 {
        assert_eq!(begin(&server, "eve", number).await, None);
    }
    check_limited(begin(&server, "eve", 4).await);
    // Those that she has go on, and nobody else is the worse for it: the device is still anybody's.
    assert_eq!(begin(&server, "eve", 2).await, None);
    assert_eq!(begin(&server, "bob", 4).await, None);
    server.stop().await;
}

async fn p32_an_account_begins_so_many_sessions_and_no_more(database: Database) {
    let server = TestServer::start(&database, &["--account-hellos", "3+1/d"]).await;
    for _ in 0..3 {
        assert_eq!(begin(&server, "eve", 1).await, None);
    }
    check_limited(begin(&server, "eve", 1).await);
    assert_eq!(begin(&server, "bob", 2).await, None);
    server.stop().await;
}
