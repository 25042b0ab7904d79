//! Why somebody who had a part in a conversation does not read it: told alike on every way out.

use tidings_core::{code::Code, model::MemberStatus};

/// The code and the text for one who is not an active member.
pub(crate) fn not_active(status: Option<MemberStatus>) -> (Code, &'static str) {
    match status {
        Some(MemberStatus::Left) => (Code::MemberLeft, "the account has left"),
        Some(MemberStatus::Removed) => (Code::MemberRemoved, "the account was removed"),
        Some(MemberStatus::Banned) => (Code::MemberBanned, "the account was banned"),
        Some(MemberStatus::Invited) => (Code::NotAMember, "the account was invited, and has not accepted"),
        Some(MemberStatus::Requested | MemberStatus::Subscribed) => {
            (Code::NotAMember, "the account waits to be let in")
        }
        Some(MemberStatus::Unknown) => (Code::NotAMember, "the account stands as in a newer version"),
        Some(MemberStatus::Active) | None => (Code::NotAMember, "the account is not a member"),
    }
}
