//! Commands that open a thread and change it.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::planning::{PlanResult, Planning, plan},
    doc::Fact,
    ids::{ConversationId, MessageId, TenantId, TimelineId},
    model::{ConversationKind, ConversationState, Created, InfoField, Parent},
};

/// Opens a thread from a message of a conversation, or of one of its threads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct CreateThread {
    /// Where: the conversation whose stream it is, also for a thread of a thread.
    #[n(0)]
    pub conversation: ConversationId,
    /// From which message.
    #[n(1)]
    pub message: MessageId,
    /// Its title.
    #[n(2)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub title: Option<String>,
}

impl CreateThread {
    /// The thread.
    pub fn thread(&self, tenant: &TenantId) -> ConversationId {
        ConversationId::thread(tenant, self.conversation, &self.message)
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let thread = self.thread(planning.stream.tenant());
        // Everybody who opens one from this message derives the same thread.
        if planning.stream.thread(thread).is_some() {
            let its_title = planning
                .stream
                .timeline(TimelineId::of_thread(self.conversation, thread))
                .and_then(|thread| thread.text(InfoField::Title));
            // What somebody else called it stays; the words of this one too.
            return match self.title.as_deref() {
                Some(title) if its_title != Some(title) => {
                    Err(Refusal::new(Code::ConversationExists, "the thread exists, under another title"))
                }
                _ => Ok(None),
            };
        }
        let page = planning.page_of(&self.message)?.id();
        let (Some(timeline), Some(number)) = (page.timeline(), page.page()) else {
            return Err(Refusal::new(Code::MessageUnknown, "not on a page"));
        };
        let above =
            timeline.thread.and_then(|thread| planning.stream.thread(thread)).map_or(0, |above| above.parent.depth);
        let parent = Parent {
            conversation: timeline.id(),
            message: self.message.clone(),
            page: number,
            depth: above.saturating_add(1),
        };
        let created = Created::new(ConversationKind::Thread, planning.account().clone(), planning.at);
        let mut facts = vec![Fact::Created(Created { parent: Some(parent), ..created })];
        facts.extend(self.title.clone().map(|title| Fact::Info(InfoField::Title, Some(title))));
        plan(TimelineId::of_thread(self.conversation, thread).document(), facts)
    }
}

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
