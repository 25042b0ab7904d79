//! Answers for an account that never had a part in a conversation: they are the same, for the same work,
//! whether the conversation exists or not. Anybody can derive the ids of direct and resource conversations, so
//! neither codes, nor times, nor what is loaded may reveal whether one exists. A push never loads the
//! conversation here, and a membership request never leaves it in memory.

use tidings_core::{
    authority::{AdmitError, Asker, Refusal, Session, Stream, membership_effect, unknown_to_asker},
    code::Code,
    doc::Document,
    ids::{ConversationId, TimelineId},
    model::{Conversation, MembershipAction},
    wire::Push,
};

use crate::{
    auth::Identity,
    node::Node,
    store::StoreError,
    stream::{Part, load::load},
};

/// Which part an account has, or had, in a conversation.
pub(crate) async fn part(node: &Node, identity: &Identity, conversation: ConversationId) -> Result<Part, StoreError> {
    if identity.administrator {
        return Ok(Part::Known);
    }
    let member = node.store.member(&identity.tenant, conversation, &identity.account).await?;
    Ok(if member.is_some() { Part::Known } else { Part::None })
}

/// Checks a push of an account without a part: only the creation of a conversation passes, and it is judged as
/// if there were none.
///
/// # Errors
/// The refusal that a server without this conversation would give.
pub(super) fn check_push(node: &Node, session: &Session, push: &Push) -> Result<(), Refusal> {
    let unknown = || Refusal::new(Code::ConversationUnknown, "the conversation does not exist");
    let conversation = push.stream.conversation().ok_or_else(unknown)?;
    let pushed = push.changes.first().ok_or_else(unknown)?;
    let mut nothing = Stream::new(session.tenant.clone(), push.stream.clone());
    nothing.insert(Document::new(TimelineId::of(conversation).document()));
    if pushed.document.stream() == push.stream {
        nothing.insert_missing_for(&pushed.document, &pushed.change);
    }
    match nothing.admit(session, pushed, node.clock.wall_now(), &node.limits) {
        Ok(_) => Ok(()),
        // An invalid creation gets its own reason; any other change has nothing to build on.
        Err(AdmitError::Refused(refusal)) if !refusal.code.is_outdated() => Err(refusal),
        Err(AdmitError::Refused(_) | AdmitError::AlreadyAdmitted(_)) => Err(unknown()),
    }
}

/// Checks a membership request of an account without a part: it passes only where everybody may join, or with
/// an invite code.
///
/// # Errors
/// When the store cannot tell; within, the answer of a server that has no such conversation, or why nobody comes in.
pub(crate) async fn check_membership_request(
    node: &Node,
    identity: &Identity,
    conversation: ConversationId,
    action: &MembershipAction,
) -> Result<Result<(), Refusal>, StoreError> {
    if !matches!(action, MembershipAction::Join(_)) || conversation.is_of_direct() {
        return Ok(Err(unknown_to_asker(action)));
    }
    let document = TimelineId::of(conversation).document();
    let (document, _) = load(node.store.as_ref(), &identity.tenant, &document).await?;
    let asker = Asker { account: &identity.account, knows: false, subscribes: false, moved_at: None };
    let at = node.clock.wall_now();
    Ok(membership_effect(&Conversation::read(&document), asker, action, at, &node.limits).map(drop))
}
