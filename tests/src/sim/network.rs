//! A device's link to a node: frames arrive in order, each with a delay. A link can be cut, which loses what is
//! in transit; silent, which neither side notices; or stalled, because the device does not read.

use std::collections::{BTreeMap, VecDeque};

use tidings_core::{
    ids::ChangeHash,
    wire::{ServerFrame, decode_frame},
};

use super::{
    happened::{Happened, Tally},
    pipe::Pipe,
};
use crate::random::Random;

/// Frames in transit in one direction, each with its time of arrival.
#[derive(Debug, Default)]
pub struct Lane {
    frames: VecDeque<(u64, Vec<u8>)>,
}

impl Lane {
    /// Sends a frame: it arrives after those that were sent before it.
    pub fn send(&mut self, arrives_ms: u64, frame: Vec<u8>) {
        let last_ms = self.frames.back().map_or(0, |(at_ms, _)| *at_ms);
        self.frames.push_back((arrives_ms.max(last_ms), frame));
    }

    /// The next frame that has arrived by a time.
    pub fn take(&mut self, time_ms: u64) -> Option<Vec<u8>> {
        self.frames.pop_front_if(|(at_ms, _)| *at_ms <= time_ms).map(|(_, frame)| frame)
    }

    /// When the next frame arrives.
    pub fn next_ms(&self) -> Option<u64> {
        self.frames.front().map(|(at_ms, _)| *at_ms)
    }

    /// Returns true if nothing is in transit.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

/// The trouble of a link that is not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trouble {
    /// No trouble.
    #[default]
    None,
    /// Frames vanish in both directions without anybody noticing.
    Silent,
    /// The device does not read.
    Stalled,
}

/// A link.
pub struct Link {
    /// The place of the node at the other end.
    pub place: usize,
    /// The session there.
    pub pipe: Pipe,
    /// To the node.
    pub up: Lane,
    /// From the node.
    pub down: Lane,
    /// Its trouble.
    pub trouble: Trouble,
    /// The pushed changes by request; empty for a membership request.
    pub pushed: BTreeMap<u64, Vec<ChangeHash>>,
    /// Bytes of a frame whose pieces have not all been written.
    pieces: Vec<u8>,
    random: Random,
    tally: Tally,
}

impl Link {
    /// A link over a session that has just opened.
    pub fn new(place: usize, pipe: Pipe, seed: u64, tally: &Tally) -> Self {
        Self {
            place,
            pipe,
            up: Lane::default(),
            down: Lane::default(),
            trouble: Trouble::None,
            pushed: BTreeMap::new(),
            pieces: Vec::new(),
            random: Random::new(seed),
            tally: tally.clone(),
        }
    }

    /// Sends a frame to the node, with a delay up to a bound.
    pub fn send_up(&mut self, time_ms: u64, delay_ms_max: u64, frame: Vec<u8>) {
        let arrives_ms = time_ms + 1 + self.random.below(delay_ms_max.max(1));
        match self.trouble {
            Trouble::Silent => self.tally.count(Happened::FrameLost),
            Trouble::None | Trouble::Stalled => self.up.send(arrives_ms, frame),
        }
    }

    /// Sends a frame to the device.
    pub fn send_down(&mut self, time_ms: u64, delay_ms_max: u64, frame: Vec<u8>) {
        let arrives_ms = time_ms + 1 + self.random.below(delay_ms_max.max(1));
        match self.trouble {
            Trouble::Silent => self.tally.count(Happened::FrameLost),
            Trouble::None | Trouble::Stalled => self.down.send(arrives_ms, frame),
        }
    }

    /// Reassembles a frame that a node wrote: returns it with the last of its pieces, none before.
    ///
    /// # Panics
    /// When the pieces are not a frame.
    pub fn put_together(&mut self, frame: ServerFrame) -> Option<ServerFrame> {
        let ServerFrame::Piece(piece) = frame else { return Some(frame) };
        self.pieces.extend(piece.bytes);
        piece.last.then(|| {
            self.tally.count(Happened::FrameInPieces);
            decode_frame(&std::mem::take(&mut self.pieces), usize::MAX).expect("pieces are a frame")
        })
    }

    /// Returns true if nothing is in transit.
    pub fn is_quiet(&self) -> bool {
        self.up.is_empty() && self.down.is_empty()
    }
}
