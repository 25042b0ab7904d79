//! The columns of Automerge's binary format, walked run by run without unpacking them: a run of a million rows
//! is counted, never written out. Nothing here allocates.
//!
//! Source: the Automerge binary format; RLE, delta and boolean columns.

/// Reads numbers and slices from bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// Why bytes violate the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadColumnError {
    #[error("the bytes end too early")]
    Truncated,
    #[error("a number is too long")]
    Number,
    #[error("a run without a row")]
    EmptyRun,
    #[error("more rows than are counted here")]
    Rows,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes that are not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn byte(&mut self) -> Result<u8, ReadColumnError> {
        let (&byte, rest) = self.rest.split_first().ok_or(ReadColumnError::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }

    pub(crate) fn take(&mut self, length: u64) -> Result<&'a [u8], ReadColumnError> {
        let length = usize::try_from(length).map_err(|_| ReadColumnError::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ReadColumnError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// An unsigned LEB128 number in its shortest form.
    pub(crate) fn unsigned(&mut self) -> Result<u64, ReadColumnError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ReadColumnError::Number);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(ReadColumnError::Number) } else { Ok(number) };
            }
        }
        Err(ReadColumnError::Number)
    }

    /// A signed LEB128 number in its shortest form.
    pub(crate) fn signed(&mut self) -> Result<i64, ReadColumnError> {
        let mut number = 0i64;
        let mut previous = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && !matches!(byte, 0 | 0x7f) {
                return Err(ReadColumnError::Number);
            }
            number |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // A last byte that only repeats the sign of the previous one is redundant.
                let repeats = (byte == 0 && previous & 0x40 == 0) || (byte == 0x7f && previous & 0x40 != 0);
                if shift > 0 && repeats {
                    return Err(ReadColumnError::Number);
                }
                let negative = byte & 0x40 != 0;
                return Ok(if negative && shift < 57 { number | (-1 << (shift + 7)) } else { number });
            }
            previous = byte;
        }
        Err(ReadColumnError::Number)
    }

    /// Bytes prefixed with their length.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8], ReadColumnError> {
        let length = self.unsigned()?;
        self.take(length)
    }
}

/// One run of a column: a number of rows with the same value, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run<V> {
    pub(crate) value: Option<V>,
    pub(crate) rows: u64,
}

/// Reads one value of a column.
pub(crate) type ReadValue<'a, V> = fn(&mut Reader<'a>) -> Result<V, ReadColumnError>;

/// The runs of a run-length encoded column. Each row of a literal run counts as a run of its own, because it
/// has bytes of its own.
pub(crate) struct Runs<'a, V> {
    reader: Reader<'a>,
    read: ReadValue<'a, V>,
    literal: u64,
}

impl<'a, V> Runs<'a, V> {
    pub(crate) fn new(column: &'a [u8], read: ReadValue<'a, V>) -> Self {
        Self { reader: Reader::new(column), read, literal: 0 }
    }

    fn read_run(&mut self) -> Result<Run<V>, ReadColumnError> {
        if self.literal == 0 {
            let length = self.reader.signed()?;
            if length > 0 {
                let value = (self.read)(&mut self.reader)?;
                return Ok(Run { value: Some(value), rows: length.unsigned_abs() });
            }
            if length == 0 {
                return match self.reader.unsigned()? {
                    0 => Err(ReadColumnError::EmptyRun),
                    rows => Ok(Run { value: None, rows }),
                };
            }
            self.literal = length.unsigned_abs();
        }
        self.literal -= 1;
        Ok(Run { value: Some((self.read)(&mut self.reader)?), rows: 1 })
    }
}

impl<V> Iterator for Runs<'_, V> {
    type Item = Result<Run<V>, ReadColumnError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.literal == 0 && self.reader.rest().is_empty() {
            return None;
        }
        let run = self.read_run();
        if run.is_err() {
            // After an error nothing has a meaning.
            self.literal = 0;
            self.reader = Reader::new(&[]);
        }
        Some(run)
    }
}

/// The numbers of false and true rows of a boolean column.
pub(crate) fn count_booleans(column: &[u8]) -> Result<(u64, u64), ReadColumnError> {
    let mut reader = Reader::new(column);
    let mut counts = [0u64; 2];
    let mut value = 0;
    while !reader.rest().is_empty() {
        let rows = reader.unsigned()?;
        counts[value] = counts[value].checked_add(rows).ok_or(ReadColumnError::Rows)?;
        value ^= 1;
    }
    Ok((counts[0], counts[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn runs(column: &[u8]) -> Result<Vec<(Option<u64>, u64)>, ReadColumnError> {
        Runs::new(column, Reader::unsigned).map(|run| run.map(|run| (run.value, run.rows))).collect()
    }

    #[test]
    fn runs_are_counted_and_never_unpacked() {
        assert_eq!(runs(&[]), Ok(vec![]));
        assert_eq!(runs(&[3, 9, 0x7e, 1, 2, 0, 4]), Ok(vec![(Some(9), 3), (Some(1), 1), (Some(2), 1), (None, 4)]));
        // 2^40 rows in seven bytes.
        let many = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 7];
        assert_eq!(runs(&many), Ok(vec![(Some(7), 1 << 40)]));
        assert_eq!(runs(&[0, 0]), Err(ReadColumnError::EmptyRun));
        assert_eq!(runs(&[0x7e, 1]), Err(ReadColumnError::Truncated));
    }

    #[test]
    fn booleans_are_counted() {
        assert_eq!(count_booleans(&[3]), Ok((3, 0)));
        assert_eq!(count_booleans(&[0, 2, 5]), Ok((5, 2)));
    }

    #[test]
    fn numbers_have_one_form() {
        for number in [0, 1, 63, 64, -1, -64, -65, 127, 128, i64::MAX, i64::MIN, i64::MIN + 1, 1 << 56, -(1 << 56)] {
            let mut bytes = Vec::new();
            leb128_signed(&mut bytes, number);
            assert_eq!(Reader::new(&bytes).signed(), Ok(number));
        }
        assert_eq!(Reader::new(&[0x80, 0x00]).unsigned(), Err(ReadColumnError::Number));
        assert_eq!(Reader::new(&[0xff; 11]).unsigned(), Err(ReadColumnError::Number));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).unsigned(), Ok(u64::MAX));
        assert_eq!(Reader::new(&[0xff, 0x7f]).signed(), Err(ReadColumnError::Number));
        assert_eq!(Reader::new(&[0x80]).signed(), Err(ReadColumnError::Truncated));
    }

    fn leb128_signed(output: &mut Vec<u8>, mut number: i64) {
        loop {
            let byte = (number & 0x7f) as u8;
            number >>= 7;
            let done = (number == 0 && byte & 0x40 == 0) || (number == -1 && byte & 0x40 != 0);
            output.push(if done { byte } else { byte | 0x80 });
            if done {
                return;
            }
        }
    }
}
