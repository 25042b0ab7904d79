//! Permissions beside the role: custom roles, grants and denials, and their lifecycle.

use core::time::Duration;

use super::*;
use crate::{
    ids::InviteId,
    model::{Grant, Invite, MemberField, Permissions, RoleDefinition, RoleName},
};

fn custom(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn definition(name: &str, rank: u8, permissions: &[Permission]) -> Fact {
    let permissions: Permissions = permissions.iter().copied().collect();
    Fact::RoleDefinition(custom(name), Some(RoleDefinition { rank, permissions }))
}

fn granted(name: &str, permission: Permission, allowed: bool, by: &str, seconds: Option<u64>) -> Fact {
    let until = seconds.map(|seconds| NOW.plus(Duration::from_secs(seconds)));
    Fact::MemberGrant(account(name), permission, Some(Grant { allowed, by: account(by), at: NOW, until }))
}

fn title() -> [Fact; 1] {
    [Fact::Info(InfoField::Title, Some("Another".into()))]
}

impl Fixture {
    fn push_at(&mut self, name: &str, facts: &[Fact], at: WallTime) -> Result<(), Code> {
        let (session, document) = (session(name), self.document(None));
        let pushed = self.write(&session, &document, facts);
        self.stream.admit(&session, &pushed, at, &self.limits).map(drop).map_err(code_of)
    }
}

#[test]
fn a14_nobody_gives_themselves_more() {
    let mut fixture = Fixture::group();
    // Somebody who can only read, in a role ranked above members.
    fixture.push("ow", None, &[definition("observer", 60, &[])]).unwrap();
    fixture.push("ow", None, &[role("me", Role::Custom(custom("observer")))]).unwrap();
    for its_role in [Role::Moderator, Role::Member] {
        fixture.check("me", None, &[role("me", its_role)], Err(Code::PermissionDenied));
    }
    fixture.check("me", None, &[role("me", Role::Guest)], Ok(()));
    // Denials do not keep anybody from moving.
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[granted("ad", Permission::MessageSend, false, "ow", None)]).unwrap();
    fixture.check("ad", None, &[role("ad", Role::Moderator)], Ok(()));
}

#[test]
fn a22_a_grant_gives_until_it_ends_by_the_clock_of_the_authority() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[granted("me", Permission::ConversationInfo, true, "ow", Some(60))]).unwrap();
    let after = |seconds| NOW.plus(Duration::from_secs(seconds));
    assert_eq!(fixture.clone().push_at("me", &title(), after(59)), Ok(()));
    assert_eq!(fixture.clone().push_at("me", &title(), after(60)), Err(Code::PermissionDenied));
    fixture.push("ow", None, &[granted("ad", Permission::ConversationInfo, false, "ow", Some(60))]).unwrap();
    assert_eq!(fixture.clone().push_at("ad", &title(), after(59)), Err(Code::PermissionDenied));
    assert_eq!(fixture.push_at("ad", &title(), after(60)), Ok(()));
}

#[test]
fn a22_a_grant_is_of_what_one_holds_to_somebody_below() {
    let fixture = Fixture::group();
    let give = |by: &str, name: &str, permission, allowed| [granted(name, permission, allowed, by, None)];
    fixture.check("ad", None, &give("ad", "me", Permission::PinAdd, true), Ok(()));
    fixture.check("ad", None, &give("ad", "me", Permission::RoleDefine, true), Err(Code::PermissionDenied));
    fixture.check("ad", None, &give("ad", "ad", Permission::PinAdd, false), Err(Code::RankTooLow));
    fixture.check("ad", None, &give("ad", "ow", Permission::PinAdd, false), Err(Code::RankTooLow));
    fixture.check("ad", None, &give("ow", "me", Permission::PinAdd, true), Err(Code::NotTheAuthor));
    fixture.check("mo", None, &give("mo", "me", Permission::PinAdd, true), Err(Code::PermissionDenied));
    fixture.check("mo", None, &give("mo", "me", Permission::MessageSend, false), Ok(()));
    fixture.check("ow", None, &give("ow", "zoe", Permission::PinAdd, true), Err(Code::MemberUnknown));
    let removed = [granted("me", Permission::PinAdd, true, "ow", None), status("me", MemberStatus::Removed)];
    fixture.check("ow", None, &removed, Err(Code::MemberUnknown));
}

