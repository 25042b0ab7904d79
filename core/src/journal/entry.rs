//! One accepted change and its position, and the cursor of a device.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};

use crate::{
    ids::{AccountId, DocumentId, EpochId},
    time::WallTime,
};

/// The largest integer that JavaScript represents exactly; no journal is that long.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// A place in a stream's journal: 1, 2, 3 …; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify), tsify(type = "number"))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64))]
#[cbor(transparent)]
pub struct Position(#[n(0)] u64);

impl Position {
    /// Before the first entry.
    pub const ZERO: Position = Position(0);

    /// The position with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The next position.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.min(NUMBER_MAX))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The point up to which a device has been sent everything that it may read, and the history of the store that
/// it belongs to; opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(map)]
pub struct Cursor {
    /// Everything written at an earlier tick has been sent.
    #[n(0)]
    pub tick: u64,
    /// The last epoch that began before that tick; none if there was none.
    #[n(1)]
    pub epoch: Option<EpochId>,
    /// The tick of the newest entry before it, if the store looks for one; otherwise zero.
    #[n(2)]
    pub newest_entry: u64,
}

impl Cursor {
    /// Before everything.
    pub const ZERO: Cursor = Cursor::new(0);

    /// The cursor at a tick of a store in which no epoch has begun.
    pub const fn new(tick: u64) -> Self {
        Self { tick, epoch: None, newest_entry: 0 }
    }
}

/// One accepted change.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    /// Its place in the stream.
    #[n(0)]
    pub position: Position,
    /// The document it changes.
    #[n(1)]
    pub document: DocumentId,
    /// The account whose session pushed it.
    #[n(2)]
    pub account: AccountId,
    /// True if that session was a tenant administrator's.
    #[n(3)]
    pub administrator: bool,
    /// When the server admitted it, by the server's clock.
    #[n(4)]
    pub accepted_at: WallTime,
    /// The bytes of the Automerge change.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub change: Vec<u8>,
    /// The position of the message on the conversation's own pages that it deletes, if it deletes one, so that
    /// clients that have not loaded its page know whether it was unread.
    #[n(6)]
    pub deletes: Option<Position>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Entry({} of {} by {}, {} bytes)",
            self.position,
            self.document,
            self.account,
            self.change.len()
        )?;
        self.deletes.map_or(Ok(()), |message| write!(formatter, " that deletes {message}"))
    }
}
