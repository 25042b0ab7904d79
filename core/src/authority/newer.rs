//! Names from a newer version: a judge must know every name in what is stated (W62), and judges nothing that
//! depends on a name it does not know.

use crate::{
    authority::{Refusal, Stream, refuse, shape, stream::facts_of},
    code::Code,
    doc::Fact,
    ids::AccountId,
    journal::Entry,
    limits::Limits,
    model::{Conversation, Member},
};

pub(super) fn check(facts: &[Fact]) -> Result<(), Refusal> {
    match facts.iter().find(|fact| !fact.is_known()) {
        None => Ok(()),
        Some(Fact::Created(_)) => refuse(Code::KindUnknown, "a conversation of a newer version"),
        Some(Fact::Message(..) | Fact::Edit(..)) => {
            refuse(Code::KindUnknown, "a kind of content that this version does not know")
        }
        Some(Fact::Policy(_)) => refuse(Code::PolicyUnknown, "a policy of a newer version"),
        Some(_) => refuse(Code::OperationIllegal, "a name of a newer version"),
    }
}

impl Stream {
    /// Returns true if this version knows every name that determines what an account may do.
    pub(crate) fn is_known_to(&self, account: &AccountId) -> bool {
        let conversation = self.conversation();
        self.opened().chain([conversation]).all(Conversation::is_known)
            && conversation.members.get(account).is_none_or(Member::is_known)
    }

    /// Returns true if an entry states, or was decided by, something that this version does not know.
    pub(super) fn is_of_newer_version(&self, entry: &Entry) -> bool {
        let states_unknown = shape::read(&entry.change, &Limits::WIDEST).is_ok_and(|(change, _)| {
            let facts = facts_of(&entry.document, &change);
            facts.len() < change.operations().len() || !facts.iter().all(Fact::is_known)
        });
        states_unknown || !self.is_known_to(&entry.account)
    }
}
