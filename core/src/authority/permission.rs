//! Step 5: the permission each statement asks for.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::{ConversationKind, ConversationState, MemberStatus, Permission},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    for fact in facts {
        check_author(context, fact)?;
        check_kind(context, fact)?;
        if let Some(permission) = required(context, fact) {
            check_permission(context, permission)?;
        }
    }
    Ok(())
}

fn check_permission(context: &Context<'_>, permission: Permission) -> Result<(), Refusal> {
    match context.role() {
        Some(role) if role.allows(permission) => Ok(()),
        Some(role) => refuse(Code::PermissionDenied, format!("{role} does not carry {permission}")),
        None => refuse(Code::NotAMember, "the account is not a member"),
    }
}

/// What is signed with an account is written by that account.
fn check_author(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    let own = match fact {
        Fact::Message(message, _) | Fact::Edit(message, _) => message.author == *context.account(),
        Fact::Deleted(_, deletion) => deletion.by == *context.account(),
        Fact::Reaction(_, _, account, _) => account == context.account(),
        Fact::Pin(_, Some(pin)) => pin.by == *context.account(),
        _ => true,
    };
    if own { Ok(()) } else { refuse(Code::NotTheAuthor, "signed with another account") }
}

/// A direct has its two members for ever.
fn check_kind(context: &Context<'_>, fact: &Fact) -> Result<(), Refusal> {
    let membership = matches!(fact, Fact::MemberRole(..) | Fact::MemberStatus(..));
    if membership && context.conversation().kind() == Some(ConversationKind::Direct) {
        return refuse(Code::WrongKind, "a direct has its two members for ever");
    }
    Ok(())
}

fn required(context: &Context<'_>, fact: &Fact) -> Option<Permission> {
    let conversation = context.conversation();
    let direct = conversation.kind() == Some(ConversationKind::Direct);
    let joins = |account| conversation.active_member(account).is_none();
    match fact {
        Fact::Message(..) => Some(Permission::MessageSend),
        Fact::Edit(..) => Some(Permission::MessageEdit),
        Fact::Deleted(message, _) if message.author == *context.account() => Some(Permission::MessageDelete),
        Fact::Deleted(..) => Some(Permission::MessageDeleteAny),
        Fact::Reaction(..) => Some(Permission::MessageReact),
        Fact::Pin(..) if direct => None,
        Fact::Pin(_, Some(_)) => Some(Permission::PinAdd),
        Fact::Pin(_, None) => Some(Permission::PinRemove),
        Fact::Title(_) | Fact::Description(_) => Some(Permission::ConversationInfo),
        Fact::SendPolicy(_) => Some(Permission::ConversationSettings),
        Fact::State(ConversationState::Deleted) => Some(Permission::ConversationDelete),
        Fact::State(_) => Some(Permission::ConversationArchive),
        Fact::Locked(_) => Some(Permission::ConversationLock),
        // The role of somebody who is not in comes with adding them.
        Fact::MemberRole(account, _) if joins(account) => Some(Permission::MemberAdd),
        Fact::MemberRole(account, _) if account == context.account() => None,
        Fact::MemberRole(..) => Some(Permission::MemberRole),
        Fact::MemberStatus(account, MemberStatus::Active) => {
            let banned = conversation.members.get(account).is_some_and(|member| member.status == MemberStatus::Banned);
            Some(if banned { Permission::MemberBan } else { Permission::MemberAdd })
        }
        Fact::MemberStatus(account, MemberStatus::Left) if account == context.account() => None,
        Fact::MemberStatus(_, MemberStatus::Left | MemberStatus::Removed) => Some(Permission::MemberRemove),
        Fact::MemberStatus(_, MemberStatus::Banned) => Some(Permission::MemberBan),
        Fact::Created(_) | Fact::ProfileKind(_) | Fact::Profile(..) | Fact::Contact(..) | Fact::Setting(..) => None,
    }
}
