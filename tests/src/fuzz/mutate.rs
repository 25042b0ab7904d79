//! Turns an honest change into a hostile one, at three depths: its meaning (operations and header as the
//! library reads them, re-encoded in canonical form, so that the rules after the form are reached), its columns
//! and fields (with a matching checksum), and its bytes.

use std::{num::NonZeroU64, panic::catch_unwind};

use automerge::{
    ActorId, Change, ChangeHash, ExpandedChange, ObjType, ScalarValue,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec},
};

use crate::{
    fuzz::{edit, script::Script},
    hostile::{RawChange, chunk, put, put_signed},
};

/// Maximum number of mutations at each depth.
const MUTATIONS_MAX: usize = 3;
/// The column of the keys, whose values are texts.
const KEY_COLUMN: u32 = 0x15;

/// Mutates a change as the script says. `others` are changes of the same stream, from which hashes, operations,
/// actors and keys are borrowed.
pub fn mutate(script: &mut Script<'_>, honest: &[u8], others: &[&[u8]]) -> Vec<u8> {
    let depth = script.below(8);
    let mut bytes = honest.to_vec();
    // Mostly one depth at a time: of two faults only the first is reported.
    if matches!(depth, 0..=3 | 7) {
        bytes = rewrite(script, &bytes, others).unwrap_or(bytes);
    }
    if matches!(depth, 4 | 5 | 7) {
        bytes = reshape(script, &bytes);
    }
    if matches!(depth, 6 | 7) {
        bytes = edit::edit(script, bytes);
        if script.one_in(2) && bytes.len() > 10 {
            bytes = reframe(&bytes);
        }
    }
    bytes
}

/// Number of mutations at a depth: mostly one.
fn count(script: &mut Script<'_>) -> usize {
    if script.one_in(4) { 1 + script.below(MUTATIONS_MAX) } else { 1 }
}

/// The same body with a matching length and checksum.
pub fn reframe(bytes: &[u8]) -> Vec<u8> {
    let mut body = bytes.get(9..).unwrap_or_default();
    if leb128::read::unsigned(&mut body).is_err() {
        body = bytes.get(9..).unwrap_or_default();
    }
    chunk(bytes.get(8).copied().unwrap_or(1), body)
}

/// Mutates the meaning. None if the library cannot write such a change.
fn rewrite(script: &mut Script<'_>, bytes: &[u8], others: &[&[u8]]) -> Option<Vec<u8>> {
    let read = |bytes: &[u8]| Change::try_from(bytes).ok().map(|change| (change.hash(), change.decode()));
    let (_, mut change) = read(bytes)?;
    let other = script.pick(others).and_then(|bytes| read(bytes));
    for _ in 0..count(script) {
        if script.one_in(4) {
            change_header(script, &mut change, other.as_ref());
        } else {
            change_operations(script, &mut change, other.as_ref().map(|(_, other)| other));
        }
    }
    catch_unwind(|| Change::from(change).raw_bytes().to_vec()).ok()
}

fn change_header(script: &mut Script<'_>, change: &mut ExpandedChange, other: Option<&(ChangeHash, ExpandedChange)>) {
    match script.below(12) {
        0 => change.seq = near(script, change.seq),
        1 => change.start_op = NonZeroU64::new(near(script, change.start_op.get())).unwrap_or(NonZeroU64::MIN),
        2 => change.time = near(script, change.time.cast_unsigned()).cast_signed(),
        3 => change.deps.clear(),
        4 => {
            let index = script.below(change.deps.len().max(1));
            if index < change.deps.len() {
                change.deps.remove(index);
            }
        }
        5 => change.deps.extend(other.map(|(hash, _)| *hash)),
        6 => change.deps.extend(other.iter().flat_map(|(_, other)| other.deps.clone())),
        7 => change.deps.push(ChangeHash([script.byte(); 32])),
        8 => {
            if let Some((_, other)) = other {
                change.actor_id = other.actor_id.clone();
            }
        }
        9 => change.actor_id = ActorId::from(script.bytes(17).to_vec()),
        10 => change.message = Some(String::from_utf8_lossy(script.bytes(4)).into_owned()),
        _ => change.extra_bytes = script.bytes(4).to_vec(),
    }
}

