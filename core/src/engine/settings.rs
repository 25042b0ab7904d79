//! How much an engine brings in ahead of need, shows at once and keeps at hand.
//! None of it decides what is true: an engine with any of these settings comes
//! to the same state, which is why the simulation draws them low.

/// The settings of one engine, which an app may choose at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Conversations whose newest page is fetched ahead, so that they can be read
    /// without a network: those of the newest activity. All others are fetched when
    /// they are opened or written in.
    pub prefetch_conversations: usize,
    /// Streams kept in memory beside those that a screen shows; beyond, the least recently used one goes that
    /// nothing needs.
    pub streams_max: usize,
    /// Rows of a timeline shown at first, and added at each turn to older ones; at least one.
    pub rows_step: usize,
    /// Rows of each timeline, and of the list, that are stored for the first paint.
    pub rows_stored: usize,
    /// Entries kept after the documents' snapshots, as a part of the changes that a
    /// page takes, before the snapshots are cut anew: one in so many; at least one.
    /// Cutting costs what the page holds, and each entry makes reading it a little slower.
    pub tail_share: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prefetch_conversations: 50, streams_max: 64, rows_step: 50, rows_stored: 50, tail_share: 4 }
    }
}
