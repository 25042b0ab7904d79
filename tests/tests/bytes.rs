//! Part B of the specification, rule by rule: which cases of the corpus each
//! of them stops, and the same defence on the other ways in.

use std::{io::Write, sync::LazyLock};

use flate2::{Compression, write::DeflateEncoder};
use tidings_core::{
    authority::step,
    code::Code,
    doc::{ApplyChangeError, Change, Document},
    ids::{ConversationId, TenantId, TimelineId},
    journal::Entry,
    time::WallTime,
};
use tidings_tests::hostile::{Case, Expected, Setup, chunk, corpus, put};

fn setup() -> &'static Setup {
    static SCENE: LazyLock<Setup> = LazyLock::new(|| {
        let tenant = TenantId::parse("acme").unwrap();
        Setup::new(&tenant, ConversationId::from_bytes([0xb0; 16]), WallTime::from_millis(1_767_225_600_000)).0
    });
    &SCENE
}

fn cases(classes: &[&str]) -> Vec<Case> {
    let found: Vec<Case> = corpus(setup()).into_iter().filter(|case| classes.contains(&case.class)).collect();
    let empty: Vec<_> = classes.iter().filter(|class| !found.iter().any(|case| case.class == **class)).collect();
    assert!(empty.is_empty(), "no case of {empty:?}");
    found
}

/// The pre-scan alone stops every case of the classes that has one of the codes.
#[track_caller]
fn prescan_stops(classes: &[&str], codes: &[Code]) {
    let setup = setup();
    let mut stopped = 0;
    for case in cases(classes) {
        let Expected::Refused(code) = case.expected else { continue };
        if codes.contains(&code) {
            let answer = step::prescan(&case.pushed.change, &setup.limits).map_err(|refusal| refusal.code);
            // Whether an actor is named at all only the operations tell.
            if answer.is_ok() && code == Code::WrongActors {
                continue;
            }
            assert_eq!(answer, Err(code), "{case}");
            stopped += 1;
        }
    }
    assert!(stopped >= codes.len(), "only {stopped} cases");
}

/// A rule behind the pre-scan stops every case of a class that passes it, with
/// one of the codes.
#[track_caller]
fn rule_stops(class: &str, codes: &[Code], rule: impl Fn(&Setup, &Case, &Change) -> Option<Code>) {
    let setup = setup();
    let mut stopped = 0;
    for case in cases(&[class]) {
        let Expected::Refused(code) = case.expected else { continue };
        if codes.contains(&code) && step::prescan(&case.pushed.change, &setup.limits).is_ok() {
            let change = Change::parse(&case.pushed.change).unwrap();
            assert_eq!(rule(setup, &case, &change), Some(code), "{case}");
            stopped += 1;
        }
    }
    assert!(stopped >= codes.len(), "only {stopped} cases of {class}");
}

fn header(setup: &Setup, case: &Case, change: &Change) -> Option<Code> {
    let empty = Document::new(case.pushed.document.clone());
    let document = setup.stream.document(&case.pushed.document).unwrap_or(&empty);
    step::header(document, change, setup.now, &setup.limits).err().map(|refusal| refusal.code)
}

#[test]
fn b2_the_header_is_whole_and_nothing_stands_beside_the_operations() {
    let codes = [Code::ChangeExtras, Code::WrongActors, Code::ChangeMalformed, Code::WrongActor];
    prescan_stops(&["extras", "actors list", "length"], &codes[..3]);
    let long = cases(&["identity"]).into_iter().filter(|case| case.name.contains("bytes"));
    for case in long {
        assert_eq!(step::prescan(&case.pushed.change, &setup().limits).unwrap_err().code, Code::WrongActor, "{case}");
    }
}

#[test]
fn b3_columns_are_those_of_puts_and_deletes_on_the_root_map() {
    prescan_stops(&["columns", "deflate"], &[Code::ColumnIllegal, Code::ChangeCompressed]);
    prescan_stops(&["object", "element"], &[Code::OperationIllegal]);
}

#[test]
fn b4_rows_are_counted_before_anything_unpacks_them() {
    let codes = [Code::TooManyOperations, Code::TooManyPredecessors];
    prescan_stops(&["run"], &codes);
    prescan_stops(&["index"], &[Code::IndexOutOfRange]);
    prescan_stops(&["rows"], &[Code::NotCanonical]);
}

#[test]
fn b6_dependencies_are_admitted_and_contain_the_own_previous_change() {
    rule_stops("deps", &[Code::DependencyMissing, Code::NotCanonical], header);
}

#[test]
fn b7_the_first_operation_is_the_one_behind_the_dependencies() {
    rule_stops("start_op", &[Code::WrongStartOperation], header);
}

#[test]
fn b8_the_time_is_neither_before_1970_nor_ahead() {
    rule_stops("time", &[Code::TimeInvalid, Code::ClockAhead], header);
}

#[test]
fn b10_another_encoding_of_the_same_change_is_refused() {
    let canonical = |_: &Setup, case: &Case, change: &Change| {
        let (_, decoded) = Change::decode(&case.pushed.change).unwrap();
        step::canonical(change, decoded, &case.pushed.change).err().map(|refusal| refusal.code)
    };
    rule_stops("encoding", &[Code::NotCanonical], canonical);
    rule_stops("actors list", &[Code::WrongActors], canonical);
}

