//! Limits what a peer may send before its session begins: frames of a few kibibytes, together no more than a
//! Hello needs. A longer frame is refused by its header alone, before memory is allocated for it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tidings_core::limits::HELLO_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Maximum bytes before a session: a Hello, its header, and pings.
const BYTES_MAX: usize = HELLO_BYTES_MAX + 1024;
/// Maximum bytes of a frame's header (RFC 6455, 5.2).
const HEADER_BYTES_MAX: usize = 14;
/// Bytes of a payload that are read at once.
const READ_BYTES: usize = 1024;

/// Why reading fails before a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("before Hello at most {HELLO_BYTES_MAX} bytes")]
pub(super) struct TooMuchBeforeHello;

/// A connection whose WebSocket peer is held to these limits until they are lifted.
#[derive(Debug)]
pub(super) struct HelloBound<S> {
    inner: S,
    frames: Option<Frames>,
}

/// The state of frame parsing.
#[derive(Debug)]
struct Frames {
    bytes_left: usize,
    header: [u8; HEADER_BYTES_MAX],
    header_len: usize,
    /// Bytes of the header that the reader has already been given.
    given: usize,
    payload_left: usize,
}

impl<S> HelloBound<S> {
    pub(super) fn new(inner: S) -> Self {
        let header = [0; HEADER_BYTES_MAX];
        Self { inner, frames: Some(Frames { bytes_left: BYTES_MAX, header, header_len: 0, given: 0, payload_left: 0 }) }
    }

    /// Lifts the limits, since the session has begun: the WebSocket's own limits hold from here on.
    pub(super) fn lift(&mut self) {
        // A header is passed on together with what completes it, so nothing is held back.
        self.frames = None;
    }
}

impl Frames {
    /// Length of the header, as far as it is known.
    fn header_needed(&self) -> usize {
        if self.header_len < 2 {
            return 2;
        }
        let extended = match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + extended + mask
    }

    /// Payload length that a complete header announces.
    fn announced(&self) -> u64 {
        let byte = |index: usize| u64::from(self.header[index]);
        match self.header[1] & 0x7f {
            126 => byte(2) << 8 | byte(3),
            127 => (2..10).fold(0, |length, index| length << 8 | byte(index)),
            short => u64::from(short),
        }
    }

    /// Counts received bytes against the limit.
    fn spend(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(())
    }
}

fn too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, TooMuchBeforeHello)
}

impl<S: AsyncRead + Unpin> HelloBound<S> {
    /// Reads at most `count` bytes; none is the end.
    fn read(&mut self, context: &mut Context<'_>, count: usize) -> Poll<io::Result<([u8; READ_BYTES], usize)>> {
        let mut bytes = [0; READ_BYTES];
        let mut part = ReadBuf::new(&mut bytes[..count.min(READ_BYTES)]);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        let count = part.filled().len();
        Poll::Ready(Ok((bytes, count)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HelloBound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let Some(frames) = &mut this.frames else {
                return Pin::new(&mut this.inner).poll_read(context, buffer);
            };
            let room = buffer.remaining();
            let needed = frames.header_needed();
            if frames.header_len == needed && frames.given < needed {
                let count = room.min(needed - frames.given);
                buffer.put_slice(&frames.header[frames.given..frames.given + count]);
                frames.given += count;
                return Poll::Ready(Ok(()));
            }
            if frames.header_len == needed && frames.payload_left == 0 {
                (frames.header_len, frames.given) = (0, 0);
                continue;
            }
            let reads_payload = frames.header_len == needed;
            let wanted = if reads_payload { frames.payload_left.min(room) } else { needed - frames.header_len };
            let (bytes, count) = ready!(this.read(context, wanted))?;
            let Some(frames) = &mut this.frames else { continue };
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
            frames.spend(count)?;
            if reads_payload {
                buffer.put_slice(&bytes[..count]);
                frames.payload_left -= count;
                return Poll::Ready(Ok(()));
            }
            frames.header[frames.header_len..frames.header_len + count].copy_from_slice(&bytes[..count]);
            frames.header_len += count;
            if frames.header_len >= 2 && frames.header_len == frames.header_needed() {
                let announced = usize::try_from(frames.announced()).unwrap_or(usize::MAX);
                if announced > HELLO_BYTES_MAX {
                    return Poll::Ready(Err(too_much()));
                }
                frames.payload_left = announced;
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HelloBound<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
