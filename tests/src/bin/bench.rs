//! Measures and prints one JSON result. `cargo xtask bench` calls it, optimised.

use std::time::Instant;

use tidings_tests::bench::authority::{STEPS, measure};

fn main() {
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e6;
    for page in [100, 1_000, 4_000] {
        let cost = measure(page, &clock);
        println!("{page}: admit {:.1}", cost.admit);
        for (name, step) in STEPS.iter().zip(cost.steps) {
            println!("   {name}: {step:.2}");
        }
    }
}
