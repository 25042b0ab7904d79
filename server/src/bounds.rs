//! Internal bounds that keep memory, frames and transactions small and decide nothing. Operators cannot set
//! them; simulated worlds set them low, so that a few accounts reach each one.

/// Bounds of a node and of its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Pushes that may wait for one stream.
    pub pushes_waiting_max: usize,
    /// Pushes of one stream that are decided together.
    pub batch_pushes_max: usize,
    /// Changes after which no further push is decided with them.
    pub batch_changes_max: usize,
    /// Bytes of changes after which no further push is decided with them.
    pub batch_bytes_max: usize,
    /// Bytes of documents that one stream keeps between batches.
    pub stream_bytes_max: usize,
    /// Streams looked at for one that is idle.
    pub streams_looked_at_max: usize,
    /// Commits that may wait; a stream's task waits when they are that many.
    pub commits_waiting_max: usize,
    /// Entries read at once; where other nodes wrote so many, a stream is loaded anew.
    pub entries_read_max: u32,
    /// Streams remembered as missed while the store was unavailable. Beyond that, sessions learn of new entries
    /// from their own catch-up.
    pub streams_undelivered_max: usize,
    /// Requests of receipts that wait; a session waits when they are that many.
    pub receipts_waiting_max: usize,
    /// Receipts of one request, and of one call of the store.
    pub receipts_at_once_max: usize,
    /// Member count up to which every member is sent everybody's receipts.
    pub receipt_members_max: u32,
    /// Entries of one frame.
    pub frame_entries_max: usize,
    /// Bytes of changes after which the remaining entries go into another frame.
    pub frame_entries_bytes: usize,
    /// Bytes after which a frame is sent in pieces, if that is less than the frame limit.
    pub piece_bytes_max: usize,
    /// Summaries, profiles or receipts of one frame.
    pub frame_items_max: usize,
    /// Frames written before the socket is flushed and other work gets its turn.
    pub write_batch_max: usize,
    /// Streams whose sent positions a session remembers until the next cursor.
    pub sent_streams_max: usize,
    /// Conversations that a session remembers its account to be part of.
    pub parts_max: usize,
    /// Conversations notified when a session that was online in them ends.
    pub online_max: usize,
    /// Documents that get a snapshot in one round.
    pub snapshot_documents_max: u32,
    /// Accounts checked for suspension in one query.
    pub suspended_max: usize,
    /// Bytes of changes in one catch-up; the streams that do not fit are fetched by the
    /// client, like those with too many entries.
    pub catch_up_bytes_max: u64,
    /// Conversations that are erased in one round.
    pub erased_conversations_max: u32,
    /// Rows of one table that a single erasure step deletes.
    pub erased_rows_max: u32,
    /// Documents that a single erasure step deletes, each with a snapshot of one or two megabytes.
    pub erased_documents_max: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            pushes_waiting_max: 64,
            batch_pushes_max: 64,
            batch_changes_max: 1_000,
            batch_bytes_max: 2 * 1024 * 1024,
            stream_bytes_max: 4 * 1024 * 1024,
            streams_looked_at_max: 64,
            commits_waiting_max: 4_096,
            entries_read_max: 500,
            streams_undelivered_max: 10_000,
            receipts_waiting_max: 1_024,
            receipts_at_once_max: 500,
            receipt_members_max: 100,
            frame_entries_max: 500,
            frame_entries_bytes: 512 * 1024,
            piece_bytes_max: usize::MAX,
            frame_items_max: 250,
            write_batch_max: 64,
            sent_streams_max: 4_096,
            parts_max: 4_096,
            online_max: 16,
            snapshot_documents_max: 64,
            suspended_max: 1_000,
            catch_up_bytes_max: 8 * 1024 * 1024,
            erased_conversations_max: 64,
            erased_rows_max: 1_000,
            erased_documents_max: 16,
        }
    }
}
