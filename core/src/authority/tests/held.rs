//! Held messages of removed members: who may submit one, and who decides.

use super::*;
use crate::{
    authority::{Asker, Session, membership_effect},
    model::{HELD_MAX, Held, HeldMessage, HeldState, LateWrites, MembershipAction},
};

const REMOVED_AT: Position = Position::new(9);

/// A group in which `me` was removed.
fn fixture(late_writes: LateWrites) -> Fixture {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::LateWrites(late_writes))]).unwrap();
    fixture.push("ow", None, &[status("me", MemberStatus::Removed)]).unwrap();
    fixture
}

fn submitted(number: u8, author: &str, base: u64) -> HeldMessage {
    let Fact::Message(message, body) = says(number, author) else { unreachable!() };
    HeldMessage { message, body, thread: None, base: Position::new(base) }
}

/// The facts that the system writes when somebody submits a message.
fn answer(fixture: &Fixture, name: &str, submitted: HeldMessage) -> Result<Vec<Fact>, Code> {
    let account = account(name);
    let asker = Asker { account: &account, knows: true, subscribes: false, moved_at: Some(REMOVED_AT) };
    let answer = membership_effect(
        fixture.stream.conversation(),
        asker,
        &MembershipAction::SubmitHeld(submitted),
        NOW,
        &fixture.limits,
    );
    answer.map(|answer| answer.facts).map_err(|refusal| refusal.code)
}

fn system(fixture: &Fixture) -> Session {
    Session::system(TenantId::parse("acme").unwrap(), fixture.stream.id())
}

fn hold(fixture: &mut Fixture, number: u8) {
    let facts = answer(fixture, "me", submitted(number, "me", 8)).unwrap();
    fixture.push_as(&system(fixture), None, &facts).unwrap();
}

fn decision(number: u8, by: &str, state: HeldState) -> Fact {
    Fact::Held(message(number, "me"), Held { state, thread: None, by: account(by), at: NOW })
}

#[test]
fn a60_a_message_is_held_of_one_who_was_removed_and_wrote_it_before() {
    let held = fixture(LateWrites::Hold);
    assert_eq!(answer(&held, "me", submitted(5, "me", 8)).map(|facts| facts.len()), Ok(1));
    assert_eq!(answer(&held, "me", submitted(5, "me", 9)), Err(Code::MemberRemoved), "the removal was known");
    assert_eq!(answer(&held, "me", submitted(5, "mo", 8)), Err(Code::NotTheAuthor));
    assert_eq!(answer(&held, "mo", submitted(5, "mo", 8)), Err(Code::MemberExists));
    assert_eq!(answer(&held, "zoe", submitted(5, "zoe", 8)), Err(Code::NotAMember));
    let mut empty = submitted(5, "me", 8);
    empty.body.content = "".into();
    assert_eq!(answer(&held, "me", empty), Err(Code::TextEmpty));
    let refused = fixture(LateWrites::Refuse);
    assert_eq!(answer(&refused, "me", submitted(5, "me", 8)), Err(Code::MemberRemoved));
    for (to, code) in [(MemberStatus::Banned, Code::MemberBanned), (MemberStatus::Active, Code::MemberExists)] {
        let mut moved = fixture(LateWrites::Hold);
        moved.push("ow", None, &[status("me", to)]).unwrap();
        assert_eq!(answer(&moved, "me", submitted(5, "me", 8)), Err(code));
    }
}

#[test]
fn a60_as_many_as_the_limit_are_held_at_a_time() {
    let mut fixture = fixture(LateWrites::Hold);
    let last = u8::try_from(HELD_MAX).unwrap();
    (1..=last).for_each(|number| hold(&mut fixture, number));
    assert_eq!(answer(&fixture, "me", submitted(last + 1, "me", 8)), Err(Code::MemberRemoved));
    fixture.push("mo", None, &[decision(1, "mo", HeldState::Discarded)]).unwrap();
    hold(&mut fixture, last + 1);
}

#[test]
fn a61_who_approves_decides_once_and_the_author_is_told() {
    let mut fixture = fixture(LateWrites::Hold);
    assert_eq!(fixture.push("mo", None, &[decision(5, "mo", HeldState::Admitted)]).err(), Some(Code::MessageUnknown));
    hold(&mut fixture, 5);
    hold(&mut fixture, 6);
    assert_eq!(answer(&fixture, "me", submitted(5, "me", 8)), Err(Code::MessageHeld));
    assert_eq!(fixture.push("gu", None, &[decision(5, "gu", HeldState::Admitted)]).err(), Some(Code::PermissionDenied));
    assert_eq!(fixture.push("mo", None, &[decision(5, "ow", HeldState::Admitted)]).err(), Some(Code::NotTheAuthor));
    assert_eq!(fixture.push("mo", None, &[decision(5, "mo", HeldState::Held)]).err(), Some(Code::ValueInvalid));
    fixture
        .push("mo", None, &[decision(5, "mo", HeldState::Admitted), decision(6, "mo", HeldState::Discarded)])
        .unwrap();
    assert_eq!(fixture.push("ow", None, &[decision(6, "ow", HeldState::Admitted)]).err(), Some(Code::Stale));
    assert_eq!(answer(&fixture, "me", submitted(5, "me", 8)), Err(Code::HeldAdmitted));
    assert_eq!(answer(&fixture, "me", submitted(6, "me", 8)), Err(Code::HeldDiscarded));
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
        .push("mo", None, &[decision(5, "mo", HeldState::Admitted), decision(6, "mo", HeldState::Discarded)])
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
