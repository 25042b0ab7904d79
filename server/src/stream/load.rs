//! Loads a document from the store. If the snapshot is corrupt, the document is rebuilt from the journal and
//! the snapshot set aside; if the journal is, the stream is damaged, which is reported and not repaired here.

use tidings_core::{
    doc::{Document, RestoreDocumentError},
    ids::{DocumentId, TenantId},
    journal::Position,
};

use crate::store::{Store, StoreError, StoredDocument, StreamHead};

/// Entries read at once.
const ENTRIES_MAX: u32 = 500;

/// Loads a document, with the head of its stream.
///
/// # Errors
/// `StoreError::Damaged` when the document cannot be built from the journal.
pub(crate) async fn load(
    store: &dyn Store,
    tenant: &TenantId,
    id: &DocumentId,
) -> Result<(Document, StreamHead), StoreError> {
    let (stored, head) = store.document(tenant, id).await?;
    match restore(id.clone(), &stored) {
        Ok(document) => Ok((document, head)),
        Err(error) => Ok((mend(store, tenant, id, &stored, head, error).await?, head)),
    }
}

/// Builds a document from its stored snapshot and entries.
///
/// # Errors
/// When the snapshot does not load, or a later entry does not apply; `mend` handles both.
pub(crate) fn restore(id: DocumentId, stored: &StoredDocument) -> Result<Document, RestoreDocumentError> {
    let snapshot = stored
        .snapshot
        .as_ref()
        .map(|snapshot| (snapshot.position, snapshot.data.as_slice(), snapshot.admissions.as_slice()));
    Document::restore(id, snapshot, &stored.tail)
}

/// Rebuilds a document from the journal alone, after it could not be restored.
///
/// # Errors
/// `StoreError::Damaged` when that fails too.
pub(crate) async fn mend(
    store: &dyn Store,
    tenant: &TenantId,
    id: &DocumentId,
    stored: &StoredDocument,
    head: StreamHead,
    error: RestoreDocumentError,
) -> Result<Document, StoreError> {
    let Some(snapshot) = &stored.snapshot else { return Err(damaged(id, error)) };
    let document = from_journal(store, tenant, id, head.position).await?;
    let reason = error.to_string();
    if let Err(error) = store.quarantine_snapshot(tenant, id, snapshot, &reason).await {
        tracing::warn!(%tenant, document = %id, %error, "a bad snapshot was not set aside yet");
    }
    Ok(document)
}

async fn from_journal(
    store: &dyn Store,
    tenant: &TenantId,
    id: &DocumentId,
    head: Position,
) -> Result<Document, StoreError> {
    let stream = id.stream();
    let mut document = Document::new(id.clone());
    let mut after = Position::ZERO;
    while after < head {
        let entries = store.entries_after(tenant, &stream, after, ENTRIES_MAX).await?;
        let Some(last) = entries.last() else { break };
        after = last.position;
        for entry in entries.iter().filter(|entry| entry.document == *id && entry.position <= head) {
            let failed = |source| damaged(id, RestoreDocumentError::Entry { position: entry.position, source });
            document.apply_entry(entry).map_err(failed)?;
        }
        // A long journal must not hold up other tasks of this thread.
        tokio::task::yield_now().await;
    }
    Ok(document)
}

fn damaged(id: &DocumentId, error: RestoreDocumentError) -> StoreError {
    let position = match error {
        RestoreDocumentError::Entry { position, .. } => position,
        RestoreDocumentError::Snapshot(_) | RestoreDocumentError::Admissions(_) => Position::ZERO,
    };
    StoreError::Damaged { stream: id.stream(), position, detail: error.to_string() }
}
