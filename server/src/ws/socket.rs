//! The socket of one session: bytes to frames and back, and a last frame with the reason. Knows the protocol's
//! framing, not its meaning.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tidings_core::{
    code::Code,
    limits::HELLO_BYTES_MAX,
    wire::{ClientFrame, DecodeFrameError, Hello, decode_frame, encode, question_in},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        error::{Error, ProtocolError},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

pub use tokio_tungstenite::tungstenite::{Error as TransportError, Message};

use super::hello_bound::HelloBound;
use crate::live::Ending;
use crate::metrics::Metrics;

/// Time that a peer has to read the last frame.
const LAST_FRAME_TIMEOUT: Duration = Duration::from_secs(5);
/// Time that a peer has to close its side after the last frame.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Carries the messages of one session: a WebSocket, or the simulation's substitute.
pub trait Transport:
    Stream<Item = Result<Message, TransportError>> + Sink<Message, Error = TransportError> + Send + Unpin + 'static
{
    /// Called when the session has begun: messages longer than a Hello are allowed from here on.
    fn begun(&mut self) {}
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for WebSocketStream<HelloBound<S>> {
    fn begun(&mut self) {
        self.get_mut().lift();
    }
}

/// A received message.
#[derive(Debug)]
pub(super) enum Received<F> {
    /// A frame of the protocol.
    Frame(F),
    /// A request of a newer version, by its id.
    Unknown(u64),
    /// A ping or pong of the WebSocket itself.
    Alive,
}

/// The socket of one session.
pub(super) struct FrameSocket {
    transport: Box<dyn Transport>,
    frame_bytes_max: usize,
    metrics: Arc<Metrics>,
}

impl FrameSocket {
    pub(super) fn new(transport: Box<dyn Transport>, frame_bytes_max: usize, metrics: &Arc<Metrics>) -> Self {
        Self { transport, frame_bytes_max, metrics: Arc::clone(metrics) }
    }

    /// Receives the next message. Cancel safe.
    pub(super) async fn receive(&mut self) -> Result<Received<ClientFrame>, Ending> {
        Ok(match self.receive_bytes().await? {
            Received::Alive => Received::Alive,
            Received::Unknown(request) => Received::Unknown(request),
            Received::Frame(bytes) => self.decode(&bytes)?,
        })
    }

    /// Receives the Hello of a stranger: nothing else is decoded, and nothing longer is read. After it the
    /// session has begun.
    pub(super) async fn receive_hello(&mut self) -> Result<Hello, Ending> {
        loop {
            let Received::Frame(bytes) = self.receive_bytes().await? else { continue };
            if bytes.len() > HELLO_BYTES_MAX {
                return Err(too_much_before_hello());
            }
            let hello = Hello::decode_first(&bytes).map_err(undecodable)?;
            self.transport.begun();
            return Ok(hello);
        }
    }

    async fn receive_bytes(&mut self) -> Result<Received<Bytes>, Ending> {
        match self.transport.next().await {
            None | Some(Ok(Message::Close(_))) => Err(Ending::Gone),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Received::Alive),
            Some(Ok(Message::Text(_) | Message::Frame(_))) => {
                Err(Ending::closed(Code::FrameMalformed, "frames are binary"))
            }
            Some(Ok(Message::Binary(bytes))) => {
                self.metrics.frames_received.count();
                self.metrics.frames_received_bytes.add(bytes.len());
                Ok(Received::Frame(bytes))
            }
            Some(Err(error)) => Err(read_failed(&error)),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Received<ClientFrame>, Ending> {
        if bytes.len() > self.frame_bytes_max {
            let detail = format!("{} bytes; at most {}", bytes.len(), self.frame_bytes_max);
            return Err(Ending::closed(Code::FrameTooLarge, detail));
        }
        let error = match decode_frame(bytes, self.frame_bytes_max) {
            Ok(frame) => return Ok(Received::Frame(frame)),
            Err(error) => error,
        };
        let is_newer = matches!(error, DecodeFrameError::Unknown);
        let question = is_newer.then(|| question_in(bytes, self.frame_bytes_max)).flatten();
        question.map(Received::Unknown).ok_or_else(|| undecodable(error))
    }

    /// Queues bytes for the next flush.
    pub(super) async fn feed(&mut self, bytes: Bytes) -> Result<(), Ending> {
        self.metrics.frames_sent.count();
        self.metrics.frames_sent_bytes.add(bytes.len());
        self.transport.feed(Message::Binary(bytes)).await.map_err(|_| Ending::Gone)
    }

    /// Writes what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), Ending> {
        self.transport.flush().await.map_err(|_| Ending::Gone)
    }

    /// Sends the peer the reason, closes, and keeps reading for a moment: an unread frame would otherwise reset
    /// the connection, and with it the reason.
    pub(super) async fn end(mut self, ending: &Ending) {
        let Some(frame) = ending.frame() else { return };
        let goodbye = async {
            self.transport.send(Message::Binary(encode(&frame).into())).await?;
            let close = CloseFrame { code: CloseCode::Normal, reason: ending.code().into() };
            self.transport.send(Message::Close(Some(close))).await
        };
        if !matches!(tokio::time::timeout(LAST_FRAME_TIMEOUT, goodbye).await, Ok(Ok(()))) {
            return;
        }
        let silence = async { while let Some(Ok(_)) = self.transport.next().await {} };
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, silence).await;
    }
}

/// The ending for bytes that are not a frame. The cause may quote what it could not decode, so it is
/// not repeated.
fn undecodable(error: DecodeFrameError) -> Ending {
    let (code, detail) = match error {
        DecodeFrameError::Unknown => (Code::FrameUnknown, "unknown kind of frame".to_owned()),
        DecodeFrameError::Unexpected => (Code::FrameUnexpected, "the first frame is Hello, not deflated".to_owned()),
        DecodeFrameError::Malformed(_) => (Code::FrameMalformed, "does not decode".to_owned()),
        DecodeFrameError::Packed => (Code::FrameMalformed, "does not inflate within its bounds".to_owned()),
        DecodeFrameError::Trailing(count) => (Code::FrameMalformed, format!("{count} bytes after the frame")),
    };
    Ending::closed(code, detail)
}

fn too_much_before_hello() -> Ending {
    Ending::closed(Code::FrameTooLarge, format!("before Hello at most {HELLO_BYTES_MAX} bytes"))
}

/// The ending for a failed read.
fn read_failed(error: &TransportError) -> Ending {
    match error {
        // The library also reports a peer that disconnects without a close frame as a protocol error.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        Error::Capacity(_) => Ending::closed(Code::FrameTooLarge, "a frame far over the limit"),
        Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => too_much_before_hello(),
        Error::Protocol(_) | Error::Utf8(_) => Ending::closed(Code::FrameMalformed, "not a WebSocket message"),
        _ => Ending::Gone,
    }
}
