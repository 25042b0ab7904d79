//! How sessions begin and end: every bad input has its answer.

use std::time::Duration;

use futures_util::SinkExt as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tidings_core::{
    code::Code,
    ids::DeviceId,
    journal::Position,
    limits::HELLO_BYTES_MAX,
    wire::{ClientFrame, FetchScope, Hello, ServerFrame, Versions, encode},
};
use tokio::net::TcpSocket;
use tokio_tungstenite::{MaybeTlsStream, client_async, tungstenite::Message};

use crate::support::{
    author::{Author, boats},
    client::{Client, device, hello, stream},
    database::Database,
    on_each_store,
    scrape::Scrape,
    server::{TestServer, labelled_token, token},
};

on_each_store! {
    a_hello_is_answered_with_the_limits_and_a_cursor,
    a_bad_first_frame_is_answered_with_its_code,
    a_bad_token_is_answered_with_its_code,
    a_bad_frame_ends_the_session_with_its_code,
    w61_a_question_of_a_newer_version_is_answered_and_the_session_goes_on,
    a_push_over_the_limit_ends_the_session,
    silence_before_hello_ends_the_socket,
    a_silent_session_ends,
    a_token_that_expires_ends_its_session,
    a_device_belongs_to_its_first_account,
    the_same_device_again_replaces_the_older_session,
    a_slow_reader_is_cut_off_and_resumes,
    draining_answers_pushes_then_closes_sessions,
    a_full_node_takes_no_more_sockets,
}

const HOUR: Duration = Duration::from_secs(3_600);

fn good_hello(device: DeviceId) -> ClientFrame {
    ClientFrame::Hello(hello(token("ann", HOUR), device, None))
}

async fn a_hello_is_answered_with_the_limits_and_a_cursor(database: Database) {
    let server = TestServer::start(&database, &["--page-changes-soft", "77"]).await;
    let mut client = Client::dial(server.address).await;
    let token = labelled_token("ann", HOUR, &["admin"]);
    client.send(&ClientFrame::Hello(hello(token, device(1), None))).await;
    let ServerFrame::Welcome(welcome) = client.next().await else { panic!("Welcome comes first") };
    assert_eq!((welcome.tenant.as_str(), welcome.account.as_str()), ("acme", "ann"));
    assert_eq!((welcome.administrator, welcome.limits.page_changes_soft), (true, 77));
    assert!(matches!(client.next().await, ServerFrame::CaughtUp(_)));
    server.stop().await;
}

async fn a_bad_first_frame_is_answered_with_its_code(database: Database) {
    let server = TestServer::start(&database, &["--frame-bytes-max", "10000"]).await;
    let wrong_version =
        Hello { versions: Versions { oldest: 9, newest: 9 }, ..hello(token("ann", HOUR), device(1), None) };
    let too_old = Hello { versions: Versions { oldest: 0, newest: 0 }, ..hello(token("ann", HOUR), device(1), None) };
    let mut trailing = encode(&good_hello(device(1)));
    trailing.push(0);
    let cases = [
        (b"no frame at all".to_vec(), Code::FrameMalformed),
        (Vec::new(), Code::FrameMalformed),
        (trailing, Code::FrameMalformed),
        // An array of two: a kind of frame that does not exist, and its value. Nobody has looked which kind it is.
        (vec![0x82, 0x18, 0x63, 0x80], Code::FrameUnexpected),
        (encode(&ClientFrame::Ping(1)), Code::FrameUnexpected),
        (encode(&ClientFrame::Hello(wrong_version)), Code::VersionUnsupported),
        (encode(&ClientFrame::Hello(too_old)), Code::UpgradeRequired),
        (vec![0; 10_001], Code::FrameMalformed),
        (vec![0; HELLO_BYTES_MAX + 1], Code::FrameTooLarge),
    ];
    for (bytes, code) in cases {
        let mut client = Client::dial(server.address).await;
        let length = bytes.len();
        client.send_bytes(bytes).await;
        assert_eq!(client.closed_code().await, code, "{length} bytes");
        assert!(client.try_next().await.is_none());
    }
    let mut client = Client::dial(server.address).await;
    client.socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(client.closed_code().await, Code::FrameMalformed);
    server.stop().await;
}

