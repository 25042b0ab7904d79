//! Blocks and reachability: an account cannot reach accounts that block it, and cannot add or invite accounts
//! that do not allow it to. Both are private, in the target's home: only the server knows, and provides them to
//! the stream beforehand. Checked only where changes are admitted, like the pace, and not when a journal is
//! judged again.

use crate::{
    authority::{Context, Refusal, Session, Stream, refuse, shape, stream::facts_of},
    code::Code,
    doc::Fact,
    ids::AccountId,
    limits::Limits,
    model::{ConversationKind, Member, MemberStatus},
    wire::PushedChange,
};

impl Stream {
    /// The accounts that a change would reach and that may have blocked its author: the other member of a
    /// direct conversation, and whoever it adds or invites.
    pub fn reached(&self, session: &Session, pushed: &PushedChange, limits: &Limits) -> Vec<AccountId> {
        if session.administrator || session.account.is_system() {
            return Vec::new();
        }
        let is_other = |account: &&AccountId| **account != session.account;
        if self.conversation().kind() == Some(ConversationKind::Direct) {
            return self.conversation().members.keys().filter(is_other).cloned().collect();
        }
        if !pushed.document.is_conversation() {
            return Vec::new();
        }
        let Ok((change, _)) = shape::read(&pushed.change, limits) else { return Vec::new() };
        facts_of(&pushed.document, &change).iter().filter_map(brought_in).filter(is_other).cloned().collect()
    }

    /// Sets which of the reached accounts do not let the author of the next changes add or invite them.
    pub fn set_unreachable(&mut self, unreachable: Vec<AccountId>) {
        self.unreachable = unreachable;
    }

    /// The number of other accounts that a change adds, invites, or begins a conversation with.
    pub fn people_brought_in(session: &Session, pushed: &PushedChange, limits: &Limits) -> usize {
        if !pushed.document.is_conversation() {
            return 0;
        }
        let Ok((change, _)) = shape::read(&pushed.change, limits) else { return 0 };
        let is_other = |account: &&AccountId| **account != session.account;
        facts_of(&pushed.document, &change).iter().filter_map(brought_in).filter(is_other).count()
    }

    /// Sets which of the reached accounts have blocked the author of the next changes.
    pub fn set_blockers(&mut self, blockers: Vec<AccountId>) {
        self.blockers = blockers;
    }
}

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let (blockers, unreachable) = (&context.stream.blockers, &context.stream.unreachable);
    if blockers.is_empty() && unreachable.is_empty() || context.session.administrator || context.account().is_system() {
        return Ok(());
    }
    let conversation = context.conversation();
    let is_direct = conversation.kind() == Some(ConversationKind::Direct);
    if is_direct && blockers.iter().any(|account| conversation.members.contains_key(account)) {
        return match facts.iter().all(takes_back) {
            true => Ok(()),
            false => refuse(Code::NotDeliverable, "not delivered"),
        };
    }
    // Somebody who asked to join wants to be reached.
    let asked = |account| conversation.members.get(account).map(Member::status) == Some(MemberStatus::Requested);
    let is_refused = |account: &&AccountId| blockers.contains(*account) || unreachable.contains(*account);
    match facts.iter().filter_map(brought_in).find(|account| is_refused(account) && !asked(*account)) {
        None => Ok(()),
        Some(_) if facts.iter().any(begins_direct) => refuse(Code::NotDeliverable, "not delivered"),
        Some(account) => refuse(Code::AccountUnavailable, format!("{account} cannot be added or invited")),
    }
}

fn begins_direct(fact: &Fact) -> bool {
    matches!(fact, Fact::Created(created) if created.kind == ConversationKind::Direct)
}

/// The account that a fact adds or invites.
fn brought_in(fact: &Fact) -> Option<&AccountId> {
    match fact {
        Fact::MemberStatus(account, membership) => {
            matches!(membership.status, MemberStatus::Active | MemberStatus::Invited).then_some(account)
        }
        _ => None,
    }
}

/// Returns true if a fact says nothing new to anybody.
fn takes_back(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Deleted(..) | Fact::Reaction(_, _, _, false) | Fact::Pin(_, None) | Fact::MemberText(_, _, None)
    )
}
