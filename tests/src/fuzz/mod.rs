//! Everything that accepts bytes from outside, as plain functions of bytes. A target runs one input and returns
//! the outcome; it panics when an invariant is violated. Both drivers (`src/bin/fuzz`, and cargo-fuzz in
//! `fuzz/`) and an ordinary test call the same functions.

pub mod authority;
pub mod corpus;
pub mod edit;
pub mod frame;
pub mod mutate;
pub mod panics;
pub mod prescan;
pub mod record;
pub mod room;
pub mod script;
pub mod view;

use std::collections::BTreeMap;

/// The outcome of an input: the numbers of accepted parts, and of refused ones by reason. The stable driver is
/// guided by these names: an input with a new one is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Accepted parts, by kind.
    pub accepted: BTreeMap<String, u32>,
    /// Refused parts, by reason.
    pub refused: BTreeMap<String, u32>,
}

impl Verdict {
    /// Counts an accepted part.
    pub fn accept(&mut self, name: impl Into<String>) {
        *self.accepted.entry(name.into()).or_default() += 1;
    }

    /// Counts a refused part. Words with digits are left out of the detail: `3 operations` and `4 operations`
    /// are one reason.
    pub fn refuse(&mut self, code: impl core::fmt::Display, detail: &str) {
        let words = detail.split(' ').filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
        let detail: String = words.take(6).collect::<Vec<_>>().join(" ");
        *self.refused.entry(format!("{code}: {detail}")).or_default() += 1;
    }
}

/// A function that accepts bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// Runs one input.
    ///
    /// # Panics
    /// When an invariant is violated: a finding.
    pub run: fn(&[u8]) -> Verdict,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Maximum number of additional bytes of memory for an input of this length.
    pub memory_bytes_max: fn(usize) -> usize,
}

const MIB: usize = 1 << 20;

/// Every target.
pub const TARGETS: [Target; 5] = [
    Target {
        name: "prescan",
        run: prescan::run,
        seeds: prescan::seeds,
        memory_bytes_max: |bytes| 8 * MIB + 64 * bytes,
    },
    Target { name: "authority", run: authority::run, seeds: authority::seeds, memory_bytes_max: |_| 64 * MIB },
    Target { name: "frame", run: frame::run, seeds: frame::seeds, memory_bytes_max: |bytes| MIB + 64 * bytes },
    Target { name: "record", run: record::run, seeds: record::seeds, memory_bytes_max: |_| 64 * MIB },
    Target { name: "view", run: view::run, seeds: view::seeds, memory_bytes_max: |_| 64 * MIB },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
