//! A conversation's projection, as summaries, lists and the directory need it.

use tidings_core::{
    ids::AccountId,
    model::{ConversationKind, ConversationState, Listing},
    time::WallTime,
    wire::LastMessage,
};

/// A row of the conversation projection.
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
    /// The part that is public in the tenant; none unless the directory lists it.
    pub listing: Option<Listing>,
    /// The id of the resource it is about.
    pub resource: Option<String>,
}

impl ConversationRow {
    /// The time of the latest activity.
    pub fn activity_at(&self) -> WallTime {
        self.last_message.as_ref().map_or(self.created_at, |last| last.message.created_at())
    }
}
