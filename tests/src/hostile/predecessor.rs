//! Predecessors: what an operation claims to replace. A false claim loses somebody else's value or keeps a
//! conflict for ever.

use tidings_core::{code::Code, doc::Key};

use super::{
    case::Cases,
    cells::{literal, nulls},
    draft::{Draft, PREDECESSOR_ACTOR, PREDECESSOR_COUNTER},
    setup::UNSEEN,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    lies(cases);
    indexes(cases);
}

fn lies(cases: &mut Cases<'_>) {
    cases.class("pred");
    let (edit, message, unreaction) = (cases.edit(), cases.message(), cases.unreaction());
    assert_eq!((edit.rows[0].predecessors.len(), unreaction.rows[0].predecessors.len()), (3, 1));
    let start = i64::try_from(edit.header.start_operation).expect("a counter is small");
    let own = |draft: &Draft| draft.rows[0].predecessors.iter().position(|(actor, _)| *actor == 0).expect("an own one");
    let code = Code::WrongPredecessors;
    cases.draft("all omitted", code, edit.clone(), |draft| {
        draft.row().predecessors.clear();
        draft.header.other_actors.clear();
    });
    cases.draft("the own one omitted", code, edit.clone(), |draft| {
        let own = own(draft);
        draft.row().predecessors.remove(own);
    });
    cases.draft("another's omitted", code, edit.clone(), |draft| {
        draft.row().predecessors.retain(|(actor, _)| *actor != 2);
        draft.header.other_actors.pop();
    });
    cases.draft("only the own one", code, edit.clone(), |draft| {
        draft.row().predecessors.retain(|(actor, _)| *actor == 0);
        draft.header.other_actors.clear();
    });
    for (name, counter) in [
        ("one that never was", 1),
        ("the operation itself", start),
        ("one newer than the operation", start + 5),
        ("one near 2^32", i64::from(u32::MAX)),
    ] {
        cases.draft(name, code, message.clone(), |draft| draft.row().predecessors.push((0, counter)));
    }
    let other_key = number(cases, &cases.own_message());
    cases.draft("one of another key", code, message.clone(), |draft| draft.row().predecessors.push((0, other_key)));
    cases.draft("one of another key beside its own", code, edit.clone(), |draft| {
        draft.row().predecessors.push((0, other_key));
        draft.row().predecessors.sort_unstable_by_key(|(actor, counter)| (*counter, *actor));
    });
    cases.draft("a delete of another key's", code, unreaction.clone(), |draft| {
        draft.row().predecessors = vec![(0, other_key)];
    });
    let victims = cases.setup.message_id(&cases.setup.attacker, 2);
    let victims = Key::Reaction(victims, "👍".into(), cases.setup.victim.account.clone());
    let victims = number(cases, &victims);
    let device = cases.setup.victim.device.as_bytes().to_vec();
    cases.draft("a delete of the victim's reaction", code, unreaction, |draft| {
        draft.header.other_actors = vec![device];
        draft.row().predecessors = vec![(1, victims)];
    });
    cases.draft("one twice", code, edit.clone(), |draft| {
        let first = draft.row().predecessors[0];
        draft.row().predecessors.insert(0, first);
    });
    not_in_the_past(cases);
}

fn indexes(cases: &mut Cases<'_>) {
    cases.class("index");
    let (edit, message) = (cases.edit(), cases.message());
    for (name, actor) in [
        ("an actor right behind the list", 3),
        ("actor 2^31", 1 << 31),
        ("actor 2^32", 1 << 32),
        ("actor 2^63", 1 << 63),
        ("actor 2^64 - 1", u64::MAX),
    ] {
        cases.draft(name, Code::IndexOutOfRange, edit.clone(), |draft| draft.row().predecessors[2].0 = actor);
    }
    cases.draft("an actor without a list", Code::IndexOutOfRange, message.clone(), |draft| {
        draft.row().predecessors.push((1, 1));
    });
    for (name, counter) in [
        ("counter 0", 0),
        ("counter -1", -1),
        ("counter 2^32", 1 << 32),
        ("counter 2^53", 1 << 53),
        ("counter 2^63 - 1", i64::MAX),
        ("counter -2^63", i64::MIN),
    ] {
        cases.draft(name, Code::IndexOutOfRange, message.clone(), |draft| draft.row().predecessors.push((0, counter)));
    }
    for (name, deltas) in [
        ("deltas that overflow", [1, i64::MAX, i64::MAX]),
        ("deltas that overflow downwards", [1, i64::MIN, i64::MIN]),
        ("deltas that overflow and come back", [i64::MAX, i64::MAX, 9]),
    ] {
        cases.raw(name, Code::IndexOutOfRange, edit.clone(), |raw| *raw.column(PREDECESSOR_COUNTER) = literal(&deltas));
    }
    for (name, specification) in [("a null actor", PREDECESSOR_ACTOR), ("a null counter", PREDECESSOR_COUNTER)] {
        cases.raw(name, Code::ChangeMalformed, edit.clone(), |raw| {
            *raw.column(specification) = [nulls(1), literal(&[1i64, 2])].concat();
        });
    }
}

fn number(cases: &Cases<'_>, key: &Key) -> i64 {
    i64::try_from(cases.counter_under(key)).expect("a counter is small")
}

/// Written where an entry was not seen yet, but naming it anyway.
fn not_in_the_past(cases: &mut Cases<'_>) {
    let setup = cases.setup;
    let facts = [setup.reacts(UNSEEN, true)];
    let later = number(cases, &facts[0].write().0);
    let draft = Draft::write(&setup.earlier, &setup.attacker, &setup.page(), setup.now, &facts);
    let [_, laptop] = &setup.others;
    cases.draft("one that is not in the past", Code::WrongPredecessors, draft, |draft| {
        draft.header.other_actors = vec![laptop.device.as_bytes().to_vec()];
        draft.row().predecessors = vec![(1, later)];
    });
}
