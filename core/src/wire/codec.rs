//! Bytes to frames and back. Arbitrary bytes never panic and never allocate
//! more than their own length times a constant.

use minicbor::{Decode, Encode};

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum DecodeFrameError {
    /// A kind of frame this version does not know.
    #[error("unknown kind of frame")]
    Unknown,
    /// Another kind of frame than the only one allowed here; not decoded.
    #[error("another kind of frame than expected")]
    Unexpected,
    /// Bytes that do not decode.
    #[error("malformed frame: {0}")]
    Malformed(#[source] minicbor::decode::Error),
    /// Deflated bytes that do not inflate, or inflate to too many.
    #[error("a deflated frame that does not inflate within its bounds")]
    Packed,
    /// Bytes after the frame.
    #[error("{0} bytes after the frame")]
    Trailing(usize),
}

/// Encodes a frame or a stored value: the same value gives the same bytes.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    match minicbor::to_vec(value) {
        Ok(bytes) => bytes,
        // A Vec accepts every write, and all our values can be encoded.
        Err(error) => unreachable!("encoding into memory cannot fail: {error}"),
    }
}

/// Decodes a frame or a stored value that uses all bytes.
///
/// # Errors
/// `DecodeFrameError` with the cause; never a panic.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeFrameError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| {
        if error.is_unknown_variant() { DecodeFrameError::Unknown } else { DecodeFrameError::Malformed(error) }
    })?;
    match bytes.len() - decoder.position() {
        0 => Ok(value),
        left => Err(DecodeFrameError::Trailing(left)),
    }
}
