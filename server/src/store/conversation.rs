//! A conversation as queries need one: summaries, lists and the directory.

use tidings_core::{
    ids::AccountId,
    model::{ConversationKind, ConversationState, Listing},
    time::WallTime,
    wire::LastMessage,
};

/// A conversation in the projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title.
    pub title: Option<String>,
    /// Its state.
    pub state: ConversationState,
    /// Its active members.
    pub member_count: u32,
    /// Up to five active members, by account, for lists.
    pub some_members: Vec<AccountId>,
    /// When it was created, by its creator's clock.
    pub created_at: WallTime,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// What everybody of the tenant may know of it; none unless the directory has it.
    pub listing: Option<Listing>,
    /// The id of the resource that it is about.
    pub resource: Option<String>,
}

impl ConversationRow {
    /// When something last happened in it.
    pub fn activity_at(&self) -> WallTime {
        self.last_message.as_ref().map_or(self.created_at, |last| last.message.created_at())
    }
}
