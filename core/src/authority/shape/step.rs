//! The rules on a change's bytes one by one, for benchmarks of each and for tests that compare one with the
//! library's decoder. Nothing else may call them separately: their order is what makes them safe.

use super::{canonical, header, operations, predecessors, prescan};
use crate::{
    authority::Refusal,
    doc::{Change, DecodedChange, Document, Fact},
    ids::DocumentId,
    limits::Limits,
    time::WallTime,
};

/// Rule 1, on bytes.
///
/// # Errors
/// The violation.
pub fn prescan(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    prescan::check(bytes, limits)
}

/// Rule 2, on the header of a change.
///
/// # Errors
/// The violation.
pub fn header(document: &Document, change: &Change, accepted_at: WallTime, limits: &Limits) -> Result<(), Refusal> {
    header::check(document, change, accepted_at, limits)
}

/// Rule 3, on a change, what it decodes to, and the bytes it was read from.
///
/// # Errors
/// The violation.
pub fn canonical(change: &Change, decoded: DecodedChange, bytes: &[u8]) -> Result<(), Refusal> {
    canonical::check(change, decoded, bytes)
}

/// Rule 4, on the operations of a change.
///
/// # Errors
/// The first violation.
pub fn operations(document: &DocumentId, change: &Change, limits: &Limits) -> Result<Vec<Fact>, Refusal> {
    operations::check(document, change, limits)
}

/// Rule 5, on the predecessors of the operations.
///
/// # Errors
/// The first violation.
pub fn predecessors(document: &Document, change: &Change) -> Result<(), Refusal> {
    predecessors::check(document, change)
}
