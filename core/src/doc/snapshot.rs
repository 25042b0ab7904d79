//! Bounds on the bytes of a saved document before Automerge loads them: one intact document chunk, whose
//! columns stay within bounds when inflated and unpacked.
//!
//! Source: the document chunk of the Automerge binary format.

use flate2::{Decompress, FlushDecompress, Status};

use crate::{
    doc::{
        chunk::{Chunk, ChunkKind, ReadChunkError},
        column::{ReadColumnError, Reader, Runs, count_booleans},
    },
    limits::Limits,
};

const ACTOR_BYTES: usize = 16;
const HASH_BYTES: u64 = 32;
/// The bit of a column specification that marks it as deflated.
const DEFLATED: u64 = 0b1000;
/// The bits of a column specification with its type.
const TYPE: u64 = 0b111;
/// Maximum number of columns: those of changes and operations that Automerge 0.12 knows, with room for
/// later ones.
const COLUMNS_MAX: u64 = 32;
/// Maximum bytes of all columns of a document, inflated and unpacked: four times those of its changes. Each
/// change contains its keys and values in full; the columns have both, the keys once more unpacked, and a few
/// numbers for each operation, fewer than its key has bytes.
const UNPACKED_BYTES_MAX: u64 = 4 * Limits::WIDEST.page_bytes_max as u64;
/// Maximum rows of one column: a page at its hard limit, of changes that each replace as much as a change may.
const ROWS_MAX: u64 = Limits::DEFAULT.page_changes_max as u64 * Limits::DEFAULT.change_predecessors_max as u64;

/// Why bytes are not a snapshot that can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScanSnapshotError {
    #[error(transparent)]
    Chunk(#[from] ReadChunkError),
    #[error("not a document chunk")]
    Kind,
    #[error("the checksum is not that of the content")]
    Checksum,
    #[error(transparent)]
    Column(#[from] ReadColumnError),
    #[error("an actor id that is not 16 bytes long")]
    Actor,
    #[error("a deflated column does not inflate")]
    Deflate,
    #[error("more than a document may hold")]
    TooLarge,
}

/// Checks that the bytes are one saved document within the bounds.
pub(super) fn scan(bytes: &[u8]) -> Result<(), ScanSnapshotError> {
    let chunk = Chunk::read(bytes)?;
    if chunk.kind != ChunkKind::Document {
        return Err(ScanSnapshotError::Kind);
    }
    if !chunk.is_intact() {
        return Err(ScanSnapshotError::Checksum);
    }
    let mut content = Reader::new(chunk.content);
    for _ in 0..content.unsigned()? {
        if content.prefixed()?.len() != ACTOR_BYTES {
            return Err(ScanSnapshotError::Actor);
        }
    }
    let heads = content.unsigned()?;
    content.take(heads.checked_mul(HASH_BYTES).ok_or(ScanSnapshotError::TooLarge)?)?;
    let changes = specifications(&mut content)?;
    let operations = specifications(&mut content)?;
    let mut budget = UNPACKED_BYTES_MAX;
    for mut specifications in [changes, operations] {
        for _ in 0..specifications.unsigned()? {
            let (specification, length) = (specifications.unsigned()?, specifications.unsigned()?);
            scan_column(specification, content.take(length)?, &mut budget)?;
        }
    }
    Ok(())
}

/// Skips a list of column specifications, and returns a reader of it.
fn specifications<'a>(content: &mut Reader<'a>) -> Result<Reader<'a>, ScanSnapshotError> {
    let list = *content;
    let count = content.unsigned()?;
    if count > COLUMNS_MAX {
        return Err(ScanSnapshotError::TooLarge);
    }
    for _ in 0..count {
        content.unsigned()?;
        content.unsigned()?;
    }
    Ok(list)
}

fn scan_column(specification: u64, data: &[u8], budget: &mut u64) -> Result<(), ScanSnapshotError> {
    if specification & DEFLATED == 0 {
        return scan_rows(specification, data, budget);
    }
    let data = inflate(data, *budget)?;
    scan_rows(specification, &data, budget)
}

fn inflate(data: &[u8], max: u64) -> Result<Vec<u8>, ScanSnapshotError> {
    const STEP_BYTES: usize = 16 * 1024;
    let mut inflater = Decompress::new(false);
    let mut inflated = Vec::new();
    loop {
        inflated.reserve(STEP_BYTES);
        let input = usize::try_from(inflater.total_in()).ok().and_then(|read| data.get(read..)).unwrap_or_default();
        let before = inflated.len();
        let status = inflater.decompress_vec(input, &mut inflated, FlushDecompress::Finish);
        if inflated.len() as u64 > max {
            return Err(ScanSnapshotError::TooLarge);
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(inflated),
            Ok(Status::Ok | Status::BufError) if inflated.len() > before => {}
            Ok(Status::Ok | Status::BufError) | Err(_) => return Err(ScanSnapshotError::Deflate),
        }
    }
}

/// Counts the contents of a column when unpacked.
fn scan_rows(specification: u64, data: &[u8], budget: &mut u64) -> Result<(), ScanSnapshotError> {
    let mut spend = |bytes: u64| {
        *budget = budget.checked_sub(bytes).ok_or(ScanSnapshotError::TooLarge)?;
        Ok::<_, ScanSnapshotError>(())
    };
    spend(data.len() as u64)?;
    let mut rows = 0u64;
    let mut count = |run: u64| {
        rows = rows.saturating_add(run);
        if rows > ROWS_MAX { Err(ScanSnapshotError::TooLarge) } else { Ok(()) }
    };
    match specification & TYPE {
        // Groups: each row says how many rows of the following columns belong to it.
        0 => {
            for run in Runs::new(data, Reader::unsigned) {
                let run = run?;
                count(run.rows.saturating_mul(run.value.unwrap_or(0).max(1)))?;
            }
        }
        // Deltas.
        3 => {
            for run in Runs::new(data, Reader::signed) {
                count(run?.rows)?;
            }
        }
        4 => {
            let (no, yes) = count_booleans(data)?;
            count(no)?;
            count(yes)?;
        }
        // Texts.
        5 => {
            for run in Runs::new(data, Reader::prefixed) {
                let run = run?;
                count(run.rows)?;
                spend(run.rows.saturating_mul(run.value.map_or(0, <[u8]>::len) as u64))?;
            }
        }
        // Raw values have no rows of their own.
        7 => {}
        // Actors, integers and the types of values.
        _ => {
            for run in Runs::new(data, Reader::unsigned) {
                count(run?.rows)?;
            }
        }
    }
    Ok(())
}
