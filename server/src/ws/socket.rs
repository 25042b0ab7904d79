//! The socket of one session: bytes to frames and back, and a last frame that
//! says why. Knows the protocol's framing, not its meaning.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, close_code},
};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tidings_core::{
    code::Code,
    wire::{ClientFrame, DecodeFrameError, decode_frame, encode},
};

use super::outgoing::Ending;
use crate::metrics::Metrics;

/// How long a peer has to take the last frame.
const LAST_FRAME_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer has to close its side after the last frame.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// What carries the messages of one session: a WebSocket, or what a simulation
/// has in its place.
pub trait Transport:
    Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin + 'static
{
}

impl<T> Transport for T where
    T: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin + 'static
{
}

/// What came in.
#[derive(Debug)]
pub(super) enum Received {
    /// A frame of the protocol.
    Frame(ClientFrame),
    /// A sign of life of the WebSocket itself.
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

    /// The next thing that comes in. Cancelling it loses nothing.
    pub(super) async fn receive(&mut self) -> Result<Received, Ending> {
        match self.transport.next().await {
            None | Some(Ok(Message::Close(_))) => Err(Ending::Gone),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Received::Alive),
            Some(Ok(Message::Text(_))) => Err(Ending::closed(Code::FrameMalformed, "frames are binary")),
            Some(Ok(Message::Binary(bytes))) => self.decode(&bytes).map(Received::Frame),
            Some(Err(error)) => Err(read_failed(&error)),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<ClientFrame, Ending> {
        self.metrics.frames_received.count();
        self.metrics.frames_received_bytes.add(bytes.len());
        if bytes.len() > self.frame_bytes_max {
            let detail = format!("{} bytes; at most {}", bytes.len(), self.frame_bytes_max);
            return Err(Ending::closed(Code::FrameTooLarge, detail));
        }
        decode_frame(bytes, self.frame_bytes_max).map_err(|error| match error {
            DecodeFrameError::Unknown => Ending::closed(Code::FrameUnknown, "unknown kind of frame"),
            // The cause may quote what it could not decode, so it is not repeated.
            DecodeFrameError::Malformed(_) => Ending::closed(Code::FrameMalformed, "does not decode"),
            DecodeFrameError::Packed => {
                let detail = format!("does not inflate to at most {} bytes", self.frame_bytes_max);
                Ending::closed(Code::FrameMalformed, detail)
            }
            DecodeFrameError::Trailing(count) => {
                Ending::closed(Code::FrameMalformed, format!("{count} bytes behind the frame"))
            }
        })
    }

    /// Takes bytes to be written with the next flush.
    pub(super) async fn feed(&mut self, bytes: Bytes) -> Result<(), Ending> {
        self.metrics.frames_sent.count();
        self.metrics.frames_sent_bytes.add(bytes.len());
        self.transport.feed(Message::Binary(bytes)).await.map_err(|_| Ending::Gone)
    }

    /// Writes what was fed.
    pub(super) async fn flush(&mut self) -> Result<(), Ending> {
        self.transport.flush().await.map_err(|_| Ending::Gone)
    }

    /// Tells the peer why, closes, and reads on for a moment: an unread frame
    /// would otherwise reset the connection, and with it what was told.
    pub(super) async fn end(mut self, ending: &Ending) {
        let Some(frame) = ending.frame() else { return };
        let goodbye = async {
            self.transport.send(Message::Binary(encode(&frame).into())).await?;
            let close = CloseFrame { code: close_code::NORMAL, reason: ending.code().into() };
            self.transport.send(Message::Close(Some(close))).await
        };
        if !matches!(tokio::time::timeout(LAST_FRAME_TIMEOUT, goodbye).await, Ok(Ok(()))) {
            return;
        }
        let silence = async { while let Some(Ok(_)) = self.transport.next().await {} };
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, silence).await;
    }
}

/// Why reading failed. The WebSocket library's kinds of errors are not public
/// here, only their texts.
fn read_failed(error: &axum::Error) -> Ending {
    let text = error.to_string();
    // That a peer says nothing before it goes is an error of the protocol too.
    if text.contains("without closing handshake") {
        Ending::Gone
    } else if text.contains("too long") || text.contains("Space limit") {
        Ending::closed(Code::FrameTooLarge, "a frame far over the limit")
    } else if text.contains("UTF-8") || text.contains("protocol error") {
        Ending::closed(Code::FrameMalformed, "not a WebSocket message")
    } else {
        Ending::Gone
    }
}
