//! Rule 5: an operation replaces exactly what its author could see: not less, which would leave a permanent
//! conflict, and not more.

use crate::{
    authority::{Refusal, refuse},
    code::Code,
    doc::{Change, Document},
};

pub(super) fn check(document: &Document, change: &Change) -> Result<(), Refusal> {
    let dependencies = change.dependencies();
    for operation in change.operations() {
        let key = operation.key.as_deref().unwrap_or_default();
        let mut predecessors = operation.predecessors.clone();
        predecessors.sort_unstable();
        if predecessors != document.visible(key, Some(&dependencies)) {
            return refuse(Code::WrongPredecessors, "not what was visible at the dependencies");
        }
    }
    Ok(())
}