async fn a_bad_token_is_answered_with_its_code(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let good = token("ann", HOUR);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let cases = [
        (String::new(), Code::TokenInvalid),
        ("a.b.c".to_owned(), Code::TokenInvalid),
        (format!("{unsigned}."), Code::TokenInvalid),
        (format!("{unsigned}.AAAA"), Code::TokenInvalid),
        (token("ann", Duration::ZERO), Code::TokenExpired),
    ];
    for (token, code) in cases {
        let mut client = Client::dial(server.address).await;
        client.send(&ClientFrame::Hello(hello(token.clone(), device(1), None))).await;
        let closed = client.closed().await;
        assert_eq!(closed.code, code);
        assert!(token.is_empty() || !closed.detail.contains(&token));
    }
    server.stop().await;
}

async fn a_bad_frame_ends_the_session_with_its_code(database: Database) {
    let server = TestServer::start(&database, &["--frame-bytes-max", "10000"]).await;
    let cases = [
        (encode(&good_hello(device(1))), Code::FrameUnexpected),
        (vec![0xff; 40], Code::FrameMalformed),
        (vec![0; 10_001], Code::FrameTooLarge),
        (vec![0x82, 0x18, 0x63, 0x80], Code::FrameUnknown),
        // So large that the socket itself refuses to read it.
        (vec![0; 30_000], Code::FrameTooLarge),
    ];
    for (bytes, code) in cases {
        let mut client = Client::connect(&server, "ann", device(1)).await;
        client.send_bytes(bytes).await;
        assert_eq!(client.closed_code().await, code);
    }
    server.stop().await;
}

async fn w61_a_question_of_a_newer_version_is_answered_and_the_session_goes_on(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut client = Client::connect(&server, "ann", device(1)).await;
    // A frame of kind 99 with a map: 5 under its first key, and a field that nobody knows.
    client.send_bytes(vec![0x82, 0x18, 0x63, 0x81, 0xa2, 0x00, 0x05, 0x18, 0x2a, 0x80]).await;
    let ServerFrame::Refused(refused) = client.next().await else { panic!("an answer") };
    assert_eq!((refused.request, refused.code), (5, Code::FrameUnknown));
    client.send(&ClientFrame::Ping(6)).await;
    assert!(matches!(client.next().await, ServerFrame::Pong(pong) if pong.number == 6));
    server.stop().await;
}

async fn a_push_over_the_limit_ends_the_session(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut client = Client::connect(&server, "ann", device(1)).await;
    let change = Author::of("ann", device(1), boats()).create(&[]);
    client.push(&stream(boats()), vec![change; 501]).await;
    assert_eq!(client.closed_code().await, Code::FrameTooLarge);
    server.stop().await;
}

async fn silence_before_hello_ends_the_socket(database: Database) {
    let server = TestServer::start(&database, &["--hello-timeout", "100ms"]).await;
    let mut client = Client::dial(server.address).await;
    assert_eq!(client.closed_code().await, Code::HelloTimeout);
    server.stop().await;
}

async fn a_silent_session_ends(database: Database) {
    let server = TestServer::start(&database, &["--heartbeat-ms", "500"]).await;
    let mut client = Client::connect(&server, "ann", device(1)).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(client.settle().await.is_empty());
    }
    let ended = tokio::time::timeout(Duration::from_secs(5), client.try_next()).await;
    assert_eq!(ended.expect("a silent session ends"), None);
    server.stop().await;
}

async fn a_token_that_expires_ends_its_session(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token("ann", Duration::from_secs(2)), device(1), None))).await;
    assert!(matches!(client.next().await, ServerFrame::Welcome(_)));
    assert_eq!(client.closed_code().await, Code::TokenExpired);
    server.stop().await;
}

async fn a_device_belongs_to_its_first_account(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let _ann = Client::connect(&server, "ann", device(1)).await;
    let mut client = Client::dial(server.address).await;
    client.send(&ClientFrame::Hello(hello(token("eve", HOUR), device(1), None))).await;
    assert_eq!(client.closed_code().await, Code::ActorConflict);
    server.stop().await;
}

async fn the_same_device_again_replaces_the_older_session(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let mut first = Client::connect(&server, "ann", device(1)).await;
    let mut other = Client::connect(&server, "ann", device(2)).await;
    let mut second = Client::connect(&server, "ann", device(1)).await;
    assert_eq!(first.closed_code().await, Code::SessionReplaced);
    assert!(second.settle().await.is_empty() && other.settle().await.is_empty());
    server.stop().await;
}

