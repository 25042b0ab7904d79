//! Edits of bytes that know common formats: numbers in LEB128 and in CBOR, lengths, runs, texts.

use crate::{fuzz::script::Script, hostile::put};

/// Maximum number of bytes that one edit adds.
const INSERTED_MAX: usize = 16;

/// Applies one edit that the script chooses.
pub fn edit(script: &mut Script<'_>, mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len();
    let at = (usize::from(script.byte()) | usize::from(script.byte()) << 8) % (length + 1);
    match script.below(10) {
        0 if at < length => bytes[at] ^= 1 << script.below(8),
        1 if at < length => bytes[at] = script.byte(),
        2 if at < length => bytes[at] = bytes[at].wrapping_add(1),
        3 if at < length => bytes[at] = bytes[at].wrapping_sub(1),
        4 => bytes.truncate(at),
        5 if at < length => drop(bytes.drain(at..(at + 1 + script.below(INSERTED_MAX)).min(length))),
        6 => drop(bytes.splice(at..at, script.bytes(INSERTED_MAX).to_vec())),
        7 => replace_number(script, &mut bytes, at),
        8 => {
            let copied: Vec<u8> = bytes[at..].iter().take(1 + script.below(INSERTED_MAX)).copied().collect();
            bytes.splice(at..at, copied);
        }
        _ => replace_length(script, &mut bytes, at),
    }
    bytes
}

/// Replaces a possible LEB128 number with another one.
fn replace_number(script: &mut Script<'_>, bytes: &mut Vec<u8>, at: usize) {
    let length = bytes[at..].iter().take(9).take_while(|byte| *byte & 0x80 != 0).count() + 1;
    let mut number = Vec::new();
    put(&mut number, script.number());
    bytes.splice(at..(at + length).min(bytes.len()), number);
}

/// Replaces a possible CBOR length or number with another one: the same major type with 1, 2, 4 or 8 bytes
/// after it.
fn replace_length(script: &mut Script<'_>, bytes: &mut Vec<u8>, at: usize) {
    let Some(&head) = bytes.get(at) else { return };
    let number = script.number().to_be_bytes();
    let wide = script.below(4);
    let mut item = vec![head & 0xe0 | (24 + wide as u8)];
    item.extend(&number[8 - (1 << wide)..]);
    let former = match head & 0x1f {
        low @ 24..=27 => 1 + (1 << (low - 24)),
        _ => 1,
    };
    bytes.splice(at..(at + former).min(bytes.len()), item);
}
