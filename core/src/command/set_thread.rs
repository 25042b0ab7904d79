//! Names, locks, closes or reopens a thread.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, TimelineId},
    model::{ConversationState, InfoField},
};

/// Changes what a thread says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct SetThread {
    /// The conversation whose stream it is.
    #[n(0)]
    pub conversation: ConversationId,
    /// The thread it applies to.
    #[n(1)]
    pub thread: ConversationId,
    /// What of it.
    #[n(2)]
    pub change: ThreadChange,
}

/// What of a thread is changed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum ThreadChange {
    /// Its title; none removes it.
    #[n(0)]
    Title(#[n(0)] Option<String>),
    /// Whether it is locked to all but moderators and above.
    #[n(1)]
    Locked(#[n(0)] bool),
    /// Whether it goes on.
    #[n(2)]
    State(#[n(0)] ConversationState),
}

impl SetThread {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let Some(thread) = planning.stream.timeline(TimelineId::of_thread(self.conversation, self.thread)) else {
            return Err(Refusal::new(Code::ConversationUnknown, "the thread is not here"));
        };
        let (is_so, fact) = match &self.change {
            ThreadChange::Title(title) => {
                (thread.text(InfoField::Title) == title.as_deref(), Fact::Info(InfoField::Title, title.clone()))
            }
            ThreadChange::Locked(locked) => (thread.locked == *locked, Fact::Locked(*locked)),
            ThreadChange::State(state) => (thread.state() == *state, Fact::State(*state)),
        };
        if is_so {
            return Ok(None);
        }
        plan(TimelineId::of_thread(self.conversation, self.thread).document(), vec![fact])
    }
}
