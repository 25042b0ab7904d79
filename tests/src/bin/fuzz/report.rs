//! Figures of a worker's run.

use std::{collections::BTreeMap, time::Instant};

use tidings_tests::fuzz::{Target, Verdict};

/// The figures of one worker.
pub struct Report {
    target: Target,
    started: Instant,
    inputs: u64,
    accepted: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    /// Inputs that repeated an earlier finding.
    pub passed_over: u64,
}

impl Report {
    pub fn start(target: &Target) -> Self {
        Self {
            target: *target,
            started: Instant::now(),
            inputs: 0,
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
            passed_over: 0,
        }
    }

    /// Counts one input. Only the first word of a name is printed, and only the code of a reason.
    pub fn count(&mut self, verdict: &Verdict) {
        self.inputs += 1;
        for (name, count) in &verdict.accepted {
            let word = name.split(' ').next().unwrap_or_default().to_owned();
            *self.accepted.entry(word).or_default() += u64::from(*count);
        }
        for (reason, count) in &verdict.refused {
            let code = reason.split(':').next().unwrap_or_default().to_owned();
            *self.refused.entry(code).or_default() += u64::from(*count);
        }
    }

    /// Prints one line of figures, one of accepted parts, and one of refused parts.
    pub fn print(&self) {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = self.inputs as f64 / seconds.max(0.001);
        let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let list = |counts: &BTreeMap<String, u64>| {
            let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
            counts.sort_by_key(|(name, count)| (core::cmp::Reverse(**count), *name));
            let words: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            words.join(", ")
        };
        let name = self.target.name;
        let peak = crate::ALLOCATOR.max_allocated() / 1024;
        println!("{name}: {} inputs in {seconds:.0} s, {rate:.0}/s, peak {peak} KiB", self.inputs);
        println!("{name}: accepted {}: {}", sum(&self.accepted), list(&self.accepted));
        println!("{name}: refused {}: {}", sum(&self.refused), list(&self.refused));
        if self.passed_over > 0 {
            println!("{name}: passed over {} that found what is known", self.passed_over);
        }
    }
}
