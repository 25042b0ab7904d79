//! Rule 3: the bytes are the ones Automerge would write for this change, so
//! every replica stores, hashes and forwards the same.

use crate::{
    authority::{Refusal, refuse},
    code::Code,
    doc::Change,
};

/// Bytes before the checksum and its length.
const CHECKSUM: core::ops::Range<usize> = 4..8;

pub(super) fn check(change: &Change, bytes: &[u8]) -> Result<(), Refusal> {
    if bytes[CHECKSUM] != change.hash().as_bytes()[..4] {
        return refuse(Code::NotCanonical, "the checksum is not that of the content");
    }
    if change.has_extras() {
        return refuse(Code::NotCanonical, "the change carries a message or extra bytes");
    }
    match change.canonical_bytes() {
        Some(canonical) if canonical == bytes => Ok(()),
        Some(_) | None => refuse(Code::NotCanonical, "the encoding is not the canonical one"),
    }
}
