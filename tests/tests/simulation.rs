//! Random worlds, each from one seed: people command whatever there is while
//! links break, devices and nodes crash and stores fail. At every turn nothing
//! acknowledged is lost and nothing forbidden is visible; in the end everything
//! has converged, and every refusal keeps its words.

use std::collections::{BTreeMap, BTreeSet};

use tidings_core::code::Code;
use tidings_tests::sim::{
    actions::{KINDS, Kind},
    faults::Class,
    happened::Happened,
    plant::Plant,
    run::{Plan, Report, SEEDS, run},
    shrink::shrink,
    trace::Keep,
};

/// The ordinary seeds are run in as many tests, side by side.
const PARTS: u64 = 4;

/// What was admitted at least: conversations of each kind, and what is said of them and of their members.
const STATED: [&str; 23] = [
    "direct",
    "resource",
    "group",
    "channel",
    "support",
    "system",
    "title",
    "description",
    "theme",
    "scope",
    "state",
    "locked",
    "policy",
    "definition",
    "role",
    "status",
    "grant",
    "text",
    "invite",
    "uses",
    "held",
    "pin",
    "message",
];

/// What happens in worlds whose database is put back, and in no other.
const OF_RESTORED: [Happened; 2] = [Happened::PutBack, Happened::WordsBack];

/// What happens in worlds whose documents are written anew, and in no other.
const OF_SQUASHED: [Happened; 4] = [
    Happened::ConversationSquashed,
    Happened::ThreadSquashed,
    Happened::WaitedOverSquash,
    Happened::AnsweredOverSquash,
];

/// The seeds of worlds whose documents are written anew.
const SQUASHED_SEEDS: u64 = 75;

/// The seeds of worlds in which leads are negotiated, with all that comes on top of a turn.
const NEGOTIATED_SEEDS: std::ops::Range<u64> = 1_000..1_040;

/// The seeds of worlds whose database is put back.
const RESTORED_SEEDS: u64 = 20;

