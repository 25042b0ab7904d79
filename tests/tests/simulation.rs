//! Random worlds, each from one seed.

use tidings_tests::sim::run::{Plan, run};

/// Replays the seed in `SEED`; without one, the first.
#[test]
fn one_seed() {
    let from: u64 = std::env::var("FROM").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let to: u64 = std::env::var("TO").ok().and_then(|seed| seed.parse().ok()).unwrap_or(from + 1);
    let mut failed = 0;
    for seed in from..to {
        let begin = std::time::Instant::now();
        let mut plan = Plan::new(seed);
        if std::env::var("PRINT").is_ok() {
            plan.keep = tidings_tests::sim::trace::Keep::Print;
        }
        match run(&plan) {
            Ok(report) => println!(
                "seed {seed}: {:?} {} said {} entries {} ms virtual {:?} {:?} {}",
                begin.elapsed(),
                report.said,
                report.entries,
                report.time_ms,
                report.refusals,
                report.endings,
                report.digest
            ),
            Err(failure) => {
                failed += 1;
                println!("seed {seed} FAILS: {:?} {failure}", begin.elapsed());
            }
        }
    }
    println!("{failed} failed");
}
