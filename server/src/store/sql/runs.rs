//! The entries that streams have since a cursor, as far as one answer holds them.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::{
    ids::{StreamId, TenantId},
    journal::{Cursor, Entry, Position},
};

use super::{Backend, Value, backend::fetch, journal::follows, row::Fields};
use crate::{bounds::Bounds, store::StoreError};

/// What is new in some streams of a tenant since a cursor.
pub(super) struct Runs<'q> {
    pub(super) bounds: &'q Bounds,
    pub(super) tenant: &'q TenantId,
    pub(super) since: Cursor,
}

impl Runs<'_> {
    /// The entries of every stream whose missed run is short enough. Of conversations a summary tells of the others;
    /// of an account's own stream nothing would, so its newest entry is there in any case: who lacks more fetches it.
    pub(super) async fn entries<B: Backend>(
        &self,
        connection: &mut B::Connection,
        heads: &[(StreamId, Position)],
        entries_max: u32,
    ) -> Result<Vec<(StreamId, Vec<Entry>)>, StoreError> {
        const ENTRIES: &str = "SELECT journal.stream, journal.position, journal.document, journal.account,
                journal.administrator, journal.accepted_at, journal.hash, journal.deletes, journal.change
            FROM json_each($2) AS wanted
            JOIN journal ON journal.tenant = $1 AND journal.stream = wanted.key
                AND journal.position >= CAST(CAST(wanted.value AS TEXT) AS BIGINT)
            ORDER BY journal.stream, journal.position";
        let mut runs = self.runs::<B>(connection, heads, entries_max).await?;
        // Smallest first, so that most streams fit.
        runs.sort_by_key(|run| run.bytes);
        let mut bytes_left = self.bounds.catch_up_bytes_max;
        runs.retain_mut(|run| {
            let fits = run.fits && run.bytes <= bytes_left;
            bytes_left = bytes_left.saturating_sub(run.bytes);
            if !fits {
                run.first = run.head;
            }
            fits || run.stream.conversation().is_none()
        });
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = Value::keyed(runs.into_iter().map(|run| (run.stream, run.first.number())));
        let mut streams: Vec<(StreamId, Vec<Entry>)> = Vec::new();
        let mut damaged = BTreeSet::new();
        for row in fetch::<B>(connection, ENTRIES, [self.tenant.into(), wanted]).await? {
            let fields = Fields::of("journal", &row);
            let stream = fields.stream()?;
            let last = streams.last().filter(|(last, _)| *last == stream).and_then(|(_, entries)| entries.last());
            let entry = fields.entry(&stream).and_then(|entry| {
                last.map_or(Ok(()), |last| follows(&stream, last.position, &entry))?;
                Ok(entry)
            });
            let entry = match entry {
                Ok(entry) => entry,
                // Left to be fetched, which reports the damage; the other streams are not held back.
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::error!(tenant = %self.tenant, %error, "a catch-up leaves a stream out");
                    damaged.insert(stream);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match streams.last_mut() {
                Some((last, entries)) if *last == stream => entries.push(entry),
                _ => streams.push((stream, vec![entry])),
            }
        }
        streams.retain(|(stream, _)| !damaged.contains(stream));
        Ok(streams)
    }

    /// The missed runs, without the entries. Looks at one entry more than `entries_max` in each stream.
    async fn runs<B: Backend>(
        &self,
        connection: &mut B::Connection,
        heads: &[(StreamId, Position)],
        entries_max: u32,
    ) -> Result<Vec<Run>, StoreError> {
        // Of a deleted conversation only the deletion is reported. It is found by its key: `'conversation/' || …` would be
        // compared for every conversation of the tenant.
        const RUNS: &str = "SELECT journal.stream, min(journal.position) AS first,
                CAST(sum(length(journal.change)) AS BIGINT) AS bytes
            FROM json_each($2) AS wanted
            JOIN journal ON journal.tenant = $1 AND journal.stream = wanted.key
                AND journal.position >= CAST(CAST(wanted.value AS TEXT) AS BIGINT)
            WHERE journal.tick >= $3
                AND NOT EXISTS (SELECT 1 FROM conversations WHERE conversations.tenant = $1
                    AND conversations.conversation = substr(journal.stream, 14)
                    AND conversations.state = 'deleted')
            GROUP BY journal.stream";
        let fits = |first: Position, head: Position| {
            head.next().number().saturating_sub(first.number()) <= u64::from(entries_max)
        };
        let heads: BTreeMap<&StreamId, Position> = heads.iter().map(|(stream, head)| (stream, *head)).collect();
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = heads.iter().map(|(stream, head)| (stream, head.number().saturating_sub(entries_max.into())));
        let values = [self.tenant.into(), Value::keyed(wanted), Value::number(self.since.tick)];
        let mut runs = Vec::new();
        for row in fetch::<B>(connection, RUNS, values).await? {
            let fields = Fields::of("journal", &row);
            let (stream, first) = (fields.stream()?, fields.position("first")?);
            if let Some(&head) = heads.get(&stream) {
                let fits = fits(first, head);
                runs.push(Run { first, head, fits, bytes: if fits { fields.number("bytes")? } else { 0 }, stream });
            }
        }
        Ok(runs)
    }
}

/// The missed run of a stream: everything from `first` to `head`.
struct Run {
    stream: StreamId,
    first: Position,
    head: Position,
    /// Whether it has at most as many entries as an answer may have of a stream.
    fits: bool,
    /// Of the changes of a run that fits.
    bytes: u64,
}
