//! Few bytes that require a lot of memory or time: deflated chunks and columns, runs of a million operations
//! and more, nested objects, and plain size.

use std::sync::OnceLock;

use flate2::{Compress, Compression, FlushCompress, Status};
use tidings_core::code::Code;

use super::{
    case::Cases,
    cells::{counts, literal, literal_head, nulls, run},
    draft::{
        ACTION, Cell, Draft, INSERT, KEY, MAKE_MAP, PREDECESSOR_ACTOR, PREDECESSOR_COUNT, PREDECESSOR_COUNTER, Place,
        Row, VALUE, VALUE_TYPE,
    },
    raw::chunk,
};

const MIB: usize = 1024 * 1024;
/// Inflated size of one segment.
const SEGMENT_BYTES: usize = 4 * MIB;
const COMPRESSED_CHUNK: u8 = 2;
/// Added to the specification of a deflated column.
const DEFLATED: u32 = 8;

pub(super) fn add(cases: &mut Cases<'_>) {
    deflated(cases);
    runs(cases);
    nested(cases);
    large(cases);
}

fn deflated(cases: &mut Cases<'_>) {
    cases.class("deflate");
    let message = cases.message();
    let body = deflate(&message.raw().body());
    cases.bytes("an honest change, deflated", Code::ChangeCompressed, compressed(&message, &body));
    cases.bytes(
        "bytes behind the stream",
        Code::ChangeCompressed,
        compressed(&message, &[&body[..], &[0; 9]].concat()),
    );
    cases.bytes("a stream cut short", Code::ChangeCompressed, compressed(&message, &body[..body.len() / 2]));
    cases.bytes("no stream at all", Code::ChangeCompressed, compressed(&message, &[0xff; 40]));
    cases.bytes("an empty stream", Code::ChangeCompressed, compressed(&message, &[]));
    cases.bytes("4 KB to 4 MiB", Code::ChangeCompressed, compressed(&message, &zeros(1)));
    cases.bytes("250 KB to 240 MiB", Code::ChangeCompressed, compressed(&message, &zeros(60)));
    cases.bytes("1 MB to 1 GiB", Code::ChangeTooLarge, compressed(&message, &zeros(256)));
    cases.bytes("8 MB to 8 GiB", Code::ChangeTooLarge, compressed(&message, &zeros(2_048)));
    for (name, specification) in [
        ("the column of keys", KEY),
        ("the column of values", VALUE),
        ("the column of actions", ACTION),
        ("the column of predecessors", PREDECESSOR_COUNT),
    ] {
        cases.raw(name, Code::ChangeCompressed, message.clone(), |raw| {
            for (other, data) in &mut raw.columns {
                if *other == specification {
                    *other |= DEFLATED;
                    *data = deflate(data);
                }
            }
        });
    }
    cases.raw("a column from 250 KB to 240 MiB", Code::ChangeCompressed, message.clone(), |raw| {
        for (other, data) in &mut raw.columns {
            if *other == VALUE {
                *other |= DEFLATED;
                *data = zeros(60);
            }
        }
    });
    // That the column is unknown is noticed first.
    cases.raw("an unknown column, deflated", Code::ColumnIllegal, message, |raw| {
        raw.columns.push((0xb5 | DEFLATED, deflate(&run(1, "x"))));
    });
}

/// A compressed chunk with the checksum of the change it stands for.
fn compressed(draft: &Draft, deflated: &[u8]) -> Vec<u8> {
    let mut bytes = chunk(COMPRESSED_CHUNK, deflated);
    bytes[4..8].copy_from_slice(&draft.raw().encode()[4..8]);
    bytes
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(bytes.len() + 100);
    let mut compress = Compress::new(Compression::best(), false);
    let status = compress.compress_vec(bytes, &mut output, FlushCompress::Finish);
    assert!(matches!(status, Ok(Status::StreamEnd)), "{status:?}");
    output
}

/// A stream that inflates to this many segments of zeros. A segment that ends in a full flush does not depend
/// on what came before it, so one can be repeated.
fn zeros(segments: usize) -> Vec<u8> {
    static SEGMENT: OnceLock<Vec<u8>> = OnceLock::new();
    let segment = SEGMENT.get_or_init(|| {
        let mut output = Vec::with_capacity(SEGMENT_BYTES / 100);
        let mut compress = Compress::new(Compression::best(), false);
        let status = compress.compress_vec(&vec![0; SEGMENT_BYTES], &mut output, FlushCompress::Full);
        assert!(matches!(status, Ok(Status::Ok)), "{status:?}");
        output
    });
    let mut stream = segment.repeat(segments);
    stream.extend(deflate(&[]));
    stream
}

