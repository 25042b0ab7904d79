//! Reading the journal: heads, entries, changes already held, documents with
//! their snapshots; and writing snapshots.

use sqlx::AssertSqlSafe;
use tidings_core::{
    ids::{ChangeHash, DocumentId, StreamId, TenantId},
    journal::{Entry, Position},
    time::WallTime,
};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
    row::Fields,
};
use crate::store::{Snapshot, StaleDocument, StoreError, StoredDocument, StreamHead};

const STREAM_HEAD: &str = "SELECT position, page FROM streams WHERE tenant = $1 AND stream = $2";

/// `Store::stream_head`.
pub(super) async fn stream_head<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<StreamHead, StoreError> {
    let rows = fetch::<B>(connection, STREAM_HEAD, [tenant.into(), stream.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(StreamHead::default());
    };
    let fields = Fields::of("streams", row);
    Ok(StreamHead { position: fields.position("position")?, page: fields.number("page")? })
}

const ENTRIES_AFTER: &str = "SELECT position, document, account, administrator, accepted_at, change FROM journal
    WHERE tenant = $1 AND stream = $2 AND position > $3 ORDER BY position LIMIT $4";

/// `Store::entries_after`.
pub(super) async fn entries_after<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    after: Position,
    entries_max: u32,
) -> Result<Vec<Entry>, StoreError> {
    let values = [tenant.into(), stream.into(), after.into(), entries_max.into()];
    let rows = fetch::<B>(connection, ENTRIES_AFTER, values).await?;
    rows.iter().map(|row| Fields::of("journal", row).entry()).collect()
}

/// `Store::find_changes`.
pub(super) async fn find_changes<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    stream: &StreamId,
    hashes: &[ChangeHash],
) -> Result<Vec<(ChangeHash, Position, WallTime)>, StoreError> {
    let sql = format!(
        "SELECT hash, position, accepted_at FROM journal
         WHERE tenant = $1 AND stream = $2 AND hash IN (SELECT {} FROM json_each($3)) ORDER BY position",
        B::KEY_BYTES
    );
    let values = [tenant.into(), stream.into(), Value::keys(hashes)];
    let rows = fetch::<B>(connection, AssertSqlSafe(sql), values).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::of("journal", row);
            let hash = fields.decode("hash", |bytes| <[u8; 32]>::try_from(bytes))?;
            Ok((ChangeHash::from_bytes(hash), fields.position("position")?, fields.time("accepted_at")?))
        })
        .collect()
}

const SNAPSHOT: &str = "SELECT position, admissions, data FROM snapshots WHERE tenant = $1 AND document = $2";

const TAIL: &str = "SELECT position, document, account, administrator, accepted_at, change FROM journal
    WHERE tenant = $1 AND document = $2 AND position > $3 ORDER BY position";

/// `Store::document`, within a transaction of one moment.
pub(super) async fn document<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
) -> Result<(StoredDocument, StreamHead), StoreError> {
    let head = stream_head::<B>(connection, tenant, &document.stream()).await?;
    let rows = fetch::<B>(connection, SNAPSHOT, [tenant.into(), document.into()]).await?;
    let snapshot = rows.first().map(|row| {
        let fields = Fields::of("snapshots", row);
        Ok::<_, StoreError>(Snapshot {
            position: fields.position("position")?,
            data: fields.bytes("data")?,
            admissions: fields.bytes("admissions")?,
        })
    });
    let snapshot = snapshot.transpose()?;
    let after = snapshot.as_ref().map_or(Position::ZERO, |snapshot| snapshot.position);
    let rows = fetch::<B>(connection, TAIL, [tenant.into(), document.into(), after.into()]).await?;
    let tail = rows.iter().map(|row| Fields::of("journal", row).entry()).collect::<Result<_, _>>()?;
    Ok((StoredDocument { snapshot, tail }, head))
}

/// Entries behind the snapshot for one step of `documents.backlog`; the
/// commit's own statement knows it too.
pub(super) const BACKLOG_STEP: u32 = 16;

const STALE_DOCUMENTS: &str = "SELECT tenant, document FROM documents
    WHERE backlog >= $1 AND entries - snapshot_entries >= $2 ORDER BY backlog DESC LIMIT $3";

/// `Store::stale_documents`.
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

const SAVE_SNAPSHOT: Insert = Insert {
    table: "snapshots",
    columns: &["tenant", "document", "position", "admissions", "data"],
    conflict: "ON CONFLICT (tenant, document) DO UPDATE
        SET position = excluded.position, admissions = excluded.admissions, data = excluded.data
        WHERE snapshots.position < excluded.position
        RETURNING position",
};

// Counts what is in the snapshot, not what is behind it: those entries are
// committed for sure, while another transaction may be adding behind them.
const COUNT_SNAPSHOT: &str = "SELECT count(*) AS entries FROM journal
    WHERE tenant = $1 AND document = $2 AND position <= $3";

const NOTE_SNAPSHOT: &str = "UPDATE documents
    SET snapshot_entries = $3, backlog = (entries - $3) / $4 WHERE tenant = $1 AND document = $2";

/// `Store::save_snapshot`.
pub(super) async fn save_snapshot<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let row = vec![
        tenant.into(),
        document.into(),
        snapshot.position.into(),
        snapshot.admissions.clone().into(),
        snapshot.data.clone().into(),
    ];
    if insert::<B>(connection, &SAVE_SNAPSHOT, vec![row]).await?.is_empty() {
        return Ok(());
    }
    let values = [tenant.into(), document.into(), snapshot.position.into()];
    let rows = fetch::<B>(connection, COUNT_SNAPSHOT, values).await?;
    let entries: u32 = rows.first().map_or(Ok(0), |row| Fields::of("journal", row).number("entries"))?;
    let values = [tenant.into(), document.into(), entries.into(), BACKLOG_STEP.into()];
    fetch::<B>(connection, NOTE_SNAPSHOT, values).await?;
    Ok(())
}
