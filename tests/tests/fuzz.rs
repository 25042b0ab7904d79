//! What the fuzzer keeps, run as ordinary tests: every input that is worth
//! going on from, every one that ever found something, and a fixed number of
//! new ones a target. `cargo xtask fuzz` runs as many as there is time for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use tidings_tests::{
    fuzz::{
        TARGETS, Target, Verdict,
        corpus::{Corpus, read_folder},
        panics,
        room::{Claim, Room, RoomKind},
        target,
    },
    random::Random,
};

/// Any seed does; another one runs other inputs.
const SEED: u64 = 1;

/// How many kinds of frames each side sends. `wire` holds that there is a golden one of each.
const CLIENT_KINDS: usize = 12;
const SERVER_KINDS: usize = 20;

#[track_caller]
fn run(target: &Target, name: &str, input: &[u8]) -> Verdict {
    match panics::run(target, input) {
        Ok(verdict) => verdict,
        Err(panic) => panic!("{} finds with {name}: {} at {}\n{input:?}", target.name, panic.message, panic.place),
    }
}

/// Runs the kept inputs of a target and then new ones; everything that became
/// of their parts.
#[track_caller]
fn check(name: &str, new_inputs: usize) -> BTreeSet<String> {
    let target = target(name).expect("the target exists");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let kept = ["corpus", "found"].map(|kind| read_folder(&folder.join(kind).join(name)).unwrap());
    let mut outcomes = BTreeSet::new();
    let mut take = |verdict: Verdict| outcomes.extend(verdict.accepted.into_keys().chain(verdict.refused.into_keys()));
    for (file, input) in kept.iter().flatten() {
        take(run(&target, file, input));
    }
    let corpus = Corpus::of(&target, &folder.join("corpus").join(name)).unwrap();
    for seed in (target.seeds)() {
        take(run(&target, "a seed", &seed));
    }
    let mut random = Random::new(SEED);
    for number in 0..new_inputs {
        let input = corpus.next(&mut random);
        take(run(&target, &format!("input {number}"), &input));
    }
    outcomes
}

#[track_caller]
fn check_met(outcomes: &BTreeSet<String>, codes: &[&str]) {
    for code in codes {
        assert!(outcomes.iter().any(|outcome| outcome.starts_with(code)), "{code} is not met: {outcomes:?}");
    }
}

#[test]
fn b4_what_passes_the_prescan_is_small() {
    let outcomes = check("prescan", 12_000);
    check_met(
        &outcomes,
        &[
            "canonical",
            "change_malformed",
            "change_compressed",
            "change_extras",
            "column_illegal",
            "wrong_checksum",
            "wrong_actors",
            "index_out_of_range",
            "too_many_operations",
            "too_many_predecessors",
            "too_many_dependencies",
        ],
    );
}

#[test]
fn b1_honest_changes_pass_the_prescan() {
    let target = target("prescan").unwrap();
    for kind in [RoomKind::Group, RoomKind::Direct, RoomKind::Account] {
        for entry in Room::begun(kind).journal() {
            let literal = [&[0], entry.change.as_slice()].concat();
            assert_eq!(run(&target, "an honest change", &literal).accepted.get("canonical"), Some(&1));
        }
    }
}

#[test]
fn b13_what_is_admitted_harms_nobody() {
    let outcomes = check("authority", 200);
    check_met(
        &outcomes,
        &[
            "honest message",
            "mutated message",
            "operation_illegal",
            "operation_illegal: a change of a page states",
            "document_unknown: not a document of this stream",
            "wrong_predecessors",
            "wrong_sequence",
            "wrong_start_operation",
            "dependency_missing",
            "not_canonical",
            "already_admitted",
            "not_the_author",
            "permission_denied",
            "stale",
            "text_empty",
            "text_too_long",
        ],
    );
    check_met(
        &outcomes,
        &[
            "squashed ",
            "stale: written on a former generation",
            "generation pushed operation_illegal",
            "generation pushed wrong_actor",
            "generation pushed stale",
            "generation pushed again",
        ],
    );
    for claim in Claim::ALL {
        let of = |outcome: &&String| outcome.starts_with(&format!("generation {claim:?}"));
        let mut is_taken = outcomes.iter().filter(of).map(|outcome| !outcome.ends_with(": "));
        let is_met = is_taken.any(|is_taken| is_taken == (claim == Claim::Untouched));
        assert!(is_met, "no entry of this claim is sent, and taken or not: {claim:?}");
    }
    for stated in ["definition", "grant", "policy", "role", "status"] {
        let admitted = |outcome: &&String| outcome.starts_with("honest") || outcome.starts_with("mutated");
        let found = outcomes.iter().filter(admitted).any(|outcome| outcome.contains(stated));
        assert!(found, "no {stated} is admitted: {outcomes:?}");
    }
}

#[test]
fn s2_a_frame_of_any_bytes_is_an_error_or_a_value() {
    let outcomes = check("frame", 10_000);
    check_met(&outcomes, &["frame_unknown", "frame_malformed: trailing"]);
    // Each kind of both sides is drawn as often as any other, and some of what is drawn is still one of it.
    let target = target("frame").unwrap();
    let mut corpus = Corpus::default();
    let mut kinds = BTreeMap::new();
    for seed in (target.seeds)() {
        for kind in run(&target, "a seed", &seed).accepted.into_keys() {
            kinds.insert(kind, 0);
            corpus.keep(seed.clone());
        }
    }
    let mut random = Random::new(SEED);
    for turn in 0..10_000 {
        let input = corpus.next_by_turns(turn, &mut random);
        let verdict = run(&target, &format!("turn {turn}"), &input);
        let is_new = !corpus.inputs().contains(&input);
        for kind in verdict.accepted.into_keys().filter(|_| is_new) {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let of = |side: &str| kinds.keys().filter(|kind| kind.ends_with(side)).count();
    assert_eq!((of("client"), of("server")), (CLIENT_KINDS, SERVER_KINDS), "{kinds:?}");
    assert!(kinds.values().all(|count: &u32| *count > 0), "{kinds:?}");
}

#[test]
fn s2_a_damaged_store_is_an_error_or_a_value() {
    let outcomes = check("record", 120);
    check_met(
        &outcomes,
        &[
            "meta",
            "tail",
            "outbox",
            "rows",
            "thread",
            "membership",
            "engine",
            "started again",
            "storage_corrupt",
            "snapshot",
        ],
    );
}

#[test]
fn v1_screens_of_what_is_admitted_are_alike_however_they_came_to_be() {
    let outcomes = check("view", 60);
    check_met(&outcomes, &["mutated message", "4 rows", "a device over a generation"]);
}

#[test]
fn every_target_is_a_kept_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for target in TARGETS {
        assert!(!read_folder(&folder.join(target.name)).unwrap().is_empty(), "{} keeps nothing", target.name);
    }
}
