//! Step 2 of the decision: from a stranger's bytes to facts, in the order in
//! which it is safe to look at them. What each rule lets through is what the
//! next one may rely on; the sixth, the library itself on what all of them let
//! through, with panics caught, is `Document::apply`.

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

/// What a change states that was read from the bytes that are pushed.
///
/// # Errors
/// The refusal of the first rule that does not hold, or that the change is
/// part of the document already.
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

/// The change of an entry that a server sent. Its limits may have been wider
/// than ours, and its version newer: keys that are not known here may pass.
///
/// # Errors
/// The refusal of the first rule that does not hold.
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

/// The change of a stranger's bytes, of which nothing else is known yet.
///
/// # Errors
/// The refusal of the first rule on bytes that does not hold.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<(Change, DecodedChange), Refusal> {
    prescan::check(bytes, limits)?;
    Change::decode(bytes).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))
}

fn expect_document<'a>(stream: &'a Stream, document: &DocumentId) -> &'a Document {
    stream.document(document).expect("the caller inserts what `Stream::missing` names")
}
