//! Simulates frames of a newer version: the golden frames with an unknown name, field or kind inserted at each
//! place where one may occur. For tests.

use std::{fs, ops::Range, path::PathBuf};

use super::{ClientFrame, DecodeFrameError, ServerFrame, decode, encode};
use minicbor::{Decode, Encode};

/// A name that this version does not know, and that fits anywhere.
const NEWER: &str = "of_the_next_version";
/// A number that is no field and no variant in this version.
const NUMBER: u8 = 99;

/// The golden frames of one side, with the names of their files.
#[expect(clippy::disallowed_methods, reason = "golden frames are files")]
fn golden<T: for<'b> Decode<'b, ()> + Encode<()>>() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read = |path: PathBuf| {
        let text: String = fs::read_to_string(&path).unwrap().split_whitespace().collect();
        let digits = text.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), bytes)
    };
    let files = fs::read_dir(folder).unwrap().map(|file| read(file.unwrap().path()));
    // Both sides number their frames from 0, so a frame that does not re-encode identically is the
    // other side's.
    files.filter(|(_, bytes)| decode::<T>(bytes).is_ok_and(|frame| encode(&frame) == *bytes)).collect()
}

/// An item of CBOR: the place and the contents of its head.
struct Item {
    head: Range<usize>,
    major: u8,
    value: usize,
}

impl Item {
    /// Its head, and the bytes that belong to it alone.
    fn whole(&self) -> Range<usize> {
        let content = if [BYTES, TEXT].contains(&self.major) { self.value } else { 0 };
        self.head.start..self.head.end + content
    }
}

const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// Every item of a frame, in the order of their beginnings.
fn items(frame: &[u8]) -> Vec<Item> {
    let (mut at, mut items) = (0, Vec::new());
    while at < frame.len() {
        let (major, short) = (frame[at] >> 5, usize::from(frame[at] & 0x1f));
        let more = match short {
            0..=23 => 0,
            24..=27 => 1 << (short - 24),
            _ => panic!("our encoder says how long everything is"),
        };
        let read = frame[at + 1..at + 1 + more].iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
        let item = Item { head: at..at + 1 + more, major, value: if more == 0 { short } else { read } };
        at = item.whole().end;
        items.push(item);
    }
    items
}

/// The frame with a text replaced by another name, once for each text.
pub(crate) fn with_a_name(frame: &[u8]) -> Vec<Vec<u8>> {
    let texts = items(frame).into_iter().filter(|item| item.major == TEXT).map(|item| item.whole());
    texts.map(|place| [&frame[..place.start], &encode(&NEWER), &frame[place.end..]].concat()).collect()
}

/// The frame with a variant replaced by another one, once for each: a variant is an array of its number
/// and its fields.
fn with_a_variant(frame: &[u8]) -> Vec<Vec<u8>> {
    let items = items(frame);
    let is_variant = |three: &&[Item]| {
        let [array, number, fields] = three else { return false };
        (array.major, array.value, number.major, fields.major) == (ARRAY, 2, UNSIGNED, ARRAY)
    };
    let numbers = items.windows(3).filter(is_variant).map(|three| three[1].whole());
    numbers.map(|place| [&frame[..place.start], &encode(&NUMBER), &frame[place.end..]].concat()).collect()
}

/// The frame with a field added to a map, once for each map.
fn with_a_field(frame: &[u8]) -> Vec<Vec<u8>> {
    let maps = items(frame).into_iter().filter(|item| item.major == MAP);
    let field = [&encode(&NUMBER)[..], &encode(&vec![vec![NEWER], vec![]])].concat();
    maps.map(|map| {
        // The count goes into the byte after the head, a longer form than our encoder's for a short map.
        let head = [MAP << 5 | 24, u8::try_from(map.value).unwrap() + 1];
        [&frame[..map.head.start], &head, &field, &frame[map.head.end..]].concat()
    })
    .collect()
}

/// Checks every golden frame with every change, and that there is a frame of each kind and at least one change.
#[track_caller]
fn check_all<T: for<'b> Decode<'b, ()> + Encode<()>>(change: fn(&[u8]) -> Vec<Vec<u8>>, check: fn(&str, &[u8], &[u8])) {
    let frames = golden::<T>();
    let kinds = (0..=u8::MAX).take_while(|kind| frames.iter().any(|(_, bytes)| bytes[1] == *kind)).count();
    let next = u8::try_from(kinds).unwrap();
    assert!(matches!(decode::<T>(&[0x82, next, 0x80]), Err(DecodeFrameError::Unknown)), "no golden frame of {next}");
    let mut changed = 0;
    for (name, bytes) in frames {
        for newer in change(&bytes) {
            check(&name, &bytes, &newer);
            changed += 1;
        }
    }
    assert!(changed > kinds);
}

fn check_names<T: for<'b> Decode<'b, ()> + Encode<()>>() {
    check_all::<T>(with_a_name, |name, _, newer| {
        let read = decode::<T>(newer).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Texts are kept; a name of an enum becomes unknown, and is read as that again.
        let again = encode(&read);
        assert!(again == newer || encode(&decode::<T>(&again).unwrap()) == again, "{name}");
    });
}

fn check_fields<T: for<'b> Decode<'b, ()> + Encode<()>>() {
    check_all::<T>(with_a_field, |name, frame, newer| {
        let read = decode::<T>(newer).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(encode(&read), frame, "{name}");
    });
}

fn check_variants<T: for<'b> Decode<'b, ()> + Encode<()>>() {
    check_all::<T>(with_a_variant, |name, _, newer| {
        assert!(matches!(decode::<T>(newer), Err(DecodeFrameError::Unknown)), "{name}");
    });
}

#[test]
fn w60_a_name_that_is_not_known_is_read_wherever_it_stands_in_a_frame() {
    check_names::<ServerFrame>();
    check_names::<ClientFrame>();
}

#[test]
fn w61_a_field_that_is_not_known_is_passed_over_wherever_it_stands_in_a_frame() {
    check_fields::<ServerFrame>();
    check_fields::<ClientFrame>();
}

#[test]
fn w61_a_kind_that_is_not_known_is_told_from_damage_wherever_it_stands_in_a_frame() {
    check_variants::<ServerFrame>();
    check_variants::<ClientFrame>();
}
