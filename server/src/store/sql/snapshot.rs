//! Snapshots: written with a checksum over everything stored about them, verified before anyone gets them, and
//! set aside if they are corrupt.

use sha2::{Digest as _, Sha256};
use tidings_core::{
    ids::{DocumentId, TenantId},
    journal::Position,
    time::WallTime,
};

use super::{
    Backend, Insert, Value,
    backend::{fetch, insert},
    journal::{BACKLOG_STEP, stream_head},
    row::Fields,
};
use crate::store::{Snapshot, StoreError};

/// A row of `snapshots`, unverified.
pub(super) struct SnapshotRow {
    position: i64,
    checksum: Vec<u8>,
    admissions: Vec<u8>,
    data: Vec<u8>,
}

/// The checksum of a snapshot of this document, so that a snapshot moved here from another document does
/// not match.
fn checksum(tenant: &TenantId, document: &DocumentId, position: i64, admissions: &[u8], data: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(format!("{tenant}\n{document}\n{position}\n{}\n", admissions.len()));
    hasher.update(admissions);
    hasher.update(data);
    hasher.finalize().into()
}

impl SnapshotRow {
    fn of(tenant: &TenantId, document: &DocumentId, snapshot: &Snapshot) -> Self {
        let position = i64::try_from(snapshot.position.number()).unwrap_or(i64::MAX);
        let (admissions, data) = (snapshot.admissions.clone(), snapshot.data.clone());
        let checksum = checksum(tenant, document, position, &admissions, &data).to_vec();
        Self { position, checksum, admissions, data }
    }

    /// Returns true if it is what was written for this document.
    pub(super) fn is_intact(&self, tenant: &TenantId, document: &DocumentId) -> bool {
        self.checksum == checksum(tenant, document, self.position, &self.admissions, &self.data)
    }

    /// The reason why nobody may be given it, if there is one.
    pub(super) fn fault(&self, tenant: &TenantId, document: &DocumentId, head: Position) -> Option<&'static str> {
        if !self.is_intact(tenant, document) {
            Some("it does not have its checksum")
        } else if u64::try_from(self.position).is_ok_and(|position| position > head.number()) {
            Some("it is of a position that the stream does not have")
        } else {
            None
        }
    }

    /// The snapshot; none if its position cannot be one.
    pub(super) fn into_snapshot(self) -> Option<Snapshot> {
        let position = Position::new(u64::try_from(self.position).ok()?);
        Some(Snapshot { position, data: self.data, admissions: self.admissions })
    }
}

const SNAPSHOT: &str = "SELECT position, checksum, admissions, data FROM snapshots
    WHERE tenant = $1 AND document = $2";

/// Reads the stored snapshot of a document, unverified.
pub(super) async fn read<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
) -> Result<Option<SnapshotRow>, StoreError> {
    let rows = fetch::<B>(connection, SNAPSHOT, [tenant.into(), document.into()]).await?;
    let row = rows.first().map(|row| {
        let fields = Fields::of("snapshots", row);
        Ok::<_, StoreError>(SnapshotRow {
            position: fields.number("position")?,
            checksum: fields.bytes("checksum")?,
            admissions: fields.bytes("admissions")?,
            data: fields.bytes("data")?,
        })
    });
    row.transpose()
}

const SAVE: Insert = Insert {
    table: "snapshots",
    joined: None,
    columns: &["tenant", "document", "position", "checksum", "admissions", "data"],
    conflict: "ON CONFLICT (tenant, document) DO UPDATE SET position = excluded.position,
            checksum = excluded.checksum, admissions = excluded.admissions, data = excluded.data
        WHERE snapshots.position < excluded.position
        RETURNING position",
};

// Counts the entries in the snapshot, not those after it: these are certainly committed, while another
// transaction may be adding some after it.
const COUNT: &str = "SELECT count(*) AS entries FROM journal
    WHERE tenant = $1 AND document = $2 AND position <= $3";

const NOTE: &str = "UPDATE documents
    SET snapshot_entries = $3, backlog = (entries - $3) / $4 WHERE tenant = $1 AND document = $2 RETURNING document";

/// Implements `Store::save_snapshot`, in a transaction that must be rolled back if it returns that a newer one
/// is stored or that the document was erased.
pub(super) async fn save<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
    snapshot: &Snapshot,
) -> Result<bool, StoreError> {
    let SnapshotRow { position, checksum, admissions, data } = SnapshotRow::of(tenant, document, snapshot);
    let row =
        vec![tenant.into(), document.into(), Value::Number(position), checksum.into(), admissions.into(), data.into()];
    if insert::<B>(connection, &SAVE, vec![row]).await?.is_empty() {
        return Ok(false);
    }
    let values = [tenant.into(), document.into(), snapshot.position.into()];
    let rows = fetch::<B>(connection, COUNT, values).await?;
    let entries: u32 = rows.first().map_or(Ok(0), |row| Fields::of("journal", row).number("entries"))?;
    note::<B>(connection, tenant, document, entries).await
}

/// Records the number of entries in the snapshot, by which the job finds stale ones. Returns true if the
/// document still exists.
async fn note<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
    entries: u32,
) -> Result<bool, StoreError> {
    let values = [tenant.into(), document.into(), entries.into(), BACKLOG_STEP.into()];
    Ok(!fetch::<B>(connection, NOTE, values).await?.is_empty())
}

const TAKE_OUT: &str = "DELETE FROM snapshots
    WHERE tenant = $1 AND document = $2 AND position = $3 AND checksum = $4 RETURNING position";

const SET_ASIDE: Insert = Insert {
    table: "quarantine",
    joined: None,
    columns: &["tenant", "document", "position", "quarantined_at", "reason", "checksum", "admissions", "data"],
    conflict: "ON CONFLICT (tenant, document, position) DO NOTHING",
};

/// The snapshot to set aside.
pub(super) enum Suspect<'a> {
    /// The stored one, if it is corrupt.
    Stored,
    /// This one, which did not load, unless another one is stored by now.
    Unloadable(&'a Snapshot),
}

/// Moves a snapshot to the quarantine. Returns the position it claims, if it was still there; otherwise the
/// transaction must be rolled back.
pub(super) async fn set_aside<B: Backend>(
    connection: &mut B::Connection,
    tenant: &TenantId,
    document: &DocumentId,
    suspect: Suspect<'_>,
    reason: &str,
    now: WallTime,
) -> Result<Option<i64>, StoreError> {
    let Some(row) = read::<B>(connection, tenant, document).await? else { return Ok(None) };
    let guilty = match suspect {
        Suspect::Stored => {
            // Read after the row: a snapshot is never ahead of the stream at that time.
            let head = stream_head::<B>(connection, tenant, &document.stream()).await?;
            row.fault(tenant, document, head.position).is_some()
        }
        Suspect::Unloadable(snapshot) => row.checksum == SnapshotRow::of(tenant, document, snapshot).checksum,
    };
    if !guilty {
        return Ok(None);
    }
    let values = [tenant.into(), document.into(), Value::Number(row.position), row.checksum.clone().into()];
    // Another node may have been quicker, and may have stored a good one since.
    if fetch::<B>(connection, TAKE_OUT, values).await?.is_empty() {
        return Ok(None);
    }
    let position = row.position;
    let aside = vec![
        tenant.into(),
        document.into(),
        Value::Number(row.position),
        now.into(),
        Value::words(Some(reason)),
        row.checksum.into(),
        row.admissions.into(),
        row.data.into(),
    ];
    insert::<B>(connection, &SET_ASIDE, vec![aside]).await?;
    Ok(note::<B>(connection, tenant, document, 0).await?.then_some(position))
}
