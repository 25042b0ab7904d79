//! The first members of a conversation, as stated by its creator.

use tidings_core::{
    doc::Fact,
    ids::AccountId,
    model::{MemberStatus, Membership, Role},
    time::WallTime,
};

/// The facts that make these accounts the first members, each with its role.
pub fn first_members(
    by: &AccountId,
    at: WallTime,
    members: impl IntoIterator<Item = (AccountId, Role)>,
) -> impl Iterator<Item = Fact> {
    members.into_iter().flat_map(move |(account, role)| {
        let membership = Membership::next(None, MemberStatus::Active, by, at);
        [Fact::MemberRole(account.clone(), role), Fact::MemberStatus(account, membership)]
    })
}
