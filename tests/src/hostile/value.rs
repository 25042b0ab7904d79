//! Values of types that no key has, and values that do not match their type.

use tidings_core::code::Code;

use super::{case::Cases, draft::Cell};

pub(super) fn add(cases: &mut Cases<'_>) {
    cases.class("value");
    let message = cases.message();
    for (name, value) in [
        ("null", Cell::NULL),
        ("false", Cell::of(1)),
        ("true for a message", Cell::TRUE),
        ("an unsigned number", Cell::unsigned(7)),
        ("a signed number", Cell::signed(4, -7)),
        ("a floating number", Cell { code: 5, bytes: 1.5f64.to_le_bytes().to_vec() }),
        ("a floating number that is none", Cell { code: 5, bytes: f64::NAN.to_le_bytes().to_vec() }),
        ("a counter", Cell::signed(8, 1)),
        ("a time", Cell::signed(9, i64::MIN)),
        ("of type 10", Cell { code: 10, bytes: vec![1, 2, 3] }),
        ("of type 15", Cell { code: 15, bytes: vec![1, 2, 3] }),
        ("of type 15 without bytes", Cell::of(15)),
        ("a text for a message", Cell::text("hello")),
        ("no bytes", Cell::bytes(Vec::new())),
        ("bytes that are no body", Cell::bytes(vec![0xff; 20])),
        ("a body with bytes behind it", Cell::bytes([&message.rows[0].value.bytes[..], &[0]].concat())),
        ("a body cut short", Cell::bytes(message.rows[0].value.bytes[..3].to_vec())),
        // A map whose fourth key is an array of 2^40 elements.
        ("a list of 2^40 mentions", Cell::bytes(vec![0xa1, 0x03, 0x9b, 0, 0, 1, 0, 0, 0, 0, 0])),
        ("a text of 2^40 bytes", Cell::bytes(vec![0xa1, 0x01, 0x7b, 0, 0, 1, 0, 0, 0, 0, 0])),
        ("a map of 2^40 keys", Cell::bytes(vec![0xbb, 0, 0, 1, 0, 0, 0, 0, 0])),
    ] {
        cases.draft(name, Code::OperationIllegal, message.clone(), |draft| draft.row().value = value);
    }
    for (name, value) in [
        ("a floating number of three bytes", Cell { code: 5, bytes: vec![1, 2, 3] }),
        ("an unsigned number that does not end", Cell { code: 3, bytes: vec![0x80; 3] }),
        ("an unsigned number of eleven bytes", Cell { code: 3, bytes: [[0x80; 10].as_slice(), &[1]].concat() }),
        ("an unsigned number without bytes", Cell::of(3)),
        ("a text that is not UTF-8", Cell { code: 6, bytes: vec![0xff; 4] }),
    ] {
        cases.draft(name, Code::ChangeMalformed, message.clone(), |draft| draft.row().value = value);
    }
    let title = cases.title();
    for (name, value) in [("bytes for a title", Cell::bytes(b"words".to_vec())), ("null for a title", Cell::NULL)] {
        cases.draft(name, Code::OperationIllegal, title.clone(), |draft| draft.row().value = value);
    }
    let reactions = cases.reactions();
    cases.draft("false for a reaction", Code::OperationIllegal, reactions, |draft| draft.row().value = Cell::of(1));
}
