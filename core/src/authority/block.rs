//! Blocks, and who may reach an account at all: whoever is blocked does not reach the
//! account that blocks them, and whoever it does not let reach it brings it in nowhere.
//! Both are private, in the home of the account: only the server knows, and
//! tells the stream before it is asked. Asked where changes are admitted, as
//! the pace is, and by nobody who judges a journal again.

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
    /// Whom a change would reach who may have blocked its author: the other
    /// one of a direct, and whoever it adds or invites.
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

    /// Tells who of those that are reached lets the author of the changes that are
    /// admitted next bring them in nowhere.
    pub fn set_unreachable(&mut self, unreachable: Vec<AccountId>) {
        self.unreachable = unreachable;
    }

    /// How many others a change brings in: adds, invites, or begins a conversation with.
    pub fn people_brought_in(session: &Session, pushed: &PushedChange, limits: &Limits) -> usize {
        if !pushed.document.is_conversation() {
            return 0;
        }
        let Ok((change, _)) = shape::read(&pushed.change, limits) else { return 0 };
        let is_other = |account: &&AccountId| **account != session.account;
        facts_of(&pushed.document, &change).iter().filter_map(brought_in).filter(is_other).count()
    }

    /// Tells who of those that are reached has blocked the author of the
    /// changes that are admitted next.
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
    // Who asked to be let in wants to be.
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

/// Who comes in, or is invited, by a statement.
fn brought_in(fact: &Fact) -> Option<&AccountId> {
    match fact {
        Fact::MemberStatus(account, membership) => {
            matches!(membership.status, MemberStatus::Active | MemberStatus::Invited).then_some(account)
        }
        _ => None,
    }
}

/// Whether a statement says nothing new to anybody.
fn takes_back(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Deleted(..) | Fact::Reaction(_, _, _, false) | Fact::Pin(_, None) | Fact::MemberText(_, _, None)
    )
}
