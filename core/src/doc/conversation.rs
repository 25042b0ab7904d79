//! Reading a conversation document into the model, whole or key by key.

use crate::{
    doc::{Document, Fact, Key},
    ids::AccountId,
    model::{Conversation, Member, MemberStatus, Role},
};

impl Conversation {
    /// The state of a conversation document.
    pub fn read(document: &Document) -> Conversation {
        let mut conversation = Conversation::default();
        for fact in document.facts("") {
            conversation.take(fact);
        }
        conversation
    }

    /// Brings what a change touched up to date from the document.
    pub fn refresh(&mut self, document: &Document, facts: &[Fact]) {
        for fact in facts {
            let (key, _) = fact.write();
            match document.fact(&key) {
                Some(fact) => self.take(fact),
                None => self.forget(&key),
            }
        }
    }

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Created(created) => self.created = Some(created),
            Fact::Title(title) => self.title = title,
            Fact::Description(description) => self.description = description,
            Fact::State(state) => self.state = Some(state),
            Fact::Locked(locked) => self.locked = locked,
            Fact::SendPolicy(policy) => self.policies.send = policy,
            Fact::MemberRole(account, role) => self.entry(account).role = role,
            Fact::MemberStatus(account, status) => self.entry(account).status = status,
            Fact::Pin(message, Some(pin)) => {
                self.pins.insert(message, pin);
            }
            Fact::Pin(message, None) => {
                self.pins.remove(&message);
            }
            Fact::Message(..)
            | Fact::Edit(..)
            | Fact::Deleted(..)
            | Fact::Reaction(..)
            | Fact::ProfileKind(_)
            | Fact::Profile(..)
            | Fact::Contact(..)
            | Fact::Setting(..) => {}
        }
    }

    /// A role without a status, or a status without a role, makes nobody a
    /// member who can do anything.
    fn entry(&mut self, account: AccountId) -> &mut Member {
        self.members.entry(account).or_insert(Member { role: Role::Guest, status: MemberStatus::Left })
    }

    fn forget(&mut self, key: &Key) {
        match key {
            Key::Title => self.title = None,
            Key::Description => self.description = None,
            Key::Pin(message) => {
                self.pins.remove(message);
            }
            // The other keys cannot be deleted.
            _ => {}
        }
    }
}
