//! Commands that write messages and change what is there: edits, deletions,
//! reactions, pins, held messages.

use minicbor::{Decode, Encode};
use serde::Deserialize;

use crate::{
    authority::Refusal,
    code::Code,
    command::{
        made_up,
        planning::{PlanResult, Planning, conversation_fact, plan},
    },
    doc::{Fact, Key},
    ids::{AccountId, ConversationId, MessageId, Stamp, TimelineId},
    model::{Content, Deletion, Edit, HeldState, MessageBody, Party, Pin, is_emoji},
};

/// Sends a message. Its id is given once and kept through every rewriting.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message's stamp, from the device's hybrid clock.
    #[n(1)]
    #[serde(skip, default = "made_up")]
    pub stamp: Stamp,
    /// What it says.
    #[n(2)]
    pub content: Content,
    /// The message it answers.
    #[n(3)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub reply_to: Option<MessageId>,
    /// The accounts it mentions.
    #[n(4)]
    #[serde(default)]
    pub mentions: Vec<AccountId>,
    /// The thread of the conversation that it is written in.
    #[n(5)]
    #[cfg_attr(feature = "ts", tsify(optional))]
    pub thread: Option<ConversationId>,
}

impl SendMessage {
    /// A message that the engine is to stamp.
    pub fn new(conversation: ConversationId, content: impl Into<Content>) -> Self {
        let (stamp, content) = (made_up(), content.into());
        Self { conversation, stamp, content, reply_to: None, mentions: Vec::new(), thread: None }
    }

    /// What it is written in: the conversation, or one of its threads.
    pub fn timeline(&self) -> TimelineId {
        TimelineId { conversation: self.conversation, thread: self.thread }
    }

    /// The id of the message.
    pub fn message(&self, account: &AccountId) -> MessageId {
        MessageId { stamp: self.stamp, author: account.clone() }
    }

    /// What the message says.
    pub fn body(&self) -> MessageBody {
        MessageBody {
            content: self.content.clone(),
            reply_to: self.reply_to.clone(),
            mentions: (!self.mentions.is_empty()).then(|| self.mentions.clone()),
        }
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let message = self.message(planning.account());
        if planning.stream.page_of(&message).is_some() {
            return Ok(None);
        }
        let mut body = self.body();
        match &mut body.content {
            Content::Proposal(proposal) => {
                let party = planning.stream.conversation().party(planning.account());
                proposal.created_by_role = Some(party.unwrap_or(Party::Root));
            }
            Content::ProposalResponse(response) => {
                response.page = planning.page_of(&response.proposal)?.id().page().unwrap_or_default();
            }
            _ => {}
        }
        let page = self.timeline().page(planning.stream.open_page(self.timeline(), planning.limits));
        plan(page, vec![Fact::Message(message, body)])
    }
}

/// Edits an own message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct EditMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
    /// What it is to say, of the same kind as before.
    #[n(2)]
    pub content: Content,
}

impl EditMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        let edit = Edit { content: self.content.clone(), at: planning.at };
        plan(page.id().clone(), vec![Fact::Edit(self.message.clone(), edit)])
    }
}

/// Takes a message back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct DeleteMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl DeleteMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let page = planning.page_of(&self.message)?;
        if page.get(&Key::Deleted(self.message.clone())).is_some() {
            return Ok(None);
        }
        let deletion = Deletion { by: planning.account().clone(), at: planning.at };
        plan(page.id().clone(), vec![Fact::Deleted(self.message.clone(), deletion)])
    }
}

/// Puts an emoji on a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct React {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// On which message.
    #[n(1)]
    pub message: MessageId,
    /// The emoji.
    #[n(2)]
    pub emoji: String,
}

impl React {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        reaction(planning, &self.message, &self.emoji, true)
    }
}

/// Takes an emoji off a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct Unreact {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// On which message.
    #[n(1)]
    pub message: MessageId,
    /// The emoji.
    #[n(2)]
    pub emoji: String,
}

impl Unreact {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        reaction(planning, &self.message, &self.emoji, false)
    }
}

/// Pins a message for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct PinMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl PinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let timeline = timeline_of(planning, self.conversation, &self.message);
        if planning.stream.timeline(timeline).is_some_and(|timeline| timeline.pins.contains_key(&self.message)) {
            return Ok(None);
        }
        let page = planning.page_of(&self.message)?.id().page().unwrap_or_default();
        let pin = Pin { by: planning.account().clone(), at: planning.at, page };
        plan(timeline.document(), vec![Fact::Pin(self.message.clone(), Some(pin))])
    }
}

/// Unpins a message.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct UnpinMessage {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// The message it applies to.
    #[n(1)]
    pub message: MessageId,
}

impl UnpinMessage {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let timeline = timeline_of(planning, self.conversation, &self.message);
        if planning.stream.timeline(timeline).is_none_or(|timeline| !timeline.pins.contains_key(&self.message)) {
            return Ok(None);
        }
        plan(timeline.document(), vec![Fact::Pin(self.message.clone(), None)])
    }
}

/// Lets a message of one who was removed in, or discards it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "ts", derive(tsify::Tsify))]
pub struct AnswerHeld {
    /// The conversation it applies to.
    #[n(0)]
    pub conversation: ConversationId,
    /// Which, of those that are held.
    #[n(1)]
    pub message: MessageId,
    /// Whether it is let in.
    #[n(2)]
    pub admitted: bool,
}

impl AnswerHeld {
    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let state = if self.admitted { HeldState::Admitted } else { HeldState::Discarded };
        let Some(held) = planning.stream.conversation().held.get(&self.message) else {
            return Err(Refusal::new(Code::MessageUnknown, "no such message is held"));
        };
        let is_so = held.state == state;
        conversation_fact(self.conversation, is_so, planning.decided(&self.message, held, state))
    }
}

/// Puts an emoji of the own account on a message, or takes it off.
fn reaction(planning: &Planning<'_>, message: &MessageId, emoji: &str, on: bool) -> PlanResult {
    let page = planning.page_of(message)?;
    let account = planning.account().clone();
    let key = Key::Reaction(message.clone(), emoji.to_owned(), account.clone());
    match page.get(&key).is_some() == on {
        // Nothing that is no emoji was ever put there.
        true if !is_emoji(emoji) => return Err(Refusal::new(Code::EmojiInvalid, "not one emoji")),
        true => return Ok(None),
        false => {}
    }
    plan(page.id().clone(), vec![Fact::Reaction(message.clone(), emoji.to_owned(), account, on)])
}

/// What a message is in: a thread if its page is loaded and is one's.
fn timeline_of(planning: &Planning<'_>, conversation: ConversationId, message: &MessageId) -> TimelineId {
    let timeline = planning.stream.page_of(message).and_then(|page| page.id().timeline());
    timeline.unwrap_or(TimelineId::of(conversation))
}
