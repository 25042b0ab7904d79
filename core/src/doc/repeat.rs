//! Lets the library write a change instead of applying it. Applying costs as much as the document is long,
//! writing only as much as is written; and on top of the same document the result is the identical change.

use automerge::{
    ActorId, Automerge, ROOT, ReadDoc, Value as AutomergeValue,
    transaction::{CommitOptions, Transactable},
};

use crate::doc::{Change, Operation, OperationKind, Value};

/// Returns true if the library would write this very change if asked to state the same: it was written on top
/// of everything, and puts no value that is already there, which the library would leave out.
pub(super) fn is_repeatable(automerge: &Automerge, change: &Change) -> bool {
    let heads = automerge.get_heads();
    let dependencies = change.inner().deps();
    let is_previous = |hash: &automerge::ChangeHash| {
        let meta = automerge.get_change_meta_by_hash(hash);
        meta.is_some_and(|meta| {
            meta.actor.to_bytes() == change.device().as_bytes() && meta.seq + 1 == change.sequence()
        })
    };
    heads.iter().all(|head| dependencies.contains(head))
        && dependencies.iter().all(|dependency| heads.contains(dependency) || is_previous(dependency))
        && change.operations().iter().all(|operation| operation.root && is_new(automerge, operation))
}

fn is_new(automerge: &Automerge, operation: &Operation) -> bool {
    let Some(key) = operation.key.as_deref() else { return false };
    match &operation.kind {
        OperationKind::Put(value) => match automerge.get(ROOT, key) {
            Ok(None) => true,
            Ok(Some((AutomergeValue::Scalar(there), _))) => Value::from_scalar(&there).as_ref() != Some(value),
            Ok(Some(_)) | Err(_) => false,
        },
        OperationKind::Delete => true,
        OperationKind::Other => false,
    }
}

/// Has the library write a repeatable change.
///
/// # Errors
/// The library's error, or that it wrote another change: the document is unusable then.
pub(super) fn repeat(automerge: &mut Automerge, change: &Change) -> Result<(), String> {
    automerge.set_actor(ActorId::from(*change.device().as_bytes()));
    let mut transaction = automerge.transaction();
    for operation in change.operations() {
        let key = operation.key.as_deref().unwrap_or_default();
        let stated = match &operation.kind {
            OperationKind::Put(value) => transaction.put(ROOT, key, value.to_scalar()),
            OperationKind::Delete | OperationKind::Other => transaction.delete(ROOT, key),
        };
        stated.map_err(|error| error.to_string())?;
    }
    let (written, _) = transaction.commit_with(CommitOptions::default().with_time(change.seconds()));
    match written {
        Some(hash) if hash == change.inner().hash() => Ok(()),
        Some(_) | None => Err("the library wrote another change".to_owned()),
    }
}