fn runs(cases: &mut Cases<'_>) {
    cases.class("run");
    let million = 1_000_000;
    let operations_max = i64::from(cases.setup.limits.change_operations_max);
    let predecessors_max = i64::from(cases.setup.limits.change_predecessors_max);
    for (name, count) in [
        ("one operation too many", operations_max + 1),
        ("a million operations", million),
        ("ten million operations", 10 * million),
        ("2^40 operations", 1 << 40),
        ("2^63 - 1 operations", i64::MAX),
    ] {
        let draft = cases.message();
        cases.raw(name, Code::TooManyOperations, draft, |raw| raw.columns = repeated(count));
    }
    let draft = cases.message();
    let keys: Vec<String> = (0..=operations_max).map(|number| format!("msg/{number}")).collect();
    cases.draft("one operation too many, with keys of their own", Code::TooManyOperations, draft, |draft| {
        draft.rows = keys.iter().map(|key| Row::put(key, Cell::TRUE)).collect();
    });
    for (name, count) in [
        ("one operation with one predecessor too many", predecessors_max + 1),
        ("one operation with a million predecessors", million),
        ("one operation with 2^40 predecessors", 1 << 40),
        ("one operation with 2^63 - 1 predecessors", i64::MAX),
    ] {
        let draft = cases.message();
        cases.raw(name, Code::TooManyPredecessors, draft, |raw| {
            *raw.column(PREDECESSOR_COUNT) = literal(&[count.cast_unsigned()]);
            *raw.column(PREDECESSOR_ACTOR) = run(count, 0u64);
            *raw.column(PREDECESSOR_COUNTER) = run(count, 1i64);
        });
    }
    let draft = cases.reactions();
    cases.raw("predecessors whose sum is over 64 bits", Code::TooManyPredecessors, draft, |raw| {
        *raw.column(PREDECESSOR_COUNT) = run(4, 1u64 << 63);
    });
    let draft = cases.reactions();
    cases.raw("a run of a key", Code::OperationIllegal, draft, |raw| {
        *raw.column(KEY) = run(4, "msg/0");
    });
    for (name, specification, data) in [
        ("2^40 keys of one operation", KEY, run(1 << 40, "msg/0")),
        ("2^40 null keys", KEY, nulls(1 << 40)),
        ("2^64 - 1 null keys", KEY, nulls(u64::MAX)),
        ("2^40 inserts of one operation", INSERT, counts(&[1 << 40])),
        ("2^64 - 1 inserts of one operation", INSERT, counts(&[u64::MAX])),
        ("2^40 null actions", ACTION, nulls(1 << 40)),
    ] {
        let draft = cases.message();
        cases.raw(name, Code::TooManyOperations, draft, |raw| *raw.column(specification) = data);
    }
    for (name, count) in [("2^40 keys that are not there", 1 << 40), ("2^63 keys that are not there", i64::MIN)] {
        let draft = cases.message();
        cases.raw(name, Code::ChangeMalformed, draft, |raw| *raw.column(KEY) = literal_head(count));
    }
    for (name, specification, data) in [
        ("2^40 types of values of one operation", VALUE_TYPE, run(1 << 40, 2u64)),
        ("2^63 - 1 counts of no predecessors", PREDECESSOR_COUNT, run(i64::MAX, 0u64)),
        ("2^40 predecessors that nothing counts", PREDECESSOR_ACTOR, run(1 << 40, 0u64)),
    ] {
        let draft = cases.message();
        cases.raw(name, Code::NotCanonical, draft, |raw| *raw.column(specification) = data);
    }
    let draft = cases.message();
    cases.raw("a value of 2^59 bytes", Code::ChangeMalformed, draft, |raw| {
        *raw.column(VALUE_TYPE) = literal(&[(1u64 << 63) | 7]);
    });
}

/// Puts of one key, `count` times.
fn repeated(count: i64) -> Vec<(u32, Vec<u8>)> {
    vec![
        (KEY, run(count, "msg/0")),
        (INSERT, counts(&[count.cast_unsigned()])),
        (ACTION, run(count, 1u64)),
        (VALUE_TYPE, run(count, 2u64)),
        (PREDECESSOR_COUNT, run(count, 0u64)),
    ]
}

fn nested(cases: &mut Cases<'_>) {
    cases.class("nesting");
    for (name, depth) in [("1,000 maps in one another", 1_000), ("20,000 maps in one another", 20_000)] {
        let draft = cases.message();
        cases.draft(name, Code::OperationIllegal, draft, |draft| {
            let start = draft.header.start_operation;
            draft.rows = (0..depth)
                .map(|level| Row {
                    object: (level > 0).then(|| (0, start + level - 1)),
                    place: Place::Key("m".into()),
                    action: MAKE_MAP,
                    ..Row::put("m", Cell::NULL)
                })
                .collect();
        });
    }
    for (name, byte) in [("100,000 arrays in one another, as a value", 0x81), ("100,000 tags, as a value", 0xc1)] {
        let draft = cases.message();
        cases.draft(name, Code::OperationIllegal, draft, |draft| draft.row().value = Cell::bytes(vec![byte; 100_000]));
    }
}

fn large(cases: &mut Cases<'_>) {
    cases.class("size");
    let over = cases.setup.limits.change_bytes_max as usize;
    cases.bytes("nothing but bytes", Code::ChangeTooLarge, vec![0; over + 1]);
    let draft = cases.message();
    cases.draft("a key of 4 MB", Code::ChangeTooLarge, draft, |draft| {
        draft.row().place = Place::Key("k".repeat(4_000_000));
    });
    let draft = cases.message();
    cases.draft("a key of 100 KB", Code::OperationIllegal, draft, |draft| {
        draft.row().place = Place::Key("k".repeat(100_000));
    });
    let draft = cases.message();
    cases.draft("a value of 4 MB", Code::ChangeTooLarge, draft, |draft| {
        draft.row().value = Cell::bytes(vec![0; 4_000_000]);
    });
    let draft = cases.message();
    cases.raw("a commit message of 4 MB", Code::ChangeTooLarge, draft, |raw| raw.message = vec![b'm'; 4_000_000]);
    let draft = cases.message();
    cases.raw("an actor of 1 MB", Code::ChangeTooLarge, draft, |raw| raw.actor = vec![7; 1_000_000]);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn a_bomb_inflates_to_what_it_says() {
        let bomb = zeros(3);
        let mut inflated = Vec::new();
        DeflateDecoder::new(&bomb[..]).read_to_end(&mut inflated).unwrap();
        assert_eq!(inflated.len(), 3 * SEGMENT_BYTES);
        assert!(zeros(60).len() < 256 * 1024, "{}", zeros(60).len());
        assert!(zeros(256).len() > 1_000_000, "{}", zeros(256).len());
    }
}
