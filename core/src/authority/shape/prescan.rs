//! Rule 1: bounds on the raw bytes, before any decoder sees them. Every field of the header and every row of
//! every column is counted here, run by run, without allocating. Automerge can decode what passes in time and
//! memory bounded by its bytes and the limits.

use crate::{
    authority::{Refusal, refuse},
    code::Code,
    doc::{
        chunk::{Chunk, ChunkKind},
        column::{ReadColumnError, Reader, Runs, count_booleans},
    },
    limits::Limits,
};

const ACTOR_BYTES: usize = 16;
const HASH_BYTES: u64 = 32;
/// The bit of a column specification that marks it as deflated.
const DEFLATED: u64 = 0b1000;

/// The columns of puts and deletes on the root map, in their order.
const COLUMNS: [u64; 8] = [KEY, INSERT, ACTION, VALUE_META, VALUE, PRED_COUNT, PRED_ACTOR, PRED_COUNTER];
const KEY: u64 = 0x15;
const INSERT: u64 = 0x34;
const ACTION: u64 = 0x42;
const VALUE_META: u64 = 0x56;
const VALUE: u64 = 0x57;
const PRED_COUNT: u64 = 0x70;
const PRED_ACTOR: u64 = 0x71;
const PRED_COUNTER: u64 = 0x73;
/// The columns of everything else: objects, list elements, marks.
const BESIDE_ROOT: [u64; 6] = [0x01, 0x02, 0x11, 0x13, 0x94, 0xa5];

const ACTION_PUT: u64 = 1;
const ACTION_DELETE: u64 = 3;
/// Automerge keeps counters in 32 bits and panics beyond.
const COUNTER_MAX: u64 = u32::MAX as u64;

impl From<ReadColumnError> for Refusal {
    fn from(error: ReadColumnError) -> Self {
        let code = match error {
            ReadColumnError::Truncated | ReadColumnError::Number => Code::ChangeMalformed,
            ReadColumnError::EmptyRun => Code::NotCanonical,
            ReadColumnError::Rows => Code::TooManyOperations,
        };
        Refusal::new(code, error.to_string())
    }
}

/// Checks that the bytes are one change, framed exactly, of puts and deletes on the root map, and within
/// the limits.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    if bytes.len() > limits.change_bytes_max as usize {
        return refuse(Code::ChangeTooLarge, format!("{} bytes", bytes.len()));
    }
    let mut body = read_frame(bytes)?;
    let header = read_header(&mut body, limits)?;
    let columns = Columns::read(&mut body)?;
    let operations = columns.check_operations(limits)?;
    columns.check_values(operations)?;
    columns.check_predecessors(operations, header.actors, limits)?;
    match header.start_operation.checked_add(operations) {
        Some(end) if end <= COUNTER_MAX => Ok(()),
        _ => refuse(Code::WrongStartOperation, "the counters do not fit in 32 bits"),
    }
}

fn read_frame(bytes: &[u8]) -> Result<Reader<'_>, Refusal> {
    let chunk = Chunk::read(bytes).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))?;
    match chunk.kind {
        ChunkKind::CompressedChange => Err(Refusal::new(Code::ChangeCompressed, "a deflated change")),
        ChunkKind::Document | ChunkKind::Other => Err(Refusal::new(Code::ChangeMalformed, "not a change chunk")),
        ChunkKind::Change if !chunk.is_intact() => {
            Err(Refusal::new(Code::WrongChecksum, "the checksum is not that of the content"))
        }
        ChunkKind::Change => Ok(Reader::new(chunk.content)),
    }
}

/// The header's values that the columns are checked against.
struct Header {
    start_operation: u64,
    /// The number of actors that operations may name, the change's own included.
    actors: u64,
}

