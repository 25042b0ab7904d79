//! Step 4: the member's status; then, for a conversation document, that the change has seen what it
//! replaces. Journal order is the truth there: of two concurrent writes of one key, the later one has to
//! be written again.

use crate::{
    authority::{Context, Refusal, refuse},
    code::Code,
    doc::Fact,
    model::{ConversationKind, Member, MemberStatus},
};

pub(super) fn check(context: &Context<'_>, facts: &[Fact]) -> Result<(), Refusal> {
    if !context.session.administrator {
        match context.conversation().members.get(context.account()).map(Member::status) {
            Some(MemberStatus::Active) => {}
            Some(MemberStatus::Left) => return refuse(Code::MemberLeft, "the account has left"),
            Some(MemberStatus::Removed) => return refuse(Code::MemberRemoved, "the account was removed"),
            Some(MemberStatus::Banned) => return refuse(Code::MemberBanned, "the account was banned"),
            Some(MemberStatus::Invited) => {
                return refuse(Code::NotAMember, "the account was invited, and has not accepted");
            }
            Some(MemberStatus::Subscribed) => return refuse(Code::NotAMember, "a subscriber only reads"),
            Some(MemberStatus::Requested) => return refuse(Code::NotAMember, "the account waits to be let in"),
            Some(MemberStatus::Unknown) => return refuse(Code::NotAMember, "the account stands as in a newer version"),
            None => return refuse(Code::NotAMember, "the account is not a member"),
        }
    }
    if facts.iter().any(|fact| matches!(fact, Fact::Created(_))) {
        // The same conversation by its derived id, created twice while offline: the later one is rewritten, and
        // has nothing left to do.
        return match context.timeline().kind() {
            Some(ConversationKind::Direct) => refuse(Code::Stale, "the direct exists already"),
            Some(ConversationKind::Resource) => refuse(Code::Stale, "the resource's conversation exists already"),
            Some(ConversationKind::Thread) => refuse(Code::Stale, "the thread exists already"),
            _ => refuse(Code::ConversationExists, "the conversation exists already"),
        };
    }
    Ok(())
}
