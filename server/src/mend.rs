//! Rebuilds rows derived from the journal, stream by stream, while servers run or not. It compares the derived
//! rows with the stored ones and writes only those that differ, so it can be stopped at any time and run again.

use std::fmt;

use tidings_core::ids::{StreamId, TenantId};

use crate::{
    store::{OddRow, Restate as _, Store, StoreError},
    stream::replay::Replay,
};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;
/// Entries applied before other tasks of the thread get a turn.
const TAKEN_AT_ONCE: usize = 32;

/// Counts of what was checked and repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mended {
    /// Streams checked.
    pub streams: u64,
    /// Rows that were rebuilt or deleted.
    pub rows: u64,
    /// Streams with a damaged journal; their rows were left as they are.
    pub damaged: u64,
}

impl fmt::Display for Mended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { streams, rows, damaged } = self;
        write!(formatter, "{streams} streams, {rows} rows put right")?;
        match damaged {
            0 => Ok(()),
            _ => {
                write!(formatter, "; the journal of {damaged} streams is damaged, and their rows were left as they are")
            }
        }
    }
}

/// Mends every stream, of one tenant or of all, and reports each with the rows that were repaired, or the
/// reason why none was.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn mend_all(
    store: &dyn Store,
    tenant: Option<&TenantId>,
    mut report: impl FnMut(&TenantId, &StreamId, &Result<Vec<OddRow>, StoreError>),
) -> Result<Mended, StoreError> {
    let mut mended = Mended::default();
    let mut last: Option<(TenantId, StreamId)> = None;
    while let Some(next) = store.records().next_stream(tenant, last.as_ref()).await? {
        let (tenant, stream) = &next;
        let outcome = match mend_stream(store, tenant, stream).await {
            Err(error @ StoreError::Damaged { .. }) => Err(error),
            outcome => Ok(outcome?),
        };
        report(tenant, stream, &outcome);
        mended.count(&outcome);
        last = Some(next);
    }
    Ok(mended)
}

impl Mended {
    /// Adds the outcome of one stream.
    pub fn count(&mut self, outcome: &Result<Vec<OddRow>, StoreError>) {
        self.streams += 1;
        match outcome {
            Ok(rows) => self.rows += rows.len() as u64,
            Err(_) => self.damaged += 1,
        }
    }
}

/// Mends one stream and returns the repaired rows.
///
/// # Errors
/// `StoreError::Damaged` when its journal is damaged, in which case nothing is written; or when the store
/// cannot be read or written.
pub async fn mend_stream(store: &dyn Store, tenant: &TenantId, stream: &StreamId) -> Result<Vec<OddRow>, StoreError> {
    let mend = async {
        let mut replay = replayed(store, tenant, stream).await?;
        let projections = store.projections();
        // Most streams are correct, and checking them must not hold up their writers.
        match projections.compare(&mut replay).await?.is_empty() {
            true => Ok(Vec::new()),
            false => projections.mend(&mut replay).await,
        }
    };
    unless_erased(store, tenant, stream, mend.await).await
}

/// Finds the rows of a stream that differ from what its entries state.
///
/// # Errors
/// As `mend_stream`.
pub async fn odd_rows(store: &dyn Store, tenant: &TenantId, stream: &StreamId) -> Result<Vec<OddRow>, StoreError> {
    let compare = async {
        let mut replay = replayed(store, tenant, stream).await?;
        store.projections().compare(&mut replay).await
    };
    unless_erased(store, tenant, stream, compare.await).await
}

/// What was erased has no entries left, so no row follows from one.
async fn unless_erased(
    store: &dyn Store,
    tenant: &TenantId,
    stream: &StreamId,
    outcome: Result<Vec<OddRow>, StoreError>,
) -> Result<Vec<OddRow>, StoreError> {
    match outcome {
        Err(StoreError::Damaged { .. }) if store.records().stream_record(tenant, stream).await?.is_erased => {
            Ok(Vec::new())
        }
        outcome => outcome,
    }
}

/// Replays a stream up to its last few entries without blocking its writers.
async fn replayed(store: &dyn Store, tenant: &TenantId, stream: &StreamId) -> Result<Replay, StoreError> {
    let mut replay = Replay::new(tenant, stream);
    loop {
        let entries = store.entries_after(tenant, stream, replay.head().position, ENTRIES_MAX).await?;
        for (index, entry) in entries.iter().enumerate() {
            replay.take(entry)?;
            if index % TAKEN_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        if entries.len() < ENTRIES_MAX as usize {
            return Ok(replay);
        }
    }
}
