//! Groups submissions that are decided together.

use tokio::sync::mpsc;

use super::submission::Submission;
use crate::bounds::Bounds;

/// Takes the submissions queued after one, as far as they may be decided together with it.
pub(super) fn gather(first: Submission, receiver: &mut mpsc::Receiver<Submission>, bounds: &Bounds) -> Vec<Submission> {
    let size = |submission: &Submission| {
        let changes = submission.changes();
        (changes.len(), changes.iter().map(|change| change.change.len()).sum::<usize>())
    };
    let (mut changes, mut bytes) = size(&first);
    let mut batch = vec![first];
    while batch.len() < bounds.batch_pushes_max
        && changes < bounds.batch_changes_max
        && bytes < bounds.batch_bytes_max
        && let Ok(next) = receiver.try_recv()
    {
        let (next_changes, next_bytes) = size(&next);
        changes += next_changes;
        bytes += next_bytes;
        batch.push(next);
    }
    batch
}
