//! Bytes that are not one change: other chunks, wrong lengths, endless numbers, a checksum of something else;
//! and pushes for a document outside of the stream.

use tidings_core::{
    code::Code,
    ids::{ConversationId, DocumentId, TimelineId},
    wire::PushedChange,
};

use super::{
    case::{Cases, Expected},
    draft::{KEY, VALUE},
    raw::{CHANGE_CHUNK, chunk, put},
};

/// Offset of the chunk's type, after magic and checksum.
const CHUNK_TYPE: usize = 8;
/// Offset of its length.
const CHUNK_LENGTH: usize = 9;

pub(super) fn add(cases: &mut Cases<'_>) {
    chunks(cases);
    lengths(cases);
    numbers(cases);
    checksums(cases);
    documents(cases);
}

fn chunks(cases: &mut Cases<'_>) {
    cases.class("chunk");
    let message = cases.message();
    let body = message.raw().body();
    let (_, document, _) = cases.setup.stream.document(&cases.setup.page()).expect("the page is loaded").save();
    cases.bytes("no bytes", Code::ChangeMalformed, Vec::new());
    cases.bytes("one byte", Code::ChangeMalformed, vec![0x85]);
    cases.bytes("only magic bytes", Code::ChangeMalformed, message.raw().encode()[..4].to_vec());
    cases.bytes("noise", Code::ChangeMalformed, (0..200u8).map(|byte| byte.wrapping_mul(167)).collect());
    cases.bytes("a document", Code::ChangeMalformed, document);
    cases.bytes("a body called a document", Code::ChangeMalformed, chunk(0, &body));
    cases.bytes("a body called a bundle", Code::ChangeMalformed, chunk(3, &body));
    cases.bytes("a body called a chunk of type 4", Code::ChangeMalformed, chunk(4, &body));
    cases.bytes("a body called a chunk of type 255", Code::ChangeMalformed, chunk(255, &body));
    cases.bytes("an empty body", Code::ChangeMalformed, chunk(CHANGE_CHUNK, &[]));
    let mut bytes = message.raw().encode();
    bytes[0] ^= 1;
    cases.bytes("other magic bytes", Code::ChangeMalformed, bytes);
    let mut bytes = message.raw().encode();
    bytes.extend(message.raw().encode());
    cases.bytes("two changes in a row", Code::ChangeMalformed, bytes);
}

fn lengths(cases: &mut Cases<'_>) {
    cases.class("length");
    let message = cases.message();
    let bytes = message.raw().encode();
    let framed = |length: u64| {
        let mut framed = bytes[..CHUNK_LENGTH].to_vec();
        put(&mut framed, length);
        framed.extend(message.raw().body());
        framed
    };
    let body = message.raw().body().len() as u64;
    cases.bytes("a chunk one byte shorter than it says", Code::ChangeMalformed, framed(body + 1));
    cases.bytes("a chunk one byte longer than it says", Code::ChangeMalformed, framed(body - 1));
    cases.bytes("a chunk of 2^40 bytes", Code::ChangeMalformed, framed(1 << 40));
    cases.bytes("a chunk of 2^64 - 1 bytes", Code::ChangeMalformed, framed(u64::MAX));
    let mut endless = bytes[..CHUNK_LENGTH].to_vec();
    endless.extend([0x80; 30]);
    cases.bytes("a chunk whose length does not end", Code::ChangeMalformed, endless);
    for (name, left) in [
        ("cut within the dependencies", 20),
        ("cut within the actor", 100),
        ("cut before the columns", 125),
        ("cut within the columns", body as usize - 3),
    ] {
        cases.body(name, Code::ChangeMalformed, message.clone(), |body| body.truncate(left));
    }
    // Counts and lengths at the beginning of the body, each without the data it announces.
    let count_at_front = |count: u64| {
        let mut body = Vec::new();
        put(&mut body, count);
        chunk(CHANGE_CHUNK, &body)
    };
    cases.bytes("2^40 dependencies and no more bytes", Code::TooManyDependencies, count_at_front(1 << 40));
    cases.bytes("2^64 - 1 dependencies and no more bytes", Code::TooManyDependencies, count_at_front(u64::MAX));
    let ending_in = |count: u64| {
        let mut raw = message.header.clone();
        raw.columns.clear();
        let mut body = raw.body();
        // The last two bytes count the other actors and the columns, both zero.
        body.pop();
        put(&mut body, count);
        chunk(CHANGE_CHUNK, &body)
    };
    cases.bytes("2^40 columns and no more bytes", Code::ChangeMalformed, ending_in(1 << 40));
    let column_of = |specification: u64, length: u64| {
        let mut raw = message.header.clone();
        raw.columns.clear();
        let mut body = raw.body();
        body.pop();
        put(&mut body, 1);
        put(&mut body, specification);
        put(&mut body, length);
        chunk(CHANGE_CHUNK, &body)
    };
    cases.bytes("a column of 2^63 bytes", Code::ChangeMalformed, column_of(u64::from(KEY), 1 << 63));
    cases.bytes("a column of 2^40 bytes", Code::ChangeMalformed, column_of(u64::from(KEY), 1 << 40));
    let mut actor = Vec::new();
    put(&mut actor, 0);
    put(&mut actor, 1 << 40);
    cases.bytes("an actor of 2^40 bytes", Code::ChangeMalformed, chunk(CHANGE_CHUNK, &actor));
}

