//! A WebSocket that counts the bytes on the wire.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Bytes, Message, protocol::WebSocketConfig},
};

use super::PATIENCE;

/// Bytes up and down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// From the client.
    pub up: u64,
    /// To the client.
    pub down: u64,
}

impl Traffic {
    /// Traffic since an earlier moment.
    pub fn since(self, before: Traffic) -> Traffic {
        Traffic { up: self.up - before.up, down: self.down - before.down }
    }
}

#[derive(Debug, Default)]
struct Counters {
    up: AtomicU64,
    down: AtomicU64,
}

/// A TCP stream that counts.
struct Counted {
    stream: TcpStream,
    counters: Arc<Counters>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.counters.down.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.counters.up.fetch_add(count as u64, Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An open WebSocket.
pub struct Link {
    socket: WebSocketStream<Counted>,
    counters: Arc<Counters>,
}

impl Link {
    /// Opens one; the bytes of the upgrade are not counted.
    pub async fn open(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server is not reached")?;
        stream.set_nodelay(true)?;
        let counters = Arc::new(Counters::default());
        let counted = Counted { stream, counters: Arc::clone(&counters) };
        // Small buffers: thousands of these live in one process.
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
        let url = format!("ws://{address}{path}");
        let opened = timeout(PATIENCE, client_async_with_config(url, counted, Some(config)));
        let (socket, _) = opened.await.context("the upgrade takes too long")??;
        counters.up.store(0, Ordering::Relaxed);
        counters.down.store(0, Ordering::Relaxed);
        Ok(Self { socket, counters })
    }

    /// Traffic over this link.
    pub fn traffic(&self) -> Traffic {
        Traffic { up: self.counters.up.load(Ordering::Relaxed), down: self.counters.down.load(Ordering::Relaxed) }
    }

    /// Sends one binary message.
    pub async fn send(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::Binary(bytes.into())).await?)
    }

    /// Receives the next binary message. Cancel safe.
    pub async fn receive(&mut self) -> anyhow::Result<Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => bail!("the server said {other:?}"),
                Some(Err(error)) => return Err(error.into()),
                None => bail!("the server closed the socket"),
            }
        }
    }

    /// Receives the next binary message, with the usual timeout.
    pub async fn next(&mut self) -> anyhow::Result<Bytes> {
        timeout(PATIENCE, self.receive()).await.context("no frame comes")?
    }
}
