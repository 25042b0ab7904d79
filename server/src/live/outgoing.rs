//! The queue of frames to one session, bounded in frames and bytes. Fan-out never waits for a reader: a reader
//! that is too slow is cut off and resumes from its cursor.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use tidings_core::{
    code::Code,
    ids::StreamId,
    journal::Position,
    wire::{Closed, Piece, ServerFrame, encode, encode_frame},
};
use tokio::sync::{mpsc, watch};

use crate::{clock::Clock, metrics::EndCode, store::StoreError};

/// Maximum number of bytes that splitting adds to each piece of a frame.
const PIECE_OVERHEAD: usize = 32;

/// An encoded frame, shared by all sessions it goes to.
#[derive(Debug)]
pub struct Frame {
    bytes: Bytes,
    covers: Option<Covers>,
}

/// The run of entries in a frame, from first to last position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Covers {
    pub(crate) stream: StreamId,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

impl Frame {
    /// Encodes a frame.
    pub fn new(frame: &ServerFrame) -> Arc<Self> {
        let covers = match frame {
            ServerFrame::Entries(entries) => {
                entries.entries.first().zip(entries.entries.last()).map(|(first, last)| Covers {
                    stream: entries.stream.clone(),
                    first: first.position,
                    last: last.position,
                })
            }
            // Positions of an earlier attempt may be among them, so only a run without a gap counts.
            ServerFrame::Accepted(accepted) => {
                let without_gap = accepted.positions.windows(2).all(|pair| pair[0].next() == pair[1]);
                accepted
                    .positions
                    .first()
                    .zip(accepted.positions.last())
                    .filter(|_| without_gap)
                    .map(|(&first, &last)| Covers { stream: accepted.stream.clone(), first, last })
            }
            ServerFrame::Welcome(_)
            | ServerFrame::Summaries(_)
            | ServerFrame::Profiles(_)
            | ServerFrame::CaughtUp(_)
            | ServerFrame::Refused(_)
            | ServerFrame::Fetched(_)
            | ServerFrame::Receipts(_)
            | ServerFrame::Presence(_)
            | ServerFrame::Present(_)
            | ServerFrame::Revoked(_)
            | ServerFrame::Subscribers(_)
            | ServerFrame::SubscriberCount(_)
            | ServerFrame::HeldMessages(_)
            | ServerFrame::ContactMatches(_)
            | ServerFrame::Listed(_)
            | ServerFrame::Piece(_)
            | ServerFrame::Closed(_)
            | ServerFrame::Pong(_) => None,
        };
        Arc::new(Self { bytes: encode_frame(frame).into(), covers })
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The encoded frame or, if it exceeds `bytes_max`, pieces that do not, made lazily.
    pub(crate) fn pieces(&self, bytes_max: usize) -> impl Iterator<Item = Bytes> {
        let whole = (self.bytes.len() <= bytes_max).then(|| self.bytes.clone());
        let step = bytes_max.saturating_sub(PIECE_OVERHEAD).max(1);
        let count = if whole.is_some() { 0 } else { self.bytes.len().div_ceil(step) };
        let piece = move |index: usize| {
            let bytes = &self.bytes[index * step..((index + 1) * step).min(self.bytes.len())];
            let piece = Piece { bytes: bytes.to_vec(), last: index + 1 == count };
            Bytes::from(encode(&ServerFrame::Piece(piece)))
        };
        whole.into_iter().chain((0..count).map(piece))
    }

    pub(crate) fn covers(&self) -> Option<&Covers> {
        self.covers.as_ref()
    }
}

/// How a session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The peer is sent the reason.
    Closed {
        /// The stable code.
        code: Code,
        /// Detail for debugging.
        detail: String,
        /// Time that the client should stay away.
        retry_after: Option<Duration>,
    },
    /// The peer is gone.
    Gone,
}

impl Ending {
    /// An ending that leaves the time to reconnect to the client's backoff.
    pub fn closed(code: Code, detail: impl Into<String>) -> Self {
        Self::Closed { code, detail: detail.into(), retry_after: None }
    }

    /// The store failed; its message goes only to the log.
    pub fn store_failed(error: &StoreError, clock: &dyn Clock) -> Self {
        tracing::warn!(%error, "the store failed a session");
        Self::Closed {
            code: error.code(),
            detail: "the store cannot answer".to_owned(),
            retry_after: Some(clock.retry_delay()),
        }
    }

    /// The account is suspended.
    pub fn suspended() -> Self {
        Self::closed(Code::AccountSuspended, "the account is suspended")
    }

    /// The frame that announces it.
    pub(crate) fn frame(&self) -> Option<ServerFrame> {
        match self {
            Self::Closed { code, detail, retry_after } => Some(ServerFrame::Closed(Closed {
                code: *code,
                detail: detail.clone(),
                retry_after_ms: retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            })),
            Self::Gone => None,
        }
    }

    /// The code, for the metrics.
    pub(crate) fn end_code(&self) -> EndCode {
        match self {
            Self::Closed { code, .. } => EndCode(Some(*code)),
            Self::Gone => EndCode(None),
        }
    }

    /// The code, for the log.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Closed { code, .. } => code.as_str(),
            Self::Gone => "gone",
        }
    }
}

/// The writing end of the queue.
#[derive(Debug)]
pub struct Outgoing {
    frames: mpsc::Sender<Arc<Frame>>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
    ending: watch::Sender<Option<Ending>>,
}

