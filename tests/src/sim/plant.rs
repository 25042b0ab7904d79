//! Faults that are planted to see whether the simulation finds them: each is
//! what a defect of the server, of a store or of a disk would look like, made
//! by the simulation's own wrappers.

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A node never looks for what it was not told.
    NoLook,
    /// A device's disk tells a transaction complete that a crash then loses.
    ClientSkipsFsync,
    /// A device's disk does not keep what was refused.
    ForgetRefused,
}
