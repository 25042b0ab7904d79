//! Who is blocked does not reach who blocks them: what the server is asked
//! before a change is admitted, and what it then refuses.

use super::*;

/// The direct of `ann` and `bob`, with a message of each.
fn direct() -> Room {
    let mut room = Room::direct();
    room.push("ann", Some(1), &[says(1, "ann")]).unwrap();
    room.push("bob", Some(1), &[says(2, "bob")]).unwrap();
    room
}

fn reached(room: &Room, name: &str, page: Option<PageNumber>, facts: &[Fact]) -> Vec<AccountId> {
    let (session, document) = (session(name), room.document(page));
    let mut stream = room.stream.clone();
    let facts = room.moved(&session, facts);
    let (change, _) = stream.write(session.device, &document, NOW, &facts).unwrap();
    let pushed = PushedChange { document, change: change.bytes().to_vec() };
    room.stream.reached(&session, &pushed, &room.limits)
}

#[test]
fn c5_in_a_direct_who_is_blocked_only_takes_back() {
    let mut room = direct();
    assert_eq!(reached(&room, "bob", Some(1), &[says(9, "bob")]), [account("ann")]);
    let on = Fact::Reaction(message(1, "ann"), "👍".into(), account("bob"), true);
    room.push("bob", Some(1), std::slice::from_ref(&on)).unwrap();
    room.stream.set_blockers(vec![account("ann")]);
    for fact in [says(9, "bob"), edit(2, "bob"), Fact::Reaction(message(1, "ann"), "🎉".into(), account("bob"), true)]
    {
        room.check("bob", Some(1), &[fact], Err(Code::NotDeliverable));
    }
    let off = Fact::Reaction(message(1, "ann"), "👍".into(), account("bob"), false);
    room.check("bob", Some(1), &[off], Ok(()));
    room.check("bob", Some(1), &[deletion(2, "bob", "bob")], Ok(()));
    let mut administrator = session("bob");
    administrator.administrator = true;
    assert!(room.clone().push_as(&administrator, Some(1), &[says(9, "bob")]).is_ok());
    room.stream.set_blockers(vec![]);
    room.check("bob", Some(1), &[says(9, "bob")], Ok(()));
}

#[test]
fn c5_what_was_admitted_before_the_block_stays_admitted() {
    let mut room = direct();
    let (bob, document) = (session("bob"), room.document(Some(1)));
    let (change, _) = room.stream.clone().write(bob.device, &document, NOW, &[says(9, "bob")]).unwrap();
    let pushed = PushedChange { document, change: change.bytes().to_vec() };
    room.stream.admit(&bob, &pushed, NOW, &room.limits).unwrap();
    room.stream.set_blockers(vec![account("ann")]);
    let again = room.stream.admit(&bob, &pushed, NOW, &room.limits);
    assert!(matches!(again, Err(AdmitError::AlreadyAdmitted(_))));
}

#[test]
fn c5_who_is_blocked_starts_no_direct_and_brings_nobody_in() {
    let mut room = Room::new(direct().conversation());
    let facts = direct_facts("bob");
    assert_eq!(reached(&room, "bob", None, &facts), [account("ann")]);
    room.stream.set_blockers(vec![account("ann")]);
    room.check("bob", None, &facts, Err(Code::NotDeliverable));

    let mut group = Room::group();
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
    let mut room = Room::new(direct().conversation());
    room.stream.set_unreachable(vec![account("ann")]);
    room.check("bob", None, &direct_facts("bob"), Err(Code::NotDeliverable));
    let mut begun = direct();
    begun.stream.set_unreachable(vec![account("ann")]);
    begun.check("bob", Some(1), &[says(9, "bob")], Ok(()));

    let mut group = Room::group();
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