/// The reading end of the queue, owned by the session's task.
#[derive(Debug)]
pub(crate) struct OutgoingReader {
    frames: mpsc::Receiver<Arc<Frame>>,
    bytes: Arc<AtomicUsize>,
    ending: watch::Receiver<Option<Ending>>,
}

/// Creates both ends for a new session.
pub(crate) fn outgoing(frames_max: usize, bytes_max: usize) -> (Outgoing, OutgoingReader) {
    let (sender, receiver) = mpsc::channel(frames_max.max(1));
    let (ending, ending_receiver) = watch::channel(None);
    let bytes = Arc::new(AtomicUsize::new(0));
    let outgoing = Outgoing { frames: sender, bytes: Arc::clone(&bytes), bytes_max, ending };
    (outgoing, OutgoingReader { frames: receiver, bytes, ending: ending_receiver })
}

impl Outgoing {
    /// Queues a frame, or ends the session if too much is queued.
    pub fn send(&self, frame: &Arc<Frame>) {
        let length = frame.bytes.len();
        // A single frame beyond the limit passes if nothing else is queued.
        let before = self.bytes.fetch_add(length, Ordering::Relaxed);
        let fits = before == 0 || before + length <= self.bytes_max;
        if !fits {
            self.end_slow();
            return;
        }
        match self.frames.try_send(Arc::clone(frame)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.end_slow(),
        }
    }

    /// The number of frames and bytes in the queue.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.frames.max_capacity() - self.frames.capacity(), self.bytes.load(Ordering::Relaxed))
    }

    /// Ends the session. The first reason is the one that is sent.
    pub fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(ending);
            }
            first
        });
    }

    fn end_slow(&self) {
        self.end(Ending::Closed {
            code: Code::SlowReader,
            detail: "more frames waited than a session may leave unread".to_owned(),
            retry_after: Some(Duration::from_secs(1)),
        });
    }
}

impl OutgoingReader {
    /// The next frame.
    pub(crate) async fn next(&mut self) -> Option<Arc<Frame>> {
        let frame = self.frames.recv().await;
        self.taken(frame)
    }

    /// The next frame, if one waits.
    pub(crate) fn try_next(&mut self) -> Option<Arc<Frame>> {
        let frame = self.frames.try_recv().ok();
        self.taken(frame)
    }

    fn taken(&self, frame: Option<Arc<Frame>>) -> Option<Arc<Frame>> {
        if let Some(frame) = &frame {
            self.bytes.fetch_sub(frame.bytes.len(), Ordering::Relaxed);
        }
        frame
    }

    /// Waits until something else ends the session.
    pub(crate) fn ended(&self) -> impl Future<Output = Ending> + use<> {
        let mut ending = self.ending.clone();
        async move {
            match ending.wait_for(Option::is_some).await {
                Ok(ending) => ending.clone().unwrap_or(Ending::Gone),
                Err(_) => Ending::Gone,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tidings_core::{
        time::WallTime,
        wire::{Pong, decode_frame},
    };

    use super::*;

    fn pong() -> Arc<Frame> {
        Frame::new(&ServerFrame::Pong(Pong { number: 7, server_time: WallTime::from_millis(0) }))
    }

    #[test]
    fn p23_no_frame_is_longer_than_a_frame_may_be() {
        let detail: String = (0..2_000).map(|number| format!("{number:x}")).collect();
        let frame = ServerFrame::Closed(Closed { code: Code::Draining, detail, retry_after_ms: None });
        let whole = Frame::new(&frame);
        for bytes_max in [100, 1_000, whole.bytes.len() - 1, whole.bytes.len()] {
            let pieces: Vec<Bytes> = whole.pieces(bytes_max).collect();
            assert!(pieces.iter().all(|piece| piece.len() <= bytes_max), "{bytes_max}");
            assert_eq!(pieces.len() == 1, bytes_max == whole.bytes.len());
            let mut bytes = Vec::new();
            for (index, piece) in pieces.iter().enumerate() {
                match decode_frame::<ServerFrame>(piece, usize::MAX).unwrap() {
                    ServerFrame::Piece(piece) => {
                        assert_eq!(piece.last, index + 1 == pieces.len());
                        bytes.extend(piece.bytes);
                    }
                    _ => bytes.extend(piece),
                }
            }
            assert_eq!(decode_frame::<ServerFrame>(&bytes, usize::MAX).unwrap(), frame);
        }
    }

    #[tokio::test]
    async fn too_many_frames_end_the_session_as_a_slow_reader() {
        let (outgoing, mut reader) = outgoing(2, usize::MAX);
        outgoing.send(&pong());
        outgoing.send(&pong());
        assert!(reader.ending.borrow().is_none());
        outgoing.send(&pong());
        assert_eq!(reader.ended().await.code(), "slow_reader");
        assert!(reader.next().await.is_some());
    }

    #[tokio::test]
    async fn too_many_bytes_end_the_session_as_a_slow_reader() {
        let length = pong().bytes.len();
        let (outgoing, mut reader) = outgoing(100, 2 * length);
        outgoing.send(&pong());
        outgoing.send(&pong());
        assert!(reader.try_next().is_some());
        outgoing.send(&pong());
        assert!(reader.ending.borrow().is_none());
        outgoing.send(&pong());
        assert_eq!(reader.ended().await.code(), "slow_reader");
    }

    #[tokio::test]
    async fn the_first_reason_to_end_is_the_one_told() {
        let (outgoing, reader) = outgoing(1, 1);
        outgoing.end(Ending::closed(Code::SessionReplaced, ""));
        outgoing.end(Ending::closed(Code::Draining, ""));
        assert_eq!(reader.ended().await.code(), "session_replaced");
    }
}