#[test]
fn a22_who_brings_somebody_back_does_not_take_back_what_was_withheld() {
    let mut fixture = Fixture::group();
    let open = Policy::AddMembers(crate::model::WhoPolicy::AllMembers);
    fixture.push("ow", None, &[Fact::Policy(open), granted("gu", Permission::MessageSend, false, "ow", None)]).unwrap();
    fixture.push("gu", None, &[status("gu", MemberStatus::Left)]).unwrap();
    let back = [role("gu", Role::Guest), status("gu", MemberStatus::Active)];
    fixture.check("me", None, &back, Ok(()));
    let unmuted = Fact::MemberGrant(account("gu"), Permission::MessageSend, None);
    let all = [back.as_slice(), &[unmuted]].concat();
    fixture.check("me", None, &all, Err(Code::PermissionDenied));
    // A moderator may allow others to speak, and here to add members as well.
    fixture.check("mo", None, &all, Ok(()));
}

#[test]
fn a23_a_role_is_below_its_definer_and_carries_what_they_hold() {
    let mut fixture = Fixture::group();
    fixture.check("ad", None, &[definition("cook", 30, &[])], Err(Code::PermissionDenied));
    fixture.check("ow", None, &[definition("cook", 99, &[Permission::RoleDefine])], Ok(()));
    for rank in [0, 100] {
        let code = if rank == 0 { Code::ValueInvalid } else { Code::RoleOutranks };
        fixture.check("ow", None, &[definition("cook", rank, &[])], Err(code));
    }
    fixture.push("ow", None, &[granted("ad", Permission::RoleDefine, true, "ow", None)]).unwrap();
    fixture.check("ad", None, &[definition("cook", 75, &[])], Err(Code::RoleOutranks));
    fixture.check("ad", None, &[definition("cook", 74, &[Permission::EncryptionChange])], Err(Code::PermissionDenied));
    fixture.check("ad", None, &[definition("cook", 74, &[Permission::MemberBan])], Ok(()));
}

#[test]
fn a23_a_role_that_somebody_gets_does_not_go() {
    let mut fixture = Fixture::group();
    let cook = || role("me", Role::Custom(custom("cook")));
    fixture.check("ow", None, &[cook()], Err(Code::RoleUnknown));
    fixture.push("ow", None, &[definition("cook", 30, &[])]).unwrap();
    let gone = || Fact::RoleDefinition(custom("cook"), None);
    fixture.check("ow", None, &[gone()], Ok(()));
    fixture.check("ow", None, &[cook(), gone()], Err(Code::RoleInUse));
    fixture.push("ow", None, &[cook()]).unwrap();
    fixture.check("ow", None, &[gone()], Err(Code::RoleInUse));
    fixture.check("ow", None, &[gone(), role("me", Role::Member)], Ok(()));
}

#[test]
fn a23_there_are_no_more_roles_than_may_be() {
    let mut fixture = Fixture::group();
    fixture.limits.roles_max = 2;
    let [one, two, three] = ["one", "two", "three"].map(|name| definition(name, 30, &[]));
    fixture.check("ow", None, &[one.clone(), two.clone(), three.clone()], Err(Code::TooManyRoles));
    fixture.push("ow", None, &[one, two]).unwrap();
    fixture.check("ow", None, core::slice::from_ref(&three), Err(Code::TooManyRoles));
    fixture.check("ow", None, &[definition("one", 40, &[])], Ok(()));
    fixture.check("ow", None, &[three, Fact::RoleDefinition(custom("one"), None)], Ok(()));
}

