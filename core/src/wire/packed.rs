//! Frames on the wire: a long one may be deflated. Its bytes then are a zlib stream (RFC 1950), which begins
//! with 0x78; the CBOR of a frame is an array and begins with 0x82.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use minicbor::{Decode, Encode};

use super::{DecodeFrameError, decode, encode};

/// The first byte of a zlib stream with the usual window.
const ZLIB: u8 = 0x78;
/// Size in bytes from which on deflating saves more than it costs.
const PACKED_FROM: usize = 512;
/// Maximum ratio of inflated to deflated size. Honest frames stay well below it or are sent plain, so a short
/// frame cannot demand a large buffer.
const RATIO_MAX: usize = 64;

/// Encodes a frame for the wire, deflated if it is long and gets shorter.
pub fn encode_frame<T: Encode<()>>(frame: &T) -> Vec<u8> {
    let plain = encode(frame);
    if plain.len() < PACKED_FROM {
        return plain;
    }
    // Output that is not shorter than the frame itself is discarded.
    let mut packed = Vec::with_capacity(plain.len());
    let done = Compress::new(Compression::fast(), true).compress_vec(&plain, &mut packed, FlushCompress::Finish);
    let shorter = matches!(done, Ok(Status::StreamEnd)) && packed.len() < plain.len();
    if shorter && plain.len() <= packed.len().saturating_mul(RATIO_MAX) { packed } else { plain }
}

/// Decodes a frame from the wire, of at most `bytes_max` bytes when inflated.
///
/// # Errors
/// As `decode`, and `DecodeFrameError::Packed`; never a panic.
pub fn decode_frame<T: for<'b> Decode<'b, ()>>(bytes: &[u8], bytes_max: usize) -> Result<T, DecodeFrameError> {
    if bytes.first() != Some(&ZLIB) {
        return decode(bytes);
    }
    decode(&inflate(bytes, bytes_max.min(bytes.len().saturating_mul(RATIO_MAX))).ok_or(DecodeFrameError::Packed)?)
}

/// Inflates a complete zlib stream to at most `bytes_max` bytes, with nothing after it.
fn inflate(bytes: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let mut inflater = Decompress::new(true);
    // Start with the usual size, and grow only while there is output.
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(bytes_max));
    loop {
        let rest = bytes.get(usize::try_from(inflater.total_in()).ok()?..)?;
        match inflater.decompress_vec(rest, &mut plain, FlushDecompress::Finish).ok()? {
            Status::StreamEnd => return (inflater.total_in() == bytes.len() as u64).then_some(plain),
            Status::Ok | Status::BufError => {}
        }
        if plain.len() < plain.capacity() || plain.len() >= bytes_max {
            return None;
        }
        let more = plain.len().max(1_024).min(bytes_max - plain.len());
        plain.reserve_exact(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 1 << 20;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(bytes.len() + 1_024);
        let done = Compress::new(Compression::best(), true).compress_vec(bytes, &mut packed, FlushCompress::Finish);
        assert!(matches!(done, Ok(Status::StreamEnd)));
        packed
    }

    #[test]
    fn what_is_long_and_repeats_itself_is_deflated() {
        let words: Vec<u64> = (0..10_000).map(|number| number % 700).collect();
        let packed = encode_frame(&words);
        assert!(packed[0] == ZLIB && packed.len() < encode(&words).len() / 2);
        assert_eq!(decode_frame::<Vec<u64>>(&packed, MANY).unwrap(), words);
    }

    #[test]
    fn what_is_short_or_does_not_deflate_is_sent_as_it_is() {
        let short = vec![7u64; 100];
        assert_eq!(encode_frame(&short), encode(&short));
        let mut state = 1u64;
        let noise: Vec<u64> = (0..1_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state | 1 << 63
            })
            .collect();
        assert_eq!(decode_frame::<Vec<u64>>(&encode_frame(&noise), MANY).unwrap(), noise);
        // A peer could not accept such a ratio, so it is sent plain.
        let zeros = vec![0u64; 100_000];
        assert_eq!(encode_frame(&zeros), encode(&zeros));
    }

    #[test]
    fn no_frame_inflates_beyond_its_bounds() {
        let words: Vec<u64> = (0..10_000).map(|number| number % 700).collect();
        let plain = encode(&words);
        let packed = deflated(&plain);
        assert!(decode_frame::<Vec<u64>>(&packed, plain.len()).is_ok());
        let refused = |bytes: &[u8], bytes_max| {
            matches!(decode_frame::<Vec<u64>>(bytes, bytes_max), Err(DecodeFrameError::Packed))
        };
        assert!(refused(&packed, plain.len() - 1));
        let bomb = deflated(&encode(&vec![0u64; MANY]));
        assert!(bomb.len() * RATIO_MAX < MANY && refused(&bomb, usize::MAX));
        assert!(refused(&packed[..packed.len() - 1], MANY));
        assert!(refused(&[packed.as_slice(), &[0]].concat(), MANY));
        assert!(refused(&[ZLIB], MANY) && refused(&[ZLIB, 0x01, 0xff], MANY));
    }
}
