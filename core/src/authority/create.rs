//! The first change of a conversation: it states the kind and all the first members, and otherwise only
//! describes the conversation and its policies.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    ids::{AccountId, ConversationId, TimelineId},
    model::{ConversationKind, Created, InfoField, MemberStatus, Membership, Resource, Role},
    sorted::SortedMap,
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
    let administrators =
        created.kind == ConversationKind::System || created.account.is_some() || created.link.is_some();
    if administrators && !context.session.administrator {
        return refuse(Code::PermissionDenied, "only an administrator of the tenant creates this");
    }
    if created.parent.is_some() {
        return refuse(Code::WrongKind, "only a thread starts from a message");
    }
    let members = read_members(created, facts)?;
    match created.kind {
        ConversationKind::Thread => refuse(Code::WrongKind, "a thread is in the stream of its conversation"),
        _ if created.resource.is_some() != (created.kind == ConversationKind::Resource) => {
            refuse(Code::WrongKind, "a resource conversation is about a resource, and no other is")
        }
        ConversationKind::Direct => check_direct(context, facts, &members),
        ConversationKind::Resource => check_resource(context, created, facts, &members),
        ConversationKind::Group | ConversationKind::Channel | ConversationKind::Support | ConversationKind::System => {
            check_roster(context, created, &members)
        }
        ConversationKind::Unknown => refuse(Code::KindUnknown, "a conversation of a newer version"),
    }
}

fn read_members<'a>(created: &Created, facts: &'a [Fact]) -> Result<SortedMap<&'a AccountId, &'a Role>, Refusal> {
    let mut roles = SortedMap::new();
    let mut active = Vec::new();
    for fact in facts {
        match fact {
            Fact::LeadOpened(..) if created.kind == ConversationKind::Resource => {}
            Fact::Info(InfoField::ResourceTitle, _) => {
                return Err(Refusal::new(Code::WrongKind, "a conversation begins with its resource itself"));
            }
            Fact::Created(_) | Fact::Info(_, Some(_)) | Fact::Theme(Some(_)) | Fact::Scope(_) | Fact::Policy(_) => {}
            Fact::MemberRole(account, role) => {
                roles.insert(account, role);
            }
            Fact::MemberStatus(account, membership) => {
                if *membership != Membership::next(None, MemberStatus::Active, &created.by, membership.at) {
                    return Err(Refusal::new(Code::ValueInvalid, "a first member who is not added by the creator"));
                }
                active.push(account);
            }
            _ => return Err(Refusal::new(Code::OperationIllegal, "more than a first change may state")),
        }
    }
    active.sort_unstable();
    if !active.into_iter().eq(roles.keys().copied()) {
        return Err(Refusal::new(Code::OperationIllegal, "a member without both role and status"));
    }
    Ok(roles)
}

fn check_direct(context: &Context<'_>, facts: &[Fact], members: &SortedMap<&AccountId, &Role>) -> Result<(), Refusal> {
    let accounts: Vec<&AccountId> = members.keys().copied().collect();
    let [one, other] = accounts[..] else {
        return refuse(Code::ValueInvalid, "a direct has exactly two members");
    };
    if !members.contains_key(context.account()) {
        return refuse(Code::NotAMember, "a direct of two others");
    }
    if members.values().any(|role| **role != Role::Member) {
        return refuse(Code::ValueInvalid, "both are members in a direct");
    }
    check_bare(facts, "a direct has no title, no policies and no scope")?;
    let derived = ConversationId::direct(context.stream.tenant(), one, other);
    if *context.document != TimelineId::of(derived).document() {
        return refuse(Code::IdInvalid, "not the derived id of this direct");
    }
    Ok(())
}

/// Checks a kind that allows no description beside it.
fn check_bare(facts: &[Fact], detail: &str) -> Result<(), Refusal> {
    if facts.iter().any(|fact| matches!(fact, Fact::Info(..) | Fact::Theme(_) | Fact::Scope(_) | Fact::Policy(_))) {
        return refuse(Code::WrongKind, detail);
    }
    Ok(())
}

fn check_resource(
    context: &Context<'_>,
    created: &Created,
    facts: &[Fact],
    members: &SortedMap<&AccountId, &Role>,
) -> Result<(), Refusal> {
    let Some(Resource { id, client, owner, .. }) = created.resource.as_deref() else {
        return refuse(Code::WrongKind, "about nothing");
    };
    if *client != created.by {
        return refuse(Code::NotTheAuthor, "begun in another client's name");
    }
    let both = SortedMap::from([(client, &Role::Member), (owner, &Role::Owner)]);
    if client == owner || *members != both {
        return refuse(Code::ValueInvalid, "it starts with the client as member, and another one as owner");
    }
    check_bare(facts, "a resource conversation begins with its resource and a lead")?;
    let leads = facts.iter().filter_map(|fact| match fact {
        Fact::LeadOpened(number, opened) => Some((*number, &opened.by)),
        _ => None,
    });
    if !leads.eq([(1, client)]) {
        return refuse(Code::LeadInvalid, "a resource conversation begins with the lead that the client opens");
    }
    let derived = ConversationId::resource(context.stream.tenant(), id, client);
    if *context.document != TimelineId::of(derived).document() {
        return refuse(Code::IdInvalid, "not the derived id of this resource's conversation");
    }
    Ok(())
}

fn check_roster(
    context: &Context<'_>,
    created: &Created,
    members: &SortedMap<&AccountId, &Role>,
) -> Result<(), Refusal> {
    if context.stream.id().conversation().is_some_and(|id| id.is_derived()) {
        return refuse(Code::IdInvalid, "the id of a direct, or of a resource's conversation");
    }
    if !members.iter().any(|(account, role)| **role == Role::Owner && **account == created.by) {
        return refuse(Code::LastOwner, "a conversation starts with its creator as owner");
    }
    if members.values().any(|role| matches!(role, Role::Custom(_) | Role::Subscriber)) {
        return refuse(Code::RoleUnknown, "the first members have built-in roles of a roster");
    }
    if members.len() > context.limits.members_max as usize {
        return refuse(Code::TooManyMembers, format!("at most {}", context.limits.members_max));
    }
    Ok(())
}
