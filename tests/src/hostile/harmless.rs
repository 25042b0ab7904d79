//! Changes that look odd and are honest: a rule that refused one of these would refuse a real user's message.
//! They are admitted, each as the attacker's next change.

use tidings_core::{doc::Change, journal::Entry, wire::PushedChange};

use super::{
    case::{Cases, Expected},
    draft::{Cell, Draft, PUT},
    setup::UNSEEN,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    cases.class("harmless");
    let setup = cases.setup;
    let parse = |entry: &Entry| Change::parse(&entry.change).expect("an entry is a change");
    let own = setup.journal.iter().rev().find(|entry| parse(entry).device() == setup.attacker.device);
    let own = own.expect("the attacker wrote something");
    let own = PushedChange { document: own.document.clone(), change: own.change.clone() };
    cases.push("an own change, pushed again", Expected::Harmless, own);
    // Before those that extend the attacker's chain, since it is written on an earlier state.
    let unseen = [setup.reacts(UNSEEN, true)];
    let draft = Draft::write(&setup.earlier, &setup.attacker, &setup.page(), setup.now, &unseen);
    add_draft(cases, "a reaction beside one that was not seen", draft, |_| {});
    // Unique numbers even when the cases are built again.
    let mut number = 1_000 + 10 * u16::try_from(setup.journal.len()).expect("a setup is short");
    let mut message = || {
        number += 1;
        Draft::write(
            &setup.stream,
            &setup.attacker,
            &setup.page(),
            setup.now,
            &[setup.message(&setup.attacker, number, "hm")],
        )
    };
    add_draft(cases, "an honest message", message(), |_| {});
    add_draft(cases, "time 0", message(), |draft| draft.header.time = 0);
    let latest = setup.now.plus(setup.limits.clock_ahead_max()).as_seconds();
    add_draft(cases, "a time at the end of the allowance", message(), |draft| {
        draft.header.time = i64::try_from(latest).expect("a time is small");
    });
    let first = setup.journal.iter().find(|entry| entry.document == setup.page()).expect("the page has a change");
    let first = parse(first).hash();
    add_draft(cases, "a dependency that another one has", message(), |draft| {
        draft.header.dependencies.push(*first.as_bytes());
        draft.header.dependencies.sort_unstable();
    });
    add_draft(cases, "a body with a field of a newer version", message(), |draft| {
        let body = &mut draft.row().value.bytes;
        body[0] += 1;
        body.extend([9, 0]);
    });
    add_draft(cases, "a reaction put where it is", cases.unreaction(), |draft| {
        draft.row().action = PUT;
        draft.row().value = Cell::TRUE;
    });
}

fn add_draft(cases: &mut Cases<'_>, name: &'static str, mut draft: Draft, change: impl FnOnce(&mut Draft)) {
    change(&mut draft);
    cases.push(name, Expected::Harmless, draft.pushed());
}