#[test]
fn worlds_whose_database_is_put_back_converge_and_lose_nothing() {
    let mut total = Report::default();
    let mut failures = Vec::new();
    for seed in 0..RESTORED_SEEDS {
        match run(&Plan {
            is_restored: true,
            without: BTreeSet::from([Class::Negotiation, Class::Caller]),
            ..Plan::new(seed)
        }) {
            Ok(report) => add(&mut total, report),
            Err(failure) => failures
                .push(format!("cargo xtask sim --restored --without Negotiation,Caller --seed {seed}: {failure}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for happened in OF_RESTORED {
        assert!(total.happened.contains_key(&happened), "{happened:?} among {:?}", total.happened);
    }
}

#[test]
fn worlds_whose_documents_are_written_anew_converge_and_lose_nothing() {
    let mut total = Report::default();
    let mut failures = Vec::new();
    for seed in 0..SQUASHED_SEEDS {
        match run(&Plan { without: BTreeSet::from([Class::Negotiation, Class::Caller]), ..Plan::new(seed) }) {
            Ok(report) => add(&mut total, report),
            Err(failure) => {
                failures.push(format!("cargo xtask sim --without Negotiation,Caller --seed {seed}: {failure}"))
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(total.classes.contains_key(&Class::Squash), "{:?}", total.classes);
    for happened in OF_SQUASHED {
        assert!(total.happened.contains_key(&happened), "{happened:?} among {:?}", total.happened);
    }
}

#[test]
fn worlds_in_which_leads_are_negotiated_converge_and_lose_nothing() {
    let mut total = Report::default();
    let mut failures = Vec::new();
    for seed in NEGOTIATED_SEEDS {
        match run(&Plan::new(seed)) {
            Ok(report) => add(&mut total, report),
            Err(failure) => failures.push(format!("cargo xtask sim --seed {seed}: {failure}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(total.classes.contains_key(&Class::Negotiation), "{:?}", total.classes);
    assert!(total.happened.contains_key(&Happened::Called), "{:?}", total.happened);
    for kind in [Kind::FinalizeLead, Kind::SetLeadStage] {
        assert!(total.kinds.contains_key(&kind), "{kind:?} among {:?}", total.kinds);
    }
    for name in ["answer", "lead"] {
        assert!(total.stated.contains_key(name), "{name} among {:?}", total.stated);
    }
}

fn run_part(part: u64) {
    let mut total = Report::default();
    let mut failures = Vec::new();
    for seed in SEEDS / PARTS * part..SEEDS / PARTS * (part + 1) {
        // Each of them is the world that it was before documents were written anew, and leads negotiated.
        match run(&Plan {
            without: BTreeSet::from([Class::Squash, Class::Negotiation, Class::Caller]),
            ..Plan::new(seed)
        }) {
            Ok(report) => add(&mut total, report),
            Err(failure) => {
                failures.push(format!("cargo xtask sim --without Squash,Negotiation,Caller --seed {seed}: {failure}"))
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let removed = total.refusals.get(&Code::MemberRemoved);
    assert!(removed.is_some_and(|removed| *removed > 10), "many wrote behind their removal: {total:?}");
    // A simulation in which nothing happens finds nothing.
    let classes: BTreeSet<Class> = total.classes.keys().copied().collect();
    let is_here = |class: &Class| *class != Class::Restored && !Class::ON_TOP.contains(class);
    let all: BTreeSet<Class> = Class::ALL.into_iter().filter(is_here).collect();
    assert_eq!(classes, all, "everything went wrong");
    let kinds: BTreeSet<_> = total.kinds.keys().copied().collect();
    let drawn = KINDS.iter().filter(|(_, weight)| *weight > 0);
    assert_eq!(kinds, drawn.map(|(kind, _)| *kind).collect(), "every command was commanded");
    for name in STATED {
        assert!(total.stated.contains_key(name), "{name} among {:?}, with {:?}", total.stated, total.refusals);
    }
    for code in [Code::PageClosed, Code::StoreUnavailable, Code::ClockAhead, Code::SlowMode] {
        assert!(total.refusals.contains_key(&code), "{code} among {:?}", total.refusals);
    }
    for code in [Code::SessionReplaced, Code::Draining, Code::AccountSuspended, Code::TokenExpired] {
        assert!(total.endings.contains_key(&code), "{code} among {:?}", total.endings);
    }
    let happened: Vec<Happened> = total.happened.keys().copied().collect();
    let mut all = Happened::ALL.to_vec();
    let elsewhere = [OF_RESTORED.as_slice(), &OF_SQUASHED, &[Happened::Called]].concat();
    all.retain(|happened| !elsewhere.contains(happened));
    assert_eq!(happened, all, "all of it took effect");
    assert!(total.hostile > 50 && total.pages_closed > 5, "{total:?}");
    println!("{total:?}");
}

fn add(total: &mut Report, report: Report) {
    fn merge<K: Ord>(total: &mut BTreeMap<K, u32>, counts: BTreeMap<K, u32>) {
        counts.into_iter().for_each(|(key, count)| *total.entry(key).or_default() += count);
    }
    merge(&mut total.classes, report.classes);
    merge(&mut total.happened, report.happened);
    merge(&mut total.kinds, report.kinds);
    merge(&mut total.stated, report.stated);
    merge(&mut total.refusals, report.refusals);
    merge(&mut total.endings, report.endings);
    total.said += report.said;
    total.entries += report.entries;
    total.hostile += report.hostile;
    total.pages_closed += report.pages_closed;
}

macro_rules! parts {
    ($($test:ident: $part:literal,)+) => {
        $(#[test]
        fn $test() {
            run_part($part);
        })+
    };
}

parts! {
    random_worlds_converge_and_lose_nothing_0: 0,
    random_worlds_converge_and_lose_nothing_1: 1,
    random_worlds_converge_and_lose_nothing_2: 2,
    random_worlds_converge_and_lose_nothing_3: 3,
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..6 {
        let plan = Plan { keep: Keep::Lines, ..Plan::new(seed) };
        let (first, again) = (run(&plan), run(&plan));
        let lines = |report: &Result<Report, _>| report.as_ref().map(|report| report.lines.clone()).unwrap_or_default();
        let (first_lines, again_lines) = (lines(&first), lines(&again));
        assert!(first_lines.len() > 100, "something happened in seed {seed}");
        let differs = first_lines.iter().zip(&again_lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first, again, "seed {seed}");
    }
}

#[test]
fn what_fails_is_made_small() {
    let found = (0..SEEDS).find_map(|seed| {
        let plan = Plan { plant: Some(Plant::ClockBack), turns: 25, ..Plan::new(seed) };
        run(&plan).err().map(|failure| (plan, failure))
    });
    let (plan, failure) = found.expect("the fault is found");
    let (smaller, failure) = shrink(&plan, failure);
    assert_eq!(run(&smaller), Err(failure), "it fails as it was told");
    let left = (0..smaller.turns).filter(|turn| !smaller.skipped.contains(turn)).count();
    assert!(left < 13, "{left} turns of 25 are left");
}
