//! Faults that are planted to see whether the simulation finds them: each is
//! what a defect of the server, of a store or of a disk would look like, made
//! by the simulation's own wrappers.

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A commit is acknowledged, and written a while later, if the node lives.
    AcknowledgeBeforeCommit,
    /// A device's disk tells a transaction complete that a crash then loses.
    ClientSkipsFsync,
    /// What was decided against the membership of before is written behind what
    /// changed it.
    StaleMembership,
    /// A device's disk does not keep what was refused.
    ForgetRefused,
    /// A catch-up tells the last entry of a stream once more, at the next position.
    EntryTwice,
    /// Somebody who is no member is taken for one when others are told.
    TellNonMember,
    /// Nodes never look for what they were not told.
    NoLook,
    /// Receipts are told, and not stored.
    ReceiptBackwards,
    /// Whoever is removed is not told.
    RevokedUnsent,
    /// A snapshot is said to hold what was written behind it.
    OldSnapshot,
    /// A commit writes a part, and is acknowledged whole.
    HalfCommit,
    /// Entries are written as if they had been accepted an hour earlier.
    ClockBack,
    /// A catch-up leaves out the last entry of a stream, and tells a cursor behind it.
    CursorAhead,
    /// A generation leaves out the last thing that its document says.
    KeyDropped,
    /// A node does not find what was admitted before the generation of its document.
    FormerChangeLost,
    /// A device that is told that something was written on a former generation never sends anything there again.
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

    /// The planted fault of a name, as Debug writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| format!("{plant:?}") == name)
    }
}