/// A session whose socket takes little before it is read.
async fn dial_narrow(server: &TestServer) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let tcp = socket.connect(server.address).await.unwrap();
    let address = format!("ws://{}/v1/sync", server.address);
    let (socket, _) = client_async(address, MaybeTlsStream::Plain(tcp)).await.unwrap();
    Client::over(socket)
}

/// The longest text, of which hardly anything can be deflated.
fn noise(dice: &mut StdRng) -> String {
    (0..4_000).map(|_| dice.random_range('一'..'龥')).collect()
}

async fn a_slow_reader_is_cut_off_and_resumes(database: Database) {
    let flags = ["--session-bytes-max", "65536", "--changes-burst", "100000", "--metrics-listen", "127.0.0.1:0"];
    let server = TestServer::start(&database, &flags).await;
    let metrics = server.metrics.unwrap();
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&["bob"])]).await;
    let mut bob = dial_narrow(&server).await;
    bob.send(&ClientFrame::Hello(hello(token("bob", HOUR), device(2), None))).await;
    let cursor = bob.wait("CaughtUp", |frame| match frame {
        ServerFrame::CaughtUp(cursor) => Some(cursor),
        _ => None,
    });
    let cursor = cursor.await;
    let mut dice = StdRng::seed_from_u64(1);
    let mut head = Position::ZERO;
    // He does not wait for ever to be told why, so it is asked whether he is cut off.
    while Scrape::of(metrics).await.value("tidings_sessions_ended_total{code=\"slow_reader\"}") == 0.0 {
        assert!(head < Position::new(2_000), "nobody who reads nothing is sent so much");
        let changes = (0..10).map(|_| author.say(&noise(&mut dice))).collect();
        head = *ann.push_accepted(stream(boats()), changes).await.positions.last().unwrap();
    }
    let closed = bob.closed().await;
    assert_eq!(closed.code, Code::SlowReader);
    assert!(closed.retry_after_ms.is_some());
    let (mut bob, frames) = Client::resume(&server, "bob", device(2), Some(cursor)).await;
    let told = frames.iter().any(|frame| match frame {
        ServerFrame::Summaries(summaries) => summaries.iter().any(|summary| summary.position == head),
        _ => false,
    });
    assert!(told, "{frames:?}");
    let fetched = bob.fetch(&stream(boats()), FetchScope::After(Position::new(1))).await.unwrap();
    assert_eq!(fetched.head, head);
    server.stop().await;
}

async fn draining_answers_pushes_then_closes_sessions(database: Database) {
    let mut server = TestServer::start(&database, &[]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut unfinished = Client::dial(server.address).await;
    let mut author = Author::of("ann", device(1), boats());
    ann.push_accepted(stream(boats()), vec![author.create(&[])]).await;
    let changes = (0..50).map(|number| author.say(&format!("{number}"))).collect();
    let request = ann.push(&stream(boats()), changes).await;
    // The push was read when the Pong comes; its answer may come before or after.
    let before = ann.settle().await;
    server.shut_down();
    let mut accepted = before.iter().any(|frame| matches!(frame, ServerFrame::Accepted(_)));
    let closed = ann.wait("Closed", |frame| match frame {
        ServerFrame::Accepted(answer) => {
            assert_eq!((answer.request, answer.positions.len()), (request, 50));
            accepted = true;
            None
        }
        ServerFrame::Closed(closed) => Some(closed),
        _ => None,
    });
    let closed = closed.await;
    assert_eq!(closed.code, Code::Draining);
    assert!(closed.retry_after_ms.is_some_and(|after| (1_000..=5_000).contains(&after)));
    assert!(accepted);
    assert_eq!(unfinished.closed_code().await, Code::Draining);
    server.ended().await.unwrap();
}

async fn a_full_node_takes_no_more_sockets(database: Database) {
    let server = TestServer::start(&database, &["--sessions-max", "1"]).await;
    let only = Client::connect(&server, "ann", device(1)).await;
    let address = format!("ws://{}/v1/sync", server.address);
    assert!(tokio_tungstenite::connect_async(&address).await.is_err());
    drop(only);
    let freed = tokio::time::timeout(crate::support::server::PATIENCE, async {
        while tokio_tungstenite::connect_async(&address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    freed.await.expect("an ended session makes room");
    server.stop().await;
}
