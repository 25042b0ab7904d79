//! A client that speaks frames over a real WebSocket.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tidings_core::{
    code::Code,
    ids::{ConversationId, DeviceId, StreamId},
    journal::{ChainHash, Cursor, Entry, Position},
    wire::{
        Accepted, ClientFrame, Closed, Fetch, FetchScope, Fetched, Hello, Push, PushedChange, Refused, ServerFrame,
        Versions, WaitingChange, decode_frame,
    },
};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::server::{PATIENCE, TestServer, token};

/// A session, or a socket that is not one yet.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The newest cursor that was given.
    pub cursor: Option<Cursor>,
    request: u64,
    /// What came of a frame that comes in pieces.
    pieces: Vec<u8>,
}

/// The device with this number.
pub fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// A Hello of this protocol's version.
pub fn hello(token: String, device: DeviceId, cursor: Option<Cursor>) -> Hello {
    Hello { versions: Versions::OWN, token, device, cursor, incarnation: None }
}

impl Client {
    /// A socket on which nothing was said yet.
    pub async fn dial(address: SocketAddr) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/v1/sync")).await.unwrap();
        Self::over(socket)
    }

    /// A client on a socket.
    pub fn over(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket, cursor: None, request: 0, pieces: Vec::new() }
    }

    /// A session of an account's device that has caught up; and what it was sent for that.
    pub async fn resume(
        server: &TestServer,
        account: &str,
        device: DeviceId,
        cursor: Option<Cursor>,
    ) -> (Self, Vec<ServerFrame>) {
        Self::try_resume(server.address, account, device, cursor).await.expect("the session opens")
    }

    /// Such a session, unless the server does not open one now.
    pub async fn try_resume(
        address: SocketAddr,
        account: &str,
        device: DeviceId,
        cursor: Option<Cursor>,
    ) -> Option<(Self, Vec<ServerFrame>)> {
        let opened = tokio::time::timeout(PATIENCE, async {
            let (socket, _) = connect_async(format!("ws://{address}/v1/sync")).await.ok()?;
            let mut client = Self::over(socket);
            let token = token(account, Duration::from_secs(600));
            client.send(&ClientFrame::Hello(hello(token, device, cursor))).await;
            let mut frames = Vec::new();
            loop {
                frames.push(client.try_next().await?);
                if let Some(ServerFrame::CaughtUp(cursor)) = frames.last() {
                    client.cursor = Some(*cursor);
                    return Some((client, frames));
                }
            }
        });
        opened.await.ok().flatten()
    }

    /// A session of a device that holds nothing.
    pub async fn connect(server: &TestServer, account: &str, device: DeviceId) -> Self {
        Self::resume(server, account, device, None).await.0
    }

    /// A session of a device that holds nothing, with the server at an address.
    pub async fn at(address: SocketAddr, account: &str, device: DeviceId) -> Self {
        Self::try_resume(address, account, device, None).await.expect("the session opens").0
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) {
        self.send_bytes(frame.to_bytes()).await;
    }

    /// Sends bytes that may not be a frame. A socket that is closed is noticed where the answer is waited for.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.socket.send(Message::Binary(bytes.into())).await;
    }

    /// The next frame; panics when none comes.
    pub async fn next(&mut self) -> ServerFrame {
        let frame = tokio::time::timeout(PATIENCE, self.try_next()).await.expect("a frame comes in time");
        frame.expect("the socket is open")
    }

    /// The next frame; none when the socket is closed.
    pub async fn try_next(&mut self) -> Option<ServerFrame> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    match decode_frame(&bytes, usize::MAX).expect("the server sends frames") {
                        ServerFrame::Piece(piece) => {
                            self.pieces.extend(piece.bytes);
                            if piece.last {
                                let whole = std::mem::take(&mut self.pieces);
                                return Some(decode_frame(&whole, usize::MAX).expect("pieces are of a frame"));
                            }
                        }
                        frame => return Some(frame),
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }

    /// The first frame of which `pick` takes something; the others are passed over.
    #[track_caller]
    pub fn wait<T>(
        &mut self,
        what: &'static str,
        mut pick: impl FnMut(ServerFrame) -> Option<T>,
    ) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        async move {
            let mut passed = Vec::new();
            let picked = tokio::time::timeout(PATIENCE, async {
                loop {
                    match self.try_next().await {
                        Some(frame) => {
                            passed.push(format!("{frame:?}"));
                            if let Some(picked) = pick(frame) {
                                return picked;
                            }
                        }
                        None => panic!("{caller}: the socket closed before {what}; passed {passed:?}"),
                    }
                }
            });
            let picked = picked.await;
            picked.unwrap_or_else(|_| panic!("{caller}: no {what} in time; passed {passed:?}"))
        }
    }

    /// Why the session ended.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = Closed> {
        self.wait("Closed", |frame| match frame {
            ServerFrame::Closed(closed) => Some(closed),
            _ => None,
        })
    }

    /// The code with which the session ended.
    #[track_caller]
    pub fn closed_code(&mut self) -> impl Future<Output = Code> {
        let closed = self.closed();
        async move { closed.await.code }
    }

    /// Pushes changes; tells the number of the push.
    pub async fn push(&mut self, stream: &StreamId, changes: Vec<PushedChange>) -> u64 {
        self.request += 1;
        let push = Push { request: self.request, stream: stream.clone(), changes };
        self.send(&ClientFrame::Push(push)).await;
        self.request
    }

    /// Pushes changes that must all be accepted.
    #[track_caller]
    pub fn push_accepted(&mut self, stream: StreamId, changes: Vec<PushedChange>) -> impl Future<Output = Accepted> {
        let caller = std::panic::Location::caller();
        async move {
            let count = changes.len();
            let request = self.push(&stream, changes).await;
            let accepted = self.wait("Accepted", |frame| match frame {
                ServerFrame::Accepted(accepted) if accepted.request == request => Some(accepted),
                ServerFrame::Refused(refused) => panic!("{caller}: {refused:?}"),
                _ => None,
            });
            let accepted = accepted.await;
            assert_eq!(accepted.positions.len(), count, "{caller}");
            accepted
        }
    }

    /// Pushes changes of which one must be refused.
    #[track_caller]
    pub fn push_refused(&mut self, stream: StreamId, changes: Vec<PushedChange>) -> impl Future<Output = Refused> {
        let caller = std::panic::Location::caller();
        async move {
            let request = self.push(&stream, changes).await;
            let refused = self.wait("Refused", |frame| match frame {
                ServerFrame::Refused(refused) if refused.request == request => Some(refused),
                _ => None,
            });
            let refused = refused.await;
            assert_eq!(refused.stream, stream, "{caller}");
            refused
        }
    }

    /// Fetches; the answer, or the refusal.
    pub async fn fetch(&mut self, stream: &StreamId, scope: FetchScope) -> Result<Fetched, Refused> {
        self.fetch_holding(stream, scope, Vec::new()).await
    }

    /// Fetches, and asks what the stream lacks of these changes.
    pub async fn fetch_holding(
        &mut self,
        stream: &StreamId,
        scope: FetchScope,
        held: Vec<WaitingChange>,
    ) -> Result<Fetched, Refused> {
        self.ask(Fetch { request: 0, stream: stream.clone(), scope, held, chain: None }).await
    }

    /// Fetches, and names the history that is held.
    pub async fn fetch_naming(
        &mut self,
        stream: &StreamId,
        scope: FetchScope,
        chain: ChainHash,
    ) -> Result<Fetched, Refused> {
        self.ask(Fetch { request: 0, stream: stream.clone(), scope, held: Vec::new(), chain: Some(chain) }).await
    }

    async fn ask(&mut self, fetch: Fetch) -> Result<Fetched, Refused> {
        self.request += 1;
        let request = self.request;
        self.send(&ClientFrame::Fetch(Fetch { request, ..fetch })).await;
        self.wait("Fetched", |frame| match frame {
            ServerFrame::Fetched(fetched) if fetched.request == request => Some(Ok(fetched)),
            ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused)),
            _ => None,
        })
        .await
    }

    /// The entries of a stream, up to a position.
    pub async fn entries_to(&mut self, stream: &StreamId, last: u64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        while entries.last().is_none_or(|entry| entry.position < Position::new(last)) {
            let more = self.wait("Entries", |frame| match frame {
                ServerFrame::Entries(more) if more.stream == *stream => Some(more.entries),
                _ => None,
            });
            entries.extend(more.await);
        }
        entries
    }

    /// Asks for a Pong and tells what came before it: what the server had for the session by then.
    pub async fn settle(&mut self) -> Vec<ServerFrame> {
        self.request += 1;
        let number = self.request;
        self.send(&ClientFrame::Ping(number)).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                ServerFrame::Pong(pong) if pong.number == number => return frames,
                frame => frames.push(frame),
            }
        }
    }
}

/// The stream of a conversation.
pub fn stream(conversation: ConversationId) -> StreamId {
    StreamId::Conversation(conversation)
}
