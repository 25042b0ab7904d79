//! Grants, custom roles, and changes of membership.

use super::*;
use crate::model::{Grant, Permissions, RoleDefinition, RoleName, WhoPolicy};

fn grant(name: &str, permission: Permission, allowed: Option<bool>, until: Option<WallTime>, by: &str) -> Fact {
    let grant = allowed.map(|allowed| Grant { allowed, by: account(by), at: WallTime::from_millis(0), until });
    Fact::MemberGrant(account(name), permission, grant)
}

fn name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

fn definition(rank: u8, permissions: &[Permission]) -> Fact {
    let definition = RoleDefinition { rank, permissions: permissions.iter().copied().collect() };
    Fact::RoleDefinition(name("planner"), Some(definition))
}

#[test]
fn a22_a_grant_gives_and_withholds_until_it_expires() {
    let mut fixture = Fixture::group();
    let lock = [Fact::Locked(true)];
    fixture.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), None, "ow")]).unwrap();
    fixture.check("me", None, &lock, Ok(()));
    let over = WallTime::from_millis(NOW.as_millis());
    fixture.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), Some(over), "ow")]).unwrap();
    fixture.check("me", None, &lock, Err(Code::PermissionDenied));
    let later = WallTime::from_millis(NOW.as_millis() + 1);
    fixture.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), Some(later), "ow")]).unwrap();
    fixture.check("me", None, &lock, Ok(()));
    // A denial is stronger than the role.
    fixture.push("ow", None, &[grant("ad", Permission::ConversationLock, Some(false), None, "ow")]).unwrap();
    fixture.check("ad", None, &lock, Err(Code::PermissionDenied));
    fixture.check(
        "ad",
        None,
        &[grant("me", Permission::ConversationLock, Some(true), None, "ad")],
        Err(Code::PermissionDenied),
    );
    // Nobody grants themselves anything, or lifts their own denial.
    fixture.check("ad", None, &[grant("ad", Permission::ConversationLock, None, None, "ad")], Err(Code::RankTooLow));
    fixture.check("mo", None, &[grant("me", Permission::PinAdd, Some(true), None, "mo")], Err(Code::PermissionDenied));
    fixture.check("ow", None, &[grant("me", Permission::PinAdd, Some(true), None, "ad")], Err(Code::NotTheAuthor));
    fixture.check("ow", None, &[grant("zoe", Permission::PinAdd, Some(true), None, "ow")], Err(Code::MemberUnknown));
}

#[test]
fn a22_to_mute_is_to_withhold_the_words_only() {
    let mut fixture = Fixture::group();
    let mute = |by: &str| [grant("me", Permission::MessageSend, Some(false), None, by)];
    fixture.check("mo", None, &mute("mo"), Ok(()));
    fixture.check(
        "mo",
        None,
        &[grant("me", Permission::MessageReact, Some(false), None, "mo")],
        Err(Code::PermissionDenied),
    );
    fixture.check("mo", None, &[grant("ad", Permission::MessageSend, Some(false), None, "mo")], Err(Code::RankTooLow));
    fixture.push("mo", None, &mute("mo")).unwrap();
    fixture.check("me", Some(1), &[says(9, "me")], Err(Code::PermissionDenied));
    fixture.push("mo", None, &[grant("me", Permission::MessageSend, None, None, "mo")]).unwrap();
    fixture.check("me", Some(1), &[says(9, "me")], Ok(()));
}

#[test]
fn a23_a_role_of_ones_own_is_below_the_definer_and_holds_no_more() {
    let mut fixture = Fixture::group();
    let custom = Role::Custom(name("planner"));
    fixture.check("ow", None, &[role("me", custom.clone())], Err(Code::RoleUnknown));
    fixture.check("ow", None, &[definition(100, &[])], Err(Code::RoleOutranks));
    fixture.check("ow", None, &[definition(0, &[])], Err(Code::ValueInvalid));
    fixture.check("ad", None, &[definition(30, &[])], Err(Code::PermissionDenied));
    fixture.push("ow", None, &[grant("ad", Permission::RoleDefine, Some(true), None, "ow")]).unwrap();
    fixture.check("ad", None, &[definition(75, &[])], Err(Code::RoleOutranks));
    fixture.check("ad", None, &[definition(30, &[Permission::ConversationDelete])], Err(Code::PermissionDenied));
    fixture.push("ad", None, &[definition(60, &[Permission::PinAdd, Permission::MemberRemove])]).unwrap();
    fixture.push("ad", None, &[role("me", custom.clone())]).unwrap();
    fixture.check("me", None, &[pin(1, "me")], Ok(()));
    fixture.check("me", None, &[status("mo", MemberStatus::Removed)], Ok(()));
    fixture.check("me", None, &[status("ad", MemberStatus::Removed)], Err(Code::RankTooLow));
    fixture.check("me", Some(1), &[says(9, "me")], Err(Code::PermissionDenied));
    fixture.check("ad", None, &[Fact::RoleDefinition(name("planner"), None)], Err(Code::RoleInUse));
    fixture.push("ow", None, &[role("me", Role::Member)]).unwrap();
    fixture.check("ad", None, &[Fact::RoleDefinition(name("planner"), None)], Ok(()));
    fixture.limits.roles_max = 1;
    let another = RoleDefinition { rank: 5, permissions: Permissions::default() };
    fixture.check("ow", None, &[Fact::RoleDefinition(name("another"), Some(another))], Err(Code::TooManyRoles));
}

