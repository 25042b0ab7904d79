//! Frames of both sides: whatever bytes decode must re-encode to bytes that decode to the same, and an
//! announced length must cost nothing.

use std::{fs, path::Path};

use tidings_core::wire::{
    ClientFrame, DecodeFrameError, Hello, ServerFrame, decode, decode_frame, encode, encode_frame,
};

use crate::fuzz::Verdict;

/// Maximum size of an inflated frame.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Decodes the bytes after the first one, as a client's frame if that byte is even.
///
/// # Panics
/// When a frame does not survive encoding.
pub fn run(input: &[u8]) -> Verdict {
    let mut verdict = Verdict::default();
    let Some((side, bytes)) = input.split_first() else { return verdict };
    let refusal = if side % 2 == 0 {
        if let Ok(hello) = Hello::decode_first(bytes) {
            let again = decode::<ClientFrame>(bytes).expect("what is taken first is a frame");
            assert_eq!(again, ClientFrame::Hello(hello), "a Hello is another one when it comes first");
        }
        decode_frame::<ClientFrame>(bytes, BYTES_MAX).map(|frame| {
            let again = decode::<ClientFrame>(&encode(&frame)).expect("what was encoded decodes");
            assert_eq!(again, frame, "a client's frame is another one after encoding");
            let again =
                decode_frame::<ClientFrame>(&encode_frame(&frame), usize::MAX).expect("what was packed decodes");
            assert_eq!(again, frame, "a client's frame is another one after packing");
            verdict.accept(format!("{} of a client", name_of(&frame)));
        })
    } else {
        decode_frame::<ServerFrame>(bytes, BYTES_MAX).map(|frame| {
            let again = decode::<ServerFrame>(&encode(&frame)).expect("what was encoded decodes");
            assert_eq!(again, frame, "a server's frame is another one after encoding");
            let again =
                decode_frame::<ServerFrame>(&encode_frame(&frame), usize::MAX).expect("what was packed decodes");
            assert_eq!(again, frame, "a server's frame is another one after packing");
            verdict.accept(format!("{} of a server", name_of(&frame)));
        })
    };
    match refusal {
        Ok(()) => {}
        Err(DecodeFrameError::Unknown) => verdict.refuse("frame_unknown", ""),
        Err(DecodeFrameError::Unexpected) => verdict.refuse("frame_unexpected", ""),
        Err(DecodeFrameError::Packed) => verdict.refuse("frame_malformed", "packed"),
        Err(DecodeFrameError::Trailing(_)) => verdict.refuse("frame_malformed", "trailing"),
        Err(DecodeFrameError::Malformed(error)) => verdict.refuse("frame_malformed", &error.to_string()),
    }
    verdict
}

/// The golden frames, each as both sides would read it.
pub fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden");
    let files = fs::read_dir(folder).expect("the golden frames are in the repository");
    let mut frames: Vec<Vec<u8>> = files
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("hexadecimal text"))
        .map(|text| text.split_whitespace().collect::<String>())
        .map(|text| data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hexadecimal"))
        .collect();
    frames.sort();
    frames.iter().flat_map(|frame| [0, 1].map(|side| [&[side], frame.as_slice()].concat())).collect()
}

/// The name of a frame's kind, as `Debug` prints it first.
fn name_of(frame: &impl core::fmt::Debug) -> String {
    format!("{frame:?}").chars().take_while(char::is_ascii_alphabetic).collect()
}
