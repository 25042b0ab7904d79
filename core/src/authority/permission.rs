//! Step 5: the permission that each fact requires.

use crate::{
    authority::{Context, Power, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::{
        Content, ConversationKind, ConversationState, Edit, InfoField, Member, MemberField, MemberStatus, MessageBody,
        Permission,
    },
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let Some(power) = context.power() else {
        return refuse(Code::NotAMember, "the account is not a member");
    };
    for fact in facts {
        check_author(context, fact)?;
        check_kind(context, fact)?;
        check_silence(context, power, fact)?;
        let required = required(context, fact);
        if !required.is_empty() && !required.iter().any(|permission| power.permissions.holds(*permission)) {
            let names: Vec<&str> = required.iter().map(|permission| permission.as_str()).collect();
            return refuse(Code::PermissionDenied, format!("takes {}", names.join(" or ")));
        }
    }
    Ok(())
}

/// Checks that facts that name an account as their author are written by it, and so are an account's
/// own settings.
fn check_author(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    let own = match fact {
        Fact::Message(message, _) | Fact::Edit(message, _) => message.author == *context.account(),
        Fact::Deleted(_, deletion) => deletion.by == *context.account(),
        Fact::Reaction(_, _, account, _) => account == context.account(),
        Fact::Pin(_, Some(pin)) => pin.by == *context.account(),
        Fact::MemberStatus(_, membership) => membership.by == *context.account(),
        Fact::MemberGrant(_, _, Some(grant)) => grant.by == *context.account(),
        Fact::Invite(_, Some(invite)) => invite.by == *context.account(),
        Fact::Held(_, held) => held.by == *context.account(),
        Fact::InviteUses(..) => return refuse(Code::PermissionDenied, "only the system counts who came in"),
        Fact::MemberText(account, ..) if account != context.account() => {
            return refuse(Code::NotTheOwner, "only the account itself may write this");
        }
        _ => true,
    };
    if own { Ok(()) } else { refuse(Code::NotTheAuthor, "signed with another account") }
}

/// Checks that a fact is one of the kind of its conversation or thread.
fn check_kind(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    if let (Some(_), false) = (context.document.thread(), is_of_thread(fact)) {
        return refuse(Code::WrongKind, "a thread has the members, the policies and the roles of its conversation");
    }
    let membership =
        matches!(fact, Fact::MemberRole(..) | Fact::MemberStatus(..) | Fact::MemberGrant(..) | Fact::Invite(..));
    if membership && context.conversation().kind() == Some(ConversationKind::Direct) {
        return refuse(Code::WrongKind, "a direct has its two members for ever");
    }
    if matches!(fact, Fact::Info(InfoField::ResourceTitle, _)) && context.conversation().resource().is_none() {
        return refuse(Code::WrongKind, "only a resource conversation is about a resource");
    }
    Ok(())
}

/// Returns true for facts that belong to a thread or its pages.
fn is_of_thread(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Info(InfoField::Title, _)
            | Fact::State(ConversationState::Active | ConversationState::Archived | ConversationState::Closed)
            | Fact::Locked(_)
            | Fact::Pin(..)
            | Fact::Message(..)
            | Fact::Edit(..)
            | Fact::Deleted(..)
            | Fact::Reaction(..)
    )
}

/// An account that may not send cannot say anything new in another way: neither by editing a message nor, if
/// sending is denied to it, in a text that others see. Media requires more than text.
fn check_silence(context: &Context<'_>, power: Power, fact: &Fact) -> Result<(), Refusal> {
    if let Fact::Message(_, MessageBody { content, .. }) | Fact::Edit(_, Edit { content, .. }) = fact
        && content.is_media()
        && !power.permissions.holds(Permission::MessageSendMedia)
    {
        return refuse(Code::PermissionDenied, format!("takes {}", Permission::MessageSendMedia));
    }
    let is_silent = match fact {
        Fact::Message(..) | Fact::Edit(..) => !power.permissions.holds(Permission::MessageSend),
        Fact::Info(InfoField::Name | InfoField::Title | InfoField::Description | InfoField::ResourceTitle, Some(_))
        | Fact::MemberText(_, MemberField::DisplayName, Some(_)) => context.is_muted(),
        _ => false,
    };
    if is_silent { refuse(Code::PermissionDenied, format!("takes {}", Permission::MessageSend)) } else { Ok(()) }
}

/// Whoever may archive or close a resource conversation also changes its lead.
const CHANGES_LEAD: &[Permission] = &[Permission::ConversationClose, Permission::ConversationArchive];

