//! The hostile corpus, given to the authority.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use peak_alloc::PeakAlloc;
use tidings_core::{
    authority::AdmitError,
    doc::Document,
    ids::{ConversationId, TenantId},
    time::WallTime,
};
use tidings_tests::hostile::{Case, Expected, Setup, corpus};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What judging one case may take beside what is held already.
const MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One test at a time, since all of them share the memory that is measured.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn setup() -> Setup {
    let tenant = TenantId::parse("acme").unwrap();
    Setup::new(&tenant, ConversationId::from_bytes([0xb0; 16]), WallTime::from_millis(1_767_225_600_000)).0
}

/// What must not change: position, heads and saved bytes.
fn state(setup: &Setup) -> String {
    // One that was asked for and has nothing in it is no change of the stream.
    let documents = setup.stream.documents().filter(|document| document.changes() > 0);
    let documents: Vec<_> = documents.map(|document| (document.heads(), document.save())).collect();
    format!("{} {documents:?}", setup.stream.position())
}

fn check_reload(document: &Document) -> Result<(), String> {
    let (position, data, admissions) = document.save();
    let restored = Document::restore(document.id().clone(), Some((position, &data, &admissions)), &[]);
    let restored = restored.map_err(|error| format!("does not load: {error}"))?;
    if restored.heads() == document.heads() { Ok(()) } else { Err("loads with other heads".to_owned()) }
}

/// Judges one case on a fresh copy; what was wrong.
fn check(setup: &Setup, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut stream = setup.clone();
    let before = state(&stream);
    let attacker = setup.attacker.clone();
    MEMORY.reset_peak_usage();
    let held = MEMORY.current_usage();
    let answer = stream.admit(&attacker, &case.pushed);
    let taken = MEMORY.peak_usage().saturating_sub(held);
    if taken > MEMORY_BYTES_MAX {
        wrong.push(format!("took {taken} bytes"));
    }
    match (case.expected, &answer) {
        (Expected::Refused(code), Err(AdmitError::Refused(refusal))) if refusal.code == code => {}
        (Expected::Harmless, Ok(_) | Err(AdmitError::AlreadyAdmitted(_))) => {}
        (expected, Ok(_)) => wrong.push(format!("expected {expected:?}, got admitted")),
        (expected, Err(error)) => wrong.push(format!("expected {expected:?}, got {error:?}")),
    }
    if answer.is_err() && state(&stream) != before {
        wrong.push("the stream is not as it was".to_owned());
    }
    // What should not have been admitted may make the library panic from here on.
    let after = catch_unwind(AssertUnwindSafe(|| check_after(stream)));
    wrong.extend(after.unwrap_or_else(|_| vec!["the library panicked afterwards".to_owned()]));
    wrong
}

/// The documents load, and honest messages are admitted.
fn check_after(mut stream: Setup) -> Vec<String> {
    let mut wrong: Vec<String> =
        stream.stream.documents().filter_map(|document| check_reload(document).err()).collect();
    for session in [stream.victim.clone(), stream.attacker.clone()] {
        let message = stream.next_message(&session);
        if let Err(error) = stream.admit(&session, &message) {
            wrong.push(format!("afterwards {} was answered {error:?}", session.account));
        }
    }
    wrong
}

#[test]
fn every_hostile_change_is_refused_with_its_own_code_and_leaves_nothing() {
    let _turn = turn();
    let setup = setup();
    let cases = corpus(&setup);
    let mut failures = Vec::new();
    for case in &cases {
        failures.extend(check(&setup, case).into_iter().map(|wrong| format!("{case}: {wrong}")));
    }
    let count = cases.len();
    assert!(failures.is_empty(), "{} failures in {count} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn b13_every_hostile_change_is_answered_the_same_behind_an_honest_one_that_waits() {
    let _turn = turn();
    let mut setup = setup();
    let cases = corpus(&setup);
    let honest = setup.next_message(&setup.victim.clone());
    let mut failures = Vec::new();
    for case in &cases {
        let (mut alone, mut together) = (setup.clone(), setup.clone());
        alone.admit(&setup.victim, &honest).unwrap();
        let expected = alone.admit(&setup.attacker, &case.pushed);
        let Setup { stream, now, limits, .. } = &mut together;
        stream.queue(&setup.victim, &honest, *now, limits).unwrap().unwrap();
        together.make_room(&case.pushed);
        let Setup { stream, now, limits, .. } = &mut together;
        let answer = stream.queue(&setup.attacker, &case.pushed, *now, limits).unwrap();
        stream.flush().unwrap();
        if format!("{answer:?}") != format!("{expected:?}") {
            failures.push(format!("{case}: {answer:?} instead of {expected:?}"));
        }
        let heads = |setup: &Setup| setup.stream.documents().map(Document::heads).collect::<Vec<_>>();
        if heads(&together) != heads(&alone) {
            failures.push(format!("{case}: other heads"));
        }
    }
    assert!(failures.is_empty(), "{} failures in {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn cases_have_names_of_their_own_in_every_class() {
    let _turn = turn();
    let cases = corpus(&setup());
    let names: BTreeSet<String> = cases.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), cases.len());
    let mut classes: BTreeMap<&str, u32> = BTreeMap::new();
    cases.iter().for_each(|case| *classes.entry(case.class).or_default() += 1);
    assert!(cases.len() >= 106 && classes.len() >= 15, "{classes:?}");
    println!("{} cases: {classes:?}", cases.len());
}
