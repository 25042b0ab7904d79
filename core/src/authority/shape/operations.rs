//! Rule 4: only puts of scalars and deletes, on known root keys, each key once. The result is a list of facts.

use crate::{
    authority::Refusal,
    code::Code,
    doc::{Change, Fact, Operation, OperationKind, ParseFactError},
    ids::DocumentId,
    limits::Limits,
    sorted::SortedSet,
};

/// The facts of the operations; every key must be known.
pub(super) fn check(document: &DocumentId, change: &Change, limits: &Limits) -> Result<Vec<Fact>, Refusal> {
    check_form(change, limits)?;
    change.operations().iter().map(|operation| read_fact(document, operation)).collect()
}

/// Checks for puts and deletes on the root map, whatever the keys: a newer server may have admitted some that
/// this version does not know.
pub(super) fn check_form(change: &Change, limits: &Limits) -> Result<(), Refusal> {
    let operations = change.operations();
    if operations.len() > limits.change_operations_max as usize {
        return Err(Refusal::new(Code::TooManyOperations, format!("{} operations", operations.len())));
    }
    if operations.is_empty() {
        return Err(Refusal::new(Code::OperationIllegal, "a change without an operation"));
    }
    let mut keys = SortedSet::new();
    for operation in operations {
        if !keys.insert(check_operation(operation, limits)?) {
            return Err(Refusal::new(Code::OperationIllegal, "a key is written twice"));
        }
    }
    Ok(())
}

fn check_operation<'a>(operation: &'a Operation, limits: &Limits) -> Result<&'a str, Refusal> {
    let illegal = |detail: &str| Err(Refusal::new(Code::OperationIllegal, detail));
    if !operation.root {
        return illegal("an operation beside the root map");
    }
    match &operation.kind {
        OperationKind::Put(_) => {}
        OperationKind::Delete if operation.predecessors.is_empty() => return illegal("a delete of nothing"),
        OperationKind::Delete => {}
        OperationKind::Other => return illegal("an operation other than put of a scalar and delete"),
    }
    match operation.key.as_deref() {
        Some(key) if key.len() <= limits.key_bytes_max as usize => Ok(key),
        Some(_) => illegal("a key over the limit"),
        None => illegal("an operation without a key"),
    }
}

fn read_fact(document: &DocumentId, operation: &Operation) -> Result<Fact, Refusal> {
    let value = match &operation.kind {
        OperationKind::Put(value) => Some(value),
        OperationKind::Delete | OperationKind::Other => None,
    };
    Fact::parse(document, operation.key.as_deref().unwrap_or_default(), value)
        .map_err(|error| Refusal::new(code_of(error), error.to_string()))
}

fn code_of(error: ParseFactError) -> Code {
    match error {
        ParseFactError::Key | ParseFactError::Value => Code::OperationIllegal,
        ParseFactError::Policy => Code::PolicyUnknown,
    }
}
