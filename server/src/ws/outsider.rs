//! What an account is answered that has, and had, no part in a conversation: the
//! same whether there is one or not, for the same work. Ids of directs and of
//! resource conversations can be derived by anybody; so neither codes, nor times,
//! nor what is loaded may tell whether there is one. A conversation is never
//! loaded here for a push, and for a membership request never left in memory.

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

/// Checks a push of an account without a part: only a beginning is let through,
/// judged as where there is nothing.
///
/// # Errors
/// The answer of a server that has no such conversation.
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
        // A beginning says why it is none; what goes on has nothing to go on from.
        Err(AdmitError::Refused(refusal)) if !refusal.code.is_outdated() => Err(refusal),
        Err(AdmitError::Refused(_) | AdmitError::AlreadyAdmitted(_)) => Err(unknown()),
    }
}

/// Checks a membership request of an account without a part: only where everybody may come in, or with a code, it is let through.
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