fn read_header(body: &mut Reader<'_>, limits: &Limits) -> Result<Header, Refusal> {
    let dependencies = body.unsigned()?;
    if dependencies > u64::from(limits.change_dependencies_max) {
        return Err(Refusal::new(Code::TooManyDependencies, format!("{dependencies} dependencies")));
    }
    body.take(dependencies * HASH_BYTES)?;
    let actor = body.prefixed()?;
    if actor.len() != ACTOR_BYTES {
        return Err(Refusal::new(Code::WrongActor, "the actor id is not 16 bytes long"));
    }
    let _sequence = body.unsigned()?;
    let start_operation = body.unsigned()?;
    let _time = body.signed()?;
    if !body.prefixed()?.is_empty() {
        return Err(Refusal::new(Code::ChangeExtras, "a commit message"));
    }
    let others = body.unsigned()?;
    if others > u64::from(limits.change_predecessors_max) {
        return Err(Refusal::new(Code::WrongActors, format!("{others} other actors")));
    }
    let mut previous: Option<&[u8]> = None;
    for _ in 0..others {
        let other = body.prefixed()?;
        if other.len() != ACTOR_BYTES || other == actor || previous.is_some_and(|previous| previous >= other) {
            return Err(Refusal::new(Code::WrongActors, "the other actors are not sorted, unique ids of 16 bytes"));
        }
        previous = Some(other);
    }
    Ok(Header { start_operation, actors: others + 1 })
}

/// The data of each column of `COLUMNS`, empty if the column is missing.
struct Columns<'a>([&'a [u8]; COLUMNS.len()]);

impl<'a> Columns<'a> {
    fn read(body: &mut Reader<'a>) -> Result<Self, Refusal> {
        let count = body.unsigned()?;
        // The data follows all the specifications: one pass to find it, one to read it.
        let mut specifications = *body;
        let mut previous = None;
        for _ in 0..count {
            let (specification, length) = (body.unsigned()?, body.unsigned()?);
            check_specification(specification, length, previous)?;
            previous = Some(specification);
        }
        let mut columns = [&[][..]; COLUMNS.len()];
        for _ in 0..count {
            let (specification, length) = (specifications.unsigned()?, specifications.unsigned()?);
            let data = body.take(length)?;
            if let Some(index) = COLUMNS.iter().position(|&known| known == specification) {
                columns[index] = data;
            }
        }
        if !body.rest().is_empty() {
            return Err(Refusal::new(Code::ChangeExtras, "bytes after the columns"));
        }
        Ok(Self(columns))
    }

