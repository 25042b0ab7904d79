//! Columns that decode to honest operations, or nearly, but are not those that the library would write, so that
//! two replicas would hash them differently.

use tidings_core::code::Code;

use super::{
    RawChange,
    case::Cases,
    cells::{counts, literal, nulls, run},
    draft::{
        ACTION, Draft, INSERT, KEY, MARK_NAME, PREDECESSOR_ACTOR, PREDECESSOR_COUNT, PREDECESSOR_COUNTER, Place, VALUE,
        VALUE_TYPE,
    },
};

/// A column that no version has used.
const UNKNOWN: u32 = 0xb5;

pub(super) fn add(cases: &mut Cases<'_>) {
    layout(cases);
    spelling(cases);
    rows(cases);
}

fn layout(cases: &mut Cases<'_>) {
    cases.class("columns");
    let (message, edit) = (cases.message(), cases.edit());
    let add = |raw: &mut RawChange, specification, data: &[u8]| raw.columns.push((specification, data.to_vec()));
    let first = run(1, "x");
    cases.raw("an unknown one", Code::ColumnIllegal, message.clone(), |raw| add(raw, UNKNOWN, &first));
    cases.raw("an unknown one among the others", Code::ColumnIllegal, message.clone(), |raw| {
        *raw.column(0x60) = run(1, 0u64);
    });
    cases.raw("an unknown one of 2^32 - 1", Code::ColumnIllegal, message.clone(), |raw| add(raw, 0xffff_fff7, &first));
    cases.raw("one doubled", Code::ColumnIllegal, message.clone(), |raw| {
        let action = raw.columns.iter().position(|(other, _)| *other == ACTION).expect("a change has actions");
        let doubled = raw.columns[action].clone();
        raw.columns.insert(action, doubled);
    });
    cases.raw("one doubled with other rows", Code::ColumnIllegal, message.clone(), |raw| {
        let action = raw.columns.iter().position(|(other, _)| *other == ACTION).expect("a change has actions");
        raw.columns.insert(action, (ACTION, literal(&[3u64])));
    });
    cases.raw("two swapped", Code::ColumnIllegal, message.clone(), |raw| raw.columns.swap(0, 1));
    cases.raw("all in the reverse order", Code::ColumnIllegal, edit.clone(), |raw| raw.columns.reverse());
    cases.raw("an empty one", Code::ColumnIllegal, message.clone(), |raw| raw.column(VALUE).clear());
    cases.raw("an empty one for marks", Code::ColumnIllegal, message.clone(), |raw| add(raw, MARK_NAME, &[]));
    cases.raw("1,000 empty ones", Code::ColumnIllegal, message.clone(), |raw| {
        (0..1_000).for_each(|number| add(raw, UNKNOWN + 16 * number, &[]));
    });
    cases.raw("keys of another type", Code::ColumnIllegal, message, |raw| {
        raw.columns.iter_mut().filter(|(other, _)| *other == KEY).for_each(|(other, _)| *other = 0x17);
    });
}

fn spelling(cases: &mut Cases<'_>) {
    cases.class("encoding");
    let (message, reactions, edit) = (cases.message(), cases.reactions(), cases.edit());
    let add = |cases: &mut Cases<'_>, name, draft: &Draft, specification, data: Vec<u8>| {
        cases.raw(name, Code::NotCanonical, draft.clone(), |raw| *raw.column(specification) = data);
    };
    let one = || run(2, 1u64);
    add(cases, "a run split in two", &reactions, ACTION, [one(), one()].concat());
    add(cases, "a run split off its first", &reactions, ACTION, [run(1, 1u64), run(3, 1u64)].concat());
    add(cases, "a run written out", &reactions, ACTION, literal(&[1u64; 4]));
    add(cases, "a run of types written out", &reactions, VALUE_TYPE, literal(&[2u64; 4]));
    add(cases, "a run of one", &message, ACTION, run(1, 1u64));
    add(cases, "a run of one count", &message, PREDECESSOR_COUNT, run(1, 0u64));
    add(cases, "a literal split in two", &edit, PREDECESSOR_ACTOR, [literal(&[0u64]), literal(&[1u64, 2])].concat());
    add(cases, "nulls, none of them", &message, ACTION, [nulls(0), literal(&[1u64])].concat());
    add(cases, "nulls behind, none of them", &message, ACTION, [literal(&[1u64]), nulls(0)].concat());
    add(cases, "nulls behind keys, none of them", &message, PREDECESSOR_COUNT, [literal(&[0u64]), nulls(0)].concat());
    add(cases, "inserts in two runs", &reactions, INSERT, counts(&[2, 0, 2]));
    add(cases, "inserts that end in a run of none", &reactions, INSERT, counts(&[4, 0]));
    add(cases, "inserts that end in two runs of none", &reactions, INSERT, counts(&[4, 0, 0]));
    let keys: Vec<String> = reactions
        .rows
        .iter()
        .map(|row| match &row.place {
            Place::Key(key) => key.clone(),
            _ => unreachable!("a reaction has a key"),
        })
        .collect();
    let apart: Vec<u8> = keys.iter().flat_map(|key| literal(&[key.as_str()])).collect();
    add(cases, "keys in four literals", &reactions, KEY, apart);
    let single: Vec<u8> = keys.iter().flat_map(|key| run(1, key.as_str())).collect();
    add(cases, "keys in four runs of one", &reactions, KEY, single);
    cases.draft("predecessors not in their order", Code::NotCanonical, edit, |draft| {
        draft.row().predecessors.swap(0, 1)
    });
    cases.raw("a true of one byte", Code::NotCanonical, reactions.clone(), |raw| {
        *raw.column(VALUE_TYPE) = run(4, (1u64 << 4) | 2);
        *raw.column(VALUE) = vec![0; 4];
    });
    cases.raw("a delete that has a value", Code::NotCanonical, cases.unreaction(), |raw| {
        *raw.column(VALUE_TYPE) = literal(&[2u64]);
    });
}