/// A number close to this one, or any.
fn near(script: &mut Script<'_>, number: u64) -> u64 {
    match script.below(4) {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        2 => number.wrapping_add(script.number()),
        _ => script.number(),
    }
}

fn change_operations(script: &mut Script<'_>, change: &mut ExpandedChange, other: Option<&ExpandedChange>) {
    let borrowed = other.and_then(|other| script.pick(&other.operations)).cloned();
    let count = change.operations.len();
    let index = script.below(count.max(1));
    match script.below(6) {
        0 if count > 0 => {
            change.operations.remove(index);
        }
        1 if count > 0 => change.operations.push(change.operations[index].clone()),
        2 if count > 0 => change.operations.swap(0, index),
        3 => change.operations.extend(borrowed),
        _ => {
            let actors: Vec<ActorId> = [Some(change.actor_id.clone()), other.map(|other| other.actor_id.clone())]
                .into_iter()
                .flatten()
                .collect();
            let start = change.start_op.get();
            if let Some(operation) = change.operations.get_mut(index) {
                change_operation(script, operation, borrowed.as_ref(), &actors, start);
            }
        }
    }
}

fn change_operation(
    script: &mut Script<'_>,
    operation: &mut Op,
    borrowed: Option<&Op>,
    actors: &[ActorId],
    start: u64,
) {
    let any_id = |script: &mut Script<'_>| {
        let counter = if script.one_in(2) { near(script, start) } else { u64::from(script.byte()) };
        OpId(counter, script.pick(actors).cloned().unwrap_or_else(|| ActorId::from([9; 16])))
    };
    match script.below(14) {
        0 => operation.pred = Vec::new().into(),
        1 => operation.pred = operation.pred.iter().skip(1).cloned().collect(),
        2 => operation.pred = operation.pred.iter().cloned().chain([any_id(script)]).collect(),
        3 => operation.pred = operation.pred.iter().flat_map(|id| [id.clone(), id.clone()]).collect(),
        4 => operation.pred = borrowed.map_or_else(SortedVec::new, |other| other.pred.clone()),
        5 => operation.key = borrowed.map_or(Key::Map("".into()), |other| other.key.clone()),
        6 => operation.key = change_key(script, &operation.key),
        7 => operation.key = Key::Seq(ElementId::Id(any_id(script))),
        8 => operation.action = borrowed.map_or(OpType::Delete, |other| other.action.clone()),
        9 => operation.action = other_action(script),
        10 => operation.obj = ObjectId::Id(any_id(script)),
        11 => operation.insert = !operation.insert,
        _ => change_value(script, operation),
    }
}

fn change_key(script: &mut Script<'_>, key: &Key) -> Key {
    let Key::Map(key) = key else { return Key::Seq(ElementId::Head) };
    let edited = edit::edit(script, key.as_bytes().to_vec());
    Key::Map(String::from_utf8_lossy(&edited).into_owned().into())
}

fn other_action(script: &mut Script<'_>) -> OpType {
    match script.below(8) {
        0 => OpType::Delete,
        1 => OpType::Make(ObjType::Map),
        2 => OpType::Make(ObjType::List),
        3 => OpType::Make(ObjType::Text),
        4 => OpType::Make(ObjType::Table),
        5 => OpType::Increment(script.number().cast_signed()),
        6 => OpType::MarkEnd(script.one_in(2)),
        _ => OpType::Put(ScalarValue::Null),
    }
}