#[test]
fn a28_what_invites_give_stays_a_members_at_most() {
    let mut fixture = Fixture::group();
    fixture.limits.invites_max = 2;
    let invite = |number: u8, its_role: Role| {
        let by = account("ow");
        let invite = Invite { role: its_role, until: None, uses_max: None, enabled: true, by, at: NOW };
        Fact::Invite(InviteId::from_bytes([number; 16]), Some(invite))
    };
    let three = [1, 2, 3].map(|number| invite(number, Role::Member));
    fixture.check("ow", None, &three, Err(Code::TooManyInvites));
    fixture.push("ow", None, &[definition("cook", 20, &[])]).unwrap();
    fixture.push("ow", None, &[invite(1, Role::Custom(custom("cook")))]).unwrap();
    fixture.check("ow", None, &[definition("cook", 60, &[Permission::MemberBan])], Err(Code::RankTooLow));
    fixture.check("ow", None, &[Fact::RoleDefinition(custom("cook"), None)], Err(Code::RoleInUse));
    let gone = Fact::Invite(InviteId::from_bytes([1; 16]), None);
    fixture.check("ow", None, &[gone, definition("cook", 60, &[Permission::MemberBan])], Ok(()));
}

#[test]
fn a25_who_comes_in_comes_with_nothing_that_was_granted_before() {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[granted("me", Permission::MemberBan, true, "ow", None)]).unwrap();
    fixture.push("me", None, &[status("me", MemberStatus::Left)]).unwrap();
    let back = [role("me", Role::Member), status("me", MemberStatus::Active)];
    fixture.check("ad", None, &back, Err(Code::PermissionDenied));
    let without = Fact::MemberGrant(account("me"), Permission::MemberBan, None);
    fixture.check("ad", None, &[back.as_slice(), &[without]].concat(), Ok(()));
}

#[test]
fn a26_a_policy_opens_to_members_and_above() {
    let mut fixture = Fixture::group();
    fixture.check("me", None, &title(), Err(Code::PermissionDenied));
    fixture.push("ow", None, &[Fact::Policy(Policy::InfoEdit(crate::model::WhoPolicy::AllMembers))]).unwrap();
    fixture.check("me", None, &title(), Ok(()));
    fixture.check("gu", None, &title(), Err(Code::PermissionDenied));
    fixture.push("ow", None, &[granted("me", Permission::ConversationInfo, false, "ow", None)]).unwrap();
    fixture.check("me", None, &title(), Err(Code::PermissionDenied));
}

#[test]
fn a11_of_whom_is_a_member_no_more_the_name_is_taken_away() {
    let mut fixture = Fixture::group();
    let named = |name: Option<&str>| Fact::MemberText(account("me"), MemberField::DisplayName, name.map(Into::into));
    fixture.push("me", None, &[named(Some("Me"))]).unwrap();
    fixture.push("me", None, &[status("me", MemberStatus::Left)]).unwrap();
    fixture.check("me", None, &[named(None)], Err(Code::MemberLeft));
    let administrator = Session { administrator: true, ..session("me") };
    assert_eq!(fixture.push_as(&administrator, None, &[named(Some("I"))]).err(), Some(Code::MemberUnknown));
    fixture.push_as(&administrator, None, &[named(None)]).unwrap();
    assert_eq!(fixture.stream.conversation().members[&account("me")].text(MemberField::DisplayName), None);
}

#[test]
fn a11_who_is_not_a_member_has_no_name_here() {
    let mut fixture = Fixture::group();
    let root = Session { administrator: true, ..session("root") };
    let named = |name: &str| Fact::MemberText(account(name), MemberField::DisplayName, Some("Root".into()));
    assert_eq!(fixture.push_as(&root, None, &[named("root")]).err(), Some(Code::MemberUnknown));
    assert_eq!(fixture.push_as(&root, None, &[named("me")]).err(), Some(Code::NotTheOwner));
    fixture.check("me", None, &[named("me")], Ok(()));
}
