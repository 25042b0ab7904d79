//! Cuts snapshots of documents once enough entries gathered behind the last
//! one, so that loading and fetching stay short; also of those whose last one
//! was quarantined.

use std::{collections::BTreeSet, sync::Arc};

use tidings_core::{
    doc::Document,
    ids::{DocumentId, TenantId},
};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    drain::Phase,
    node::Node,
    store::{Snapshot, StaleDocument, StoreError},
    stream::load::{mend, restore},
};

/// Documents of one round.
const DOCUMENTS_MAX: u32 = 64;
/// Documents that are passed over because their journal is damaged; when they
/// are more, all are tried again.
const DAMAGED_MAX: usize = 1_024;

/// Why a document got no snapshot.
#[derive(Debug, thiserror::Error)]
enum CutSnapshotError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the document failed while it was saved")]
    Panic,
}

/// Looks for stale documents until the node goes down. What fails is logged,
/// and tried again at the next round; a damaged stream once, so that many of
/// them do not keep the others waiting.
pub(crate) async fn run(node: Arc<Node>) {
    let mut damaged: BTreeSet<(TenantId, DocumentId)> = BTreeSet::new();
    while node.drain.phase() == Phase::Running {
        tokio::time::sleep(node.config.node.snapshot_interval).await;
        let count_max = DOCUMENTS_MAX + u32::try_from(damaged.len()).unwrap_or(0);
        let stale = match node.store.stale_documents(node.config.node.snapshot_entries.max(1), count_max).await {
            Ok(stale) => stale,
            Err(error) => {
                tracing::warn!(%error, "stale documents are not known");
                continue;
            }
        };
        for StaleDocument { tenant, document } in stale {
            let key = (tenant, document);
            if damaged.contains(&key) {
                continue;
            }
            let (tenant, document) = &key;
            match cut(&node, tenant, document).await {
                Ok(bytes) => tracing::debug!(%document, bytes, "snapshot cut"),
                Err(CutSnapshotError::Store(error @ StoreError::Damaged { .. })) => {
                    tracing::error!(%tenant, %document, %error, "no snapshot is cut of a damaged stream");
                    if damaged.len() >= DAMAGED_MAX {
                        damaged.clear();
                    }
                    damaged.insert(key);
                }
                Err(error) => tracing::warn!(%document, %error, "no snapshot was cut"),
            }
        }
    }
}

async fn cut(node: &Node, tenant: &TenantId, id: &DocumentId) -> Result<usize, CutSnapshotError> {
    let (stored, head) = node.store.document(tenant, id).await?;
    // Loading and saving take milliseconds of computing: not on a thread that serves sessions.
    let (stored, restored) = compute({
        let id = id.clone();
        move || {
            let restored = restore(id, &stored);
            (stored, restored)
        }
    })
    .await?;
    let document: Document = match restored {
        Ok(document) => document,
        Err(error) => mend(node.store.as_ref(), tenant, id, &stored, head, error).await?,
    };
    let (position, data, admissions) = compute(move || document.save()).await?;
    let bytes = data.len();
    let snapshot = Snapshot { position, data, admissions };
    node.store.save_snapshot(tenant, id, &snapshot).await?;
    Ok(bytes)
}

async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CutSnapshotError> {
    let task = match Handle::current().runtime_flavor() {
        // Where everything runs on one thread, what comes first must not depend on another.
        RuntimeFlavor::CurrentThread => tokio::spawn(async move { work() }),
        _ => tokio::task::spawn_blocking(work),
    };
    task.await.map_err(|_| CutSnapshotError::Panic)
}