/// The permissions of which a fact requires one; none if it is free.
fn required(context: &Context<'_>, fact: &Fact) -> &'static [Permission] {
    let members = &context.conversation().members;
    let is_resource = context.conversation().kind() == Some(ConversationKind::Resource);
    let joins = |account| context.conversation().active_member(account).is_none();
    match fact {
        Fact::Message(_, MessageBody { content: Content::Proposal(_), .. }) => &[Permission::ProposalSend],
        Fact::Message(_, MessageBody { content: Content::ProposalResponse(_), .. }) => &[Permission::ProposalRespond],
        Fact::Message(..) => &[Permission::MessageSend],
        Fact::Edit(..) => &[Permission::MessageEdit],
        Fact::Deleted(message, _) if message.author == *context.account() => &[Permission::MessageDelete],
        Fact::Deleted(..) => &[Permission::MessageDeleteAny],
        Fact::Reaction(..) => &[Permission::MessageReact],
        Fact::Held(..) => &[Permission::MemberApprove],
        Fact::Pin(_, Some(_)) => &[Permission::PinAdd],
        Fact::Pin(_, None) => &[Permission::PinRemove],
        Fact::Info(..) | Fact::Theme(_) => &[Permission::ConversationInfo],
        Fact::Policy(_) | Fact::Scope(_) => &[Permission::ConversationSettings],
        Fact::State(ConversationState::Deleted) => &[Permission::ConversationDelete],
        Fact::State(ConversationState::Closed) if is_resource => &[Permission::ConversationClose],
        Fact::State(ConversationState::Active) if is_resource => CHANGES_LEAD,
        Fact::State(_) => &[Permission::ConversationArchive],
        Fact::LeadOpened(..) | Fact::LeadStage(..) | Fact::LeadArchived(..) | Fact::LeadClosureReason(..) => {
            CHANGES_LEAD
        }
        Fact::Locked(_) => &[Permission::ConversationLock],
        Fact::RoleDefinition(..) => &[Permission::RoleDefine],
        Fact::Invite(..) => &[Permission::InviteCreate],
        // The role of somebody who is not a member is part of adding them, and former grants lapse with it;
        // denials stay.
        Fact::MemberRole(account, _) if joins(account) => required_to_bring_in(members.get(account)),
        Fact::MemberGrant(account, permission, None)
            if joins(account) && is_granted(members.get(account), *permission) =>
        {
            required_to_bring_in(members.get(account))
        }
        Fact::MemberRole(account, _) if account == context.account() => &[],
        Fact::MemberRole(..) => &[Permission::MemberRole],
        Fact::MemberStatus(account, membership) => {
            let own = account == context.account();
            required_to_move(members.get(account), own, membership.status)
        }
        // Muting is a temporary denial of sending.
        Fact::MemberGrant(_, Permission::MessageSend, grant) if grant.as_ref().is_none_or(|grant| !grant.allowed) => {
            &[Permission::MemberPermissions, Permission::MemberMute]
        }
        Fact::MemberGrant(..) => &[Permission::MemberPermissions],
        Fact::Created(_)
        | Fact::InviteUses(..)
        | Fact::ProposalAnswer(..)
        | Fact::MemberText(..)
        | Fact::ProfileKind(_)
        | Fact::Profile(..)
        | Fact::Contact(..)
        | Fact::Blocked(..)
        | Fact::Reachability(_)
        | Fact::Notifications(..)
        | Fact::Setting(..) => &[],
    }
}

fn required_to_bring_in(member: Option<&Member>) -> &'static [Permission] {
    match member.map(Member::status) {
        Some(MemberStatus::Requested) => &[Permission::MemberApprove],
        _ => &[Permission::MemberAdd],
    }
}

fn is_granted(member: Option<&Member>, permission: Permission) -> bool {
    member.and_then(|member| member.grants.get(&permission)).is_some_and(|grant| grant.allowed)
}

/// The permissions to change a member's status.
fn required_to_move(member: Option<&Member>, own: bool, to: MemberStatus) -> &'static [Permission] {
    match (member.map(Member::status), to) {
        (_, MemberStatus::Left) if own => &[],
        (_, MemberStatus::Banned) | (Some(MemberStatus::Banned), _) => &[Permission::MemberBan],
        (Some(MemberStatus::Requested), MemberStatus::Active | MemberStatus::Removed)
        | (_, MemberStatus::Subscribed) => &[Permission::MemberApprove],
        (_, MemberStatus::Active | MemberStatus::Invited) | (Some(MemberStatus::Invited), _) => {
            &[Permission::MemberAdd]
        }
        (_, MemberStatus::Requested | MemberStatus::Left | MemberStatus::Removed | MemberStatus::Unknown) => {
            &[Permission::MemberRemove]
        }
    }
}
