//! What changed of a stream since the screen last looked.

use crate::{
    authority::Effects,
    doc::Fact,
    engine::streams::replica::Replica,
    ids::{AccountId, ConversationId, MessageId},
    sorted::SortedSet,
};

/// What changed since the screen last looked.
#[derive(Debug, Default)]
pub(in crate::engine) struct Touched {
    pub(in crate::engine) messages: SortedSet<MessageId>,
    /// Timelines that show more of what is older, or know that there is no more.
    pub(in crate::engine) extended: SortedSet<ConversationId>,
    /// Metadata or pins, or much of the members.
    pub(in crate::engine) detail: bool,
    /// Members who stand elsewhere now, or in another role.
    pub(in crate::engine) members: SortedSet<AccountId>,
    /// Who is called otherwise.
    pub(in crate::engine) named: SortedSet<AccountId>,
    /// How many came in by a link.
    pub(in crate::engine) invites: bool,
    /// The list's row.
    pub(in crate::engine) row: bool,
    /// Everything.
    pub(in crate::engine) all: bool,
}

impl Replica {
    /// Takes note of what a change did.
    pub(in crate::engine) fn touch(&mut self, effects: &Effects) {
        let is_apart = effects.thread.is_some() && self.outbox.is_empty();
        self.touched.row |= !is_apart;
        // The view may be behind what is admitted.
        let thread = effects.thread.and_then(|id| self.confirmed.thread(id).or_else(|| self.view().thread(id)));
        let parent = thread.map(|thread| thread.parent.message.clone());
        self.touched.messages.extend(parent);
        // The panel shows the words of what is pinned.
        let view = self.view();
        let thread = effects.thread.and_then(|thread| view.timeline(self.timeline(thread)));
        let pins = &thread.unwrap_or(view.conversation()).pins;
        let pinned = effects.facts.iter().any(|fact| match fact {
            Fact::Message(message, _) | Fact::Edit(message, _) | Fact::Deleted(message, _) => {
                pins.contains_key(message)
            }
            _ => false,
        });
        self.touched.detail |= pinned;
        for fact in &effects.facts {
            match fact {
                Fact::Message(message, _)
                | Fact::Edit(message, _)
                | Fact::Deleted(message, _)
                | Fact::Reaction(message, ..) => {
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
                // Whoever calls themselves otherwise is called so on every message.
                Fact::MemberText(account, ..) => {
                    self.touched.detail = true;
                    self.touched.named.insert(account.clone());
                }
                _ => self.touched.detail = true,
            }
        }
    }
}
