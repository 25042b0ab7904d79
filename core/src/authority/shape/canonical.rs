//! Rule 3: the bytes are those that Automerge would write for this change, so that every replica stores, hashes
//! and forwards the same ones.

use crate::{
    authority::{Refusal, refuse},
    code::Code,
    doc::{Change, DecodedChange},
    sorted::SortedSet,
};

pub(super) fn check(change: &Change, decoded: DecodedChange, bytes: &[u8]) -> Result<(), Refusal> {
    let own = change.device();
    let predecessors = change.operations().iter().flat_map(|operation| &operation.predecessors);
    let named: SortedSet<&[u8]> =
        predecessors.map(|(_, actor)| actor.as_slice()).filter(|actor| *actor != own.as_bytes()).collect();
    if !change.other_actors().eq(named) {
        return refuse(Code::WrongActors, "the other actors are not those that operations name");
    }
    if decoded.encodes_to(bytes) { Ok(()) } else { refuse(Code::NotCanonical, "the encoding is not the canonical one") }
}
