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
