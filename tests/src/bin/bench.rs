//! Measures and prints one JSON result. `cargo xtask bench` calls it, optimised,
//! natively and in WebAssembly.

use std::{collections::BTreeMap, time::Instant};

use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tidings_tests::bench::{authority, refusal};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Changes on the pages that are measured.
const PAGES: [u32; 3] = [100, 1_000, 4_000];
/// Rounds of which the best counts, because the machine may be shared.
const ROUNDS: usize = 5;

struct Memory;

impl refusal::Memory for Memory {
    fn begin(&self) -> usize {
        ALLOCATOR.reset_peak_usage();
        ALLOCATOR.current_usage()
    }

    fn peak(&self) -> usize {
        ALLOCATOR.peak_usage()
    }
}

fn main() {
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e6;
    let pages: Vec<Value> = PAGES
        .iter()
        .map(|&page| {
            let rounds = (0..ROUNDS).map(|_| authority::measure(page, &clock));
            let best = rounds.min_by(|one, other| one.admit.total_cmp(&other.admit)).expect("there is a round");
            let steps = authority::STEPS.iter().zip(best.steps);
            let steps = steps.map(|(name, time)| json!({ "step": name, "time_us": time }));
            json!({ "changes": page, "steps": steps.collect::<Vec<_>>(), "time_us": best.admit })
        })
        .collect();
    let mut classes: BTreeMap<&str, refusal::Cost> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (class, cost) in refusal::measure(&clock, &Memory) {
            let best = classes.entry(class).or_insert(cost);
            best.time = best.time.min(cost.time);
        }
    }
    let classes = classes.into_iter().map(|(class, cost)| {
        json!({
            "class": class,
            "cases": cost.cases,
            "size_bytes": cost.size,
            "time_us": cost.time,
            "memory_bytes": cost.memory,
        })
    });
    println!("{}", json!({ "pages": pages, "refusals": classes.collect::<Vec<_>>() }));
}
