//! What commands are planned with: the state of the moment, and the facts that
//! several of them state.

use crate::{
    authority::{Refusal, Session, Stream},
    code::Code,
    doc::{Document, Fact},
    ids::{AccountId, ConversationId, DocumentId, MessageId, TimelineId},
    limits::Limits,
    model::{Held, HeldState, Member, MemberStatus, Membership, Permission, Role},
    time::WallTime,
};

/// What a command is planned against.
pub struct Planning<'a> {
    /// Who commands.
    pub session: &'a Session,
    /// The state as the person sees it, pending changes included.
    pub stream: &'a Stream,
    /// When the person commanded it, by the device's clock.
    pub at: WallTime,
    /// The bounds of the deployment.
    pub limits: &'a Limits,
}

/// One change to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The document.
    pub document: DocumentId,
    /// What to state there.
    pub facts: Vec<Fact>,
}

/// A plan, or none when nothing is left to do.
pub type PlanResult = Result<Option<Plan>, Refusal>;

impl Planning<'_> {
    pub(super) fn account(&self) -> &AccountId {
        &self.session.account
    }

    /// The document of what the account keeps for itself.
    pub(super) fn home(&self) -> DocumentId {
        DocumentId::Home(self.account().clone())
    }

    /// Somebody who is a member now.
    pub(super) fn active_member(&self, account: &AccountId) -> Result<&Member, Refusal> {
        let member = self.stream.conversation().active_member(account);
        member.ok_or_else(|| Refusal::new(Code::MemberUnknown, "not a member"))
    }

    /// What moving a member to a status states.
    pub(super) fn moved(&self, account: &AccountId, status: MemberStatus) -> Fact {
        let former = self.stream.conversation().members.get(account).and_then(|member| member.membership.as_ref());
        Fact::MemberStatus(account.clone(), Membership::next(former, status, self.account(), self.at))
    }

    /// Moves a member to where they are not yet.
    pub(super) fn status(&self, conversation: ConversationId, account: &AccountId, status: MemberStatus) -> PlanResult {
        let member = self.stream.conversation().members.get(account);
        let is_so = member.is_some_and(|member| member.status() == status);
        conversation_fact(conversation, is_so, self.moved(account, status))
    }

    /// Lets somebody in, or invites them, in a role; what was granted to them
    /// before ends.
    pub(super) fn lets_in(
        &self,
        conversation: ConversationId,
        account: &AccountId,
        role: &Role,
        status: MemberStatus,
    ) -> PlanResult {
        let member = self.stream.conversation().members.get(account);
        let mut facts = vec![Fact::MemberRole(account.clone(), role.clone()), self.moved(account, status)];
        let granted = member.into_iter().flat_map(|member| &member.grants).filter(|(_, grant)| grant.allowed);
        facts.extend(granted.map(|(permission, _)| Fact::MemberGrant(account.clone(), *permission, None)));
        if status == MemberStatus::Active {
            let rest = (self.limits.change_facts_max as usize).saturating_sub(facts.len());
            facts.extend(self.admits_held(account).take(rest));
        }
        conversation_plan(conversation, facts)
    }

    /// Admits what is held of an account, the oldest first, if that is for this one to decide.
    fn admits_held(&self, author: &AccountId) -> impl Iterator<Item = Fact> {
        let state = self.stream.conversation();
        let decides = self.session.administrator
            || state
                .active_member(self.account())
                .is_some_and(|member| state.permissions_at(member, self.at).holds(Permission::MemberApprove));
        let is_held = move |(message, held): &(&MessageId, &Held)| {
            decides && message.author == *author && held.state == HeldState::Held
        };
        let held = state.held.iter().filter(is_held);
        held.map(|(message, held)| self.decided(message, held, HeldState::Admitted))
    }

    /// What this account decides about a message that is held.
    pub(super) fn decided(&self, message: &MessageId, held: &Held, state: HeldState) -> Fact {
        Fact::Held(message.clone(), Held { state, thread: held.thread, by: self.account().clone(), at: self.at })
    }

    /// The loaded page that holds a message.
    pub(super) fn page_of(&self, message: &MessageId) -> Result<&Document, Refusal> {
        self.stream
            .page_of(message)
            .ok_or_else(|| Refusal::new(Code::MessageUnknown, "no such message on the pages held"))
    }
}

pub(super) fn plan(document: DocumentId, facts: Vec<Fact>) -> PlanResult {
    Ok(Some(Plan { document, facts }))
}

pub(super) fn conversation_plan(conversation: ConversationId, facts: Vec<Fact>) -> PlanResult {
    plan(TimelineId::of(conversation).document(), facts)
}

/// States one thing of a conversation, unless it is so already.
pub(super) fn conversation_fact(conversation: ConversationId, is_so: bool, fact: Fact) -> PlanResult {
    if is_so { Ok(None) } else { conversation_plan(conversation, vec![fact]) }
}