#[test]
fn b14_a_client_refuses_from_its_server_what_the_rules_on_bytes_refuse() {
    // What only a session, a version or the decision can refuse.
    const BEHIND_THE_BYTES: [&str; 14] = [
        "identity",
        "key",
        "value",
        "nesting",
        "document",
        "member status",
        "grant",
        "role",
        "membership",
        "unknown",
        "thread",
        "held",
        "several",
        "named",
    ];
    let setup = setup();
    let mut refused = 0;
    for case in corpus(setup).into_iter().filter(|case| matches!(case.expected, Expected::Refused(_))) {
        let mut stream = setup.stream.clone();
        let position = stream.position().next();
        let entry = Entry {
            position,
            document: case.pushed.document.clone(),
            account: setup.attacker.account.clone(),
            administrator: false,
            accepted_at: setup.now,
            change: case.pushed.change.clone(),
            deletes: None,
        };
        if stream.document(&entry.document).is_none() {
            continue;
        }
        let answer = stream.receive_entry(&entry);
        if BEHIND_THE_BYTES.contains(&case.class) && answer.is_ok() {
            continue;
        }
        // What was admitted may have been admitted under wider limits, and what it
        // replaces is for the decision to say.
        const LIMITED: [Code; 6] = [
            Code::Stale,
            Code::ClockAhead,
            Code::ChangeTooLarge,
            Code::TooManyDependencies,
            Code::TooManyOperations,
            Code::TooManyPredecessors,
        ];
        if answer.is_ok() && matches!(case.expected, Expected::Refused(code) if LIMITED.contains(&code)) {
            continue;
        }
        assert!(matches!(answer, Err(ApplyChangeError::Illegal { .. })), "{case}: {answer:?}");
        assert_eq!(stream.position(), setup.stream.position(), "{case}");
        refused += 1;
    }
    assert!(refused > 60, "only {refused} cases");
}

fn restore(data: &[u8]) -> Result<Document, String> {
    let id = TimelineId::of(ConversationId::from_bytes([0xb0; 16])).page(1);
    let setup = setup();
    let (position, _, admissions) = setup.stream.document(&setup.page()).unwrap().save();
    Document::restore(id, Some((position, data, &admissions)), &[]).map_err(|error| error.to_string())
}

#[test]
fn b15_every_flipped_bit_of_what_was_stored_is_found() {
    let setup = setup();
    let (_, data, _) = setup.stream.document(&setup.page()).unwrap().save();
    assert!(restore(&data).is_ok());
    for at in 0..data.len() {
        let mut damaged = data.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(restore(&damaged).is_err(), "byte {at}");
    }
    let page: Vec<Entry> = setup.journal.iter().filter(|entry| entry.document == setup.page()).cloned().collect();
    let (entry, earlier) = page.split_last().unwrap();
    let mut document = Document::restore(entry.document.clone(), None, earlier).unwrap();
    for at in 0..entry.change.len() {
        let mut damaged = entry.clone();
        damaged.change[at] ^= 1 << (at % 8);
        assert!(matches!(document.apply_entry(&damaged), Err(ApplyChangeError::Parse(_))), "byte {at}");
    }
    assert!(document.apply_entry(entry).unwrap().is_some());
}

/// A document chunk with one operation column.
fn snapshot(specification: u64, column: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    // Actors, heads, change columns; then one operation column.
    for number in [0, 0, 0, 1, specification, column.len() as u64] {
        put(&mut body, number);
    }
    body.extend(column);
    chunk(0, &body)
}

#[test]
fn b15_a_snapshot_is_counted_before_it_is_unpacked() {
    const ACTION: u64 = 0x42;
    const KEY: u64 = 0x15;
    const DEFLATED: u64 = 0b1000;
    let refused = |data: &[u8]| restore(data).unwrap_err();
    // 2^40 rows, in seven bytes.
    let rows = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 7];
    assert!(refused(&snapshot(ACTION, &rows)).contains("more than a document may hold"));
    // A million times a key of a kilobyte.
    let mut keys = Vec::new();
    for number in [0xc0, 0x84, 0x3d] {
        keys.push(number);
    }
    put(&mut keys, 1_024);
    keys.extend([b'k'; 1_024]);
    assert!(refused(&snapshot(KEY, &keys)).contains("more than a document may hold"));
    // A seventh of a gigabyte of nothing, deflated.
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..150 {
        deflater.write_all(&[0; 1024 * 1024]).unwrap();
    }
    let bomb = deflater.finish().unwrap();
    assert!(refused(&snapshot(ACTION | DEFLATED, &bomb)).contains("more than a document may hold"));
    assert!(refused(&snapshot(ACTION | DEFLATED, &[0xff; 9])).contains("inflate"));
    // Another chunk behind the first.
    let setup = setup();
    let (_, data, _) = setup.stream.document(&setup.page()).unwrap().save();
    assert!(refused(&[&data[..], &data[..]].concat()).contains("length"));
    assert!(refused(&setup.journal[1].change).contains("not a document chunk"));
}
