//! Whatever the pre-scan passes on to the decoder must be small: no more rows than the limits say, whatever the
//! columns claim. What passes, including every honest change, is decoded here.

use tidings_core::{authority::step::prescan, doc::Change, limits::Limits};

use crate::fuzz::{
    Verdict, mutate,
    room::{Room, RoomKind},
    script::Script,
};

/// First byte of an input that is the change itself; any other begins a script that mutates an honest change.
const LITERAL: u8 = 0;

/// Pre-scans a change and decodes what passes.
///
/// # Panics
/// When more passes than allowed, or an honest change does not.
pub fn run(input: &[u8]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut script = Script::new(input);
    let bytes = match script.byte() {
        LITERAL => script.rest().to_vec(),
        _ => {
            let room = Room::begun(if script.one_in(4) { RoomKind::Account } else { RoomKind::Group });
            let journal: Vec<&[u8]> = room.journal().iter().map(|entry| entry.change.as_slice()).collect();
            let honest = script.pick(&journal).copied().expect("a room has entries");
            mutate::mutate(&mut script, honest, &journal)
        }
    };
    let limits = Limits::default();
    if let Err(refusal) = prescan(&bytes, &limits) {
        verdict.refuse(refusal.code, &refusal.detail);
        return verdict;
    }
    match Change::decode(&bytes) {
        Ok((change, decoded)) => {
            let operations = change.operations().len();
            let predecessors: usize = change.operations().iter().map(|operation| operation.predecessors.len()).sum();
            let bound = limits.change_operations_max as usize;
            assert!(operations <= bound, "{operations} operations pass the pre-scan");
            let bound = limits.change_predecessors_max as usize;
            assert!(predecessors <= bound, "{predecessors} predecessors pass the pre-scan");
            verdict.accept(if decoded.encodes_to(&bytes) { "canonical" } else { "not canonical" });
        }
        Err(error) => verdict.accept(format!("does not decode: {error}").chars().take(60).collect::<String>()),
    }
    verdict
}

/// The changes of a room, unmodified and as scripts. Hostile ones are among the kept inputs: building their
/// corpus takes more memory than the target may use.
pub fn seeds() -> Vec<Vec<u8>> {
    let rooms = [RoomKind::Group, RoomKind::Direct, RoomKind::Account].map(Room::begun);
    let entries = rooms.iter().flat_map(Room::journal);
    let literal = entries.map(|entry| [&[LITERAL], entry.change.as_slice()].concat());
    let scripts = (0..64u8).map(|start| (1..48).map(|byte: u8| byte.wrapping_mul(start | 1)).collect());
    literal.chain(scripts).collect()
}
