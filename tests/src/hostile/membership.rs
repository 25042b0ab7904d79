//! An admin who wants to be more: facts in others' names, about themselves, about those above them, about roles
//! and grants that they cannot give; and unknown kinds and policies.

use tidings_core::{
    code::Code,
    doc::Fact,
    ids::AccountId,
    model::{
        ConversationKind, ConversationState, Created, Grant, MemberField, MemberStatus, Membership, Permission, Policy,
        Role, RoleDefinition, RoleName, Theme,
    },
    wire::encode,
};

use super::{
    account,
    case::{Cases, Expected},
    draft::{Cell, Row},
};

pub(super) fn add(cases: &mut Cases<'_>) {
    memberships(cases);
    grants(cases);
    roles(cases);
    the_rest(cases);
    unknown(cases);
}

/// Adds the change with which the attacker's device would state this.
fn says(cases: &mut Cases<'_>, name: &'static str, code: Code, fact: Fact) {
    let draft = cases.honest(&cases.setup.conversation(), &[fact]);
    cases.push(name, Expected::Refused(code), draft.pushed());
}

fn memberships(cases: &mut Cases<'_>) {
    cases.class("member status");
    let setup = cases.setup;
    let (ann, bob, eve) = (account("ann"), account("bob"), account("eve"));
    let members = &setup.stream.conversation().members;
    let next = |who: &AccountId, status: MemberStatus, by: &AccountId| {
        let former = members.get(who).and_then(|member| member.membership.as_ref());
        Membership::next(former, status, by, setup.now)
    };
    let moved = |who: &AccountId, status| Fact::MemberStatus(who.clone(), next(who, status, &eve));
    let signed = Fact::MemberStatus(bob.clone(), next(&bob, MemberStatus::Removed, &ann));
    says(cases, "signed with the owner's name", Code::NotTheAuthor, signed);
    let younger = Membership { joined_at: Some(setup.ago(1)), ..next(&bob, MemberStatus::Removed, &eve) };
    says(cases, "of somebody who joined at another time", Code::ValueInvalid, Fact::MemberStatus(bob.clone(), younger));
    let brought = Membership { invited_by: Some(eve.clone()), ..next(&bob, MemberStatus::Removed, &eve) };
    says(cases, "of somebody whom another one added", Code::ValueInvalid, Fact::MemberStatus(bob.clone(), brought));
    says(cases, "of the owner, removed", Code::RankTooLow, moved(&ann, MemberStatus::Removed));
    says(cases, "of the owner, banned", Code::RankTooLow, moved(&ann, MemberStatus::Banned));
    says(cases, "of somebody who is said to leave", Code::NotTheOwner, moved(&bob, MemberStatus::Left));
    says(cases, "of somebody who is said to ask", Code::NotTheOwner, moved(&bob, MemberStatus::Requested));
    says(cases, "of a member, added again", Code::MemberExists, moved(&bob, MemberStatus::Active));
    says(cases, "of a stranger, removed", Code::MemberUnknown, moved(&account("zoe"), MemberStatus::Removed));
}

fn grants(cases: &mut Cases<'_>) {
    cases.class("grant");
    let now = cases.setup.now;
    let grant = |name: &str, permission, allowed, by: &str| {
        let grant = Grant { allowed, by: account(by), at: now, until: None };
        Fact::MemberGrant(account(name), permission, Some(grant))
    };
    let (delete, pin) = (Permission::ConversationDelete, Permission::PinAdd);
    says(cases, "to oneself", Code::RankTooLow, grant("eve", delete, true, "eve"));
    says(cases, "to oneself, of what one holds", Code::RankTooLow, grant("eve", pin, true, "eve"));
    says(cases, "to oneself, in the owner's name", Code::NotTheAuthor, grant("eve", delete, true, "ann"));
    says(cases, "of what one lacks", Code::PermissionDenied, grant("bob", delete, true, "eve"));
    says(cases, "withheld from the owner", Code::RankTooLow, grant("ann", pin, false, "eve"));
    says(cases, "to a stranger", Code::MemberUnknown, grant("zoe", pin, true, "eve"));
    let over = Grant { allowed: true, by: account("eve"), at: now, until: Some(now) };
    let over = Fact::MemberGrant(account("bob"), pin, Some(over));
    says(cases, "that ends as it begins", Code::ValueInvalid, over);
    says(cases, "that has expired, used", Code::PermissionDenied, Fact::State(ConversationState::Deleted));
    says(cases, "taken back from oneself", Code::RankTooLow, Fact::MemberGrant(account("eve"), delete, None));
}

