//! Shrinks a failing run: fewer turns, then fewer classes of faults, then turn by turn, as long as it fails.
//! The failure may become another one on the way: the smaller run is the better one.

use std::collections::BTreeSet;

use super::{
    faults::Class,
    run::{Failure, Plan, run},
};

/// The smallest failing plan found, and its failure.
pub fn shrink(plan: &Plan, failure: Failure) -> (Plan, Failure) {
    let mut smallest = (plan.clone(), failure);
    cut_turns(&mut smallest);
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Act) {
        try_smaller(&mut smallest, |plan| {
            plan.without.insert(class);
        });
    }
    // Halves first, then quarters, down to single turns.
    let mut run_length = smallest.0.turns / 2;
    while run_length > 0 {
        let mut first = 0;
        while first < smallest.0.turns {
            let turns: BTreeSet<u32> = (first..first + run_length).collect();
            if !turns.is_subset(&smallest.0.skipped) {
                try_smaller(&mut smallest, |plan| plan.skipped.extend(&turns));
            }
            first += run_length;
        }
        run_length /= 2;
    }
    smallest
}

/// Ends the run where it fails, or as early as it fails at rest.
fn cut_turns(smallest: &mut (Plan, Failure)) {
    if let Some(turn) = smallest.1.turn {
        smallest.0.turns = turn + 1;
    }
    let (mut passes, mut fails) = (0, smallest.0.turns);
    while fails - passes > 1 {
        let turns = passes + (fails - passes) / 2;
        if try_smaller(smallest, |plan| plan.turns = turns) { fails = turns } else { passes = turns }
    }
}

fn try_smaller(smallest: &mut (Plan, Failure), change: impl FnOnce(&mut Plan)) -> bool {
    let mut plan = smallest.0.clone();
    change(&mut plan);
    match run(&plan) {
        Ok(_) => false,
        Err(failure) => {
            *smallest = (plan, failure);
            true
        }
    }
}
