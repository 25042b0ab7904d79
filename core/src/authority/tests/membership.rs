//! Grants, roles of a conversation's own, and how members move.

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
    let mut room = Room::group();
    let lock = [Fact::Locked(true)];
    room.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), None, "ow")]).unwrap();
    room.check("me", None, &lock, Ok(()));
    let over = WallTime::from_millis(NOW.as_millis());
    room.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), Some(over), "ow")]).unwrap();
    room.check("me", None, &lock, Err(Code::PermissionDenied));
    let later = WallTime::from_millis(NOW.as_millis() + 1);
    room.push("ow", None, &[grant("me", Permission::ConversationLock, Some(true), Some(later), "ow")]).unwrap();
    room.check("me", None, &lock, Ok(()));
    // Withheld is stronger than the role.
    room.push("ow", None, &[grant("ad", Permission::ConversationLock, Some(false), None, "ow")]).unwrap();
    room.check("ad", None, &lock, Err(Code::PermissionDenied));
    room.check(
        "ad",
        None,
        &[grant("me", Permission::ConversationLock, Some(true), None, "ad")],
        Err(Code::PermissionDenied),
    );
    // Nobody gives to themselves, or takes back what they were denied.
    room.check("ad", None, &[grant("ad", Permission::ConversationLock, None, None, "ad")], Err(Code::RankTooLow));
    room.check("mo", None, &[grant("me", Permission::PinAdd, Some(true), None, "mo")], Err(Code::PermissionDenied));
    room.check("ow", None, &[grant("me", Permission::PinAdd, Some(true), None, "ad")], Err(Code::NotTheAuthor));
    room.check("ow", None, &[grant("zoe", Permission::PinAdd, Some(true), None, "ow")], Err(Code::MemberUnknown));
}

#[test]
fn a22_to_mute_is_to_withhold_the_words_only() {
    let mut room = Room::group();
    let mute = |by: &str| [grant("me", Permission::MessageSend, Some(false), None, by)];
    room.check("mo", None, &mute("mo"), Ok(()));
    room.check(
        "mo",
        None,
        &[grant("me", Permission::MessageReact, Some(false), None, "mo")],
        Err(Code::PermissionDenied),
    );
    room.check("mo", None, &[grant("ad", Permission::MessageSend, Some(false), None, "mo")], Err(Code::RankTooLow));
    room.push("mo", None, &mute("mo")).unwrap();
    room.check("me", Some(1), &[says(9, "me")], Err(Code::PermissionDenied));
    room.push("mo", None, &[grant("me", Permission::MessageSend, None, None, "mo")]).unwrap();
    room.check("me", Some(1), &[says(9, "me")], Ok(()));
}

#[test]
fn a23_a_role_of_ones_own_is_below_the_definer_and_holds_no_more() {
    let mut room = Room::group();
    let custom = Role::Custom(name("planner"));
    room.check("ow", None, &[role("me", custom.clone())], Err(Code::RoleUnknown));
    room.check("ow", None, &[definition(100, &[])], Err(Code::RoleOutranks));
    room.check("ow", None, &[definition(0, &[])], Err(Code::ValueInvalid));
    room.check("ad", None, &[definition(30, &[])], Err(Code::PermissionDenied));
    room.push("ow", None, &[grant("ad", Permission::RoleDefine, Some(true), None, "ow")]).unwrap();
    room.check("ad", None, &[definition(75, &[])], Err(Code::RoleOutranks));
    room.check("ad", None, &[definition(30, &[Permission::ConversationDelete])], Err(Code::PermissionDenied));
    room.push("ad", None, &[definition(60, &[Permission::PinAdd, Permission::MemberRemove])]).unwrap();
    room.push("ad", None, &[role("me", custom.clone())]).unwrap();
    room.check("me", None, &[pin(1, "me")], Ok(()));
    room.check("me", None, &[status("mo", MemberStatus::Removed)], Ok(()));
    room.check("me", None, &[status("ad", MemberStatus::Removed)], Err(Code::RankTooLow));
    room.check("me", Some(1), &[says(9, "me")], Err(Code::PermissionDenied));
    room.check("ad", None, &[Fact::RoleDefinition(name("planner"), None)], Err(Code::RoleInUse));
    room.push("ow", None, &[role("me", Role::Member)]).unwrap();
    room.check("ad", None, &[Fact::RoleDefinition(name("planner"), None)], Ok(()));
    room.limits.roles_max = 1;
    let another = RoleDefinition { rank: 5, permissions: Permissions::default() };
    room.check("ow", None, &[Fact::RoleDefinition(name("another"), Some(another))], Err(Code::TooManyRoles));
}