fn roles(cases: &mut Cases<'_>) {
    cases.class("role");
    let give = |name: &str, role| Fact::MemberRole(account(name), role);
    let cook = RoleName::parse("cook").expect("the name is legal");
    says(cases, "of the owner, for oneself", Code::RankTooLow, give("eve", Role::Owner));
    says(cases, "of the owner, for another", Code::RankTooLow, give("bob", Role::Owner));
    says(cases, "of a guest, for the owner", Code::RankTooLow, give("ann", Role::Guest));
    says(cases, "that is not defined", Code::RoleUnknown, give("bob", Role::Custom(cook.clone())));
    says(cases, "of a subscriber", Code::RoleUnknown, give("bob", Role::Subscriber));
    says(cases, "for somebody who is not in", Code::MemberUnknown, give("zoe", Role::Guest));
    for (name, rank, code) in [
        ("defined by an admin", 30, Code::PermissionDenied),
        ("defined above the own rank", 80, Code::PermissionDenied),
        ("defined at an owner's rank", 100, Code::PermissionDenied),
    ] {
        let role = RoleDefinition { rank, permissions: [Permission::MessageSend].into_iter().collect() };
        says(cases, name, code, Fact::RoleDefinition(cook.clone(), Some(role)));
    }
}

fn the_rest(cases: &mut Cases<'_>) {
    cases.class("membership");
    let name = Fact::MemberText(account("bob"), MemberField::DisplayName, Some("Bobby".into()));
    says(cases, "another one's name", Code::NotTheOwner, name);
    let color = Fact::MemberText(account("eve"), MemberField::Color, Some("red".into()));
    says(cases, "a color that is none", Code::ValueInvalid, color);
    let theme = Theme { background_url: Some("javascript:alert(1)".into()), color: None };
    says(cases, "a background that is a script", Code::ValueInvalid, Fact::Theme(Some(theme)));
    let created = Created::new(ConversationKind::Group, account("eve"), cases.setup.now);
    says(cases, "created once more", Code::ConversationExists, Fact::Created(created));
    says(cases, "a day and a second of slow mode", Code::ValueInvalid, Fact::Policy(Policy::SlowModeSeconds(86_401)));
    says(cases, "threads 33 deep", Code::ValueInvalid, Fact::Policy(Policy::SubroomDepthMax(33)));
}

/// Names that a newer version may know.
fn unknown(cases: &mut Cases<'_>) {
    cases.class("unknown");
    let title = cases.title();
    let created = Created::new(ConversationKind::Group, account("eve"), cases.setup.now);
    let mut temple = encode(&created);
    let group = temple.windows(5).position(|bytes| bytes == b"group").expect("the kind is written by its name");
    temple[group..group + 5].copy_from_slice(b"tribe");
    for (name, code, key, value) in [
        ("a kind", Code::KindUnknown, "info/created", Cell::bytes(temple)),
        ("a policy", Code::PolicyUnknown, "policy/moon", Cell::text("full")),
        ("a value of a policy", Code::PolicyUnknown, "policy/send", Cell::text("everybody")),
        ("a number for a policy that is a name", Code::PolicyUnknown, "policy/send", Cell::unsigned(1)),
        ("a policy of 2^32 seconds", Code::PolicyUnknown, "policy/slow_mode_seconds", Cell::unsigned(1 << 32)),
        ("a state", Code::OperationIllegal, "state/lifecycle", Cell::text("asleep")),
        ("a scope", Code::OperationIllegal, "info/scope", Cell::text("everywhere")),
        ("a role without a name", Code::OperationIllegal, "member/bob/role", Cell::text("")),
        ("a role called like a built-in one", Code::OperationIllegal, "role/Owner", Cell::bytes(vec![0xa0])),
        ("a permission", Code::OperationIllegal, "member/bob/grant/moon:paint", Cell::bytes(vec![0xa0])),
    ] {
        let row = Row::put(key, value);
        cases.draft(name, code, title.clone(), |draft| {
            draft.header.other_actors.clear();
            draft.rows = vec![row];
        });
    }
}
