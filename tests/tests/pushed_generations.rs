//! Changes that would be let in, but that they state which generation of their document they begin:
//! nothing else about them is wrong, and that alone refuses them.

use tidings_core::{
    authority::{AdmitError, Asker, Session, membership_effect},
    code::Code,
    doc::{Fact, Generation},
    ids::{DocumentId, TimelineId},
    journal::Entry,
    model::{InfoField, JoinPolicy, MembershipAction, Policy},
    wire::PushedChange,
};
use tidings_tests::fuzz::{
    room::{Room, RoomKind, account, states_generation, tenant, with_generation},
    script::Script,
};

/// The owner's device, and that of an administrator of the tenant.
const OWNER: usize = 0;
const ADMINISTRATOR: usize = 8;

fn document(room: &Room) -> DocumentId {
    TimelineId::of(room.stream().id().conversation().unwrap()).document()
}

/// What a session would be let state in the conversation's document.
fn honest(room: &Room, session: &Session, facts: &[Fact]) -> PushedChange {
    let (document, mut stream) = (document(room), room.stream().clone());
    let (change, _) = stream.write(session.device, &document, room.now(), facts).unwrap();
    PushedChange { document, change: change.bytes().to_vec() }
}

/// A change is admitted, and with a generation beside all else it is not, nor taken as an entry that a server sent.
#[track_caller]
fn check(room: &Room, session: &Session, facts: &[Fact], value: &[u8]) {
    let honest = honest(room, session, facts);
    assert!(room.clone().push(session, &honest).is_ok(), "nothing else is wrong with it");
    let held = room.stream().document(&honest.document).unwrap();
    let change = with_generation(held, &honest.change, value.to_vec());
    assert!(states_generation(&change));
    let pushed = PushedChange { change: change.clone(), ..honest };
    match room.clone().push(session, &pushed).map(drop) {
        Err(AdmitError::Refused(refusal)) => assert_eq!(refusal.code, Code::OperationIllegal),
        other => panic!("{} pushes a generation: {other:?}", session.account),
    }
    let entry = Entry {
        position: room.stream().position().next(),
        document: pushed.document,
        account: session.account.clone(),
        administrator: session.administrator,
        accepted_at: room.now(),
        change,
        deletes: None,
    };
    assert!(room.stream().clone().receive_entry(&entry).is_err(), "{} is taken at its word", session.account);
}

/// The value under which a document would say that it is the next generation.
fn next_generation(room: &Room) -> Vec<u8> {
    let made = room.stream().clone().squash(&document(room), room.now()).unwrap();
    let mut next = room.stream().clone();
    next.receive_entry(&made.entry).unwrap();
    let Generation { position, replaces } = next.document(&document(room)).unwrap().generation().unwrap();
    [&position.number().to_be_bytes()[..], &replaces].concat()
}

#[test]
fn j61_nobody_pushes_a_generation_beside_what_they_may_state() {
    let mut room = Room::begun(RoomKind::Group);
    room.sync(OWNER);
    let open = [Fact::Policy(Policy::Join(JoinPolicy::Open))];
    room.write(OWNER, &document(&room), &open).unwrap();
    assert!(room.push_pending(OWNER).iter().all(Result::is_ok));
    let title = [Fact::Info(InfoField::Title, Some("Ships".into()))];
    let zoe = account("zoe");
    let asker = Asker { account: &zoe, knows: false, subscribes: false, moved_at: None };
    let joins = membership_effect(
        room.stream().conversation(),
        asker,
        &MembershipAction::Join(None),
        room.now(),
        room.limits(),
    );
    let joins = joins.unwrap().facts;
    let system = Session::system(tenant(), room.stream().id());
    // Of a document as it was written first, and of one that was written anew.
    for is_squashed in [false, true] {
        if is_squashed {
            room.squash(&mut Script::new(&[])).unwrap();
        }
        let [owner, administrator] = [OWNER, ADMINISTRATOR].map(|device| room.devices()[device].session.clone());
        for value in [next_generation(&room), b"any other".to_vec(), Vec::new()] {
            check(&room, &owner, &title, &value);
            check(&room, &administrator, &title, &value);
            check(&room, &system, &joins, &value);
        }
    }
}
