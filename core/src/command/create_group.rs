//! Creates a group with its first members.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::{
    command::{PlanResult, Planning, conversation_plan},
    doc::Fact,
    ids::{AccountId, ConversationId},
    model::{ConversationKind, Created, MemberStatus, Role},
};

/// Creates a group. The creator is its owner; the others are members.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CreateGroup {
    /// Its id, random.
    #[n(0)]
    pub conversation: ConversationId,
    /// Its title.
    #[n(1)]
    pub title: Option<String>,
    /// Who is in it from the start, beside the creator.
    #[n(2)]
    pub members: Vec<AccountId>,
}

impl CreateGroup {
    /// A group that the engine is to give an id.
    pub fn new(title: Option<String>, members: Vec<AccountId>) -> Self {
        Self { conversation: ConversationId::from_bytes([0; 16]), title, members }
    }

    pub(super) fn plan(&self, planning: &Planning<'_>) -> PlanResult {
        let owner = planning.account();
        let created = Created { kind: ConversationKind::Group, by: owner.clone(), at: planning.at };
        let mut facts = vec![Fact::Created(created)];
        facts.extend(self.title.clone().map(|title| Fact::Title(Some(title))));
        let members: BTreeSet<&AccountId> = self.members.iter().filter(|account| *account != owner).collect();
        let roster = core::iter::once((owner, Role::Owner)).chain(members.into_iter().map(|one| (one, Role::Member)));
        for (account, role) in roster {
            facts.push(Fact::MemberRole(account.clone(), role));
            facts.push(Fact::MemberStatus(account.clone(), MemberStatus::Active));
        }
        conversation_plan(self.conversation, facts)
    }
}
