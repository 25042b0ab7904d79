//! Makes snapshots of documents once enough entries have gathered since the last one, so that loading and
//! fetching stay fast; also of documents whose snapshot was quarantined.

use std::{collections::BTreeSet, sync::Arc};

use tidings_core::{
    doc::Document,
    ids::{DocumentId, TenantId},
    journal::Position,
};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    drain::Phase,
    environment::Environment,
    store::{Snapshot, StaleDocument, StoreError},
    stream::load::{mend, restore},
};

/// Maximum number of documents skipped because their journal is damaged or their saved form does not load.
/// Beyond it, all of them are tried again.
const PASSED_OVER_MAX: usize = 1_024;

/// Why a document got no snapshot.
#[derive(Debug, thiserror::Error)]
enum CutSnapshotError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the document failed while it was saved")]
    Panic,
    #[error("the saved document does not load: {0}")]
    Unloadable(String),
}

impl CutSnapshotError {
    /// Returns true if trying again would fail in the same way.
    fn is_lasting(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Damaged { .. }),
            Self::Unloadable(_) => true,
            Self::Panic => false,
        }
    }
}

/// Looks for documents with an outdated snapshot until the node shuts down. Failures are logged and tried again
/// in the next round, except for damaged streams, which are tried once so that they do not delay the others.
pub(crate) async fn run(env: Arc<Environment>) {
    let mut passed_over: BTreeSet<(TenantId, DocumentId)> = BTreeSet::new();
    while env.drain.phase() == Phase::Running {
        tokio::time::sleep(env.config.node.snapshot_interval).await;
        let count_max = env.config.node.bounds.snapshot_documents_max + u32::try_from(passed_over.len()).unwrap_or(0);
        let stale = match env.store.stale_documents(env.config.node.snapshot_entries.max(1), count_max).await {
            Ok(stale) => stale,
            Err(error) => {
                tracing::warn!(%error, "stale documents are not known");
                continue;
            }
        };
        for StaleDocument { tenant, document } in stale {
            let key = (tenant, document);
            if passed_over.contains(&key) {
                continue;
            }
            let (tenant, document) = &key;
            match cut(&env, tenant, document).await {
                Ok(bytes) => tracing::debug!(%document, bytes, "snapshot cut"),
                Err(error) if error.is_lasting() => {
                    tracing::error!(%tenant, %document, %error, "no snapshot is cut of the document any more");
                    env.metrics.snapshots_failed.count();
                    if passed_over.len() >= PASSED_OVER_MAX {
                        passed_over.clear();
                    }
                    passed_over.insert(key);
                }
                Err(error) => tracing::warn!(%document, %error, "no snapshot was cut"),
            }
        }
    }
}

async fn cut(env: &Environment, tenant: &TenantId, id: &DocumentId) -> Result<usize, CutSnapshotError> {
    let (stored, head) = env.store.document(tenant, id).await?;
    // Loading and saving take milliseconds of CPU time, so they run off the threads that serve sessions.
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
        Err(error) => mend(env.store.as_ref(), tenant, id, &stored, head, error).await?,
    };
    let snapshot = compute(move || snapshot_of(&document, document.save())).await??;
    env.store.save_snapshot(tenant, id, &snapshot).await?;
    Ok(snapshot.data.len())
}

/// Makes a snapshot of a saved document (position, data, admissions), after loading it within the bounds that
/// its readers will use. Only then may it replace the previous snapshot.
fn snapshot_of(document: &Document, saved: (Position, Vec<u8>, Vec<u8>)) -> Result<Snapshot, CutSnapshotError> {
    let (position, data, admissions) = saved;
    let loaded = Document::restore(document.id().clone(), Some((position, &data, &admissions)), &[]);
    let loaded = loaded.map_err(|error| CutSnapshotError::Unloadable(error.to_string()))?;
    let state = |document: &Document| (document.changes(), document.change_bytes(), document.heads());
    if state(&loaded) == state(document) && loaded.admissions() == document.admissions() {
        Ok(Snapshot { position, data, admissions })
    } else {
        Err(CutSnapshotError::Unloadable("it loads as another document".to_owned()))
    }
}

async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CutSnapshotError> {
    let task = match Handle::current().runtime_flavor() {
        // On a single-threaded runtime (the simulation) the order must not depend on another thread.
        RuntimeFlavor::CurrentThread => tokio::spawn(async move { work() }),
        _ => tokio::task::spawn_blocking(work),
    };
    task.await.map_err(|_| CutSnapshotError::Panic)
}

#[cfg(test)]
mod tests {
    use tidings_core::{
        doc::Fact,
        ids::{AccountId, ConversationId, DeviceId, MessageId, Stamp, TimelineId},
        model::MessageBody,
        time::WallTime,
    };

    use super::*;

    const NOW: WallTime = WallTime::from_millis(1_767_225_600_000);

    /// A page with so many messages.
    fn page(messages: u16) -> Document {
        let mut page = Document::new(TimelineId::of(ConversationId::from_bytes([7; 16])).page(1));
        for number in 1..=messages {
            let author = AccountId::parse("ann").unwrap();
            let id = MessageId { stamp: Stamp::new(NOW, number, [9; 8]), author };
            let body = MessageBody { content: "words".into(), reply_to: None, mentions: None };
            let mut writer = page.clone();
            let change = writer.write(DeviceId::from_bytes([1; 16]), NOW, &[Fact::Message(id, body)]).unwrap();
            page.admit(&change, Position::new(u64::from(number)), NOW).unwrap();
        }
        page
    }

    #[test]
    fn d21_what_does_not_load_as_the_document_takes_nobodys_place() {
        let document = page(3);
        let (position, data, admissions) = document.save();
        assert!(snapshot_of(&document, (position, data.clone(), admissions.clone())).is_ok());
        let (_, shorter, fewer) = page(2).save();
        let cut = data[..data.len() - 1].to_vec();
        let cases = [(cut, admissions.clone()), (data, fewer.clone()), (shorter.clone(), fewer), (shorter, admissions)];
        for (data, admissions) in cases {
            let made = snapshot_of(&document, (position, data, admissions));
            assert!(matches!(&made, Err(error @ CutSnapshotError::Unloadable(_)) if error.is_lasting()));
        }
    }
}
