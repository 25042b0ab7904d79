//! Costs of refusals: every case of the hostile corpus, by class.

use std::collections::BTreeMap;

use tidings_core::{
    ids::{ConversationId, TenantId},
    time::WallTime,
};

use crate::{
    bench::{Clock, median},
    hostile::{Expected, Setup, corpus},
};

/// Times a case is judged.
const TIMES: usize = 15;

/// Memory of this process, as seen by a counting allocator.
pub trait Memory {
    /// Returns the bytes allocated now; the peak restarts from here.
    fn begin(&self) -> usize;
    /// The most bytes allocated since.
    fn peak(&self) -> usize;
}

/// Cost of refusing the worst case of a class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Cases of the class.
    pub cases: u32,
    /// The slowest case's median, microseconds.
    pub time: f64,
    /// The most additional bytes that one needed.
    pub memory: usize,
    /// The largest case, bytes.
    pub size: usize,
}

/// Measures every class that is refused.
///
/// # Panics
/// When a hostile change is admitted.
pub fn measure(clock: Clock<'_>, memory: &impl Memory) -> BTreeMap<&'static str, Cost> {
    let tenant = TenantId::parse("acme").expect("a legal id");
    let at = WallTime::from_millis(1_800_000_000_000);
    let (setup, _) = Setup::new(&tenant, ConversationId::from_bytes([7; 16]), at);
    let mut costs: BTreeMap<&'static str, Cost> = BTreeMap::new();
    for case in corpus(&setup).into_iter().filter(|case| matches!(case.expected, Expected::Refused(_))) {
        let cost = costs.entry(case.class).or_default();
        let times = (0..TIMES).map(|_| {
            let mut fresh = setup.clone();
            let held = memory.begin();
            let start = clock();
            let answer = fresh.admit(&setup.attacker, &case.pushed);
            let time = clock() - start;
            assert!(answer.is_err(), "{case} was admitted");
            cost.memory = cost.memory.max(memory.peak().saturating_sub(held));
            time
        });
        let time = median(times.collect());
        cost.cases += 1;
        cost.time = cost.time.max(time);
        cost.size = cost.size.max(case.pushed.change.len());
    }
    costs
}
