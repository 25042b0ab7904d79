//! Step 7: rank, and the invariants of membership: nobody grants what they lack or acts on their own rank or
//! above, and there is always an owner.

use crate::{
    authority::{Context, Power, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::{AccountId, InviteId},
    model::{
        ConversationKind, Grant, Invite, Member, MemberStatus, Permission, Permissions, Role, RoleDefinition, RoleName,
    },
    sorted::{SortedMap, SortedSet},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let power = context.power().unwrap_or_default();
    let mut after: SortedMap<&AccountId, Member> = SortedMap::new();
    for fact in facts {
        let account = match fact {
            Fact::Invite(_, invite) => {
                check_invite(context, power, invite.as_ref())?;
                continue;
            }
            Fact::RoleDefinition(name, role) => {
                check_definition(context, power, name, role.as_ref())?;
                continue;
            }
            Fact::MemberRole(account, role) => {
                check_target(context, power, account)?;
                check_role(context, power, role)?;
                check_own_role(context, account, role)?;
                account
            }
            Fact::MemberStatus(account, membership) => {
                check_move(context, account, membership.status)?;
                check_target(context, power, account)?;
                account
            }
            Fact::MemberGrant(account, permission, grant) => {
                check_target(context, power, account)?;
                check_grant(context, power, account, *permission, grant.as_ref())?;
                account
            }
            Fact::MemberText(account, _, Some(_)) if context.conversation().active_member(account).is_none() => {
                return refuse(Code::MemberUnknown, "a name for somebody who is not a member");
            }
            _ => continue,
        };
        let members = &context.conversation().members;
        let entry = after.entry(account).or_insert_with(|| members.get(account).cloned().unwrap_or_default());
        match fact {
            Fact::MemberRole(_, role) => entry.role = role.clone(),
            Fact::MemberStatus(_, membership) => entry.membership = Some(membership.clone()),
            Fact::MemberGrant(_, permission, Some(grant)) => {
                entry.grants.insert(*permission, grant.clone());
            }
            Fact::MemberGrant(_, permission, None) => {
                entry.grants.remove(permission);
            }
            _ => {}
        }
    }
    let becomes = |account: &AccountId| after.get(account).map(Member::status);
    for fact in facts {
        match fact {
            Fact::MemberRole(account, _)
                if !matches!(becomes(account), Some(MemberStatus::Active | MemberStatus::Invited)) =>
            {
                return refuse(Code::MemberUnknown, "a role for somebody who is not a member");
            }
            Fact::MemberGrant(account, _, Some(_)) if becomes(account) != Some(MemberStatus::Active) => {
                return refuse(Code::MemberUnknown, "a grant to somebody who is not a member");
            }
            _ => {}
        }
    }
    check_roles(context, facts, &after)?;
    check_invites(context, facts)?;
    if after.is_empty() { Ok(()) } else { check_after(context, &after, power) }
}

/// Nobody but the member acts on an active member of the same or a higher rank.
fn check_target(context: &Context<'_>, power: Power, account: &AccountId) -> Result<(), Refusal> {
    let conversation = context.conversation();
    match conversation.active_member(account) {
        Some(member) if account != context.account() && conversation.rank_of(&member.role) >= power.rank => {
            refuse(Code::RankTooLow, "the one acted on is of the own rank or above")
        }
        _ => Ok(()),
    }
}

/// Checks that a status may follow the current one.
fn check_move(context: &Context<'_>, account: &AccountId, to: MemberStatus) -> Result<(), Refusal> {
    let own = account == context.account();
    let from = context.conversation().members.get(account).map(Member::status);
    let is_channel = context.conversation().kind() == Some(ConversationKind::Channel);
    match (from, to) {
        (Some(MemberStatus::Requested), MemberStatus::Subscribed) if is_channel => Ok(()),
        (_, MemberStatus::Subscribed) => refuse(Code::NotTheOwner, "only the account itself subscribes"),
        // A subscriber of a channel, who is not in its document.
        (None, MemberStatus::Removed) if is_channel => Ok(()),
        (_, MemberStatus::Requested) => refuse(Code::NotTheOwner, "only the account itself can ask to be let in"),
        (None, MemberStatus::Active | MemberStatus::Invited | MemberStatus::Banned) => Ok(()),
        (None, _) => refuse(Code::MemberUnknown, "the one acted on is not a member"),
        (Some(MemberStatus::Active), MemberStatus::Active | MemberStatus::Invited) => {
            refuse(Code::MemberExists, "already a member")
        }
        (Some(MemberStatus::Invited), MemberStatus::Invited) => refuse(Code::MemberExists, "already invited"),
        (Some(MemberStatus::Banned), MemberStatus::Invited) => refuse(Code::MemberBanned, "the one invited is banned"),
        (Some(_), MemberStatus::Removed | MemberStatus::Banned) if own => {
            refuse(Code::RankTooLow, "one's own rank is not below one's own")
        }
        (Some(MemberStatus::Left | MemberStatus::Removed), MemberStatus::Left | MemberStatus::Removed) => {
            refuse(Code::MemberUnknown, "not a member any more")
        }
        (Some(_), MemberStatus::Left) if !own => refuse(Code::NotTheOwner, "only the account itself can leave"),
        (Some(_), _) => Ok(()),
    }
}

/// Checks a role to assign: defined, not above the own rank, and without permissions that the giver lacks.
fn check_role(context: &Context<'_>, power: Power, role: &Role) -> Result<(), Refusal> {
    let conversation = context.conversation();
    match role {
        Role::Custom(name) if !conversation.roles.contains_key(name) => {
            return refuse(Code::RoleUnknown, format!("no role is called {name}"));
        }
        Role::Subscriber => return refuse(Code::RoleUnknown, "subscribers are not in the roster"),
        _ => {}
    }
    if conversation.rank_of(role) > power.rank {
        return refuse(Code::RankTooLow, format!("{role} is above the own rank"));
    }
    check_held(conversation.permissions_of(role), power)
}

/// Members may only step down, and never to a role with permissions that their own lacks: what nobody could
/// give them, they cannot take.
fn check_own_role(context: &Context<'_>, account: &AccountId, role: &Role) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let own = conversation.active_member(account).filter(|_| account == context.account());
    let Some(own) = own.filter(|_| !context.session.administrator) else { return Ok(()) };
    match conversation.permissions_of(role).without(conversation.permissions_of(&own.role)).iter().next() {
        Some(more) => refuse(Code::PermissionDenied, format!("gives oneself {more}")),
        None => Ok(()),
    }
}

/// Nobody gives permissions they lack. What every member may do need not be given.
fn check_held(given: Permissions, power: Power) -> Result<(), Refusal> {
    let everyones = Role::Member.built_in_permissions().unwrap_or_default();
    match given.without(everyones).without(power.permissions).iter().next() {
        Some(lacking) => refuse(Code::PermissionDenied, format!("gives {lacking}, which the giver lacks")),
        None => Ok(()),
    }
}

/// Checks a role that is defined, changed or removed: below the own rank before and after, and without
/// permissions that the definer lacks.
fn check_definition(
    context: &Context<'_>,
    power: Power,
    name: &RoleName,
    role: Option<&RoleDefinition>,
) -> Result<(), Refusal> {
    let former = context.conversation().roles.get(name);
    if former.into_iter().chain(role).any(|role| role.rank >= power.rank) {
        return refuse(Code::RoleOutranks, format!("{name} is not below the own rank"));
    }
    role.map_or(Ok(()), |role| check_held(role.permissions, power))
}

/// Checks the resulting roles: no more than the maximum, and none missing that somebody has or is about to get.
fn check_roles(context: &Context<'_>, facts: &[Fact], after: &SortedMap<&AccountId, Member>) -> Result<(), Refusal> {
    if !facts.iter().any(|fact| matches!(fact, Fact::RoleDefinition(..))) {
        return Ok(());
    }
    let conversation = context.conversation();
    let mut roles: SortedSet<&RoleName> = conversation.roles.keys().collect();
    let mut gone = SortedSet::new();
    for fact in facts {
        match fact {
            Fact::RoleDefinition(name, Some(_)) => roles.insert(name),
            Fact::RoleDefinition(name, None) => roles.remove(name) && gone.insert(name),
            _ => continue,
        };
    }
    if roles.len() > conversation.roles.len() && roles.len() > context.limits.roles_max as usize {
        return refuse(Code::TooManyRoles, format!("at most {}", context.limits.roles_max));
    }
    if gone.is_empty() {
        return Ok(());
    }
    let waits = |member: &Member| {
        matches!(member.status(), MemberStatus::Active | MemberStatus::Invited | MemberStatus::Requested)
    };
    for member in members_after(context, after).map(|(_, member)| member).filter(|member| waits(member)) {
        if let Role::Custom(name) = &member.role
            && gone.contains(name)
        {
            return refuse(Code::RoleInUse, format!("somebody is {name}"));
        }
    }
    Ok(())
}

/// Checks the resulting invites: no more than the maximum, each for a role that exists then and has a member's
/// rank at most.
fn check_invites(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    if !facts.iter().any(|fact| matches!(fact, Fact::Invite(..) | Fact::RoleDefinition(..))) {
        return Ok(());
    }
    let conversation = context.conversation();
    let mut invites: SortedMap<InviteId, &Invite> = conversation.invites.iter().map(|(id, one)| (*id, one)).collect();
    let mut roles: SortedMap<&RoleName, Option<&RoleDefinition>> = SortedMap::new();
    for fact in facts {
        match fact {
            Fact::Invite(id, Some(invite)) => drop(invites.insert(*id, invite)),
            Fact::Invite(id, None) => drop(invites.remove(id)),
            Fact::RoleDefinition(name, role) => drop(roles.insert(name, role.as_ref())),
            _ => {}
        }
    }
    let grows = invites.len() > conversation.invites.len();
    if grows && invites.len() > context.limits.invites_max as usize {
        return refuse(Code::TooManyInvites, format!("at most {}", context.limits.invites_max));
    }
    let rank_max = conversation.rank_of(&Role::Member);
    for invite in invites.values() {
        let Role::Custom(name) = &invite.role else { continue };
        match roles.get(name) {
            Some(None) => return refuse(Code::RoleInUse, format!("an invite gives {name}")),
            Some(Some(role)) if role.rank > rank_max => {
                return refuse(Code::RankTooLow, format!("an invite gives {name}, and is for a member at most"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// All members, as they would be.
fn members_after<'a>(
    context: &'a Context<'_>,
    after: &'a SortedMap<&'a AccountId, Member>,
) -> impl Iterator<Item = (&'a AccountId, &'a Member)> {
    let untouched = context.conversation().members.iter().filter(|(account, _)| !after.contains_key(*account));
    untouched.chain(after.iter().map(|(account, member)| (*account, member)))
}

/// Checks that an invite is for a member's rank at most, and that its maker could add somebody with that role.
fn check_invite(context: &Context<'_>, power: Power, invite: Option<&Invite>) -> Result<(), Refusal> {
    let conversation = context.conversation();
    let Some(invite) = invite else { return Ok(()) };
    if conversation.rank_of(&invite.role) > conversation.rank_of(&Role::Member) {
        return refuse(Code::RankTooLow, "an invite is for a member at most");
    }
    if invite.role == Role::Subscriber && conversation.kind() == Some(ConversationKind::Channel) {
        return Ok(());
    }
    check_role(context, power, &invite.role)
}

/// Checks a grant to an active member, of what the granter has. A denial requires only rank; lifting one
/// is a grant.
fn check_grant(
    context: &Context<'_>,
    power: Power,
    account: &AccountId,
    permission: Permission,
    grant: Option<&Grant>,
) -> Result<(), Refusal> {
    let conversation = context.conversation();
    match conversation.active_member(account) {
        None if grant.is_some() => return refuse(Code::MemberUnknown, "the one acted on is not a member"),
        Some(_) if account == context.account() => {
            return refuse(Code::RankTooLow, "one's own rank is not below one's own");
        }
        _ => {}
    }
    let former = conversation.members.get(account).and_then(|member| member.grants.get(&permission));
    let undoes = grant.is_none() && former.is_some_and(|former| !former.allowed);
    if !undoes && grant.is_none_or(|grant| !grant.allowed) || power.permissions.holds(permission) {
        return Ok(());
    }
    refuse(Code::PermissionDenied, format!("gives {permission}, which the giver lacks"))
}

/// Checks the resulting members: an owner, no more than the maximum, and nobody with more than whoever admits
/// them could give.
fn check_after(context: &Context<'_>, after: &SortedMap<&AccountId, Member>, power: Power) -> Result<(), Refusal> {
    let conversation = context.conversation();
    for (account, member) in after {
        let waits = matches!(member.status(), MemberStatus::Active | MemberStatus::Invited);
        if !waits || conversation.active_member(account).is_some() {
            continue;
        }
        check_role(context, power, &member.role)?;
        if member.grants.values().any(|grant| grant.allowed) {
            return refuse(Code::PermissionDenied, "comes back with what was granted before");
        }
    }
    let is_owner = |member: &Member| member.is_active() && member.role == Role::Owner;
    let owned = conversation.kind() != Some(ConversationKind::Direct);
    let touched = || after.keys().filter_map(|account| conversation.active_member(account));
    if owned && touched().any(is_owner) && !members_after(context, after).any(|(_, member)| is_owner(member)) {
        return refuse(Code::LastOwner, "a conversation keeps at least one owner");
    }
    let (before, then) = (touched().count(), after.values().filter(|member| member.is_active()).count());
    if then > before && conversation.active as usize + then - before > context.limits.members_max as usize {
        return refuse(Code::TooManyMembers, format!("at most {}", context.limits.members_max));
    }
    Ok(())
}
