//! Reading the journal: heads, entries, changes already held, and documents with the entries after
//! their snapshots.

use sqlx::AssertSqlSafe;
use tidings_core::{
    ids::{ChangeHash, DocumentId, StreamId, TenantId},
    journal::{ChainHash, Entry, Position},
};

use super::{Backend, Value, backend::fetch, row::Fields, snapshot};
use crate::store::{FoundChange, StaleDocument, StoreError, StoredDocument, StreamHead};

const STREAM_HEAD: &str = "SELECT position, page, chain FROM streams WHERE tenant = $1 AND stream = $2";

/// Implements `Store::stream_head`.
pub(super) async fn stream_head<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<StreamHead, StoreError> {
    let rows = fetch::<B>(connection, STREAM_HEAD, [tenant.into(), stream.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(StreamHead::default());
    };
    Fields::of("streams", row).head()
}

const HEAD_SINCE: &str = "SELECT position, page, chain,
        (SELECT chain FROM journal WHERE tenant = $1 AND stream = $2 AND position = $3) AS held
    FROM streams WHERE tenant = $1 AND stream = $2";

/// Implements `Store::head_since`.
pub(super) async fn head_since<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    position: Position,
) -> Result<(StreamHead, Option<ChainHash>), StoreError> {
    let rows = fetch::<B>(connection, HEAD_SINCE, [tenant.into(), stream.into(), position.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok((StreamHead::default(), None));
    };
    let fields = Fields::of("streams", row);
    let held = Fields::of("journal", row).maybe_decode("held", |bytes| <[u8; 32]>::try_from(bytes))?;
    Ok((fields.head()?, held.map(ChainHash::from_bytes)))
}

const ENTRIES_AFTER: &str = "SELECT position, document, account, administrator, accepted_at, hash, deletes, change
    FROM journal WHERE tenant = $1 AND stream = $2 AND position > $3 ORDER BY position LIMIT $4";

/// Implements `Store::entries_after`.
pub(super) async fn entries_after<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    after: Position,
    entries_max: u32,
) -> Result<Vec<Entry>, StoreError> {
    let values = [tenant.into(), stream.into(), after.into(), entries_max.into()];
    let rows = fetch::<B>(connection, ENTRIES_AFTER, values).await?;
    let mut entries: Vec<Entry> = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = Fields::of("journal", row).entry(stream)?;
        follows(stream, entries.last().map_or(after, |last| last.position), &entry)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Checks that an entry directly follows the last one: whoever sees an entry sees all before it, so a missing
/// one is lost.
pub(super) fn follows(stream: &StreamId, last: Position, entry: &Entry) -> Result<(), StoreError> {
    if entry.position == last.next() {
        return Ok(());
    }
    Err(StoreError::Damaged { stream: stream.clone(), position: last.next(), detail: "it is missing".to_owned() })
}

/// Implements `Store::find_changes`.
pub(super) async fn find_changes<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    hashes: &[ChangeHash],
) -> Result<Vec<FoundChange>, StoreError> {
    let sql = format!(
        "SELECT hash, document, position, account, administrator, accepted_at FROM journal
         WHERE tenant = $1 AND stream = $2 AND hash IN (SELECT {} FROM json_each($3)) ORDER BY position",
        B::KEY_BYTES
    );
    let values = [tenant.into(), stream.into(), Value::keys(hashes)];
    let rows = fetch::<B>(connection, AssertSqlSafe(sql), values).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("journal", row);
            let hash = fields.decode("hash", |bytes| <[u8; 32]>::try_from(bytes))?;
            Ok(FoundChange {
                hash: ChangeHash::from_bytes(hash),
                document: fields.document()?,
                position: fields.position("position")?,
                account: fields.account()?,
                administrator: fields.flag("administrator")?,
                accepted_at: fields.time("accepted_at")?,
            })
        })
        .collect()
}

const TAIL: &str = "SELECT position, document, account, administrator, accepted_at, hash, deletes, change
    FROM journal WHERE tenant = $1 AND document = $2 AND position > $3 ORDER BY position";

/// Implements `Store::document`, within a transaction that reads one moment. Also returns the reason if its
/// snapshot is to be set aside.
pub(super) async fn document<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
) -> Result<(StoredDocument, StreamHead, Option<&'static str>), StoreError> {
    let stream = document.stream();
    let head = stream_head::<B>(connection, tenant, &stream).await?;
    let (snapshot, bad) = match snapshot::read::<B>(connection, tenant, document).await? {
        Some(row) => match row.fault(tenant, document, head.position) {
            None => (row.into_snapshot(), None),
            Some(fault) => (None, Some(fault)),
        },
        None => (None, None),
    };
    let after = snapshot.as_ref().map_or(Position::ZERO, |snapshot| snapshot.position);
    let rows = fetch::<B>(connection, TAIL, [tenant.into(), document.into(), after.into()]).await?;
    let tail = rows.iter().map(|row| Fields::of("journal", row).entry(&stream)).collect::<Result<_, _>>()?;
    Ok((StoredDocument { snapshot, tail }, head, bad))
}

/// Number of entries after the snapshot for one step of `documents.backlog`; the commit's own statement
/// repeats it.
pub(super) const BACKLOG_STEP: u32 = 16;

const STALE_DOCUMENTS: &str = "SELECT tenant, document FROM documents
    WHERE backlog >= $1 AND entries - snapshot_entries >= $2 ORDER BY backlog DESC LIMIT $3";

/// Implements `Store::stale_documents`.
pub(super) async fn stale_documents<B: Backend>(
    connection: &mut B::Connection,
    entries_min: u32,
    count_max: u32,
) -> Result<Vec<StaleDocument>, StoreError> {
    let values = [(entries_min / BACKLOG_STEP).into(), entries_min.into(), count_max.into()];
    let rows = fetch::<B>(connection, STALE_DOCUMENTS, values).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("documents", row);
            Ok(StaleDocument { tenant: fields.tenant()?, document: fields.document()? })
        })
        .collect()
}