fn rows(cases: &mut Cases<'_>) {
    cases.class("rows");
    let (message, reactions, edit) = (cases.message(), cases.reactions(), cases.edit());
    let add = |cases: &mut Cases<'_>, name, draft: &Draft, specification, data: Vec<u8>| {
        cases.raw(name, Code::NotCanonical, draft.clone(), |raw| *raw.column(specification) = data);
    };
    let extend =
        |draft: &Draft, specification, more: Vec<u8>| [draft.raw().column(specification).clone(), more].concat();
    add(cases, "one key more", &message, KEY, extend(&message, KEY, literal(&["msg/0"])));
    add(cases, "one insert more", &message, INSERT, counts(&[2]));
    add(cases, "one action more", &message, ACTION, run(2, 1u64));
    add(cases, "one type more", &reactions, VALUE_TYPE, run(5, 2u64));
    add(cases, "one count of predecessors more", &message, PREDECESSOR_COUNT, run(2, 0u64));
    add(cases, "one predecessor more than is counted", &edit, PREDECESSOR_COUNT, literal(&[2u64]));
    add(cases, "one predecessor fewer than is counted", &edit, PREDECESSOR_COUNT, literal(&[4u64]));
    add(
        cases,
        "one predecessor's actor more",
        &edit,
        PREDECESSOR_ACTOR,
        extend(&edit, PREDECESSOR_ACTOR, literal(&[0u64])),
    );
    add(
        cases,
        "one predecessor's counter more",
        &edit,
        PREDECESSOR_COUNTER,
        extend(&edit, PREDECESSOR_COUNTER, literal(&[1i64])),
    );
    add(cases, "predecessors that nothing counts", &message, PREDECESSOR_ACTOR, literal(&[0u64]));
    add(cases, "one key fewer", &reactions, KEY, literal(&["msg/0", "msg/1", "msg/2"]));
    add(cases, "one insert fewer", &reactions, INSERT, counts(&[3]));
    add(cases, "one action fewer", &reactions, ACTION, run(3, 1u64));
    add(cases, "one type fewer", &reactions, VALUE_TYPE, run(3, 2u64));
    add(cases, "one count of predecessors fewer", &reactions, PREDECESSOR_COUNT, run(3, 0u64));
    add(cases, "one byte of values more", &message, VALUE, extend(&message, VALUE, vec![0]));
    add(cases, "values that nothing measures", &reactions, VALUE, vec![0; 10]);
    // Values that are too short, null or true are noticed before the rows are compared.
    let (short, illegal) = (Code::ChangeMalformed, Code::OperationIllegal);
    cases.raw("one byte of values fewer", short, message.clone(), |raw| {
        raw.column(VALUE).pop();
    });
    cases.raw("no values", short, message.clone(), |raw| raw.columns.retain(|(other, _)| *other != VALUE));
    cases.raw("no actions", illegal, message.clone(), |raw| raw.columns.retain(|(other, _)| *other != ACTION));
    cases.raw("one null key more", illegal, message.clone(), |raw| raw.column(KEY).extend(nulls(1)));
    cases.raw("one insert that is true more", illegal, message.clone(), |raw| *raw.column(INSERT) = counts(&[1, 1]));
    for (name, specification) in
        [("no inserts", INSERT), ("no types", VALUE_TYPE), ("no counts of predecessors", PREDECESSOR_COUNT)]
    {
        cases.raw(name, Code::NotCanonical, message.clone(), |raw| {
            raw.columns.retain(|(other, _)| *other != specification)
        });
    }
}
