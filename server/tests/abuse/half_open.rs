//! H2: requests whose head never ends were kept for ever, and as many of them
//! as a process may have files shut everybody out.

use tidings_core::wire::ClientFrame;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::setup::{Client, Database, PATIENCE, Scrape, TestServer, device, hello, token};
use crate::support::plain::request;

/// A request that has begun, and nothing more.
async fn half_open(server: &TestServer) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"GET /v1/sync HTTP/1.1\r\nX:").await.unwrap();
    socket
}

#[tokio::test]
async fn i26_a_request_whose_head_does_not_end_is_closed() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &["--head-timeout", "200ms"]).await;
    let mut silent = vec![TcpStream::connect(server.address).await.unwrap()];
    for _ in 0..20 {
        silent.push(half_open(&server).await);
    }
    for mut socket in silent {
        let mut rest = Vec::new();
        // Closed in order or reset: in either case it is over.
        let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.expect("the connection is closed");
    }
    server.stop().await;
}

#[tokio::test]
async fn i26_half_open_requests_shut_nobody_out() {
    let flags = ["--connections-max", "8", "--head-timeout", "1h", "--metrics-listen", "127.0.0.1:0"];
    let database = Database::sqlite();
    let server = TestServer::start(&database, &flags).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(half_open(&server).await);
    }
    assert_eq!(request(server.address, "GET", "/healthz").await, (200, "ok".to_owned()));
    let mut bob = Client::connect(&server, "bob", device(2)).await;
    // Who was a session before stays one.
    ann.settle().await;
    bob.settle().await;
    let scrape = Scrape::of(server.metrics.unwrap()).await;
    assert!(scrape.value("tidings_connections") <= 8.0);
    // All but eight of the hundred, and one each for the request and for the second session.
    let crowded_out = scrape.value("tidings_connections_crowded_out_total");
    assert!((92.0..=94.0).contains(&crowded_out), "{crowded_out}");
    server.stop().await;
}

#[tokio::test]
async fn i26_a_head_is_of_a_few_kibibytes() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &["--head-timeout", "1h"]).await;
    let mut socket = half_open(&server).await;
    // A little more than there is room for, and not its end.
    for _ in 0..20 {
        socket.write_all(&[b'x'; 1024]).await.unwrap();
    }
    let mut answer = Vec::new();
    let answered = tokio::time::timeout(PATIENCE, async {
        // Closed in order or reset: what was said before that counts.
        while socket.read_buf(&mut answer).await.is_ok_and(|count| count > 0) {}
    });
    answered.await.expect("the connection is closed");
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    server.stop().await;
}

#[tokio::test]
async fn i26_sockets_that_say_no_hello_make_room_too() {
    let flags = ["--connections-max", "3", "--hello-timeout", "1h"];
    let database = Database::sqlite();
    let server = TestServer::start(&database, &flags).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(Client::dial(server.address).await);
    }
    for client in &mut silent[..3] {
        let ended = tokio::time::timeout(PATIENCE, client.try_next()).await;
        assert!(ended.expect("the socket is closed").is_none());
    }
    // Who is a session stays one, and the newest may still become one.
    ann.settle().await;
    let newest = silent.last_mut().unwrap();
    newest.send(&ClientFrame::Hello(hello(token("bob", PATIENCE * 10), device(2), None))).await;
    newest.settle().await;
    server.stop().await;
}
