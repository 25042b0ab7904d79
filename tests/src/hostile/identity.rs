//! Authorship, and extras of a change beside its operations: a forged actor, a commit message, an author's
//! footer, bytes after the columns.

use tidings_core::{code::Code, wire::PushedChange};

use super::{
    case::{Cases, Expected},
    draft::Draft,
};

pub(super) fn add(cases: &mut Cases<'_>) {
    actor(cases);
    extras(cases);
}

fn actor(cases: &mut Cases<'_>) {
    cases.class("identity");
    let setup = cases.setup;
    let fact = setup.says("not mine");
    let write = |session| Draft::write(&setup.stream, session, &setup.page(), setup.now, std::slice::from_ref(&fact));
    cases.draft("the victim's next change, forged", Code::WrongActor, write(&setup.victim), |_| {});
    cases.draft("a change of the account's other device", Code::WrongActor, write(&setup.others[0]), |_| {});
    let admitted = setup.journal.iter().rev().find(|entry| entry.account == setup.victim.account);
    let admitted = admitted.expect("the victim wrote something");
    let pushed = PushedChange { document: admitted.document.clone(), change: admitted.change.clone() };
    cases.push("a change of the victim, pushed again", Expected::Refused(Code::WrongActor), pushed);
    for (name, actor) in [
        ("no actor", Vec::new()),
        ("an actor of one byte", vec![0xe1]),
        ("an actor of 15 bytes", vec![0xe1; 15]),
        ("an actor of 17 bytes", vec![0xe1; 17]),
        ("an actor of 100 KB", vec![0xe1; 100_000]),
        ("the actor of those who only read", vec![0; 16]),
    ] {
        let draft = cases.message();
        cases.raw(name, Code::WrongActor, draft, |raw| raw.actor = actor);
    }
}

fn extras(cases: &mut Cases<'_>) {
    cases.class("extras");
    // An author's footer: its kind, its length, its text.
    let footer = b"\x01\x03ann".to_vec();
    let (first, later) = (cases.title(), cases.message());
    cases.raw("an author's footer", Code::ChangeExtras, first.clone(), |raw| raw.extra = footer.clone());
    cases.raw("an author's footer at a later sequence", Code::ChangeExtras, later.clone(), |raw| raw.extra = footer);
    cases.raw("a footer of an unknown kind", Code::ChangeExtras, first.clone(), |raw| raw.extra = vec![9, 0]);
    cases.raw("a byte behind the columns", Code::ChangeExtras, later.clone(), |raw| raw.extra = vec![0]);
    cases.raw("100 KB behind the columns", Code::ChangeExtras, later.clone(), |raw| raw.extra = vec![7; 100_000]);
    cases.raw("a commit message", Code::ChangeExtras, later.clone(), |raw| raw.message = b"hello".to_vec());
    cases.raw("a commit message of 100 KB", Code::ChangeExtras, later.clone(), |raw| raw.message = vec![b'm'; 100_000]);
    cases.raw("a commit message that is not UTF-8", Code::ChangeExtras, later, |raw| raw.message = vec![0xff; 4]);
}
