//! The cells of columns as bytes: runs of values, of literals and of nulls, deltas and booleans. `column` and
//! `booleans` write as the library does; the others write whatever they are given.

use super::raw::{put, put_signed};

/// A value of a cell.
pub(super) trait Cell: Clone + PartialEq {
    fn put(&self, output: &mut Vec<u8>);
}

impl Cell for u64 {
    fn put(&self, output: &mut Vec<u8>) {
        put(output, *self);
    }
}

impl Cell for i64 {
    fn put(&self, output: &mut Vec<u8>) {
        put_signed(output, *self);
    }
}

impl Cell for &str {
    fn put(&self, output: &mut Vec<u8>) {
        self.as_bytes().put(output);
    }
}

impl Cell for &[u8] {
    fn put(&self, output: &mut Vec<u8>) {
        put(output, self.len() as u64);
        output.extend(*self);
    }
}

/// A run of one value, `count` long.
pub(super) fn run(count: i64, value: impl Cell) -> Vec<u8> {
    let mut output = Vec::new();
    put_signed(&mut output, count);
    value.put(&mut output);
    output
}

/// Values one by one.
pub(super) fn literal<T: Cell>(values: &[T]) -> Vec<u8> {
    let mut output = literal_head(values.len() as i64);
    values.iter().for_each(|value| value.put(&mut output));
    output
}

/// The head of a literal run of this many values.
pub(super) fn literal_head(count: i64) -> Vec<u8> {
    let mut output = Vec::new();
    put_signed(&mut output, count.wrapping_neg());
    output
}

/// A run of nulls.
pub(super) fn nulls(count: u64) -> Vec<u8> {
    let mut output = vec![0];
    put(&mut output, count);
    output
}

/// Counts of false, true, false …
pub(super) fn counts(counts: &[u64]) -> Vec<u8> {
    let mut output = Vec::new();
    counts.iter().for_each(|&count| put(&mut output, count));
    output
}

/// A column of booleans.
pub(super) fn booleans(rows: &[bool]) -> Vec<u8> {
    let mut lengths = Vec::new();
    let mut rest = rows;
    let mut value = false;
    while !rest.is_empty() {
        let length = rest.iter().take_while(|row| **row == value).count();
        lengths.push(length as u64);
        rest = &rest[length..];
        value = !value;
    }
    counts(&lengths)
}

/// A column of values and nulls; nothing when there are only nulls.
pub(super) fn column<T: Cell>(rows: &[Option<T>]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut literals: Vec<T> = Vec::new();
    let flush = |literals: &mut Vec<T>, output: &mut Vec<u8>| {
        if !literals.is_empty() {
            output.extend(literal(literals));
            literals.clear();
        }
    };
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|row| *row == first).count();
        match first {
            Some(value) if length == 1 => literals.push(value.clone()),
            Some(value) => {
                flush(&mut literals, &mut output);
                output.extend(run(length as i64, value.clone()));
            }
            None => {
                flush(&mut literals, &mut output);
                if length < rows.len() {
                    output.extend(nulls(length as u64));
                }
            }
        }
        rest = &rest[length..];
    }
    flush(&mut literals, &mut output);
    output
}

/// Numbers as differences to the previous one.
pub(super) fn deltas(rows: &[Option<i64>]) -> Vec<Option<i64>> {
    let mut previous = 0i64;
    let delta = |row: &Option<i64>| {
        row.map(|number| {
            let delta = number.wrapping_sub(previous);
            previous = number;
            delta
        })
    };
    rows.iter().map(delta).collect()
}
