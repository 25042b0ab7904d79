//! The first change of a conversation: it states the kind and the first
//! members, whole, and nothing else but title and description.

use std::collections::BTreeMap;

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::{AccountId, ConversationId, DocumentId},
    model::{ConversationKind, Created, MemberStatus, Role},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let Some(created) = facts.iter().find_map(|fact| match fact {
        Fact::Created(created) => Some(created),
        _ => None,
    }) else {
        return refuse(Code::ConversationUnknown, "the conversation does not exist");
    };
    if created.by != *context.account() {
        return refuse(Code::NotTheAuthor, "created in another account's name");
    }
    let members = read_members(facts)?;
    match created.kind {
        ConversationKind::Direct => check_direct(context, facts, &members),
        ConversationKind::Group => check_group(context, created, &members),
    }
}

fn read_members(facts: &[Fact]) -> Result<BTreeMap<&AccountId, Role>, Refusal> {
    let mut roles = BTreeMap::new();
    let mut active = Vec::new();
    for fact in facts {
        match fact {
            Fact::Created(_) | Fact::Title(Some(_)) | Fact::Description(Some(_)) => {}
            Fact::MemberRole(account, role) => {
                roles.insert(account, *role);
            }
            Fact::MemberStatus(account, MemberStatus::Active) => active.push(account),
            _ => return Err(Refusal::new(Code::OperationIllegal, "more than a first change may state")),
        }
    }
    active.sort_unstable();
    if !active.into_iter().eq(roles.keys().copied()) {
        return Err(Refusal::new(Code::OperationIllegal, "a member without both role and status"));
    }
    Ok(roles)
}

fn check_direct(context: &Context<'_>, facts: &[Fact], members: &BTreeMap<&AccountId, Role>) -> Result<(), Refusal> {
    let accounts: Vec<&AccountId> = members.keys().copied().collect();
    let [one, other] = accounts[..] else {
        return refuse(Code::ValueInvalid, "a direct has exactly two members");
    };
    if !members.contains_key(context.account()) {
        return refuse(Code::NotAMember, "a direct of two others");
    }
    if members.values().any(|role| *role != Role::Member) {
        return refuse(Code::ValueInvalid, "both are members in a direct");
    }
    if facts.iter().any(|fact| matches!(fact, Fact::Title(_) | Fact::Description(_))) {
        return refuse(Code::WrongKind, "a direct has no title and no description");
    }
    let derived = ConversationId::direct(context.stream.tenant(), one, other);
    if *context.document != DocumentId::Conversation(derived) {
        return refuse(Code::IdInvalid, "not the derived id of this direct");
    }
    Ok(())
}

fn check_group(context: &Context<'_>, created: &Created, members: &BTreeMap<&AccountId, Role>) -> Result<(), Refusal> {
    if members.get(&created.by) != Some(&Role::Owner) {
        return refuse(Code::LastOwner, "a group starts with its creator as owner");
    }
    if members.len() > context.limits.members_max as usize {
        return refuse(Code::TooManyMembers, format!("at most {}", context.limits.members_max));
    }
    Ok(())
}
