//! Step 2 of the decision: from a stranger's bytes to facts, in an order in which it is safe to look at them.
//! Each rule relies on what the previous ones let through; the last one, the library itself with panics caught,
//! is `Document::apply`.

mod canonical;
mod header;
mod operations;
mod predecessors;
mod prescan;
#[cfg(feature = "testing")]
pub mod step;

use crate::{
    authority::{AdmitError, Refusal, Session, newer, stream::Stream},
    code::Code,
    doc::{Change, DecodedChange, Document, Fact},
    ids::DocumentId,
    journal::Entry,
    limits::Limits,
    time::WallTime,
    wire::PushedChange,
};

/// The facts of a change that was decoded from pushed bytes.
///
/// # Errors
/// The refusal of the first rule that fails, or that the document already contains the change.
pub(super) fn check(
    stream: &Stream,
    session: &Session,
    pushed: &PushedChange,
    (change, decoded): (&Change, DecodedChange),
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<Vec<Fact>, AdmitError> {
    header::check_actor(change, session)?;
    let document = expect_document(stream, &pushed.document);
    if document.contains(change.hash()) {
        return Err(AdmitError::AlreadyAdmitted(change.hash()));
    }
    header::check(document, change, accepted_at, limits)?;
    canonical::check(change, decoded, &pushed.change)?;
    let facts = operations::check(&pushed.document, change, limits)?;
    newer::check(&facts)?;
    predecessors::check(document, change)?;
    Ok(facts)
}

/// Checks the change of an entry that a server sent. Its limits may be wider than ours and its version newer,
/// so unknown keys may pass.
///
/// # Errors
/// The refusal of the first rule that fails.
pub(super) fn check_entry(document: &mut Document, entry: &Entry) -> Result<Change, Refusal> {
    let limits = Limits::WIDEST;
    let (change, decoded) = read(&entry.change, &limits)?;
    document.make_ready(&change).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))?;
    header::check(document, &change, entry.accepted_at, &limits)?;
    canonical::check(&change, decoded, &entry.change)?;
    operations::check_form(&change, &limits)?;
    if change.is_generation() {
        return Err(Refusal::new(Code::OperationIllegal, "a generation by another hand than the system's"));
    }
    predecessors::check(document, &change)?;
    Ok(change)
}

/// Decodes a change from a stranger's bytes, unchecked until now.
///
/// # Errors
/// The refusal of the first rule on bytes that fails.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<(Change, DecodedChange), Refusal> {
    prescan::check(bytes, limits)?;
    Change::decode(bytes).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))
}

fn expect_document<'a>(stream: &'a Stream, document: &DocumentId) -> &'a Document {
    stream.document(document).expect("the caller inserts what `Stream::missing` names")
}