#[test]
fn a24_a_standing_is_what_follows_from_the_former_one() {
    let mut room = Room::group();
    let joined = Standing::next(None, MemberStatus::Active, &account("ow"), NOW);
    let gone = Standing::next(Some(&joined), MemberStatus::Removed, &account("ow"), NOW);
    assert_eq!((gone.joined_at, gone.invited_by.clone()), (Some(NOW), Some(account("ow"))));
    let forged = Standing { joined_at: Some(WallTime::from_millis(1)), ..gone.clone() };
    let facts = [Fact::MemberStatus(account("me"), forged)];
    let decided = room.stream.decide(&session("ow"), &room.document(None), &facts, NOW, &room.limits);
    assert_eq!(decided.map_err(|refusal| refusal.code), Err(Code::ValueInvalid));
    room.push("ow", None, &[role("zoe", Role::Member), status("zoe", MemberStatus::Invited)]).unwrap();
    room.check("zoe", Some(1), &[says(9, "zoe")], Err(Code::NotAMember));
    room.check("ad", None, &[status("zoe", MemberStatus::Invited)], Err(Code::MemberExists));
    room.check("ow", None, &[status("zoe", MemberStatus::Requested)], Err(Code::NotTheOwner));
    room.push("ow", None, &[status("zoe", MemberStatus::Banned)]).unwrap();
    room.check("ow", None, &[role("zoe", Role::Member), status("zoe", MemberStatus::Invited)], Err(Code::MemberBanned));
    room.push("ad", None, &[status("zoe", MemberStatus::Removed)]).unwrap();
    room.check("ow", None, &[status("zoe", MemberStatus::Invited)], Ok(()));
}

#[test]
fn a25_who_is_added_again_comes_without_what_was_granted() {
    let mut room = Room::group();
    room.push("ow", None, &[grant("me", Permission::MemberBan, Some(true), None, "ow")]).unwrap();
    room.push("me", None, &[status("me", MemberStatus::Left)]).unwrap();
    let back = status("me", MemberStatus::Active);
    room.check("ow", None, std::slice::from_ref(&back), Err(Code::PermissionDenied));
    room.check("ow", None, &[back, grant("me", Permission::MemberBan, None, None, "ow")], Ok(()));
}

#[test]
fn a26_policies_open_to_members_what_is_the_admins() {
    let mut room = Room::group();
    let join = [role("zoe", Role::Member), status("zoe", MemberStatus::Active)];
    let title = [Fact::Info(InfoField::Title, Some("x".into()))];
    for facts in [&join[..], &title] {
        room.check("me", None, facts, Err(Code::PermissionDenied));
    }
    let open = [Policy::AddMembers(WhoPolicy::AllMembers), Policy::InfoEdit(WhoPolicy::AllMembers)];
    room.push("ow", None, &open.map(Fact::Policy)).unwrap();
    for facts in [&join[..], &title] {
        room.check("me", None, facts, Ok(()));
        room.check("gu", None, facts, Err(Code::PermissionDenied));
    }
    room.push("ow", None, &[grant("me", Permission::MemberAdd, Some(false), None, "ow")]).unwrap();
    room.check("me", None, &join, Err(Code::PermissionDenied));
}

#[test]
fn a73_a_conversation_begins_with_as_many_as_it_may_have() {
    let begin = |count: usize| {
        let mut room = Room::new(ConversationId::from_bytes([9; 16]));
        let mut facts = vec![created(ConversationKind::Group, "ow"), role("ow", Role::Owner)];
        facts.push(status("ow", MemberStatus::Active));
        for number in 1..count {
            // As long as the ids that providers give.
            let name = format!("{number:036}");
            facts.extend([role(&name, Role::Member), status(&name, MemberStatus::Active)]);
        }
        room.push("ow", None, &facts).map(|_| room.stream.conversation().active_members().count())
    };
    assert_eq!(begin(1_000), Ok(1_000));
    assert_eq!(begin(1_001), Err(Code::TooManyMembers));
}
