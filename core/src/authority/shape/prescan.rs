//! Rule 1: bounds on the raw bytes, before any decoder sees them. Counting the
//! rows of every column is the part that is still missing here.

use crate::{authority::Refusal, code::Code, limits::Limits};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Magic, checksum, chunk type and one byte of length.
const HEADER_BYTES_MIN: usize = 10;
const CHUNK_TYPE_CHANGE: u8 = 1;

/// Size, chunk type and exact framing: one change, not compressed, nothing behind it.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let malformed = |detail: &str| Err(Refusal::new(Code::ChangeMalformed, detail));
    if bytes.len() > limits.change_bytes_max as usize {
        return Err(Refusal::new(Code::ChangeTooLarge, format!("{} bytes", bytes.len())));
    }
    if bytes.len() < HEADER_BYTES_MIN || bytes[..4] != MAGIC {
        return malformed("not an Automerge chunk");
    }
    if bytes[8] != CHUNK_TYPE_CHANGE {
        return malformed("not an uncompressed change chunk");
    }
    match read_length(&bytes[9..]) {
        Some((length, rest)) if length == rest as u64 => Ok(()),
        Some(_) => malformed("the chunk's length is not that of the bytes"),
        None => malformed("the chunk's length does not end"),
    }
}

/// A LEB128 number and how many bytes are behind it.
fn read_length(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.len() - index - 1));
        }
    }
    None
}
