//! The list of other actors that predecessors point into.

use tidings_core::code::Code;

use super::{case::Cases, draft::Draft};

pub(super) fn add(cases: &mut Cases<'_>) {
    cases.class("actors list");
    let edit = cases.edit();
    assert_eq!(edit.header.other_actors.len(), 2, "an edit settles those of two other devices");
    let own = edit.header.actor.clone();
    let stranger = vec![0x77; 16];
    cases.raw("an actor that nothing names", Code::WrongActors, edit.clone(), |raw| {
        raw.other_actors.push(vec![0xff; 16]);
    });
    let victim = cases.setup.victim.device.as_bytes().to_vec();
    cases.draft("an actor of the document that nothing names", Code::WrongActors, edit.clone(), |draft| {
        draft.header.other_actors.insert(0, victim);
        shift(draft);
    });
    cases.raw("an actor where none is needed", Code::WrongActors, cases.message(), |raw| {
        raw.other_actors.push(stranger.clone());
    });
    cases.draft("an actor that the document lacks", Code::WrongPredecessors, edit.clone(), |draft| {
        draft.header.other_actors.push(vec![0xff; 16]);
        let index = draft.last_actor();
        draft.row().predecessors.push((index, 9));
        draft.row().predecessors.sort_unstable_by_key(|(actor, counter)| (*counter, *actor));
    });
    cases.raw("an actor twice", Code::WrongActors, edit.clone(), |raw| {
        let last = raw.other_actors[1].clone();
        raw.other_actors.push(last);
    });
    cases.draft("an actor twice, both named", Code::WrongActors, edit.clone(), |draft| {
        let first = draft.header.other_actors[0].clone();
        draft.header.other_actors[1] = first;
    });
    cases.draft("not sorted", Code::WrongActors, edit.clone(), |draft| {
        draft.header.other_actors.reverse();
        for (actor, _) in &mut draft.row().predecessors {
            *actor = [0, 2, 1][usize::try_from(*actor).expect("one of three")];
        }
    });
    cases.draft("the own actor among them", Code::WrongActors, edit.clone(), |draft| {
        draft.header.other_actors.insert(0, own);
        draft.row().predecessors.iter_mut().for_each(|(actor, _)| *actor += 1);
    });
    for (name, length) in [("an actor of no bytes", 0), ("an actor of 15 bytes", 15), ("an actor of 17 bytes", 17)] {
        cases.raw(name, Code::WrongActors, edit.clone(), |raw| raw.other_actors[0].resize(length, 0xe2));
    }
    cases.raw("an actor of 100 KB", Code::WrongActors, edit.clone(), |raw| raw.other_actors[1] = vec![0xe3; 100_000]);
    cases.raw("5,000 actors", Code::WrongActors, edit.clone(), |raw| {
        raw.other_actors = (0..5_000u128).map(|number| number.to_be_bytes().to_vec()).collect();
    });
    cases.raw("none, though they are named", Code::IndexOutOfRange, edit, |raw| raw.other_actors.clear());
}

/// Adjusts the indexes of the actors after an inserted one.
fn shift(draft: &mut Draft) {
    draft.row().predecessors.iter_mut().filter(|(actor, _)| *actor > 0).for_each(|(actor, _)| *actor += 1);
}