    fn get(&self, specification: u64) -> &'a [u8] {
        COLUMNS.iter().position(|&known| known == specification).map_or(&[], |index| self.0[index])
    }

    /// Checks that keys, actions and inserts have a row each; returns their number.
    fn check_operations(&self, limits: &Limits) -> Result<u64, Refusal> {
        let max = u64::from(limits.change_operations_max);
        let count = |rows: u64, run: u64| match rows.checked_add(run) {
            Some(rows) if rows <= max => Ok(rows),
            _ => Err(Refusal::new(Code::TooManyOperations, format!("more than {max} operations"))),
        };
        let illegal = |detail: &str| Err(Refusal::new(Code::OperationIllegal, detail));
        let mut keys = 0;
        for run in Runs::new(self.get(KEY), Reader::prefixed) {
            let run = run?;
            keys = count(keys, run.rows)?;
            match run.value {
                Some(_) if run.rows > 1 => return illegal("a key is written twice"),
                Some(key) if key.len() > limits.key_bytes_max as usize => return illegal("a key over the limit"),
                Some(_) => {}
                None => return illegal("an operation without a key"),
            }
        }
        let mut actions = 0;
        for run in Runs::new(self.get(ACTION), Reader::unsigned) {
            let run = run?;
            actions = count(actions, run.rows)?;
            if !matches!(run.value, Some(ACTION_PUT | ACTION_DELETE)) {
                return illegal("an operation other than put of a scalar and delete");
            }
        }
        let (kept, inserted) = count_booleans(self.get(INSERT))?;
        count(kept, inserted)?;
        if inserted > 0 {
            return illegal("an insert");
        }
        if actions == 0 {
            return illegal("a change without an operation");
        }
        if keys != actions || kept != actions {
            return Err(Refusal::new(Code::NotCanonical, "columns of different lengths"));
        }
        Ok(actions)
    }

    /// Checks that each row has a value, and that the values use exactly the bytes there are.
    fn check_values(&self, operations: u64) -> Result<(), Refusal> {
        let mut rows = 0u64;
        let mut bytes = 0u64;
        for run in Runs::new(self.get(VALUE_META), Reader::unsigned) {
            let run = run?;
            let Some(meta) = run.value else { return refuse(Code::ChangeMalformed, "a value without a type") };
            // The length is stored above the four bits of the type.
            let run_bytes = (meta >> 4).checked_mul(run.rows);
            rows = rows.saturating_add(run.rows);
            bytes = run_bytes.and_then(|run_bytes| bytes.checked_add(run_bytes)).unwrap_or(u64::MAX);
        }
        if bytes > self.get(VALUE).len() as u64 {
            return refuse(Code::ChangeMalformed, "a value longer than the bytes there are");
        }
        if rows != operations || bytes != self.get(VALUE).len() as u64 {
            return refuse(Code::NotCanonical, "not a value for each operation");
        }
        Ok(())
    }

    /// Checks that every predecessor names a listed actor and a counter that can exist.
    fn check_predecessors(&self, operations: u64, actors: u64, limits: &Limits) -> Result<(), Refusal> {
        let max = u64::from(limits.change_predecessors_max);
        let mut groups = 0u64;
        let mut predecessors = 0u64;
        for run in Runs::new(self.get(PRED_COUNT), Reader::unsigned) {
            let run = run?;
            let Some(each) = run.value else { return refuse(Code::ChangeMalformed, "a missing count") };
            groups = groups.saturating_add(run.rows);
            predecessors = each.saturating_mul(run.rows).saturating_add(predecessors);
        }
        if predecessors > max {
            return refuse(Code::TooManyPredecessors, format!("more than {max} predecessors"));
        }
        let mut named = 0u64;
        for run in Runs::new(self.get(PRED_ACTOR), Reader::unsigned) {
            let run = run?;
            named = named.saturating_add(run.rows);
            match run.value {
                Some(index) if index < actors => {}
                Some(_) => return refuse(Code::IndexOutOfRange, "an actor that is not in the list"),
                None => return refuse(Code::ChangeMalformed, "a missing actor"),
            }
        }
        let mut counted = 0u64;
        let mut counter = 0i64;
        for run in Runs::new(self.get(PRED_COUNTER), Reader::signed) {
            let run = run?;
            let Some(delta) = run.value else { return refuse(Code::ChangeMalformed, "a missing counter") };
            counted = counted.saturating_add(run.rows);
            // A run is monotonic: its first and last row bound it.
            let last = i64::try_from(run.rows).ok().and_then(|rows| delta.checked_mul(rows)?.checked_add(counter));
            let range = 1..=COUNTER_MAX as i64;
            let (Some(first), Some(last)) = (counter.checked_add(delta), last) else {
                return refuse(Code::IndexOutOfRange, "a counter that cannot exist");
            };
            if !range.contains(&first) || !range.contains(&last) {
                return refuse(Code::IndexOutOfRange, "a counter that cannot exist");
            }
            counter = last;
        }
        if groups != operations || named != predecessors || counted != predecessors {
            return refuse(Code::NotCanonical, "not the predecessors that are counted");
        }
        Ok(())
    }
}

fn check_specification(specification: u64, length: u64, previous: Option<u64>) -> Result<(), Refusal> {
    let plain = specification & !DEFLATED;
    let known = COLUMNS.contains(&plain) || BESIDE_ROOT.contains(&plain);
    if known && plain != specification {
        return refuse(Code::ChangeCompressed, "a deflated column");
    }
    if !known || length == 0 || previous.is_some_and(|previous| previous >= specification) {
        return refuse(Code::ColumnIllegal, "a column that is unknown, doubled, empty or out of order");
    }
    if BESIDE_ROOT.contains(&specification) {
        return refuse(Code::OperationIllegal, "an operation beside the root map");
    }
    Ok(())
}