#[test]
fn a24_a_membership_is_what_follows_from_the_former_one() {
    let mut fixture = Fixture::group();
    let joined = Membership::next(None, MemberStatus::Active, &account("ow"), NOW);
    let gone = Membership::next(Some(&joined), MemberStatus::Removed, &account("ow"), NOW);
    assert_eq!((gone.joined_at, gone.invited_by.clone()), (Some(NOW), Some(account("ow"))));
    let forged = Membership { joined_at: Some(WallTime::from_millis(1)), ..gone.clone() };
    let facts = [Fact::MemberStatus(account("me"), forged)];
    let decided = fixture.stream.decide(&session("ow"), &fixture.document(None), &facts, NOW, &fixture.limits);
    assert_eq!(decided.map_err(|refusal| refusal.code), Err(Code::ValueInvalid));
    fixture.push("ow", None, &[role("zoe", Role::Member), status("zoe", MemberStatus::Invited)]).unwrap();
    fixture.check("zoe", Some(1), &[says(9, "zoe")], Err(Code::NotAMember));
    fixture.check("ad", None, &[status("zoe", MemberStatus::Invited)], Err(Code::MemberExists));
    fixture.check("ow", None, &[status("zoe", MemberStatus::Requested)], Err(Code::NotTheOwner));
    fixture.push("ow", None, &[status("zoe", MemberStatus::Banned)]).unwrap();
    fixture.check(
        "ow",
        None,
        &[role("zoe", Role::Member), status("zoe", MemberStatus::Invited)],
        Err(Code::MemberBanned),
    );
    fixture.push("ad", None, &[status("zoe", MemberStatus::Removed)]).unwrap();
    fixture.check("ow", None, &[status("zoe", MemberStatus::Invited)], Ok(()));
}

#[test]
fn a25_who_is_added_again_comes_without_what_was_granted() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[grant("me", Permission::MemberBan, Some(true), None, "ow")]).unwrap();
    fixture.push("me", None, &[status("me", MemberStatus::Left)]).unwrap();
    let back = status("me", MemberStatus::Active);
    fixture.check("ow", None, std::slice::from_ref(&back), Err(Code::PermissionDenied));
    fixture.check("ow", None, &[back, grant("me", Permission::MemberBan, None, None, "ow")], Ok(()));
}

#[test]
fn a26_policies_open_to_members_what_is_the_admins() {
    let mut fixture = Fixture::group();
    let join = [role("zoe", Role::Member), status("zoe", MemberStatus::Active)];
    let title = [Fact::Info(InfoField::Title, Some("x".into()))];
    for facts in [&join[..], &title] {
        fixture.check("me", None, facts, Err(Code::PermissionDenied));
    }
    let open = [Policy::AddMembers(WhoPolicy::AllMembers), Policy::InfoEdit(WhoPolicy::AllMembers)];
    fixture.push("ow", None, &open.map(Fact::Policy)).unwrap();
    for facts in [&join[..], &title] {
        fixture.check("me", None, facts, Ok(()));
        fixture.check("gu", None, facts, Err(Code::PermissionDenied));
    }
    fixture.push("ow", None, &[grant("me", Permission::MemberAdd, Some(false), None, "ow")]).unwrap();
    fixture.check("me", None, &join, Err(Code::PermissionDenied));
}

#[test]
fn a73_a_conversation_begins_with_as_many_as_it_may_have() {
    let begin = |count: usize| {
        let mut fixture = Fixture::new(ConversationId::from_bytes([9; 16]));
        let mut facts = vec![created(ConversationKind::Group, "ow"), role("ow", Role::Owner)];
        facts.push(status("ow", MemberStatus::Active));
        for number in 1..count {
            // As long as the ids of identity providers.
            let name = format!("{number:036}");
            facts.extend([role(&name, Role::Member), status(&name, MemberStatus::Active)]);
        }
        fixture.push("ow", None, &facts).map(|_| fixture.stream.conversation().active_members().count())
    };
    assert_eq!(begin(1_000), Ok(1_000));
    assert_eq!(begin(1_001), Err(Code::TooManyMembers));
}
