//! Bytes as a sequence of choices, for targets whose input describes how to build the thing under test. Any
//! bytes are a script; when they end, every choice is the first one.

/// Numbers that are known to cause trouble.
const EDGES: [u64; 18] = [
    0,
    1,
    2,
    3,
    63,
    64,
    127,
    128,
    255,
    256,
    65_535,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    1 << 40,
    i64::MAX as u64,
    u64::MAX,
];

/// The remaining choices.
#[derive(Debug, Clone)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// The choices in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns true if every choice was made.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
            None => 0,
        }
    }

    /// A number from 0 up to, but not including, `bound`, which is 1 to 256.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// True for one byte in `of`.
    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    /// Picks one of the items; none if there are none.
    pub fn pick<'b, T>(&mut self, items: &'b [T]) -> Option<&'b T> {
        let index = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        items.get(index.checked_rem(items.len())?)
    }

    /// Any number, often an edge case.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            choice @ 0..=143 => EDGES[usize::from(choice) % EDGES.len()],
            144..=223 => u64::from(self.byte()),
            224..=255 => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }

    /// At most this many bytes.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }
}