fn change_value(script: &mut Script<'_>, operation: &mut Op) {
    let OpType::Put(value) = &mut operation.action else {
        operation.action = OpType::Put(ScalarValue::Str("x".into()));
        return;
    };
    let same_type = script.below(3) > 0;
    *value = match value {
        ScalarValue::Bytes(bytes) if same_type => ScalarValue::Bytes(edit::edit(script, bytes.clone())),
        ScalarValue::Str(text) if same_type => {
            let edited = edit::edit(script, text.as_bytes().to_vec());
            ScalarValue::Str(String::from_utf8_lossy(&edited).into_owned().into())
        }
        ScalarValue::Boolean(yes) if same_type => ScalarValue::Boolean(!*yes),
        _ => match script.below(9) {
            0 => ScalarValue::Null,
            1 => ScalarValue::Int(script.number().cast_signed()),
            2 => ScalarValue::Uint(script.number()),
            3 => ScalarValue::F64(f64::from_bits(script.number())),
            4 => ScalarValue::counter(script.number().cast_signed()),
            5 => ScalarValue::Timestamp(script.number().cast_signed()),
            6 => ScalarValue::Boolean(script.one_in(2)),
            7 => ScalarValue::Bytes(script.bytes(8).to_vec()),
            _ => ScalarValue::Str(String::from_utf8_lossy(script.bytes(8)).into_owned().into()),
        },
    };
}

/// Mutates columns and fields into forms that no library writes.
fn reshape(script: &mut Script<'_>, bytes: &[u8]) -> Vec<u8> {
    let mut raw = RawChange::parse(bytes);
    for _ in 0..count(script) {
        let index = script.below(raw.columns.len().max(1));
        match script.below(18) {
            0 if index < raw.columns.len() => drop(raw.columns.remove(index)),
            1 if index < raw.columns.len() => raw.columns.insert(index, raw.columns[index].clone()),
            2 if index < raw.columns.len() => raw.columns.swap(0, index),
            3 => raw.columns.push((u32::from(script.byte()) | u32::from(script.byte()) << 8, script.bytes(8).to_vec())),
            4..=6 if index < raw.columns.len() => {
                raw.columns[index].1 = edit::edit(script, raw.columns[index].1.clone());
            }
            7 if index < raw.columns.len() => raw.columns[index].1 = run(script),
            8 => raw.other_actors.push(script.bytes(16).to_vec()),
            // An existing actor, in its place, that no operation names.
            14 => {
                raw.other_actors.push(vec![1 + script.byte() % 9; 16]);
                raw.other_actors.sort();
            }
            15..=17 if index < raw.columns.len() => {
                let (specification, column) = &mut raw.columns[index];
                split_run(*specification, column);
            }
            9 => raw.other_actors.reverse(),
            10 => raw.other_actors.push(raw.actor.clone()),
            11 => raw.dependencies.reverse(),
            12 => raw.dependencies.extend(raw.dependencies.first().copied()),
            _ => match script.below(4) {
                0 => raw.chunk_type = script.byte() % 5,
                1 => raw.actor.truncate(script.below(16)),
                2 => raw.message = script.bytes(4).to_vec(),
                _ => raw.extra = script.bytes(4).to_vec(),
            },
        }
    }
    raw.encode()
}

/// Splits one run of rows into two where the library writes one.
fn split_run(specification: u32, column: &mut Vec<u8>) {
    let mut rest = column.as_slice();
    let Ok(count) = leb128::read::signed(&mut rest) else { return };
    let value = match rest.first() {
        Some(length) if specification == KEY_COLUMN => 1 + usize::from(*length),
        _ => 1,
    };
    let Some((first, others)) = rest.split_at_checked(value) else { return };
    let mut split = Vec::new();
    match count {
        2.. => {
            put_signed(&mut split, -1);
            split.extend(first);
            put_signed(&mut split, if count == 2 { -1 } else { count - 1 });
            split.extend(rest);
        }
        i64::MIN..=-2 => {
            put_signed(&mut split, -1);
            split.extend(first);
            put_signed(&mut split, count + 1);
            split.extend(others);
        }
        _ => return,
    }
    *column = split;
}

/// A column of one run whose length the script chooses.
fn run(script: &mut Script<'_>) -> Vec<u8> {
    let mut column = Vec::new();
    match script.below(3) {
        0 => {
            put_signed(&mut column, (script.number() & i64::MAX.cast_unsigned()).cast_signed());
            put(&mut column, script.number());
        }
        1 => {
            put_signed(&mut column, 0);
            put(&mut column, script.number());
        }
        _ => {
            put_signed(&mut column, script.number().cast_signed().wrapping_neg());
            column.extend(script.bytes(8));
        }
    }
    column
}
