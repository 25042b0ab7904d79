//! Reading a conversation document into the model, whole or key by key.

use crate::{
    doc::{Document, Fact, Key},
    ids::AccountId,
    model::{Conversation, Lead, LeadNumber, Member, Policies},
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

    /// Updates what a change touched from the document. Returns the accounts that joined by it, who were not
    /// active before.
    pub fn refresh(&mut self, document: &Document, facts: &[Fact]) -> Vec<AccountId> {
        let moved = facts.iter().filter_map(|fact| match fact {
            Fact::MemberStatus(account, _) => Some(account),
            _ => None,
        });
        let outside: Vec<&AccountId> = moved.filter(|account| self.active_member(account).is_none()).collect();
        self.reread(document, facts);
        outside.into_iter().filter(|account| self.active_member(account).is_some()).cloned().collect()
    }

    /// Applies facts that are still to be stated.
    pub(crate) fn assume(&mut self, facts: &[Fact]) {
        facts.iter().for_each(|fact| self.take(fact.clone()));
    }

    fn reread(&mut self, document: &Document, facts: &[Fact]) {
        // The default policies depend on the kind.
        if facts.iter().any(|fact| matches!(fact, Fact::Created(_))) {
            *self = Conversation::read(document);
            return;
        }
        for fact in facts {
            let (key, _) = fact.write();
            match document.fact(&key) {
                Some(fact) => self.take(fact),
                None => self.forget(&key),
            }
        }
    }

    /// Applies one fact; `info/created` comes before the policies, as its key does.
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Created(created) => {
                self.policies = Policies::of(created.kind);
                self.created = Some(created);
            }
            Fact::Info(field, Some(text)) => {
                self.info.insert(field, text);
            }
            Fact::Theme(theme) => self.theme = theme,
            Fact::Scope(scope) => self.scope = Some(scope),
            Fact::State(state) => self.state = Some(state),
            Fact::Locked(locked) => self.locked = locked,
            Fact::Policy(policy) => self.policies.set(policy),
            Fact::RoleDefinition(name, Some(role)) => {
                self.roles.insert(name, role);
            }
            Fact::MemberRole(account, role) => self.entry(account).role = role,
            Fact::MemberStatus(account, membership) => {
                let member = self.entry(account);
                let was_active = member.is_active();
                member.membership = Some(membership);
                let is_active = member.is_active();
                self.active = self.active + u32::from(is_active) - u32::from(was_active);
            }
            Fact::MemberGrant(account, permission, Some(grant)) => {
                self.entry(account).grants.insert(permission, grant);
            }
            Fact::MemberText(account, field, Some(text)) => {
                self.entry(account).texts.insert(field, text);
            }
            Fact::Invite(id, Some(invite)) => {
                self.invites.insert(id, invite);
            }
            Fact::InviteUses(id, uses) => {
                self.invite_uses.insert(id, uses);
            }
            Fact::Held(message, held) => {
                self.held.insert(message, held);
            }
            Fact::Pin(message, Some(pin)) => {
                self.pins.insert(message, pin);
            }
            // Written once; its key precedes those of the lead's other facts. Replaces a lead that another
            // message was assumed to open.
            Fact::LeadOpened(number, opened) => {
                self.leads.insert(number, Lead::begun(number, opened));
            }
            Fact::LeadStage(number, stage) => self.change_lead(number, |lead| lead.stage = stage),
            Fact::LeadArchived(number, archived) => self.change_lead(number, |lead| lead.is_archived = archived),
            Fact::LeadClosureReason(number, reason) => self.change_lead(number, |lead| lead.closure_reason = reason),
            Fact::Info(..)
            | Fact::RoleDefinition(..)
            | Fact::MemberGrant(..)
            | Fact::MemberText(..)
            | Fact::Invite(..)
            | Fact::Pin(..)
            | Fact::Message(..)
            | Fact::Edit(..)
            | Fact::Deleted(..)
            | Fact::Reaction(..)
            | Fact::ProposalAnswer(..)
            | Fact::ProfileKind(_)
            | Fact::Profile(..)
            | Fact::Contact(..)
            | Fact::Blocked(..)
            | Fact::Notifications(..)
            | Fact::Reachability(_)
            | Fact::Setting(..) => {}
        }
    }

    fn entry(&mut self, account: AccountId) -> &mut Member {
        self.members.entry(account).or_default()
    }

    fn change_lead(&mut self, number: LeadNumber, change: impl FnOnce(&mut Lead)) {
        if let Some(lead) = self.leads.get_mut(&number) {
            change(lead);
        }
    }

    fn forget(&mut self, key: &Key) {
        match key {
            Key::Info(field) => {
                self.info.remove(field);
            }
            Key::Theme => self.theme = None,
            Key::RoleDefinition(name) => {
                self.roles.remove(name);
            }
            Key::MemberGrant(account, permission) => {
                self.entry(account.clone()).grants.remove(permission);
            }
            Key::MemberText(account, field) => {
                self.entry(account.clone()).texts.remove(field);
            }
            Key::Invite(invite) => {
                self.invites.remove(invite);
            }
            Key::Pin(message) => {
                self.pins.remove(message);
            }
            Key::LeadClosureReason(number) => {
                self.change_lead(*number, |lead| lead.closure_reason = None);
            }
            // The other keys cannot be deleted.
            _ => {}
        }
    }
}
