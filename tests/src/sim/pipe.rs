//! A node's substitute for a WebSocket: a session's messages in memory, with as much buffer as a socket has.
//! The world moves them back and forth.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use futures_util::{Sink, Stream};
use tidings_server::ws::{Message, Transport, TransportError};
use tokio::sync::Notify;

use super::clock::NodeClock;

/// Bytes that a node may write before the other side reads any.
const WINDOW_BYTES: usize = 64 * 1024;

/// One message that a node wrote, and when.
pub type Written = (u64, Vec<u8>);

#[derive(Default)]
struct State {
    to_node: VecDeque<Vec<u8>>,
    from_node: VecDeque<Written>,
    bytes_waiting: usize,
    /// The client's side is gone.
    cut: bool,
    /// The node's side is gone, or has closed.
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The world's end.
#[derive(Clone, Default)]
pub struct Pipe {
    state: Arc<Mutex<State>>,
}

/// The node's end.
pub struct Socket {
    pipe: Pipe,
    clock: Arc<NodeClock>,
    /// Notifies the world that there is something to read.
    wrote: Arc<Notify>,
}

impl Pipe {
    /// The node's end.
    pub fn socket(&self, clock: Arc<NodeClock>, wrote: Arc<Notify>) -> Socket {
        Socket { pipe: self.clone(), clock, wrote }
    }

    /// Sends a message to the node.
    pub fn send(&self, message: Vec<u8>) {
        let mut state = self.state();
        state.to_node.push_back(message);
        wake(state.reader.take());
    }

    /// The next message that the node has written, if there is one.
    pub fn take(&self) -> Option<Written> {
        let mut state = self.state();
        let written = state.from_node.pop_front()?;
        state.bytes_waiting -= written.1.len();
        wake(state.writer.take());
        Some(written)
    }

    /// Ends it from the client's side: nothing more arrives at either.
    pub fn cut(&self) {
        let mut state = self.state();
        state.cut = true;
        state.to_node.clear();
        state.from_node.clear();
        wake(state.reader.take());
        wake(state.writer.take());
    }

    /// Returns true if the node's side is gone and everything that it wrote was read.
    pub fn is_over(&self) -> bool {
        let state = self.state();
        state.ended && state.from_node.is_empty()
    }

    /// Bytes that the node wrote and nobody has read.
    pub fn bytes_waiting(&self) -> usize {
        self.state().bytes_waiting
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Stream for Socket {
    type Item = Result<Message, TransportError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.pipe.state();
        match state.to_node.pop_front() {
            Some(message) => Poll::Ready(Some(Ok(Message::Binary(message.into())))),
            None if state.cut => Poll::Ready(None),
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Socket {
    fn poll_room(&self, context: &mut Context<'_>, room: usize) -> Poll<Result<(), TransportError>> {
        let mut state = self.pipe.state();
        if state.cut {
            return Poll::Ready(Err(gone()));
        }
        if state.bytes_waiting <= room {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }
}

fn gone() -> TransportError {
    TransportError::Io(std::io::ErrorKind::BrokenPipe.into())
}

impl Transport for Socket {}

impl Sink<Message> for Socket {
    type Error = TransportError;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.poll_room(context, WINDOW_BYTES)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), TransportError> {
        let mut state = self.pipe.state();
        match message {
            _ if state.cut => return Err(gone()),
            Message::Binary(bytes) => {
                state.bytes_waiting += bytes.len();
                state.from_node.push_back((self.clock.time_ms(), bytes.into()));
            }
            Message::Close(_) => state.ended = true,
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                unreachable!("a node writes frames")
            }
        }
        self.wrote.notify_one();
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.poll_room(context, WINDOW_BYTES)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.pipe.state().ended = true;
        self.wrote.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.pipe.state().ended = true;
        self.wrote.notify_one();
    }
}
