//! The parts of a stream that changed since the screen was last updated.

use crate::{
    authority::Effects,
    command::Command,
    doc::Fact,
    engine::streams::replica::Replica,
    ids::{AccountId, ConversationId, MessageId},
    model::Content,
    sorted::SortedSet,
};

#[derive(Debug, Default)]
pub(in crate::engine) struct Touched {
    pub(in crate::engine) messages: SortedSet<MessageId>,
    /// Timelines that show more of what is older, or know that there is no more.
    pub(in crate::engine) extended: SortedSet<ConversationId>,
    /// Metadata, pins, or too many members to be sent one by one.
    pub(in crate::engine) detail: bool,
    /// Members whose status or role changed.
    pub(in crate::engine) members: SortedSet<AccountId>,
    /// Members with another name.
    pub(in crate::engine) named: SortedSet<AccountId>,
    /// The number of uses of an invite link.
    pub(in crate::engine) invites: bool,
    /// The row of the list.
    pub(in crate::engine) row: bool,
    pub(in crate::engine) all: bool,
}

impl Replica {
    /// Notes that a command of this device waits no more, or waits otherwise: its message is drawn again, and the one
    /// that its thread starts from, which counts it.
    pub(in crate::engine) fn touch_waiting(&mut self, command: &Command, me: &AccountId) {
        let thread = command.thread(self.confirmed.tenant());
        let parent = thread.and_then(|id| self.parent_of(id));
        self.touched.messages.extend(command.message(me).into_iter().chain(parent));
    }

    /// The message that a thread starts from. The view may be older than the confirmed state.
    fn parent_of(&self, thread: ConversationId) -> Option<MessageId> {
        let thread = self.confirmed.thread(thread).or_else(|| self.view().thread(thread));
        thread.map(|thread| thread.parent.message.clone())
    }

    /// Notes the effects of a change.
    pub(in crate::engine) fn touch(&mut self, effects: &Effects) {
        let is_apart = effects.thread.is_some() && self.outbox.is_empty();
        self.touched.row |= !is_apart;
        let parent = effects.thread.and_then(|thread| self.parent_of(thread));
        self.touched.messages.extend(parent);
        // The panel shows the words of pinned messages.
        let view = self.view();
        let thread = effects.thread.and_then(|thread| view.timeline(self.timeline(thread)));
        let pins = &thread.unwrap_or(view.conversation()).pins;
        let pinned = effects.facts.iter().any(|fact| match fact {
            Fact::Message(message, _) | Fact::Edit(message, _) | Fact::Deleted(message, _) => {
                pins.contains_key(message)
            }
            _ => false,
        });
        self.touched.detail |= pinned || effects.reopens;
        for fact in &effects.facts {
            match fact {
                Fact::Message(message, body) => {
                    self.touched.messages.insert(message.clone());
                    if let Content::ProposalResponse(response) = &body.content {
                        self.touched.messages.insert(response.proposal.clone());
                    }
                }
                Fact::Edit(message, _)
                | Fact::Deleted(message, _)
                | Fact::Reaction(message, ..)
                | Fact::ProposalAnswer(message, _) => {
                    self.touched.messages.insert(message.clone());
                }
                Fact::Pin(message, _) => {
                    self.touched.detail = true;
                    self.touched.messages.insert(message.clone());
                }
                Fact::MemberRole(account, _) | Fact::MemberStatus(account, _) => {
                    self.touched.members.insert(account.clone());
                }
                Fact::InviteUses(..) => self.touched.invites = true,
                // A member's name is on every message of theirs.
                Fact::MemberText(account, ..) => {
                    self.touched.detail = true;
                    self.touched.named.insert(account.clone());
                }
                _ => self.touched.detail = true,
            }
        }
    }
}
