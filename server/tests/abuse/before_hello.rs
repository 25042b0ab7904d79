//! H3: what a stranger without a token could have a server set aside, inflate
//! and decode before it knew who they are.

use std::time::Duration;

use futures_util::SinkExt as _;
use tidings_core::{
    code::Code,
    limits::HELLO_BYTES_MAX,
    wire::{ClientFrame, Hello, MatchContacts, ServerFrame, encode, encode_frame},
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{Message, protocol::Role},
};

use super::setup::{Client, Database, TestServer, device, hello, token};

/// Nothing but a refusal ends a session of this server.
const FLAGS: [&str; 2] = ["--hello-timeout", "1h"];

fn points(count: usize) -> ClientFrame {
    ClientFrame::MatchContacts(MatchContacts { request: 1, points: vec![String::new(); count], region: None })
}

/// A socket on which bytes can be written that are no whole message.
async fn raw(server: &TestServer) -> TcpStream {
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let (socket, _) = client_async(format!("ws://{}/v1/sync", server.address), tcp).await.unwrap();
    socket.into_inner()
}

/// What the server says on such a socket.
async fn closed_code(tcp: TcpStream) -> Code {
    let socket = WebSocketStream::from_raw_socket(MaybeTlsStream::Plain(tcp), Role::Client, None).await;
    Client::over(socket).closed_code().await
}

#[tokio::test]
async fn i25_a_bomb_is_not_inflated_for_a_stranger() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &FLAGS).await;
    let deflated = encode_frame(&ClientFrame::MatchContacts(MatchContacts {
        request: 1,
        points: (0..60_000).map(|number| (number % 700).to_string()).collect(),
        region: None,
    }));
    assert_eq!(deflated[0], 0x78, "it is deflated");
    let token: String = (0..1_000).map(|number| number.to_string()).collect();
    let packed_hello = encode_frame(&ClientFrame::Hello(hello(token, device(1), None)));
    assert_eq!(packed_hello[0], 0x78, "it is deflated");
    let cases = [
        (deflated, Code::FrameUnexpected),
        (encode(&points(1)), Code::FrameUnexpected),
        (encode(&points(HELLO_BYTES_MAX)), Code::FrameTooLarge),
        (packed_hello, Code::FrameUnexpected),
    ];
    for (bytes, code) in cases {
        let mut client = Client::dial(server.address).await;
        let length = bytes.len();
        client.send_bytes(bytes).await;
        assert_eq!(client.closed_code().await, code, "{length} bytes");
    }
    server.stop().await;
}

#[tokio::test]
async fn i25_what_is_announced_before_hello_is_not_waited_for() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &FLAGS).await;
    for bytes in [HELLO_BYTES_MAX as u64 + 1, 8 * 1024 * 1024, u64::MAX >> 1] {
        let mut tcp = raw(&server).await;
        // A whole binary message, masked, its length in eight bytes; of its content nothing.
        let header = [&[0x82, 0xff][..], &bytes.to_be_bytes(), &[0; 4]].concat();
        tcp.write_all(&header).await.unwrap();
        assert_eq!(closed_code(tcp).await, Code::FrameTooLarge, "{bytes}");
    }
    server.stop().await;
}

#[tokio::test]
async fn i25_neither_fragments_nor_signs_of_life_are_taken_without_end() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &FLAGS).await;
    // A message that goes on and on, by four kibibytes; and pings that say nothing.
    let fragments: Vec<Vec<u8>> = (0..8u8)
        .map(|number| [&[u8::from(number == 0) * 2, 0xfe, 0x10, 0x00, 0, 0, 0, 0][..], &[7; 4096]].concat())
        .collect();
    let ping = [&[0x89, 0x80 | 100, 0, 0, 0, 0][..], &[7; 100]].concat();
    for parts in [fragments, vec![ping; 300]] {
        let mut tcp = raw(&server).await;
        for part in parts {
            // Refused in the middle of it, so what is left may not be taken.
            let _ = tcp.write_all(&part).await;
        }
        assert_eq!(closed_code(tcp).await, Code::FrameTooLarge);
    }
    server.stop().await;
}

#[tokio::test]
async fn i25_a_hello_opens_a_session_in_whatever_pieces_it_comes() {
    let database = Database::sqlite();
    let server = TestServer::start(&database, &FLAGS).await;
    let bytes = encode(&ClientFrame::Hello(hello(token("ann", Duration::from_secs(60)), device(1), None)));
    assert!(Hello::decode_first(&bytes).is_ok());
    let (first, second) = bytes.split_at(100);
    // Two fragments with a ping in between, and a frame behind them that nobody waited to send.
    let mask = [0; 4];
    let fragment = |opcode: u8, part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[opcode, 0x80 | 126][..], &length, &mask, part].concat()
    };
    let behind = encode(&ClientFrame::Ping(7));
    let all =
        [fragment(0x02, first), [&[0x89, 0x80][..], &mask].concat(), fragment(0x80, second), fragment(0x82, &behind)]
            .concat();
    let mut tcp = raw(&server).await;
    for byte in all {
        tcp.write_all(&[byte]).await.unwrap();
    }
    let socket = WebSocketStream::from_raw_socket(MaybeTlsStream::Plain(tcp), Role::Client, None).await;
    let mut client = Client::over(socket);
    let first = client.next().await;
    assert!(matches!(first, ServerFrame::Welcome(_)), "{first:?}");
    client.wait("Pong", |frame| matches!(frame, ServerFrame::Pong(pong) if pong.number == 7).then_some(())).await;
    // From here on what is longer may come, and is read by its own bounds.
    client.socket.send(Message::binary(encode(&points(3_000)))).await.unwrap();
    assert_eq!(client.closed_code().await, Code::FrameMalformed);
    server.stop().await;
}
