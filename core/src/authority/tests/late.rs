//! Messages of those who were removed: who may hand one in, and who decides.

use super::*;
use crate::{
    authority::{Asker, Session, membership_effect},
    model::{LATE_HELD_MAX, Late, LateMessage, LateState, LateWrites, MembershipAction},
};

const REMOVED_AT: Position = Position::new(9);

/// A group in which `me` was removed.
fn fixture(late_writes: LateWrites) -> Fixture {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::LateWrites(late_writes))]).unwrap();
    fixture.push("ow", None, &[status("me", MemberStatus::Removed)]).unwrap();
    fixture
}

fn handed_in(number: u8, author: &str, base: u64) -> LateMessage {
    let Fact::Message(message, body) = says(number, author) else { unreachable!() };
    LateMessage { message, body, thread: None, base: Position::new(base) }
}

/// What the system is to write when somebody hands a message in.
fn answer(fixture: &Fixture, name: &str, late: LateMessage) -> Result<Vec<Fact>, Code> {
    let account = account(name);
    let asker = Asker { account: &account, knows: true, subscribes: false, moved_at: Some(REMOVED_AT) };
    let answer =
        membership_effect(fixture.stream.conversation(), asker, &MembershipAction::Late(late), NOW, &fixture.limits);
    answer.map(|answer| answer.facts).map_err(|refusal| refusal.code)
}

fn system(fixture: &Fixture) -> Session {
    Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id())
}

fn hold(fixture: &mut Fixture, number: u8) {
    let facts = answer(fixture, "me", handed_in(number, "me", 8)).unwrap();
    fixture.push_as(&system(fixture), None, &facts).unwrap();
}

fn decision(number: u8, by: &str, state: LateState) -> Fact {
    Fact::Late(message(number, "me"), Late { state, thread: None, by: account(by), at: NOW })
}

#[test]
fn a60_a_message_is_held_of_one_who_was_removed_and_wrote_it_before() {
    let held = fixture(LateWrites::Hold);
    assert_eq!(answer(&held, "me", handed_in(5, "me", 8)).map(|facts| facts.len()), Ok(1));
    assert_eq!(answer(&held, "me", handed_in(5, "me", 9)), Err(Code::MemberRemoved), "the removal was known");
    assert_eq!(answer(&held, "me", handed_in(5, "mo", 8)), Err(Code::NotTheAuthor));
    assert_eq!(answer(&held, "mo", handed_in(5, "mo", 8)), Err(Code::MemberExists));
    assert_eq!(answer(&held, "zoe", handed_in(5, "zoe", 8)), Err(Code::NotAMember));
    let mut empty = handed_in(5, "me", 8);
    empty.body.content = "".into();
    assert_eq!(answer(&held, "me", empty), Err(Code::TextEmpty));
    let refused = fixture(LateWrites::Refuse);
    assert_eq!(answer(&refused, "me", handed_in(5, "me", 8)), Err(Code::MemberRemoved));
    for (to, code) in [(MemberStatus::Banned, Code::MemberBanned), (MemberStatus::Active, Code::MemberExists)] {
        let mut moved = fixture(LateWrites::Hold);
        moved.push("ow", None, &[status("me", to)]).unwrap();
        assert_eq!(answer(&moved, "me", handed_in(5, "me", 8)), Err(code));
    }
}

#[test]
fn a60_as_many_as_the_limit_are_held_at_a_time() {
    let mut fixture = fixture(LateWrites::Hold);
    let last = u8::try_from(LATE_HELD_MAX).unwrap();
    (1..=last).for_each(|number| hold(&mut fixture, number));
    assert_eq!(answer(&fixture, "me", handed_in(last + 1, "me", 8)), Err(Code::MemberRemoved));
    fixture.push("mo", None, &[decision(1, "mo", LateState::Discarded)]).unwrap();
    hold(&mut fixture, last + 1);
}

#[test]
fn a61_who_approves_decides_once_and_the_author_is_told() {
    let mut fixture = fixture(LateWrites::Hold);
    assert_eq!(fixture.push("mo", None, &[decision(5, "mo", LateState::Admitted)]).err(), Some(Code::MessageUnknown));
    hold(&mut fixture, 5);
    hold(&mut fixture, 6);
    assert_eq!(answer(&fixture, "me", handed_in(5, "me", 8)), Err(Code::LateHeld));
    assert_eq!(fixture.push("gu", None, &[decision(5, "gu", LateState::Admitted)]).err(), Some(Code::PermissionDenied));
    assert_eq!(fixture.push("mo", None, &[decision(5, "ow", LateState::Admitted)]).err(), Some(Code::NotTheAuthor));
    assert_eq!(fixture.push("mo", None, &[decision(5, "mo", LateState::Held)]).err(), Some(Code::ValueInvalid));
    fixture
        .push("mo", None, &[decision(5, "mo", LateState::Admitted), decision(6, "mo", LateState::Discarded)])
        .unwrap();
    assert_eq!(fixture.push("ow", None, &[decision(6, "ow", LateState::Admitted)]).err(), Some(Code::Stale));
    assert_eq!(answer(&fixture, "me", handed_in(5, "me", 8)), Err(Code::LateAdmitted));
    assert_eq!(answer(&fixture, "me", handed_in(6, "me", 8)), Err(Code::LateDiscarded));
}

#[test]
fn a61_the_system_writes_what_was_admitted_and_nothing_else() {
    let mut fixture = fixture(LateWrites::Hold);
    hold(&mut fixture, 5);
    hold(&mut fixture, 6);
    let system = system(&fixture);
    assert_eq!(
        fixture.push_as(&system, Some(1), &[says(5, "me")]).err(),
        Some(Code::PermissionDenied),
        "nobody has decided"
    );
    fixture
        .push("mo", None, &[decision(5, "mo", LateState::Admitted), decision(6, "mo", LateState::Discarded)])
        .unwrap();
    assert_eq!(
        fixture.push_as(&system, Some(1), &[says(6, "me")]).err(),
        Some(Code::PermissionDenied),
        "it was discarded"
    );
    assert_eq!(fixture.push_as(&system, Some(1), &[says(7, "mo")]).err(), Some(Code::PermissionDenied));
    assert_eq!(fixture.push_as(&system, Some(1), &[edit(1, "mo")]).err(), Some(Code::PermissionDenied));
    assert_eq!(fixture.push("me", Some(1), &[says(5, "me")]).err(), Some(Code::MemberRemoved));
    assert_eq!(fixture.push("mo", Some(1), &[says(5, "me")]).err(), Some(Code::NotTheAuthor));
    fixture.push_as(&system, Some(1), &[says(5, "me")]).unwrap();
}
