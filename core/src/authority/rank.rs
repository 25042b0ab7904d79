//! Step 7: rank, and the invariants of membership: nobody grants what they
//! lack or acts on their own rank or above, and there is always an owner.

use std::collections::BTreeMap;

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::AccountId,
    model::{ConversationKind, Member, MemberStatus, Role},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let members = &context.conversation().members;
    let rank = context.role().map_or(0, Role::rank);
    let mut after: BTreeMap<AccountId, Member> = BTreeMap::new();
    for fact in facts {
        let (account, granted) = match fact {
            Fact::MemberRole(account, role) => (account, *role),
            Fact::MemberStatus(account, _) => (account, members.get(account).map_or(Role::Guest, |member| member.role)),
            _ => continue,
        };
        check_target(context, fact, account, rank)?;
        if matches!(fact, Fact::MemberRole(..)) && granted.rank() > rank {
            return refuse(Code::RankTooLow, format!("{granted} is above the own rank"));
        }
        let nobody = Member { role: Role::Guest, status: MemberStatus::Left };
        let entry = after.entry(account.clone()).or_insert_with(|| members.get(account).copied().unwrap_or(nobody));
        match fact {
            Fact::MemberRole(_, role) => entry.role = *role,
            Fact::MemberStatus(_, status) => entry.status = *status,
            _ => {}
        }
    }
    let is_out = |account: &AccountId| after.get(account).is_some_and(|member| member.status != MemberStatus::Active);
    if facts.iter().any(|fact| matches!(fact, Fact::MemberRole(account, _) if is_out(account))) {
        return refuse(Code::MemberUnknown, "a role for somebody who is not a member");
    }
    if after.is_empty() { Ok(()) } else { check_after(context, &after, rank) }
}

/// Whom the change acts on.
fn check_target(context: &Context<'_>, fact: &Fact, account: &AccountId, rank: u8) -> Result<(), Refusal> {
    let target = context.conversation().members.get(account);
    let own = account == context.account();
    match (target, fact) {
        (None, Fact::MemberStatus(_, MemberStatus::Active) | Fact::MemberRole(..)) => Ok(()),
        (None, _) => refuse(Code::MemberUnknown, "the one acted on is not a member"),
        (Some(member), Fact::MemberStatus(_, MemberStatus::Active)) if member.status == MemberStatus::Active => {
            refuse(Code::MemberExists, "already a member")
        }
        (Some(_), Fact::MemberStatus(_, MemberStatus::Removed | MemberStatus::Banned)) if own => {
            refuse(Code::RankTooLow, "one's own rank is not below one's own")
        }
        (Some(member), Fact::MemberStatus(_, MemberStatus::Left | MemberStatus::Removed))
            if member.status != MemberStatus::Active =>
        {
            refuse(Code::MemberUnknown, "not a member any more")
        }
        (Some(_), Fact::MemberStatus(_, MemberStatus::Left)) if !own => {
            refuse(Code::NotTheOwner, "only the account itself can leave")
        }
        (Some(member), _) if !own && member.status == MemberStatus::Active && member.role.rank() >= rank => {
            refuse(Code::RankTooLow, "the one acted on is of the own rank or above")
        }
        (Some(_), _) => Ok(()),
    }
}

/// What the roster would be: an owner, no more than the maximum, and nobody
/// who comes back with a rank above the one who lets them in.
fn check_after(context: &Context<'_>, after: &BTreeMap<AccountId, Member>, rank: u8) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let returns = after.iter().any(|(account, member)| {
        member.status == MemberStatus::Active
            && conversation.active_member(account).is_none()
            && member.role.rank() > rank
    });
    if returns {
        return refuse(Code::RankTooLow, "comes back with a rank above the own");
    }
    let roster = || {
        let untouched = conversation.members.iter().filter(|(account, _)| !after.contains_key(*account));
        untouched.chain(after.iter()).filter(|(_, member)| member.status == MemberStatus::Active)
    };
    if conversation.kind() == Some(ConversationKind::Group) && !roster().any(|(_, member)| member.role == Role::Owner) {
        return refuse(Code::LastOwner, "a group keeps at least one owner");
    }
    let grows = roster().count() > conversation.active_members().count();
    if grows && roster().count() > context.limits.members_max as usize {
        return refuse(Code::TooManyMembers, format!("at most {}", context.limits.members_max));
    }
    Ok(())
}
