//! Pages of lists of conversations: the own ones, and the directory.

use minicbor::{Decode, Encode};

use crate::{
    limits::frame_items,
    model::{ActivityKey, DirectoryRow, Query, WordKey},
    time::WallTime,
    wire::{ConversationSummary, bounded},
};

/// Asks for a page of a list. Answered by Listed, or Refused with its request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct List {
    /// Names it in its answer; counted by the client.
    #[n(0)]
    pub request: u64,
    /// Which list, and where the page begins.
    #[n(1)]
    pub query: Query,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Listed {
    /// What it answers.
    #[n(0)]
    pub request: u64,
    /// The rows.
    #[n(1)]
    pub rows: ListedRows,
}

/// The rows of a page, and where the next one begins; none behind the last.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ListedRows {
    /// Own conversations.
    #[n(0)]
    Own(
        #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")] Vec<ListedRow>,
        #[n(1)] Option<ActivityKey>,
    ),
    /// Public ones. A page may have fewer than there are, or none, and another
    /// one behind it: the server looks through only so many for each.
    #[n(1)]
    Directory(
        #[cbor(n(0), decode_with = "bounded::decode::<{ frame_items::TOLD }, _, _>")] Vec<DirectoryRow>,
        #[n(1)] Option<WordKey>,
    ),
}

/// An own conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListedRow {
    /// What is told of it. Of one that the account is not in any more only what
    /// it was, and where the account stands.
    #[n(0)]
    pub summary: ConversationSummary,
    /// When something last happened there; where the account is not in any
    /// more, when that came to be.
    #[n(1)]
    pub activity_at: WallTime,
}
