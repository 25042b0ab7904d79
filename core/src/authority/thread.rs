//! The first change of a thread: its first message must exist, and whoever opens it must be allowed to.
//! Everything after that is judged as in the conversation itself, with the thread's own state and pages.

use crate::{
    authority::{Context, Refusal, policy, refuse, shape, state, status},
    code::Code,
    doc::{Change, Fact, Key, OperationKind},
    ids::{ConversationId, DocumentId, TimelineId},
    limits::Limits,
    model::{ConversationKind, Created, InfoField, Parent, Permission, SubroomPolicy},
};

/// The message that a thread's first change starts from. The bytes are a stranger's, and not checked yet.
pub(super) fn parent_in(document: &DocumentId, change: &[u8]) -> Option<Parent> {
    let (change, _) = shape::read(change, &Limits::WIDEST).ok()?;
    created_in(document, &change)?.parent
}

fn created_in(document: &DocumentId, change: &Change) -> Option<Created> {
    let key = Key::Created.to_string();
    let operation = change.operations().iter().find(|operation| operation.key.as_deref() == Some(&key))?;
    let OperationKind::Put(value) = &operation.kind else { return None };
    match Fact::parse(document, &key, Some(value)) {
        Ok(Fact::Created(created)) => Some(created),
        _ => None,
    }
}

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    let created = facts.iter().find_map(|fact| match fact {
        Fact::Created(created) => Some(created),
        _ => None,
    });
    state::check_timeline(context, context.conversation(), &[])?;
    status::check(context, &[])?;
    let Some(created) = created else {
        return refuse(Code::ConversationUnknown, "the thread does not exist");
    };
    if facts.iter().any(|fact| !matches!(fact, Fact::Created(_) | Fact::Info(InfoField::Title, Some(_)))) {
        return refuse(Code::OperationIllegal, "more than the first change of a thread may state");
    }
    if created.by != *context.account() {
        return refuse(Code::NotTheAuthor, "opened in another account's name");
    }
    let (ConversationKind::Thread, None, None, None, Some(parent)) =
        (created.kind, &created.account, &created.link, &created.resource, &created.parent)
    else {
        return refuse(Code::WrongKind, "a thread starts from a message, and is nothing else");
    };
    check_allowed(context)?;
    check_parent(context, parent)
}

/// The permission, then the policy.
fn check_allowed(context: &Context<'_>) -> Result<(), Refusal> {
    let Some(power) = context.power() else {
        return refuse(Code::NotAMember, "the account is not a member");
    };
    for permission in [Permission::ThreadCreate, Permission::MessageSend] {
        if !power.permissions.holds(permission) {
            return refuse(Code::PermissionDenied, format!("takes {permission}"));
        }
    }
    if !context.session.administrator {
        policy::check_send(context, power.rank)?;
    }
    let policy = context.conversation().policies.subrooms;
    let is_open = policy.lowest_rank().is_some_and(|lowest| power.rank >= lowest);
    if !is_open && !context.session.administrator {
        let code = if policy == SubroomPolicy::Unknown { Code::PolicyUnknown } else { Code::PolicyForbids };
        return refuse(code, format!("who may open threads: {policy}"));
    }
    Ok(())
}

/// Checks that the message exists, that its timeline is open, and that the thread is not nested too deeply.
fn check_parent(context: &Context<'_>, parent: &Parent) -> Result<(), Refusal> {
    let Some(conversation) = context.stream.id().conversation() else {
        return refuse(Code::WrongKind, "no conversation");
    };
    let derived = ConversationId::thread(context.stream.tenant(), conversation, &parent.message);
    if context.document.thread() != Some(derived) {
        return refuse(Code::IdInvalid, "not the derived id of this thread");
    }
    let depth = match context.stream.timeline(TimelineId::within(conversation, parent.conversation)) {
        _ if parent.conversation == conversation => 0,
        Some(thread) => {
            state::check_timeline(context, thread, &[])?;
            thread.created.as_ref().and_then(|created| created.parent.as_ref()).map_or(0, |above| above.depth)
        }
        None => return refuse(Code::ConversationUnknown, "the thread that it starts from does not exist"),
    };
    if parent.depth != depth.saturating_add(1) {
        return refuse(Code::ValueInvalid, "depth: not one more than where it starts from");
    }
    let depth_max = context.conversation().policies.subroom_depth_max;
    if parent.depth > depth_max && !context.session.administrator {
        return refuse(Code::ThreadTooDeep, format!("at most {depth_max}"));
    }
    let page = context.stream.document(&parent.document(conversation));
    if page.is_none_or(|page| page.fact(&Key::Message(parent.message.clone())).is_none()) {
        return refuse(Code::MessageUnknown, "no such message on this page");
    }
    if page.is_some_and(|page| page.fact(&Key::Deleted(parent.message.clone())).is_some()) {
        return refuse(Code::MessageDeleted, "the message is deleted");
    }
    Ok(())
}
