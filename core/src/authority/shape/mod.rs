//! Step 2 of the decision: from a stranger's bytes to facts, in the order in
//! which it is safe to look at them. What each rule lets through is what the
//! next one may rely on.

mod canonical;
mod header;
mod operations;
mod predecessors;
mod prescan;

use crate::{
    authority::{AdmitError, Refusal, Session, stream::Stream},
    code::Code,
    doc::{Change, Document, Fact},
    ids::DeviceId,
    limits::Limits,
    time::WallTime,
    wire::PushedChange,
};

/// The change and what it states.
///
/// # Errors
/// The refusal of the first rule that does not hold, or that the change is
/// part of the document already.
pub(super) fn check(
    stream: &Stream,
    session: &Session,
    pushed: &PushedChange,
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<(Change, Vec<Fact>), AdmitError> {
    prescan::check(&pushed.change, limits)?;
    let change =
        Change::parse(&pushed.change).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))?;
    if change.device() != session.device {
        return Err(Refusal::new(Code::WrongActor, "the actor is not the session's device").into());
    }
    let document = expect_document(stream, pushed);
    if document.contains(change.hash()) {
        return Err(AdmitError::AlreadyAdmitted(change.hash()));
    }
    header::check(document, &change, accepted_at, limits)?;
    canonical::check(&change, &pushed.change)?;
    let facts = operations::check(&pushed.document, &change, limits)?;
    predecessors::check(document, &change)?;
    Ok((change, facts))
}

/// The device that wrote a change, read with the same care: whom a verifier
/// takes the session to have been.
///
/// # Errors
/// The refusal of the first rule that does not hold.
pub(super) fn device(bytes: &[u8], limits: &Limits) -> Result<DeviceId, Refusal> {
    prescan::check(bytes, limits)?;
    let change = Change::parse(bytes).map_err(|error| Refusal::new(Code::ChangeMalformed, error.to_string()))?;
    Ok(change.device())
}

fn expect_document<'a>(stream: &'a Stream, pushed: &PushedChange) -> &'a Document {
    stream.document(&pushed.document).expect("the caller inserts what `Stream::missing` names")
}
