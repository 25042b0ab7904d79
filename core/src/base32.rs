//! Base32hex (RFC 4648, section 7) of 16 bytes, in lower case and without padding: it sorts as the bytes do.
//! Implemented here because a library for every length and alphabet would add 34 KB to the browser's module.

use core::array;

/// Characters of 16 bytes: 128 bits, five a character.
pub const LENGTH: usize = 26;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// The unused bits of the last character.
const REST_BITS: u32 = 2;

/// The text of 16 bytes.
pub fn encode(bytes: [u8; 16]) -> [u8; LENGTH] {
    let number = u128::from_be_bytes(bytes);
    let last = LENGTH - 1;
    array::from_fn(|index| {
        let digits = match last - index {
            0 => number << REST_BITS,
            behind => number >> (5 * behind - REST_BITS as usize),
        };
        ALPHABET[(digits & 31) as usize]
    })
}

/// Decodes a text; none if it is not what `encode` writes.
pub fn decode(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; LENGTH] = text.try_into().ok()?;
    let (last, others) = text.split_last()?;
    let mut number: u128 = 0;
    for &character in others {
        number = number << 5 | digit(character)?;
    }
    let last = digit(*last)?;
    (last.trailing_zeros() >= REST_BITS).then(|| (number << (5 - REST_BITS) | last >> REST_BITS).to_be_bytes())
}

fn digit(character: u8) -> Option<u128> {
    match character {
        b'0'..=b'9' => Some(u128::from(character - b'0')),
        b'a'..=b'v' => Some(u128::from(character - b'a') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_standard() {
        // Section 10 has "foobar" as CPNMUOJ1E8======; bits after the end are zero.
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(b"foobar");
        assert_eq!(&encode(bytes), b"cpnmuoj1e80000000000000000");
        assert_eq!(&encode([0xff; 16]), b"vvvvvvvvvvvvvvvvvvvvvvvvvs");
    }

    #[test]
    fn bytes_come_back_and_keep_their_order() {
        let mut former = encode([0; 16]);
        for bit in 0..128 {
            let bytes = (1_u128 << bit | 5 << (bit / 3)).to_be_bytes();
            assert_eq!(decode(&encode(bytes)), Some(bytes));
            let power = encode((1_u128 << bit).to_be_bytes());
            assert!(former < power);
            former = power;
        }
    }

    #[test]
    fn one_id_has_one_text() {
        let text = *b"cpnmuoj1e80000000000000000";
        for (index, character) in [(0, b'C'), (3, b'w'), (7, b' '), (25, b'1'), (25, b'2'), (12, 0xff)] {
            let mut other = text;
            other[index] = character;
            assert_eq!(decode(&other), None, "{character} at {index}");
        }
        assert_eq!(decode(&text[..25]), None);
        assert_eq!(decode(b"cpnmuoj1e800000000000000000"), None);
        assert_eq!(decode(b""), None);
    }
}
