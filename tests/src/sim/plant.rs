//! Planted faults, to see whether the simulation finds them: each looks like a defect of the server, of a store
//! or of a disk, and is made by the simulation's own wrappers.

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A commit is acknowledged first, and written a while later if the node lives.
    AcknowledgeBeforeCommit,
    /// A device's disk reports a transaction complete that a crash then loses.
    ClientSkipsFsync,
    /// A decision on an outdated membership is written after the entry that changed it.
    StaleMembership,
    /// A device's disk loses refused commands.
    ForgetRefused,
    /// A catch-up repeats the last entry of a stream at the next position.
    EntryTwice,
    /// An account that is not a member is treated as one when entries are sent.
    TellNonMember,
    /// Nodes never poll for missed entries.
    NoLook,
    /// Receipts are sent, but not stored.
    ReceiptBackwards,
    /// A removed member is not notified.
    RevokedUnsent,
    /// A snapshot claims to contain later entries.
    OldSnapshot,
    /// A commit writes only a part, and is acknowledged as complete.
    HalfCommit,
    /// Entries are written as if they had been accepted an hour earlier.
    ClockBack,
    /// A catch-up omits the last entry of a stream, and returns a cursor after it.
    CursorAhead,
    /// A generation omits the last fact of its document.
    KeyDropped,
    /// A node does not find changes that precede their document's generation.
    FormerChangeLost,
    /// A device that learns that something was written on a former generation never sends anything there again.
    NotWrittenAnew,
}

impl Plant {
    /// Every planted fault.
    pub const ALL: [Plant; 16] = [
        Plant::AcknowledgeBeforeCommit,
        Plant::ClientSkipsFsync,
        Plant::StaleMembership,
        Plant::ForgetRefused,
        Plant::EntryTwice,
        Plant::TellNonMember,
        Plant::NoLook,
        Plant::ReceiptBackwards,
        Plant::RevokedUnsent,
        Plant::OldSnapshot,
        Plant::HalfCommit,
        Plant::ClockBack,
        Plant::CursorAhead,
        Plant::KeyDropped,
        Plant::FormerChangeLost,
        Plant::NotWrittenAnew,
    ];

    /// Parses the name of a planted fault, as Debug writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| format!("{plant:?}") == name)
    }
}
