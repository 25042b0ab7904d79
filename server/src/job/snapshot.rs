//! Cuts snapshots of documents once enough entries gathered behind the last
//! one, so that loading and fetching stay short.

use std::sync::Arc;

use tidings_core::doc::RestoreDocumentError;

use crate::{
    drain::Phase,
    node::Node,
    store::{Snapshot, StaleDocument, StoreError},
    stream::restore,
};

/// Documents of one round.
const DOCUMENTS_MAX: u32 = 64;

/// Why a document got no snapshot.
#[derive(Debug, thiserror::Error)]
enum CutSnapshotError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Restore(#[from] RestoreDocumentError),
    #[error("the document failed while it was saved")]
    Panic,
}

/// Looks for stale documents until the node goes down. What fails is logged,
/// and tried again at the next round.
pub(crate) async fn run(node: Arc<Node>) {
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(node.config.node.snapshot_interval).await;
        let stale = match node.store.stale_documents(node.config.node.snapshot_entries.max(1), DOCUMENTS_MAX).await {
            Ok(stale) => stale,
            Err(error) => {
                tracing::warn!(%error, "stale documents are not known");
                continue;
            }
        };
        for document in stale {
            match cut(&node, &document).await {
                Ok(bytes) => tracing::debug!(document = %document.document, bytes, "snapshot cut"),
                Err(error) => tracing::warn!(document = %document.document, %error, "no snapshot was cut"),
            }
        }
    }
}

async fn cut(node: &Node, stale: &StaleDocument) -> Result<usize, CutSnapshotError> {
    let (stored, _) = node.store.document(&stale.tenant, &stale.document).await?;
    let id = stale.document.clone();
    // Loading and saving take milliseconds of computing: not on a thread that serves sessions.
    let saved = tokio::task::spawn_blocking(move || restore(id, &stored).map(|document| document.save()));
    let (position, data, admissions) = saved.await.map_err(|_| CutSnapshotError::Panic)??;
    let bytes = data.len();
    let snapshot = Snapshot { position, data, admissions };
    node.store.save_snapshot(&stale.tenant, &stale.document, &snapshot).await?;
    Ok(bytes)
}
