//! Sessions that ask for a page and do not read the answer: each held one once.

use std::net::SocketAddr;

use tidings_core::{
    journal::Position,
    wire::{ClientFrame, Fetch, FetchScope},
};
use tokio::net::TcpSocket;
use tokio_tungstenite::{MaybeTlsStream, client_async};

use super::setup::{
    Client, Database, PATIENCE, Scrape, TestServer, boats, device, group, hello, on_each_store, stream, token,
};

on_each_store! {
    p21_sessions_that_do_not_read_hold_no_more_than_their_accounts_room,
}

/// A session that takes little at a time into its hands.
async fn deaf(address: SocketAddr, number: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
    let (socket, _) = client_async(format!("ws://{address}/v1/sync"), stream).await.unwrap();
    let mut client = Client::over(socket);
    client.send(&ClientFrame::Hello(hello(token("bob", PATIENCE * 10), device(number), None))).await;
    client.settle().await;
    client
}

async fn p21_sessions_that_do_not_read_hold_no_more_than_their_accounts_room(database: Database) {
    const PAGE: usize = 300_000;
    const ROOM: usize = 2 * PAGE;
    let room = ROOM.to_string();
    let flags = ["--metrics-listen", "127.0.0.1:0", "--account-answer-bytes-max", &room, "--frame-bytes-max", "60000"];
    let flags = [&flags[..], &["--page-bytes-max", "400000", "--document-bytes-max", "20000"]].concat();
    let server = TestServer::start(&database, &flags).await;
    let (mut ann, mut hers) = group(&server, &["bob"]).await;
    let random = || (0..4_000).map(|_| char::from_u32(rand::random_range(0x4e00..0x9fa5)).unwrap()).collect::<String>();
    for _ in 0..PAGE / 12_000 {
        ann.push_accepted(stream(boats()), vec![hers.say(&random())]).await;
    }
    let metrics = server.metrics.unwrap();
    let mut sessions = Vec::new();
    for number in 10..18 {
        let mut session = deaf(server.address, number).await;
        for request in 1..=20 {
            let fetch =
                Fetch { request, stream: stream(boats()), scope: FetchScope::Page(1), held: Vec::new(), chain: None };
            session.send(&ClientFrame::Fetch(fetch)).await;
        }
        sessions.push(session);
        let used = Scrape::of(metrics).await.value("tidings_answer_bytes");
        assert!(used <= (ROOM + 64_000) as f64, "{used} bytes");
    }
    // They all wait, for somebody to read; what is not read takes the room of its bytes, not of the longest answer.
    let waits = tokio::time::timeout(PATIENCE, async {
        while !(1.0..(PAGE + 64_000) as f64).contains(&Scrape::of(metrics).await.value("tidings_answer_bytes")) {}
    });
    waits.await.expect("one answer waits");
    // Ann is answered meanwhile.
    let page = ann.fetch(&stream(boats()), FetchScope::Page(1)).await.unwrap();
    assert!(page.head > Position::ZERO);
    drop(sessions);
    Scrape::until(metrics, &[("answer_bytes", 0.0)]).await;
    server.stop().await;
}
