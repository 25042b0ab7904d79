//! Pages of conversation lists: the own ones, and the directory.

use minicbor::{Decode, Encode};

use crate::{
    limits::frame_items,
    model::{ActivityKey, DirectoryRow, Query, WordKey},
    time::WallTime,
    wire::{ConversationSummary, bounded},
};

/// Requests a page of a list. Answered by Listed, or by Refused with this request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct List {
    /// Repeated in the answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// The list, and where the page begins.
    #[n(1)]
    pub query: Query,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Listed {
    /// The request it answers.
    #[n(0)]
    pub request: u64,
    /// The rows.
    #[n(1)]
    pub rows: ListedRows,
}

/// The rows of a page, and the key of the next one; none after the last.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ListedRows {
    /// Own conversations.
    #[n(0)]
    Own(
        #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")] Vec<ListedRow>,
        #[n(1)] Option<ActivityKey>,
    ),
    /// Public conversations. A page may have fewer rows than requested, or none, and still be followed by
    /// another one, because the server looks through a bounded number for each.
    #[n(1)]
    Directory(
        #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::ROWS }, _, _>")] Vec<DirectoryRow>,
        #[n(1)] Option<WordKey>,
    ),
}

/// An own conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListedRow {
    /// The conversation. If the account has left, only its kind and the own status.
    #[n(0)]
    pub summary: ConversationSummary,
    /// Time of the latest activity; if the account has left, the time at which it left.
    #[n(1)]
    pub activity_at: WallTime,
}
