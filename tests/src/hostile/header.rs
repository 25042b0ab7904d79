//! The header: sequence, dependencies, first operation and time, which tie a
//! change to one place in its device's chain.

use tidings_core::{
    code::Code,
    doc::{Change, Document, Fact},
    model::InfoField,
};

use super::{case::Cases, draft::Draft};

pub(super) fn add(cases: &mut Cases<'_>) {
    sequences(cases);
    dependencies(cases);
    start_operations(cases);
    times(cases);
}

fn sequences(cases: &mut Cases<'_>) {
    cases.class("seq");
    let (message, title) = (cases.message(), cases.title());
    let next = message.header.sequence;
    assert!(next > 2 && title.header.sequence == 1);
    for (name, draft, sequence, code) in [
        ("the last number again", &message, next - 1, Code::ActorConflict),
        ("the first number again", &message, 1, Code::ActorConflict),
        ("zero", &message, 0, Code::WrongSequence),
        ("zero in a document of others", &title, 0, Code::WrongSequence),
        ("one left out", &message, next + 1, Code::WrongSequence),
        ("a first change with number 7", &title, 7, Code::WrongSequence),
        ("2^32", &message, 1 << 32, Code::WrongSequence),
        ("2^64 - 1", &message, u64::MAX, Code::WrongSequence),
    ] {
        cases.raw(name, code, draft.clone(), |raw| raw.sequence = sequence);
    }
}

fn page<'a>(cases: &Cases<'a>) -> &'a Document {
    cases.setup.stream.document(&cases.setup.page()).expect("the page is loaded")
}

fn dependencies(cases: &mut Cases<'_>) {
    cases.class("deps");
    let message = cases.message();
    let setup = cases.setup;
    let (_, own) = page(cases).latest_of(setup.attacker.device).expect("the attacker wrote on the page");
    assert!(message.header.dependencies.contains(own.as_bytes()) && message.header.dependencies.len() > 2);
    cases.raw("one that is unknown", Code::DependencyMissing, message.clone(), |raw| {
        raw.dependencies.push([0xff; 32]);
    });
    cases
        .raw("none of them known", Code::DependencyMissing, message.clone(), |raw| raw.dependencies = vec![[0xff; 32]]);
    cases.raw("the own previous change left out", Code::DependencyMissing, message.clone(), |raw| {
        raw.dependencies.retain(|hash| hash != own.as_bytes());
    });
    cases.raw("none at all", Code::DependencyMissing, message.clone(), |raw| {
        raw.dependencies.clear();
        raw.start_operation = 1;
    });
    let elsewhere = setup.stream.document(&setup.conversation()).expect("the conversation is loaded").heads()[0];
    cases.raw("one of another document", Code::DependencyMissing, message.clone(), |raw| {
        raw.dependencies.push(*elsewhere.as_bytes());
        raw.dependencies.sort_unstable();
    });
    let (pending, fact) = (message.pushed(), setup.edits("on top of what is not admitted"));
    let mut stream = setup.stream.clone();
    let change = Change::parse(&pending.change).expect("a draft is a change");
    stream.apply_pending(&pending.document, &change).expect("a draft applies");
    let behind = Draft::write(&stream, &setup.attacker, &setup.page(), setup.now, &[fact]);
    cases.raw("a change that was never pushed", Code::DependencyMissing, behind, |raw| raw.sequence -= 1);
    cases.raw("not sorted", Code::NotCanonical, message.clone(), |raw| raw.dependencies.reverse());
    cases.raw("one twice", Code::NotCanonical, message.clone(), |raw| {
        let first = raw.dependencies[0];
        raw.dependencies.insert(0, first);
    });
    for (name, count) in [("one too many", cases.setup.limits.change_dependencies_max + 1), ("5,000 of them", 5_000)] {
        cases.raw(name, Code::TooManyDependencies, message.clone(), |raw| {
            raw.dependencies = (0..count).map(hash_of).collect();
        });
    }
    // Its form is correct: it conceals what it replaces.
    cases.raw("as if the conversation were new", Code::Stale, blank_title(cases), |_| {});
}

fn hash_of(number: u32) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    hash
}

/// A title written as into an empty document.
fn blank_title(cases: &Cases<'_>) -> Draft {
    let setup = cases.setup;
    let mut blank = setup.stream.clone();
    blank.insert(Document::new(setup.conversation()));
    let fact = Fact::Info(InfoField::Title, Some("Taken over".into()));
    Draft::write(&blank, &setup.attacker, &setup.conversation(), setup.now, &[fact])
}

fn start_operations(cases: &mut Cases<'_>) {
    cases.class("start_op");
    let message = cases.message();
    let next = message.header.start_operation;
    for (name, start_operation, code) in [
        ("zero", 0, Code::ChangeMalformed),
        ("one", 1, Code::WrongStartOperation),
        ("overlapping the last operation", next - 1, Code::WrongStartOperation),
        ("one too high", next + 1, Code::WrongStartOperation),
        ("2^31", 1 << 31, Code::WrongStartOperation),
        ("2^32 - 2", u64::from(u32::MAX) - 1, Code::WrongStartOperation),
        ("2^32 - 1", u64::from(u32::MAX), Code::WrongStartOperation),
        ("2^32", 1 << 32, Code::WrongStartOperation),
        ("2^64 - 1", u64::MAX, Code::WrongStartOperation),
    ] {
        cases.raw(name, code, message.clone(), |raw| raw.start_operation = start_operation);
    }
    cases.draft("2^32 - 1 without an operation", Code::OperationIllegal, message, |draft| {
        draft.header.start_operation = u64::from(u32::MAX);
        draft.rows.clear();
    });
}

fn times(cases: &mut Cases<'_>) {
    cases.class("time");
    let message = cases.message();
    let allowed = cases.setup.now.plus(cases.setup.limits.clock_ahead_max()).as_seconds();
    let ahead = i64::try_from(allowed).expect("a time is small") + 3_600;
    for (name, time, code) in [
        ("before 1970", -1, Code::TimeInvalid),
        ("-2^63", i64::MIN, Code::TimeInvalid),
        ("2^63 - 1", i64::MAX, Code::ClockAhead),
        ("an hour over the allowance", ahead, Code::ClockAhead),
    ] {
        cases.raw(name, code, message.clone(), |raw| raw.time = time);
    }
}
