//! What takes bytes from outside, as plain functions of bytes. A target runs
//! one input and tells what became of it; it panics when something that must
//! hold does not. Both drivers (`src/bin/fuzz`, and cargo-fuzz in `fuzz/`) and
//! an ordinary test call the same functions.

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

/// What became of an input: how many of its parts were taken, and why the
/// others were not. The names are also what the stable driver goes by: an input
/// that brings a new one is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Parts that were taken, by what they are.
    pub accepted: BTreeMap<String, u32>,
    /// Parts that were not, by why.
    pub refused: BTreeMap<String, u32>,
}

impl Verdict {
    /// Counts a part that was taken.
    pub fn accept(&mut self, name: impl Into<String>) {
        *self.accepted.entry(name.into()).or_default() += 1;
    }

    /// Counts a part that was not taken. Words with digits are left out of the
    /// detail: `3 operations` and `4 operations` are one reason.
    pub fn refuse(&mut self, code: impl core::fmt::Display, detail: &str) {
        let words = detail.split(' ').filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
        let detail: String = words.take(6).collect::<Vec<_>>().join(" ");
        *self.refused.entry(format!("{code}: {detail}")).or_default() += 1;
    }
}

/// Something that takes bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and its folder's.
    pub name: &'static str,
    /// Runs one input.
    ///
    /// # Panics
    /// When something that must hold does not: a finding.
    pub run: fn(&[u8]) -> Verdict,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Bytes that running one input of this length may take at most, beside
    /// what was there before.
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
