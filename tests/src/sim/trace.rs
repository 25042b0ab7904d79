//! Everything that happens in a world, line by line: the same seed gives the same lines, byte for byte.

use core::fmt;

use sha2::{Digest, Sha256};

/// Handling of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Only their digest is kept.
    #[default]
    Digest,
    /// They are kept too.
    Lines,
    /// They are printed too.
    Print,
}

/// The lines so far.
#[derive(Debug, Default)]
pub struct Trace {
    keep: Keep,
    digest: Sha256,
    lines: Vec<String>,
    count: usize,
}

impl Trace {
    /// An empty trace.
    pub fn new(keep: Keep) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Adds a line.
    pub fn note(&mut self, time_ms: u64, line: fmt::Arguments<'_>) {
        let line = format!("{time_ms:>8} {line}\n");
        self.digest.update(&line);
        self.count += 1;
        match self.keep {
            Keep::Digest => {}
            Keep::Lines => self.lines.push(line),
            Keep::Print => print!("{line}"),
        }
    }

    /// The lines, if they are kept.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The number of lines.
    pub fn count(&self) -> usize {
        self.count
    }

    /// A digest of all lines.
    pub fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.digest.clone().finalize())
    }
}

/// The beginning of the hash of some bytes, for a line.
pub fn brief(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)[..6])
}
