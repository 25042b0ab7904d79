//! A blocked account does not reach the one that blocks it: what the server is asked before a change is
//! admitted, and what it then refuses.

use super::*;

/// A direct conversation of Ann and Bob, with a message by each.
fn direct() -> Fixture {
    let mut fixture = Fixture::direct();
    fixture.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    fixture.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    fixture
}

fn reached(fixture: &Fixture, name: &str, page: Option<PageNumber>, facts: &[Fact]) -> Vec<AccountId> {
    let (session, document) = (session(name), fixture.document(page));
    let mut stream = fixture.stream.clone();
    let facts = fixture.moved(&session, facts);
    let (change, _) = stream.write(session.device, &document, NOW, &facts).unwrap();
    let pushed = PushedChange { document, change: change.bytes().to_vec() };
    fixture.stream.reached(&session, &pushed, &fixture.limits)
}

#[test]
fn c5_in_a_direct_who_is_blocked_only_takes_back() {
    let mut fixture = direct();
    assert_eq!(reached(&fixture, "bob", Some(1), &[says(9, "bob")]), [account("ann")]);
    let on = Fact::Reaction(message(1, "ann"), "👍".into(), account("bob"), true);
    fixture.push("bob", Some(1), std::slice::from_ref(&on)).unwrap();
    fixture.stream.set_blockers(vec![account("ann")]);
    for fact in [says(9, "bob"), edit(2, "bob"), Fact::Reaction(message(1, "ann"), "🎉".into(), account("bob"), true)]
    {
        fixture.check("bob", Some(1), &[fact], Err(Code::NotDeliverable));
    }
    let off = Fact::Reaction(message(1, "ann"), "👍".into(), account("bob"), false);
    fixture.check("bob", Some(1), &[off], Ok(()));
    fixture.check("bob", Some(1), &[deletion(2, "bob", "bob")], Ok(()));
    let mut administrator = session("bob");
    administrator.administrator = true;
    assert!(fixture.clone().push_as(&administrator, Some(1), &[says(9, "bob")]).is_ok());
    fixture.stream.set_blockers(vec![]);
    fixture.check("bob", Some(1), &[says(9, "bob")], Ok(()));
}

#[test]
fn c5_what_was_admitted_before_the_block_stays_admitted() {
    let mut fixture = direct();
    let (bob, document) = (session("bob"), fixture.document(Some(1)));
    let (change, _) = fixture.stream.clone().write(bob.device, &document, NOW, &[says(9, "bob")]).unwrap();
    let pushed = PushedChange { document, change: change.bytes().to_vec() };
    fixture.stream.admit(&bob, &pushed, NOW, &fixture.limits).unwrap();
    fixture.stream.set_blockers(vec![account("ann")]);
    let again = fixture.stream.admit(&bob, &pushed, NOW, &fixture.limits);
    assert!(matches!(again, Err(AdmitError::AlreadyAdmitted(_))));
}

#[test]
fn c5_who_is_blocked_starts_no_direct_and_brings_nobody_in() {
    let mut fixture = Fixture::new(direct().conversation());
    let facts = direct_facts("bob");
    assert_eq!(reached(&fixture, "bob", None, &facts), [account("ann")]);
    fixture.stream.set_blockers(vec![account("ann")]);
    fixture.check("bob", None, &facts, Err(Code::NotDeliverable));

    let mut group = Fixture::group();
    let brings = |to| [role("zoe", Role::Member), status("zoe", to)];
    assert_eq!(reached(&group, "ad", None, &brings(MemberStatus::Active)), [account("zoe")]);
    assert_eq!(reached(&group, "ad", Some(1), &[says(9, "ad")]), []);
    group.stream.set_blockers(vec![account("zoe")]);
    group.check("ad", None, &brings(MemberStatus::Active), Err(Code::AccountUnavailable));
    group.check("ad", None, &brings(MemberStatus::Invited), Err(Code::AccountUnavailable));
    group.check("ad", Some(1), &[says(9, "ad")], Ok(()));
    group.check("ad", None, &[status("me", MemberStatus::Removed)], Ok(()));
}

#[test]
fn c21_whoever_may_not_reach_an_account_brings_it_in_nowhere_and_writes_on_where_it_is() {
    let mut fixture = Fixture::new(direct().conversation());
    fixture.stream.set_unreachable(vec![account("ann")]);
    fixture.check("bob", None, &direct_facts("bob"), Err(Code::NotDeliverable));
    let mut begun = direct();
    begun.stream.set_unreachable(vec![account("ann")]);
    begun.check("bob", Some(1), &[says(9, "bob")], Ok(()));

    let mut group = Fixture::group();
    group.stream.set_unreachable(vec![account("zoe")]);
    for to in [MemberStatus::Active, MemberStatus::Invited] {
        group.check("ad", None, &[role("zoe", Role::Member), status("zoe", to)], Err(Code::AccountUnavailable));
    }
    group.check("ad", Some(1), &[says(9, "ad")], Ok(()));
    let mut administrator = session("ad");
    administrator.administrator = true;
    let brings = [role("zoe", Role::Member), status("zoe", MemberStatus::Active)];
    assert!(group.push_as(&administrator, None, &brings).is_ok());
}