fn numbers(cases: &mut Cases<'_>) {
    cases.class("number");
    let title = cases.title();
    let dependencies = title.header.dependencies.len();
    let sequence_at = 1 + 32 * dependencies + 1 + 16;
    cases.body("a sequence in two bytes", Code::ChangeMalformed, title.clone(), |body| {
        body.splice(sequence_at..=sequence_at, [0x81, 0x00]);
    });
    cases.body("a sequence in eleven bytes", Code::ChangeMalformed, title.clone(), |body| {
        body.splice(sequence_at..=sequence_at, [[0x80; 10].as_slice(), &[1]].concat());
    });
    cases.body("a sequence over 64 bits", Code::ChangeMalformed, title.clone(), |body| {
        body.splice(sequence_at..=sequence_at, [[0xff; 9].as_slice(), &[0x7f]].concat());
    });
    cases.body("a count of dependencies in two bytes", Code::ChangeMalformed, title.clone(), |body| {
        body.splice(0..1, [0x80 | u8::try_from(dependencies).expect("one dependency"), 0]);
    });
    cases.raw("a run's count in two bytes", Code::ChangeMalformed, title.clone(), |raw| {
        let data = raw.column(KEY);
        data.splice(0..1, [0xff, 0x7f]);
    });
    cases.raw("a run's count that does not end", Code::ChangeMalformed, title.clone(), |raw| {
        *raw.column(KEY) = vec![0x80; 30];
    });
    cases.raw("a key that is not UTF-8", Code::ChangeMalformed, title.clone(), |raw| raw.column(KEY)[3] = 0xff);
    cases.raw("a text that is not UTF-8", Code::ChangeMalformed, title.clone(), |raw| raw.column(VALUE)[0] = 0xff);
    let message = cases.message();
    let mut bytes = message.raw().encode();
    let length = message.raw().body().len();
    assert!((128..16_384).contains(&length), "the length takes two bytes");
    bytes.splice(CHUNK_LENGTH..CHUNK_LENGTH + 2, [bytes[CHUNK_LENGTH], bytes[CHUNK_LENGTH + 1] | 0x80, 0]);
    cases.bytes("a chunk's length in three bytes", Code::ChangeMalformed, bytes);
}

fn checksums(cases: &mut Cases<'_>) {
    cases.class("checksum");
    let bytes = cases.message().raw().encode();
    let mut wrong = bytes.clone();
    wrong[4] ^= 1;
    cases.bytes("one bit off", Code::WrongChecksum, wrong);
    let mut zero = bytes.clone();
    zero[4..CHUNK_TYPE].fill(0);
    cases.bytes("zero", Code::WrongChecksum, zero);
    let mut other = bytes.clone();
    other[4..CHUNK_TYPE].copy_from_slice(&cases.edit().raw().encode()[4..CHUNK_TYPE]);
    cases.bytes("that of another change", Code::WrongChecksum, other);
    let mut content = bytes;
    let at = content.len() - 20;
    content[at] ^= 1;
    cases.bytes("content changed behind it", Code::WrongChecksum, content);
}

fn documents(cases: &mut Cases<'_>) {
    cases.class("document");
    let change = cases.message().raw().encode();
    let setup = cases.setup;
    let conversation = setup.stream.id().conversation().expect("the stream is a conversation's");
    for (name, document, code) in [
        ("page 0", TimelineId::of(conversation).page(0), Code::DocumentUnknown),
        (
            "a page of another conversation",
            TimelineId::of(ConversationId::from_bytes([9; 16])).page(1),
            Code::DocumentUnknown,
        ),
        ("another conversation", TimelineId::of(ConversationId::from_bytes([9; 16])).document(), Code::DocumentUnknown),
        ("the victim's profile", DocumentId::Account(setup.victim.account.clone()), Code::DocumentUnknown),
        ("the victim's home", DocumentId::Home(setup.victim.account.clone()), Code::DocumentUnknown),
        // Whatever it depends on is not on a page that nobody has opened.
        ("a page far ahead", TimelineId::of(conversation).page(4_000_000), Code::WrongSequence),
        ("a page's change on the conversation", TimelineId::of(conversation).document(), Code::WrongSequence),
    ] {
        let pushed = PushedChange { document, change: change.clone() };
        cases.push(name, Expected::Refused(code), pushed);
    }
    let ahead = TimelineId::of(conversation).page(4_000_000);
    let fact = setup.says("far ahead");
    let pushed = setup.write(&setup.stream, &setup.attacker, &ahead, &[fact]);
    cases.push("a new page far ahead", Expected::Refused(Code::PageNotOpen), pushed);
}
